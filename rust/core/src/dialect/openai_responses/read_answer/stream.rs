//! The stream decoder: events in, deltas out.
//!
//! Hosts leave out event names, numbers, deltas, ids. The type in the data decides, items are found by whatever they
//! have, and what was never streamed is taken from the first event that holds it whole.

use super::{AnswerReader, failure};
use crate::dialect::openai::error;
use crate::dialect::{DecodeContext, EventDecoder};
use crate::error::Error;
use crate::ir::Emit;
use crate::json::{Node, Tape};

/// Reads one upstream stream.
#[derive(Debug)]
pub(in crate::dialect::openai_responses) struct StreamDecoder {
    tape: Tape,
    reader: AnswerReader,
}

impl StreamDecoder {
    pub(in crate::dialect::openai_responses) fn new(cx: &DecodeContext) -> Self {
        Self {
            tape: Tape::new(),
            reader: AnswerReader::new(cx),
        }
    }
}

impl EventDecoder for StreamDecoder {
    fn event(&mut self, name: &str, data: &str, out: &mut dyn Emit) -> Result<(), Error> {
        // Chat's terminator says nothing here: the end is an event of its own.
        if self.reader.is_ended || matches!(data.trim(), "" | "[DONE]") {
            return Ok(());
        }
        let root = parse(&mut self.tape, data)?;
        match root.get("type").filter(|kind| kind.is_string()) {
            Some(kind) => {
                let kind = kind.as_str().unwrap_or_default();
                self.reader.event(&kind, root, out)
            }
            None => self.reader.event(name, root, out),
        }
    }

    fn finish(&mut self, _out: &mut dyn Emit) -> Result<(), Error> {
        if self.reader.is_ended {
            return Ok(());
        }
        Err(Error::truncated(
            "the upstream's answer ended before response.completed",
        ))
    }

    fn is_complete(&self) -> bool {
        self.reader.is_ended
    }
}

/// The data of an event, which is always an object.
pub(in crate::dialect::openai_responses) fn parse<'t>(
    tape: &'t mut Tape,
    data: &'t str,
) -> Result<Node<'t>, Error> {
    match tape.parse(data) {
        Ok(root) if root.is_object() => Ok(root),
        Ok(_) => Err(Error::malformed(
            "the upstream sent an event that is not an object",
        )),
        Err(error) => Err(Error::malformed(format!(
            "the upstream sent an event that is not valid JSON: {error}"
        ))),
    }
}

impl AnswerReader {
    fn event(&mut self, kind: &str, root: Node<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        let response = root.get("response");
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => {
                self.start(response, out);
                return Ok(());
            }
            "response.completed" | "response.incomplete" => {
                return self.end(response.unwrap_or(root), out);
            }
            "response.failed" | "response.cancelled" => {
                return Err(failure(response.unwrap_or(root), root));
            }
            "error" => return Err(error::in_band(root)),
            _ if root.get("error").is_some() && !kind.starts_with("response.") => {
                return Err(error::in_band(root));
            }
            _ => {}
        }
        self.start(response, out);
        self.items.event(kind, root, out)
    }
}
