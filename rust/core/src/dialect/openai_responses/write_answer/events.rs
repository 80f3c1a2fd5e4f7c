//! Events with their numbers.

use crate::json::write::{self, Object};
use crate::sse::write_event;

/// Writes the events of one answer, or, for a whole answer, none.
#[derive(Debug)]
pub(super) struct Events {
    next: u64,
    is_silent: bool,
}

impl Events {
    pub(super) fn new(is_silent: bool) -> Self {
        Self { next: 0, is_silent }
    }

    /// The number of the next event, which is thereby taken.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// One event.
    pub(super) fn write(
        &mut self,
        out: &mut Vec<u8>,
        kind: &str,
        members: impl FnOnce(&mut Object<'_>),
    ) {
        if self.is_silent {
            return;
        }
        let number = self.number();
        write_event(out, Some(kind), |out| {
            write::object(out, |o| {
                o.str("type", kind);
                o.u64("sequence_number", number);
                members(o);
            });
        });
    }

    /// One delta: the event that a stream consists of, written without detours.
    pub(super) fn delta(&mut self, out: &mut Vec<u8>, flow: &Flow, text: &str) {
        if self.is_silent {
            return;
        }
        out.extend_from_slice(&flow.head);
        write::number(out, self.number());
        out.extend_from_slice(&flow.place);
        write::string(out, text);
        out.extend_from_slice(flow.tail);
    }
}

/// Where in an answer an event belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    item_id: &'p str,
    output_index: u64,
    /// `content_index` or `summary_index`, and its value.
    part: Option<(&'static str, u64)>,
}

impl<'p> Place<'p> {
    /// An item.
    pub(super) fn item(item_id: &'p str, output_index: u64) -> Self {
        Self {
            item_id,
            output_index,
            part: None,
        }
    }

    /// The content part of this number.
    pub(super) fn content(self, index: u64) -> Self {
        Self {
            part: Some(("content_index", index)),
            ..self
        }
    }

    /// The summary of this number.
    pub(super) fn summary(self, index: u64) -> Self {
        Self {
            part: Some(("summary_index", index)),
            ..self
        }
    }

    pub(super) fn write(self, o: &mut Object<'_>) {
        o.str("item_id", self.item_id);
        o.u64("output_index", self.output_index);
        if let Some((key, index)) = self.part {
            o.u64(key, index);
        }
    }
}

/// What all deltas of one text have in common, written once.
#[derive(Debug)]
pub(super) struct Flow {
    /// Up to the number.
    head: Vec<u8>,
    /// From behind the number up to the text.
    place: Vec<u8>,
    tail: &'static [u8],
}

impl Flow {
    pub(super) fn new(kind: &str, place: Place<'_>) -> Self {
        let head = format!("event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":");
        let mut members = Vec::with_capacity(96);
        write::object(&mut members, |o| place.write(o));
        // The braces give way to the commas around them.
        members[0] = b',';
        members.pop();
        members.extend_from_slice(br#","delta":"#);
        Self {
            head: head.into_bytes(),
            place: members,
            tail: if kind == "response.output_text.delta" {
                b",\"logprobs\":[]}\n\n"
            } else {
                b"}\n\n"
            },
        }
    }
}
