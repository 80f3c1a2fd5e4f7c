//! The parts of an answer, in the order they begin: text, thinking and refusals one after the other, calls beside them.

use super::calls::{Calls, Fragment};
use super::details::Details;
use crate::dialect::DecodeContext;
use crate::error::Error;
use crate::ir::{Citation, Delta, Emit, Opaque, OpaqueKind, PartKind, Piece};
use crate::json::{Joiner, Node};

use super::super::wire::{Message, filled};

/// Hands out part indexes, and what ids and opaque state need.
#[derive(Debug)]
pub(super) struct Numbering {
    next: u32,
    pub(super) seed: String,
    pub(super) origin: String,
}

impl Numbering {
    pub(super) fn next(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }
}

/// What flows as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Text,
    Reasoning,
    Refusal,
}

impl Flow {
    fn kind(self) -> PartKind<'static> {
        match self {
            Self::Text => PartKind::Text,
            Self::Reasoning => PartKind::Reasoning,
            Self::Refusal => PartKind::Refusal,
        }
    }
}

/// The part that is open, calls apart.
#[derive(Debug)]
struct Open {
    flow: Flow,
    part: u32,
    joiner: Joiner,
}

/// All parts of one answer.
#[derive(Debug)]
pub(super) struct Parts {
    numbering: Numbering,
    open: Option<Open>,
    calls: Calls,
    details: Details,
    /// The open thinking came as `reasoning_content` and may have to go back as such.
    is_replayable: bool,
    has_refusal: bool,
    /// Characters of answer text so far, and where the open text began: Chat counts citations over the whole text.
    chars: u64,
    text_from: u64,
}

impl Parts {
    pub(super) fn new(cx: &DecodeContext) -> Self {
        let numbering = Numbering {
            next: 0,
            seed: cx.id_seed.clone(),
            origin: cx.origin.clone(),
        };
        Self {
            numbering,
            open: None,
            calls: Calls::default(),
            details: Details::default(),
            is_replayable: false,
            has_refusal: false,
            chars: 0,
            text_from: 0,
        }
    }

    /// Whether the model declined in its own words.
    pub(super) fn has_refusal(&self) -> bool {
        self.has_refusal
    }

    /// Take a delta, or (`whole`) the message of a one-shot answer.
    pub(super) fn message(&mut self, message: &Message<'_>, whole: bool, out: &mut dyn Emit) {
        self.reasoning(message, out);
        if let Some(content) = message.content {
            self.content(content, out);
        }
        if let Some(refusal) = message.refusal {
            self.flow(Flow::Refusal, refusal, out);
        }
        for annotation in message.annotations.into_iter().flat_map(Node::items) {
            self.annotation(annotation, out);
        }
        for image in message.images.into_iter().flat_map(Node::items) {
            self.image(image, out);
        }
        for call in message.tool_calls.into_iter().flat_map(Node::items) {
            self.call(&Fragment::tool(call), whole, out);
        }
        if let Some(call) = message.function_call {
            self.call(&Fragment::legacy(call), whole, out);
        }
    }

    /// Log probabilities belong to the text that is open.
    pub(super) fn logprobs(&mut self, logprobs: Node<'_>, out: &mut dyn Emit) {
        let Some(open) = &self.open else { return };
        let key = match open.flow {
            Flow::Text => "content",
            Flow::Refusal => "refusal",
            Flow::Reasoning => return,
        };
        let tokens = logprobs
            .get(key)
            .filter(|tokens| tokens.items().next().is_some());
        if let Some(tokens) = tokens {
            out.emit(Delta::Piece {
                part: open.part,
                piece: Piece::Logprobs(tokens.raw()),
            });
        }
    }

    /// End whatever is open.
    pub(super) fn finish(&mut self, out: &mut dyn Emit) -> Result<(), Error> {
        self.close(out);
        self.calls.finish(out)
    }

    fn call(&mut self, fragment: &Fragment<'_>, whole: bool, out: &mut dyn Emit) {
        if self.calls.starts_part(fragment, whole) {
            self.close(out);
        }
        self.calls.take(fragment, whole, &mut self.numbering, out);
    }

    fn reasoning(&mut self, message: &Message<'_>, out: &mut dyn Emit) {
        let thinking = message.thinking();
        if let Some(text) = thinking {
            self.flow(Flow::Reasoning, text, out);
            self.is_replayable = true;
        }
        for entry in message.reasoning_details.into_iter().flat_map(Node::items) {
            self.switch(Flow::Reasoning, out);
            self.details.add(entry);
            // The text stands in both places; where only the details have it, they are the text.
            if let (None, Some(text)) = (thinking, entry.get("text").or(entry.get("summary"))) {
                self.flow(Flow::Reasoning, text, out);
            }
        }
    }

    /// A text, or (Mistral) a list of typed chunks.
    fn content(&mut self, content: Node<'_>, out: &mut dyn Emit) {
        if content.is_string() {
            return self.flow(Flow::Text, content, out);
        }
        for chunk in content.items() {
            match (
                chunk.get("text"),
                chunk.get("thinking"),
                chunk.get("image_url"),
            ) {
                (Some(text), ..) => self.flow(Flow::Text, text, out),
                (_, Some(thinking), _) if thinking.is_string() => {
                    self.flow(Flow::Reasoning, thinking, out);
                }
                (_, Some(thinking), _) => {
                    for text in thinking.items().filter_map(|inner| inner.get("text")) {
                        self.flow(Flow::Reasoning, text, out);
                    }
                }
                (.., Some(_)) => self.image(chunk, out),
                _ => {}
            }
        }
    }

    fn flow(&mut self, flow: Flow, text: Node<'_>, out: &mut dyn Emit) {
        if text.inner().is_empty() {
            return;
        }
        self.switch(flow, out);
        let Some(open) = &mut self.open else { return };
        let Some(piece) = text
            .as_piece(&mut open.joiner)
            .filter(|piece| !piece.is_empty())
        else {
            return;
        };
        if flow == Flow::Text {
            self.chars += piece.chars().count() as u64;
        }
        out.emit(Delta::Piece {
            part: open.part,
            piece: Piece::Text(&piece),
        });
    }

    /// Make sure that a part of this kind is open.
    fn switch(&mut self, flow: Flow, out: &mut dyn Emit) {
        if self.open.as_ref().is_some_and(|open| open.flow == flow) {
            return;
        }
        self.close(out);
        let part = self.numbering.next();
        match flow {
            Flow::Text => self.text_from = self.chars,
            Flow::Refusal => self.has_refusal = true,
            Flow::Reasoning => {}
        }
        out.emit(Delta::PartStart {
            part,
            kind: flow.kind(),
        });
        self.open = Some(Open {
            flow,
            part,
            joiner: Joiner::default(),
        });
    }

    fn close(&mut self, out: &mut dyn Emit) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        let part = open.part;
        if let Some(rest) = open.joiner.finish() {
            self.chars += u64::from(open.flow == Flow::Text);
            out.emit(Delta::Piece {
                part,
                piece: Piece::Text(rest),
            });
        }
        if open.flow == Flow::Reasoning {
            self.state(part, out);
        }
        out.emit(Delta::PartEnd { part });
    }

    /// What this upstream will want back with the thinking that ends.
    fn state(&mut self, part: u32, out: &mut dyn Emit) {
        let is_replayable = std::mem::take(&mut self.is_replayable);
        let (kind, data) = match self.details.take() {
            Some(details) => (OpaqueKind::Details, details),
            None if is_replayable => (OpaqueKind::Replay, String::new()),
            None => return,
        };
        let opaque = Opaque {
            origin: self.numbering.origin.as_str().into(),
            kind,
            data: data.into(),
        };
        out.emit(Delta::Piece {
            part,
            piece: Piece::Opaque(opaque),
        });
    }

    fn annotation(&mut self, annotation: Node<'_>, out: &mut dyn Emit) {
        let Some(source) = annotation.get("url_citation") else {
            return;
        };
        self.switch(Flow::Text, out);
        let Some(open) = &self.open else { return };
        let text = |key: &str| filled(source.get(key));
        let (url, title, quote) = (text("url"), text("title"), text("content"));
        let offset = |key: &str| Some(source.get(key)?.as_u64()?.saturating_sub(self.text_from));
        // Hosts without offsets send 0 and 0.
        let span = offset("start_index")
            .zip(offset("end_index"))
            .filter(|(start, end)| end > start);
        let citation = Citation {
            url: url.as_deref(),
            title: title.as_deref(),
            quote: quote.as_deref(),
            start: span.map(|(start, _)| start),
            end: span.map(|(_, end)| end),
        };
        out.emit(Delta::Piece {
            part: open.part,
            piece: Piece::Citation(citation),
        });
    }

    /// An image made by the model (OpenRouter's `images`): a data URL, whole.
    fn image(&mut self, image: Node<'_>, out: &mut dyn Emit) {
        let url = image
            .get("image_url")
            .and_then(|inner| inner.get("url").or(Some(inner)));
        let Some(url) = filled(url) else { return };
        let Some((mime, data)) = url
            .strip_prefix("data:")
            .and_then(|rest| rest.split_once(";base64,"))
        else {
            return;
        };
        self.close(out);
        let part = self.numbering.next();
        out.emit(Delta::PartStart {
            part,
            kind: PartKind::Media { mime },
        });
        out.emit(Delta::Piece {
            part,
            piece: Piece::Data(data),
        });
        out.emit(Delta::PartEnd { part });
    }
}
