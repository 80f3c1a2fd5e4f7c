//! The stream decoder: chunks in, deltas out.

use super::AnswerReader;
use crate::dialect::{DecodeContext, EventDecoder};
use crate::error::Error;
use crate::ir::Emit;
use crate::json::{Node, Tape};

/// Reads one upstream stream.
#[derive(Debug)]
pub(in crate::dialect::gemini) struct StreamDecoder {
    tape: Tape,
    reader: AnswerReader,
}

impl StreamDecoder {
    pub(in crate::dialect::gemini) fn new(cx: &DecodeContext) -> Self {
        Self {
            tape: Tape::new(),
            reader: AnswerReader::new(cx),
        }
    }
}

impl EventDecoder for StreamDecoder {
    fn event(&mut self, _name: &str, data: &str, out: &mut dyn Emit) -> Result<(), Error> {
        // Hosts that imitate this dialect end with Chat's terminator. No data says nothing.
        if self.reader.is_ended || matches!(data.trim(), "" | "[DONE]") {
            return Ok(());
        }
        let root = parse(&mut self.tape, data)?;
        self.reader.chunk(root, out)
    }

    /// There is no terminator: an answer that said why it ended has ended.
    fn finish(&mut self, out: &mut dyn Emit) -> Result<(), Error> {
        if self.reader.is_ended {
            return Ok(());
        }
        if self.reader.stop.is_none() {
            let message = "the upstream's answer ended before its end";
            return Err(Error::truncated(message));
        }
        if self.reader.breaks_off() {
            let message = "the upstream's answer ended within the arguments of a call";
            return Err(Error::truncated(message));
        }
        self.reader.end(out);
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.reader.is_ended
    }
}

/// The data of an event: an object, or an error in an array of one.
pub(in crate::dialect::gemini) fn parse<'t>(
    tape: &'t mut Tape,
    data: &'t str,
) -> Result<Node<'t>, Error> {
    match tape.parse(data) {
        Ok(root) if root.is_object() || root.is_array() => Ok(root),
        Ok(_) => Err(Error::malformed(
            "a chunk of the upstream is not a JSON object",
        )),
        Err(error) => Err(Error::malformed(format!(
            "a chunk of the upstream cannot be read: {error}"
        ))),
    }
}
