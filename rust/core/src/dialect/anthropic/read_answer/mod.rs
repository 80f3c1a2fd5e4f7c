//! An upstream's answer → deltas. A whole answer is read as the stream it could have been: head, blocks, end.

mod blocks;
mod stream;

pub(super) use stream::{StreamDecoder, parse};

use self::blocks::Blocks;
use super::error;
use super::stop::Stop;
use super::usage::Counts;
use crate::dialect::DecodeContext;
use crate::error::Error;
use crate::ir::{Delta, Emit, Finish, FinishReason, Start};
use crate::json::Node;

/// What both forms of an answer share.
#[derive(Debug)]
struct AnswerReader {
    blocks: Blocks,
    counts: Counts,
    stop: Option<Stop>,
    is_started: bool,
    is_ended: bool,
}

impl AnswerReader {
    fn new(cx: &DecodeContext) -> Self {
        Self {
            blocks: Blocks::new(cx),
            counts: Counts::default(),
            stop: None,
            is_started: false,
            is_ended: false,
        }
    }

    /// The head: `message` of a `message_start`, or a whole answer. Repeated heads count for their usage only.
    fn head(&mut self, message: Node<'_>, out: &mut dyn Emit) {
        let usage = message.get("usage");
        if !self.is_started {
            self.is_started = true;
            let (id, model) = (message.text("id"), message.text("model"));
            let tier = usage.and_then(|usage| usage.text("service_tier"));
            out.emit(Delta::Start(Start {
                id: id.as_deref().filter(|id| !id.is_empty()),
                model: model.as_deref().filter(|model| !model.is_empty()),
                service_tier: tier.as_deref(),
                ..Start::default()
            }));
        }
        self.usage(usage, out);
    }

    /// Some hosts send no head: the answer then begins with whatever comes first.
    fn ensure_started(&mut self, out: &mut dyn Emit) {
        if !self.is_started {
            self.is_started = true;
            out.emit(Delta::Start(Start::default()));
        }
    }

    fn usage(&mut self, usage: Option<Node<'_>>, out: &mut dyn Emit) {
        let before = self.counts;
        if let Some(usage) = usage {
            self.counts.take(usage);
        }
        if self.counts != before {
            out.emit(Delta::Usage(self.counts.usage()));
        }
    }

    /// `delta` of a `message_delta`, or a whole answer.
    fn stop(&mut self, node: Node<'_>) {
        if let Some(stop) = Stop::read(node) {
            self.stop = Some(stop);
        }
    }

    fn end(&mut self, out: &mut dyn Emit) {
        self.is_ended = true;
        self.ensure_started(out);
        self.blocks.close_all(out);
        let unsaid = Finish::new(FinishReason::End, "");
        out.emit(Delta::Finish(
            self.stop.as_ref().map_or(unsaid, Stop::finish),
        ));
        out.emit(Delta::End);
    }
}

/// Read a whole answer.
pub(super) fn response(
    body: Node<'_>,
    cx: &DecodeContext,
    out: &mut dyn Emit,
) -> Result<(), Error> {
    if error::is_error(body) {
        return Err(error::read_in_band(body));
    }
    let content = body.get("content").filter(|content| content.is_array());
    let Some(content) = content else {
        return Err(Error::malformed("the upstream's answer is not a message"));
    };
    let mut reader = AnswerReader::new(cx);
    reader.head(body, out);
    for (index, block) in content.items().enumerate() {
        reader.blocks.start(index as u64, block, out)?;
        reader.blocks.stop(index as u64, out);
    }
    reader.stop(body);
    reader.end(out);
    Ok(())
}
