//! An upstream's stream.

use super::AnswerReader;
use crate::dialect::{DecodeContext, EventDecoder};
use crate::error::Error;
use crate::ir::Emit;
use crate::json::Tape;

/// Decodes one stream, line by line. `done: true` ends it, whatever follows.
#[derive(Debug)]
pub(crate) struct StreamDecoder {
    tape: Tape,
    answer: AnswerReader,
}

impl StreamDecoder {
    pub(crate) fn new(cx: &DecodeContext) -> Self {
        Self {
            tape: Tape::new(),
            answer: AnswerReader::new(cx),
        }
    }
}

impl EventDecoder for StreamDecoder {
    fn event(&mut self, _name: &str, data: &str, out: &mut dyn Emit) -> Result<(), Error> {
        if self.answer.is_complete {
            return Ok(());
        }
        let root = self.tape.parse(data).map_err(|error| {
            Error::malformed(format!(
                "the upstream sent a line that is not valid JSON: {error}"
            ))
        })?;
        self.answer.read(root, out).map(|_| ())
    }

    fn finish(&mut self, _out: &mut dyn Emit) -> Result<(), Error> {
        if self.answer.is_complete {
            return Ok(());
        }
        Err(Error::truncated(
            "the upstream's answer ended before its last line",
        ))
    }

    fn is_complete(&self) -> bool {
        self.answer.is_complete
    }
}
