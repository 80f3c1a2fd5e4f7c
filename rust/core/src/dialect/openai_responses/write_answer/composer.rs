//! The composer: takes deltas, keeps the answer, writes the events.
//!
//! An item is written as done when the next one begins or the answer ends: only then is it known whether it was cut.

use super::super::echo;
use super::super::items::Ids;
use super::events::{Events, Place};
use super::head::{self, Head, State, Status};
use super::items::{Body, Item};
use super::message::Message;
use super::parts::Part;
use super::thinking::{Thinking, Voice};
use crate::dialect::EncodeContext;
use crate::error::Error;
use crate::ir::{Citation, Delta, Finish, FinishReason, Start, Usage};
use crate::json::write::Object;
use crate::loss::{Code, LossReport};

/// Writes one answer.
#[derive(Debug)]
pub(super) struct Composer {
    pub(super) cx: EncodeContext,
    /// The client asked for a summary of the thinking.
    pub(super) wants_summary: bool,
    ids: Ids,
    head: Option<Head>,
    pub(super) events: Events,
    /// Items that are done, with commas between.
    items: Vec<u8>,
    /// How many items began.
    begun: u64,
    pub(super) open: Option<Item>,
    /// The part of the answer that comes in.
    pub(super) part: Part,
    pub(super) has_refusal: bool,
    usage: Usage,
    status: Status,
    is_ended: bool,
}

impl Composer {
    pub(super) fn new(cx: &EncodeContext, is_silent: bool) -> Self {
        Self {
            wants_summary: cx.echo.as_deref().is_some_and(echo::wants_summary),
            cx: cx.clone(),
            ids: Ids::default(),
            head: None,
            events: Events::new(is_silent),
            items: Vec::new(),
            begun: 0,
            open: None,
            part: Part::default(),
            has_refusal: false,
            usage: Usage::default(),
            status: Status::InProgress,
            is_ended: false,
        }
    }

    pub(super) fn delta(&mut self, delta: &Delta<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        if self.is_ended {
            return;
        }
        match delta {
            Delta::Start(start) => self.start(start, out),
            Delta::PartStart { kind, .. } => self.part_start(*kind, loss, out),
            Delta::Piece { piece, .. } => self.piece(piece, loss, out),
            Delta::PartEnd { .. } => self.part_end(loss, out),
            Delta::Usage(usage) => self.usage.merge(usage),
            Delta::Finish(finish) => self.finish(finish, loss, out),
            Delta::Keepalive => {}
            Delta::End => self.end(loss, out),
        }
    }

    fn start(&mut self, start: &Start<'_>, out: &mut Vec<u8>) {
        if self.head.is_some() {
            return;
        }
        self.ids = Ids::new(start.id, &self.cx.request_id);
        let head = Head::new(start, &self.ids, &self.cx);
        for kind in ["response.created", "response.in_progress"] {
            self.events.write(out, kind, |o| {
                o.object("response", |o| {
                    head.write(
                        o,
                        &State {
                            status: Status::InProgress,
                            error: None,
                            items: &[],
                            usage: None,
                        },
                    );
                });
            });
        }
        self.head = Some(head);
    }

    /// The response object as it stands.
    pub(super) fn write_response(&self, o: &mut Object<'_>) {
        if let Some(head) = &self.head {
            head.write(
                o,
                &State {
                    status: self.status,
                    error: None,
                    items: &self.items,
                    usage: Some(&self.usage),
                },
            );
        }
    }

    /// Begin an item; the one before it is done.
    pub(super) fn begin(&mut self, body: Body, out: &mut Vec<u8>) {
        self.close(Status::Completed, out);
        let item = Item {
            id: self.next_id(body.prefix()),
            index: self.begun - 1,
            body,
        };
        self.events.write(out, "response.output_item.added", |o| {
            o.u64("output_index", item.index);
            item.write(o.key("item"), Status::InProgress.word());
        });
        self.open = Some(item);
    }

    /// The id of the item that begins.
    pub(super) fn next_id(&mut self, prefix: &str) -> String {
        self.begun += 1;
        self.ids.item(prefix, self.begun - 1)
    }

    /// The item in progress, if any, is done.
    pub(super) fn close(&mut self, status: Status, out: &mut Vec<u8>) {
        let Some(item) = self.open.take() else {
            return;
        };
        let mut done = Vec::new();
        item.write(&mut done, status.word());
        self.done(item.index, &done, out);
    }

    fn done(&mut self, index: u64, item: &[u8], out: &mut Vec<u8>) {
        if !self.items.is_empty() {
            self.items.push(b',');
        }
        self.items.extend_from_slice(item);
        self.events.write(out, "response.output_item.done", |o| {
            o.u64("output_index", index);
            o.key("item").extend_from_slice(item);
        });
    }

    /// An item that comes whole, and what is said of it when it begins.
    pub(super) fn whole(&mut self, added: &[u8], item: &[u8], out: &mut Vec<u8>) {
        let index = self.begun - 1;
        self.events.write(out, "response.output_item.added", |o| {
            o.u64("output_index", index);
            o.key("item").extend_from_slice(added);
        });
        self.done(index, item, out);
    }

    /// More text of the message, which begins with its first word.
    pub(super) fn say(&mut self, text: &str, is_refusal: bool, out: &mut Vec<u8>) {
        self.has_refusal |= is_refusal;
        self.in_message(out, |message, place, events, out| {
            message.add(text, is_refusal, place, events, out);
        });
    }

    pub(super) fn cite(&mut self, citation: &Citation<'_>, out: &mut Vec<u8>) {
        self.in_message(out, |message, place, events, out| {
            message.cite(citation, place, events, out);
        });
    }

    fn in_message(
        &mut self,
        out: &mut Vec<u8>,
        run: impl FnOnce(&mut Message, Place<'_>, &mut Events, &mut Vec<u8>),
    ) {
        if !matches!(&self.open, Some(item) if matches!(item.body, Body::Message(_))) {
            self.begin(Body::Message(Message::default()), out);
        }
        if let Some(Item {
            id,
            index,
            body: Body::Message(message),
        }) = &mut self.open
        {
            run(message, Place::item(id, *index), &mut self.events, out);
        }
    }

    /// More thinking; its item begins with its first word, or with its state.
    pub(super) fn think(&mut self, voice: Option<(Voice, &str)>, out: &mut Vec<u8>) {
        if !matches!(&self.open, Some(item) if matches!(item.body, Body::Thinking(_))) {
            self.begin(Body::Thinking(Thinking::default()), out);
        }
        if let Some(Item {
            id,
            index,
            body: Body::Thinking(thinking),
        }) = &mut self.open
        {
            let place = Place::item(id, *index);
            match voice {
                Some((voice, text)) => thinking.add(voice, text, place, &mut self.events, out),
                None => thinking.end(place, &mut self.events, out),
            }
        }
    }

    fn finish(&mut self, finish: &Finish<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        let status = Status::of(finish.reason, self.has_refusal);
        report(finish, status, loss);
        if self.begun == 0 && status == Status::Completed {
            // Readers look for a message in an answer that has nothing else.
            self.say("", false, out);
            self.end_spoken(out);
        }
        self.close(status, out);
        self.status = status;
    }

    fn end(&mut self, loss: &mut LossReport, out: &mut Vec<u8>) {
        self.is_ended = true;
        if !self.usage.is_known() {
            loss.add(Code::UsageUnknown, "usage", "the upstream counted nothing");
        }
        let kind = match self.status {
            Status::Incomplete(_) => "response.incomplete",
            _ => "response.completed",
        };
        let Some(head) = &self.head else { return };
        self.events.write(out, kind, |o| {
            o.object("response", |o| {
                head.write(
                    o,
                    &State {
                        status: self.status,
                        error: None,
                        items: &self.items,
                        usage: Some(&self.usage),
                    },
                );
            });
        });
    }

    pub(super) fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.is_ended, true) {
            let begun = self.head.as_ref().map(|head| (head, self.items.as_slice()));
            head::fail(error, &self.cx, begun, &mut self.events, out);
        }
    }
}

/// What the end of an answer loses here.
fn report(finish: &Finish<'_>, status: Status, loss: &mut LossReport) {
    let is_approximate = matches!(
        finish.reason,
        FinishReason::ContextFull
            | FinishReason::Recitation
            | FinishReason::Pause
            | FinishReason::BadToolCall
            | FinishReason::StopSequence
    );
    let is_said = finish.reason == FinishReason::StopSequence && finish.stop_sequence.is_none();
    if is_approximate && !is_said {
        let detail = format!("`{}` became `{}`", finish.native, status.word());
        loss.add(Code::StopApproximated, "status", detail);
    }
    if finish.explanation.is_some() || finish.category.is_some() {
        let detail = "the reason of the refusal has no field in this dialect";
        loss.add(Code::FieldDropped, "incomplete_details", detail);
    }
}
