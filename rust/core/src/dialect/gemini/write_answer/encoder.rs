//! The encoder: each piece of text is a chunk; calls are whole, because their arguments are an object here.

use super::frame::Frame;
use super::parts::Part;
use super::sources::Sources;
use crate::dialect::gemini::state::{self, Pending};
use crate::dialect::gemini::{error, finish, usage};
use crate::dialect::{EncodeContext, EventEncoder, make_id};
use crate::error::Error;
use crate::ir::{Delta, FinishReason, Usage};
use crate::json::write::{self, Object};
use crate::loss::{Code, LossReport};

/// Writes one answer.
#[derive(Debug)]
pub(in crate::dialect::gemini) struct StreamEncoder {
    pub(super) cx: EncodeContext,
    pub(super) frame: Frame,
    pub(super) part: Part,
    /// Thinking whose state has not been carried yet.
    pub(super) pending: Vec<Pending>,
    pub(super) sources: Sources,
    pub(super) has_refusal: bool,
    id: String,
    usage: Usage,
    stop: Option<Stop>,
    is_done: bool,
}

/// The end, said when everything before it was.
#[derive(Debug)]
struct Stop {
    word: &'static str,
    message: Option<String>,
}

impl StreamEncoder {
    pub(in crate::dialect::gemini) fn new(cx: &EncodeContext) -> Self {
        let frame = if cx.json_array {
            Frame::Array(false)
        } else {
            Frame::Events
        };
        Self::framed(cx, frame)
    }

    /// For a whole answer.
    pub(super) fn whole(cx: &EncodeContext) -> Self {
        Self::framed(cx, Frame::Whole(Vec::new()))
    }

    fn framed(cx: &EncodeContext, frame: Frame) -> Self {
        Self {
            cx: cx.clone(),
            frame,
            part: Part::default(),
            pending: Vec::new(),
            sources: Sources::default(),
            has_refusal: false,
            id: make_id("", &cx.request_id, 0),
            usage: Usage::default(),
            stop: None,
            is_done: false,
        }
    }

    /// Take one delta.
    pub(super) fn take(&mut self, delta: &Delta<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        if self.is_done {
            return;
        }
        match delta {
            Delta::Start(_) | Delta::Keepalive => {}
            Delta::PartStart { kind, .. } => self.part_start(*kind, loss),
            Delta::Piece { piece, .. } => self.piece(piece, loss, out),
            Delta::PartEnd { .. } => self.part_end(loss, out),
            Delta::Usage(usage) => self.usage.merge(usage),
            Delta::Finish(finish) => {
                let is_declined = matches!(
                    finish.reason,
                    FinishReason::Refusal | FinishReason::Recitation | FinishReason::BadToolCall
                );
                let explanation = finish.explanation.filter(|_| is_declined);
                self.stop = Some(Stop {
                    word: finish::word(finish, self.has_refusal, loss),
                    message: explanation.map(Into::into),
                });
            }
            Delta::End => self.end(loss, out),
        }
    }

    /// Write one part: as a chunk, or among those that are collected.
    pub(super) fn write_part(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        if let Frame::Whole(parts) = &mut self.frame {
            if !parts.is_empty() {
                parts.push(b',');
            }
            write::object(parts, fill);
            return;
        }
        let (model, id) = (&self.cx.model, &self.id);
        self.frame.chunk(out, |o| {
            o.array("candidates", |list| {
                list.object(|o| {
                    o.object("content", |o| {
                        o.array("parts", |list| list.object(fill));
                        o.str("role", "model");
                    });
                    o.u64("index", 0);
                });
            });
            o.str("modelVersion", model);
            o.str("responseId", id);
        });
    }

    /// The last chunk: why it ended, the counts, and the state that no call has carried.
    fn end(&mut self, loss: &mut LossReport, out: &mut Vec<u8>) {
        self.is_done = true;
        if !self.usage.is_known() {
            loss.add(
                Code::UsageUnknown,
                "usageMetadata",
                "the upstream counted nothing",
            );
        }
        let signature = state::seal(&self.cx.envelope, &[], &self.pending);
        let mut parts = match &mut self.frame {
            Frame::Whole(parts) => std::mem::take(parts),
            Frame::Events | Frame::Array(_) => Vec::new(),
        };
        if parts.is_empty() || signature.is_some() {
            if !parts.is_empty() {
                parts.push(b',');
            }
            write::object(&mut parts, |o| {
                o.str("text", "");
                o.opt_str("thoughtSignature", signature.as_deref());
            });
        }
        let (cx, id, usage, stop) = (&self.cx, &self.id, &self.usage, &self.stop);
        let sources = &self.sources;
        self.frame.chunk(out, |o| {
            o.array("candidates", |list| {
                list.object(|o| {
                    write_content(&parts, o);
                    o.str(
                        "finishReason",
                        stop.as_ref().map_or("STOP", |stop| stop.word),
                    );
                    let message = stop.as_ref().and_then(|stop| stop.message.as_deref());
                    o.opt_str("finishMessage", message);
                    o.u64("index", 0);
                    sources.write(o);
                });
            });
            if usage.is_known() {
                o.object("usageMetadata", |o| usage::write(o, usage));
            }
            o.str("modelVersion", &cx.model);
            o.str("responseId", id);
        });
        self.frame.end(out);
    }
}

fn write_content(parts: &[u8], o: &mut Object<'_>) {
    o.object("content", |o| {
        let out = o.key("parts");
        out.push(b'[');
        out.extend_from_slice(parts);
        out.push(b']');
        o.str("role", "model");
    });
}

impl EventEncoder for StreamEncoder {
    fn delta(&mut self, delta: &Delta<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        self.take(delta, loss, out);
    }

    /// An error is a chunk of its own, and the array's last element.
    fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.is_done, true) {
            return;
        }
        let id = self.cx.request_id.clone();
        self.frame
            .chunk(out, |o| error::write_member(error, &id, o));
        self.frame.end(out);
    }

    /// Google's SDKs read lines, not events: a comment makes them fail.
    fn keepalive(&mut self, _out: &mut Vec<u8>) {}
}
