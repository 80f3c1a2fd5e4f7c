//! The stream decoder: events in, deltas out.

use super::AnswerReader;
use crate::dialect::anthropic::error;
use crate::dialect::{DecodeContext, EventDecoder};
use crate::error::Error;
use crate::ir::{Delta, Emit};
use crate::json::{Node, Tape};

/// Reads one upstream stream.
#[derive(Debug)]
pub(in crate::dialect::anthropic) struct StreamDecoder {
    tape: Tape,
    reader: AnswerReader,
}

impl StreamDecoder {
    pub(in crate::dialect::anthropic) fn new(cx: &DecodeContext) -> Self {
        Self {
            tape: Tape::new(),
            reader: AnswerReader::new(cx),
        }
    }
}

impl EventDecoder for StreamDecoder {
    fn event(&mut self, name: &str, data: &str, out: &mut dyn Emit) -> Result<(), Error> {
        // Some hosts end with Chat's terminator; their own `message_stop` came before. No data says nothing.
        if self.reader.is_ended || matches!(data.trim(), "" | "[DONE]") {
            return Ok(());
        }
        let root = parse(&mut self.tape, data)?;
        match root.get("type") {
            Some(kind) if kind.is_string() => {
                self.reader
                    .event(kind.as_str().as_deref().unwrap_or_default(), root, out)
            }
            _ => self.reader.event(name, root, out),
        }
    }

    /// Everything was said when the stop reason was, even where `message_stop` is missing.
    fn finish(&mut self, out: &mut dyn Emit) -> Result<(), Error> {
        if self.reader.is_ended {
            return Ok(());
        }
        if self.reader.stop.is_none() {
            return Err(Error::truncated(
                "the upstream's answer ended before its end",
            ));
        }
        self.reader.end(out);
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.reader.is_ended
    }
}

/// The data of an event, which is always an object.
pub(in crate::dialect::anthropic) fn parse<'t>(
    tape: &'t mut Tape,
    data: &'t str,
) -> Result<Node<'t>, Error> {
    match tape.parse(data) {
        Ok(root) if root.is_object() => Ok(root),
        Ok(_) => Err(Error::malformed(
            "an event of the upstream is not a JSON object",
        )),
        Err(error) => Err(Error::malformed(format!(
            "an event of the upstream cannot be read: {error}"
        ))),
    }
}

impl AnswerReader {
    fn event(&mut self, kind: &str, root: Node<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        match kind {
            "content_block_delta" => {
                if let Some(delta) = root.get("delta") {
                    self.ensure_started(out);
                    self.blocks.delta(index(root), delta, out)?;
                }
            }
            "content_block_start" => {
                if let Some(block) = root.get("content_block") {
                    self.ensure_started(out);
                    self.blocks.start(index(root), block, out)?;
                }
            }
            "content_block_stop" => self.blocks.stop(index(root), out),
            "message_start" => self.head(root.get("message").unwrap_or(root), out),
            "message_delta" => {
                self.ensure_started(out);
                self.usage(root.get("usage"), out);
                if let Some(delta) = root.get("delta") {
                    self.stop(delta);
                }
            }
            "message_stop" => self.end(out),
            "ping" => out.emit(Delta::Keepalive),
            _ if kind == "error" || error::is_error(root) => {
                return Err(error::read_in_band(root));
            }
            // Newer events say nothing that we could carry.
            _ => {}
        }
        Ok(())
    }
}

/// Only tells blocks apart: the order of parts is ours.
fn index(root: Node<'_>) -> u64 {
    root.get("index").and_then(Node::as_u64).unwrap_or(0)
}
