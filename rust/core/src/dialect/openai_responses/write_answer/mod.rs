//! Deltas → an answer for a client. The whole answer is the stream with nobody listening: one composer writes both.

mod composer;
mod events;
mod head;
mod items;
mod message;
mod parts;
mod thinking;

pub(super) use head::write_failed;

use self::composer::Composer;
use super::error;
use crate::dialect::{EncodeContext, EventEncoder};
use crate::error::Error;
use crate::ir::{Answer, Delta};
use crate::json::write;
use crate::loss::LossReport;
use crate::sse::write_event;

/// Writes one client stream.
#[derive(Debug)]
pub(super) struct StreamEncoder {
    composer: Composer,
}

impl StreamEncoder {
    pub(super) fn new(cx: &EncodeContext) -> Self {
        Self {
            composer: Composer::new(cx, false),
        }
    }
}

impl EventEncoder for StreamEncoder {
    fn delta(&mut self, delta: &Delta<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        if matches!(delta, Delta::Keepalive) {
            self.keepalive(out);
        } else {
            self.composer.delta(delta, loss, out);
        }
    }

    fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        self.composer.abort(error, out);
    }

    fn keepalive(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b": keepalive\n\n");
    }
}

/// Write a whole answer.
pub(super) fn response(
    answer: &Answer,
    cx: &EncodeContext,
    loss: &mut LossReport,
    out: &mut Vec<u8>,
) {
    let mut composer = Composer::new(cx, true);
    let mut unheard = Vec::new();
    answer.replay(&mut |delta: Delta<'_>| composer.delta(&delta, loss, &mut unheard));
    write::object(out, |o| composer.write_response(o));
}

/// The error event. Two shapes are about, flat and nested, and readers know one of them each: this is both.
fn write_error(error: &Error, request_id: &str, sequence: u64, out: &mut Vec<u8>) {
    let shown = error::Shown::new(error, request_id);
    write_event(out, Some("error"), |out| {
        write::object(out, |o| {
            o.str("type", "error");
            o.u64("sequence_number", sequence);
            shown.write(o);
            o.str("message", &shown.message);
            shown.place(o);
        });
    });
}
