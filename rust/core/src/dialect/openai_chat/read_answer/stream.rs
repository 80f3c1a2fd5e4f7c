//! An upstream's stream.

use super::AnswerReader;
use crate::dialect::{DecodeContext, EventDecoder};
use crate::error::Error;
use crate::ir::Emit;
use crate::json::Tape;

use crate::dialect::openai::error;

/// The payload that ends a stream: only as a whole payload, never inside one.
const DONE: &str = "[DONE]";

/// Decodes one stream.
///
/// A stop reason makes an answer whole, `[DONE]` does not: hosts leave it out, and send it after answers that were cut.
#[derive(Debug)]
pub(crate) struct StreamDecoder {
    tape: Tape,
    answer: AnswerReader,
    is_complete: bool,
}

impl StreamDecoder {
    pub(crate) fn new(cx: &DecodeContext) -> Self {
        Self {
            tape: Tape::new(),
            answer: AnswerReader::new(cx),
            is_complete: false,
        }
    }
}

impl EventDecoder for StreamDecoder {
    fn event(&mut self, name: &str, data: &str, out: &mut dyn Emit) -> Result<(), Error> {
        let data = data.trim();
        if self.is_complete || data.is_empty() {
            return Ok(());
        }
        if data == DONE {
            return self.finish(out);
        }
        let root = self.tape.parse(data).map_err(|error| {
            Error::malformed(format!(
                "the upstream sent an event that is not valid JSON: {error}"
            ))
        })?;
        if name == "error" {
            return Err(error::in_band(root));
        }
        if !root.is_object() {
            return Err(Error::malformed(
                "the upstream sent an event that is not an object",
            ));
        }
        self.answer.read(root, false, out)
    }

    fn finish(&mut self, out: &mut dyn Emit) -> Result<(), Error> {
        if self.is_complete {
            return Ok(());
        }
        if !self.answer.is_finished() {
            return Err(Error::truncated(
                "the upstream's answer ended without a stop reason",
            ));
        }
        self.is_complete = true;
        self.answer.finish(out)
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }
}
