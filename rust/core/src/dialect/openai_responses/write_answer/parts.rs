//! Parts of an answer → items.

use super::super::items::{image_mime, is_native};
use super::super::state::Along;
use super::composer::Composer;
use super::events::Place;
use super::head::Status;
use super::items::{Body, Call, Item};
use super::thinking::{Thinking, Voice};
use crate::dialect::carrier;
use crate::ir::{Opaque, PartKind, Piece};
use crate::json::write;
use crate::loss::{Code, LossReport};

/// The part that comes in.
#[derive(Debug, Default)]
pub(super) struct Part {
    kind: Kind,
    opaque: Vec<Opaque<'static>>,
}

#[derive(Debug, Default)]
enum Kind {
    /// Ended, or without a form here.
    #[default]
    Ignored,
    Text,
    Refusal,
    /// With the thinking itself: readers return only what is sealed.
    Thinking(String),
    Call,
    Media {
        mime: String,
        data: String,
    },
    Native,
}

impl Composer {
    pub(super) fn part_start(
        &mut self,
        kind: PartKind<'_>,
        loss: &mut LossReport,
        out: &mut Vec<u8>,
    ) {
        let kind = match kind {
            PartKind::Text => Kind::Text,
            PartKind::Refusal => Kind::Refusal,
            PartKind::Reasoning => Kind::Thinking(String::new()),
            PartKind::ToolCall {
                id,
                name,
                namespace,
                kind,
            } => {
                let call = Call {
                    id: id.into(),
                    name: name.into(),
                    namespace: namespace.map(Into::into),
                    kind,
                    arguments: String::new(),
                    flow: None,
                };
                self.begin(Body::Call(call), out);
                Kind::Call
            }
            PartKind::Media { mime } => Kind::Media {
                mime: mime.into(),
                data: String::new(),
            },
            PartKind::Native { kind } if is_native(kind) => Kind::Native,
            PartKind::Native { kind } => {
                let detail = format!("`{kind}` has no form in this dialect");
                loss.add(Code::FieldDropped, "output", detail);
                Kind::Ignored
            }
        };
        self.part = Part {
            kind,
            opaque: Vec::new(),
        };
    }

    pub(super) fn piece(&mut self, piece: &Piece<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        match (&mut self.part.kind, piece) {
            (Kind::Text, Piece::Text(text)) if !text.is_empty() => self.say(text, false, out),
            (Kind::Refusal, Piece::Text(text)) if !text.is_empty() => self.say(text, true, out),
            (Kind::Thinking(thinking), Piece::Text(text)) if !text.is_empty() => {
                thinking.push_str(text);
                let voice = if self.wants_summary {
                    Voice::TextAsSummary
                } else {
                    Voice::Text
                };
                self.think(Some((voice, text)), out);
            }
            (Kind::Thinking(_), Piece::Summary { index, text }) if !text.is_empty() => {
                self.think(Some((Voice::Summary(*index), text)), out);
            }
            (Kind::Call, Piece::Arguments(more)) => {
                if let Some((call, place, events)) = self.call() {
                    call.add(more, place, events, out);
                }
            }
            (Kind::Media { data, .. }, Piece::Data(more)) => data.push_str(more),
            _ => self.rare(piece, loss, out),
        }
    }

    /// Pieces that come once per part or seldom.
    fn rare(&mut self, piece: &Piece<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        match (&self.part.kind, piece) {
            (_, Piece::Opaque(state)) => {
                self.part.opaque.retain(|old| old.kind != state.kind);
                self.part.opaque.push(state.clone().into_owned());
            }
            (Kind::Text, Piece::Citation(citation)) => {
                if citation.url.is_none() {
                    let detail = "a source without a URL";
                    loss.add(Code::FieldDropped, "annotations", detail);
                    return;
                }
                if citation.quote.is_some() {
                    let detail = "the words that a source is cited with";
                    loss.add(Code::FieldDropped, "annotations", detail);
                }
                self.cite(citation, out);
            }
            (Kind::Text, Piece::Logprobs(tokens)) => {
                if let Some(Item {
                    id,
                    index,
                    body: Body::Message(message),
                }) = &mut self.open
                {
                    let place = Place::item(id, *index);
                    message.logprobs(tokens, place, &mut self.events, out);
                }
            }
            (Kind::Native, Piece::Native(item)) => {
                self.close(Status::Completed, out);
                self.next_id("");
                let mut raw = Vec::with_capacity(item.len());
                write::raw(&mut raw, item);
                self.whole(&raw, &raw, out);
            }
            _ => {}
        }
    }

    fn call(&mut self) -> Option<(&mut Call, Place<'_>, &mut super::events::Events)> {
        match &mut self.open {
            Some(Item {
                id,
                index,
                body: Body::Call(call),
            }) => Some((call, Place::item(id, *index), &mut self.events)),
            _ => None,
        }
    }

    pub(super) fn part_end(&mut self, loss: &mut LossReport, out: &mut Vec<u8>) {
        let Part { kind, opaque } = std::mem::take(&mut self.part);
        match kind {
            Kind::Thinking(text) => self.end_thinking(&text, &opaque, out),
            Kind::Text | Kind::Refusal => {
                self.end_spoken(out);
                self.carry(&opaque, Along::Nothing, out);
            }
            Kind::Call => {
                let mut call_id = String::new();
                if let Some((call, place, events)) = self.call() {
                    call.end(place, events, out);
                    call_id.clone_from(&call.id);
                }
                self.carry(&opaque, Along::Call(&call_id), out);
            }
            Kind::Media { mime, data } => self.media(&mime, &data, loss, out),
            Kind::Native | Kind::Ignored => {}
        }
    }

    /// The content part in progress is whole.
    pub(super) fn end_spoken(&mut self, out: &mut Vec<u8>) {
        if let Some(Item {
            id,
            index,
            body: Body::Message(message),
        }) = &mut self.open
        {
            message.end(Place::item(id, *index), &mut self.events, out);
        }
    }

    fn end_thinking(&mut self, text: &str, opaque: &[Opaque<'_>], out: &mut Vec<u8>) {
        let is_open = matches!(&self.open, Some(item) if matches!(item.body, Body::Thinking(_)));
        if !is_open && opaque.is_empty() {
            return;
        }
        self.think(None, out);
        let along = if text.is_empty() {
            Along::Nothing
        } else {
            Along::Thinking(text)
        };
        self.seal(opaque, along);
        self.close(Status::Completed, out);
    }

    /// State of a part whose item has no field for it: an item of its own.
    fn carry(&mut self, opaque: &[Opaque<'_>], along: Along<'_>, out: &mut Vec<u8>) {
        if opaque.is_empty() {
            return;
        }
        self.begin(Body::Thinking(Thinking::default()), out);
        self.seal(opaque, along);
        self.close(Status::Completed, out);
    }

    fn seal(&mut self, opaque: &[Opaque<'_>], along: Along<'_>) {
        if opaque.is_empty() {
            return;
        }
        let packed = along.pack();
        let sealed = carrier::seal(&self.cx.envelope, opaque, packed.as_deref());
        if let Some(Item {
            body: Body::Thinking(thinking),
            ..
        }) = &mut self.open
        {
            thinking.sealed = Some(sealed);
        }
    }

    /// A picture that the model made.
    fn media(&mut self, mime: &str, data: &str, loss: &mut LossReport, out: &mut Vec<u8>) {
        let formats = ["png", "jpeg", "webp"];
        let format = formats
            .into_iter()
            .find(|format| image_mime(Some(format)) == mime);
        let Some(format) = format else {
            let detail = format!("{mime} made by the model has no form in this dialect");
            loss.add(Code::MediaDropped, "output", detail);
            return;
        };
        self.close(Status::Completed, out);
        let id = self.next_id("ig_");
        let write = |status: Status, result: Option<&str>| {
            let mut item = Vec::new();
            write::object(&mut item, |o| {
                o.str("type", "image_generation_call");
                o.str("id", &id);
                o.str("status", status.word());
                o.str("output_format", format);
                match result {
                    Some(data) => o.str("result", data),
                    None => o.null("result"),
                }
            });
            item
        };
        let added = write(Status::InProgress, None);
        self.whole(&added, &write(Status::Completed, Some(data)), out);
    }
}
