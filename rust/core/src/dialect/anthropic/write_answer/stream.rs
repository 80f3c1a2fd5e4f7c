//! The stream encoder: `message_start` comes before anything, and `message_delta` only at the end, when the counts are
//! complete.

use super::parts::Part;
use super::{answer_id, tier, write_head};
use crate::dialect::anthropic::stop::{self, Stop};
use crate::dialect::anthropic::{error, usage};
use crate::dialect::{EncodeContext, EventEncoder};
use crate::error::Error;
use crate::ir::{Delta, Finish, FinishReason, Start, Usage};
use crate::json::write::{self, Object};
use crate::loss::{Code, LossReport};
use crate::sse::write_event;

/// Writes one client stream.
#[derive(Debug)]
pub(in crate::dialect::anthropic) struct StreamEncoder {
    pub(super) cx: EncodeContext,
    phase: Phase,
    usage: Usage,
    tier: Option<&'static str>,
    stop: Option<Stop>,
    pub(super) has_refusal: bool,
    pub(super) has_pinged: bool,
    /// Blocks begun so far.
    pub(super) blocks: u64,
    pub(super) part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was written.
    Silent,
    Speaking,
    /// The end, or an error, was written.
    Done,
}

impl StreamEncoder {
    pub(in crate::dialect::anthropic) fn new(cx: &EncodeContext) -> Self {
        Self {
            cx: cx.clone(),
            phase: Phase::Silent,
            usage: Usage::default(),
            tier: None,
            stop: None,
            has_refusal: false,
            has_pinged: false,
            blocks: 0,
            part: Part::default(),
        }
    }

    fn start(&mut self, start: &Start<'_>, out: &mut Vec<u8>) {
        if self.phase != Phase::Silent {
            return;
        }
        self.phase = Phase::Speaking;
        self.tier = tier(start.service_tier);
        let id = answer_id(start.id, &self.cx);
        event(out, "message_start", |o| {
            o.object("message", |o| {
                write_head(o, &id, &self.cx.model);
                o.array("content", |_| {});
                o.null("stop_reason");
                o.null("stop_sequence");
                self.write_usage(o);
            });
        });
    }

    fn write_usage(&self, o: &mut Object<'_>) {
        o.object("usage", |o| {
            usage::write(o, &self.usage);
            o.opt_str("service_tier", self.tier);
        });
    }

    fn end(&mut self, loss: &mut LossReport, out: &mut Vec<u8>) {
        self.close(out);
        if !self.usage.is_known() {
            loss.add(Code::UsageUnknown, "usage", "the upstream counted nothing");
        }
        let unsaid = Finish::new(FinishReason::End, "");
        let finish = self.stop.as_ref().map_or(unsaid, Stop::finish);
        event(out, "message_delta", |o| {
            o.object("delta", |o| stop::write(o, &finish, self.has_refusal, loss));
            self.write_usage(o);
        });
        event(out, "message_stop", |_| {});
        self.phase = Phase::Done;
    }
}

impl EventEncoder for StreamEncoder {
    fn delta(&mut self, delta: &Delta<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        if self.phase == Phase::Done {
            return;
        }
        if !matches!(delta, Delta::Start(_) | Delta::Usage(_) | Delta::Keepalive) {
            self.start(&Start::default(), out);
        }
        match delta {
            Delta::Start(start) => self.start(start, out),
            Delta::PartStart { kind, .. } => self.part_start(*kind, loss, out),
            Delta::Piece { piece, .. } => self.piece(piece, loss, out),
            Delta::PartEnd { .. } => self.part_end(out),
            Delta::Usage(usage) => self.usage.merge(usage),
            Delta::Finish(finish) => self.stop = Some(Stop::from_finish(finish)),
            Delta::Keepalive => self.keepalive(out),
            Delta::End => self.end(loss, out),
        }
    }

    fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        if self.phase != Phase::Done {
            self.phase = Phase::Done;
            let id = &self.cx.request_id;
            write_event(out, Some("error"), |out| error::write_body(error, id, out));
        }
    }

    /// A ping means something only inside an answer.
    fn keepalive(&mut self, out: &mut Vec<u8>) {
        if self.phase == Phase::Speaking {
            ping(out);
        }
    }
}

pub(super) fn event(out: &mut Vec<u8>, name: &str, members: impl FnOnce(&mut Object<'_>)) {
    write_event(out, Some(name), |out| {
        write::object(out, |o| {
            o.str("type", name);
            members(o);
        });
    });
}

pub(super) fn ping(out: &mut Vec<u8>) {
    event(out, "ping", |_| {});
}
