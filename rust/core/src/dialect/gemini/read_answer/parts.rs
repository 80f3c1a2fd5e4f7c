//! Parts of chunks → parts of the answer. Text and thinking go on until something else comes; everything else is whole.

use std::borrow::Cow;

use super::calls::PartialArgs;
use super::{grounding, logprobs};
use crate::dialect::{DecodeContext, make_id};
use crate::error::Error;
use crate::ir::{Delta, Emit, Opaque, OpaqueKind, PartKind, Piece, ToolKind};
use crate::json::{Joiner, Node};

/// The parts of one answer.
#[derive(Debug)]
pub(super) struct Parts {
    origin: String,
    id_seed: String,
    /// Parts begun so far.
    count: u32,
    open: Option<Open>,
    /// The open text so far: sources say their places in its bytes.
    text: String,
    /// Bytes of the texts before it.
    before: u64,
    /// The newest of each kind of source list: they repeat.
    sources: Vec<String>,
    /// Log probabilities of a text that has not come yet.
    tokens: Vec<String>,
    /// A call whose arguments come in pieces.
    call: Option<Call>,
}

/// Text or thinking in progress.
#[derive(Debug)]
struct Open {
    part: u32,
    is_thought: bool,
    joiner: Joiner,
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    args: PartialArgs,
    signature: String,
}

impl Parts {
    pub(super) fn new(cx: &DecodeContext) -> Self {
        Self {
            origin: cx.origin.clone(),
            id_seed: cx.id_seed.clone(),
            count: 0,
            open: None,
            text: String::new(),
            before: 0,
            sources: Vec::new(),
            tokens: Vec::new(),
            call: None,
        }
    }

    /// One part of a chunk.
    pub(super) fn add(&mut self, part: Node<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        let signature = part.text("thoughtSignature").unwrap_or_default();
        if let Some(text) = part.get("text") {
            let is_thought = part.get("thought").and_then(Node::as_bool) == Some(true);
            self.text(text, is_thought, out);
            self.signature(&signature, is_thought, out);
            return Ok(());
        }
        if let Some(call) = part.get("functionCall") {
            return self.call(call, &signature, out);
        }
        if let Some(data) = part.get("inlineData") {
            self.media(data, out);
        } else {
            let is_data = |key: &str| !matches!(key, "thought" | "thoughtSignature");
            if let Some((kind, _)) = part.members().find(|(key, _)| is_data(key)) {
                self.whole(
                    PartKind::Native { kind: &kind },
                    Piece::Native(part.raw()),
                    out,
                );
            }
        }
        self.signature(&signature, false, out);
        Ok(())
    }

    fn text(&mut self, node: Node<'_>, is_thought: bool, out: &mut dyn Emit) {
        if node.inner().is_empty() {
            return;
        }
        let part = self.begin(is_thought, out);
        let Some(open) = &mut self.open else {
            return;
        };
        let piece = node.as_piece(&mut open.joiner).unwrap_or_default();
        if piece.is_empty() {
            return;
        }
        if !is_thought {
            self.text.push_str(&piece);
        }
        let piece = Piece::Text(&piece);
        out.emit(Delta::Piece { part, piece });
    }

    /// The open part of this kind, begun if it must be.
    fn begin(&mut self, is_thought: bool, out: &mut dyn Emit) -> u32 {
        match &self.open {
            Some(open) if open.is_thought == is_thought => return open.part,
            _ => self.close(out),
        }
        let kind = if is_thought {
            PartKind::Reasoning
        } else {
            PartKind::Text
        };
        let part = self.start(kind, out);
        self.open = Some(Open {
            part,
            is_thought,
            joiner: Joiner::default(),
        });
        part
    }

    fn start(&mut self, kind: PartKind<'_>, out: &mut dyn Emit) -> u32 {
        let part = self.count;
        self.count += 1;
        out.emit(Delta::PartStart { part, kind });
        part
    }

    /// A part of one piece.
    fn whole(&mut self, kind: PartKind<'_>, piece: Piece<'_>, out: &mut dyn Emit) {
        self.close(out);
        let part = self.start(kind, out);
        out.emit(Delta::Piece { part, piece });
        out.emit(Delta::PartEnd { part });
    }

    /// A signature of thinking belongs to it. One of an answer's text is a part of its own: there is no other place that
    /// clients of every dialect return.
    fn signature(&mut self, data: &str, is_thought: bool, out: &mut dyn Emit) {
        if data.is_empty() {
            return;
        }
        let piece = Piece::Opaque(Opaque {
            origin: Cow::Owned(self.origin.clone()),
            kind: OpaqueKind::ThoughtSignature,
            data: data.into(),
        });
        if is_thought {
            let part = self.begin(true, out);
            out.emit(Delta::Piece { part, piece });
        } else {
            self.whole(PartKind::Reasoning, piece, out);
        }
    }

    fn media(&mut self, data: Node<'_>, out: &mut dyn Emit) {
        let mime = data.text("mimeType").unwrap_or_default();
        let bytes = data.text("data").unwrap_or_default();
        self.whole(PartKind::Media { mime: &mime }, Piece::Data(&bytes), out);
    }

    /// A call comes whole; with streamed arguments, pieces follow until one says that nothing does.
    fn call(&mut self, node: Node<'_>, signature: &str, out: &mut dyn Emit) -> Result<(), Error> {
        let goes_on = node.get("willContinue").and_then(Node::as_bool) == Some(true);
        if let Some(name) = node.text("name").filter(|name| !name.is_empty()) {
            self.finish_call(out);
            let id = node.text("id").filter(|id| !id.is_empty());
            let index = self.count as usize;
            let id = id.map_or_else(|| make_id("call_", &self.id_seed, index), Into::into);
            self.call = Some(Call {
                id,
                name: name.into_owned(),
                ..Call::default()
            });
        }
        let Some(call) = &mut self.call else {
            return Err(Error::malformed("a function call without a name"));
        };
        if !signature.is_empty() {
            signature.clone_into(&mut call.signature);
        }
        if let Some(args) = node.get("args") {
            call.args.whole(args);
        }
        for piece in node.get("partialArgs").into_iter().flat_map(Node::items) {
            call.args.add(piece)?;
        }
        if !goes_on {
            self.finish_call(out);
        }
        Ok(())
    }

    /// Whether more of a call's arguments was announced.
    pub(super) fn is_calling(&self) -> bool {
        self.call.is_some()
    }

    fn finish_call(&mut self, out: &mut dyn Emit) {
        let Some(call) = self.call.take() else {
            return;
        };
        self.close(out);
        let kind = PartKind::ToolCall {
            id: &call.id,
            name: &call.name,
            namespace: None,
            kind: ToolKind::Function,
        };
        let part = self.start(kind, out);
        let arguments = call.args.into_json();
        let piece = Piece::Arguments(&arguments);
        out.emit(Delta::Piece { part, piece });
        if !call.signature.is_empty() {
            let piece = Piece::Opaque(Opaque {
                origin: Cow::Borrowed(&self.origin),
                kind: OpaqueKind::ThoughtSignature,
                data: call.signature.into(),
            });
            out.emit(Delta::Piece { part, piece });
        }
        out.emit(Delta::PartEnd { part });
    }

    /// Keep the tokens of a text that comes with them.
    pub(super) fn logprobs(&mut self, result: Node<'_>) {
        self.tokens.extend(logprobs::read(result));
    }

    /// Say the tokens of the open text.
    pub(super) fn flush_logprobs(&mut self, out: &mut dyn Emit) {
        let Some(part) = self.open_text() else {
            return;
        };
        for tokens in self.tokens.drain(..) {
            let piece = Piece::Logprobs(&tokens);
            out.emit(Delta::Piece { part, piece });
        }
    }

    fn open_text(&self) -> Option<u32> {
        let open = self.open.as_ref().filter(|open| !open.is_thought);
        open.map(|open| open.part)
    }

    /// Keep a list of sources until the text is complete.
    pub(super) fn sources(&mut self, node: Node<'_>) {
        let is_grounding = grounding::is_grounding(node.raw());
        self.sources
            .retain(|old| grounding::is_grounding(old) != is_grounding);
        self.sources.push(node.raw().to_owned());
    }

    /// Close the open part. Sources are said where the text ends or, when something follows it, at the answer's end.
    fn close(&mut self, out: &mut dyn Emit) {
        self.flush_logprobs(out);
        let Some(mut open) = self.open.take() else {
            return;
        };
        let part = open.part;
        if let Some(rest) = open.joiner.finish() {
            let piece = Piece::Text(rest);
            out.emit(Delta::Piece { part, piece });
        }
        if !open.is_thought {
            self.cite(part, out);
            self.before += self.text.len() as u64;
            self.text.clear();
        }
        out.emit(Delta::PartEnd { part });
    }

    fn cite(&mut self, part: u32, out: &mut dyn Emit) {
        for sources in std::mem::take(&mut self.sources) {
            grounding::read(&sources, &self.text, self.before, &mut |citation| {
                let piece = Piece::Citation(citation);
                out.emit(Delta::Piece { part, piece });
            });
        }
    }

    /// The answer is complete.
    pub(super) fn close_all(&mut self, out: &mut dyn Emit) {
        self.finish_call(out);
        if self.open_text().is_none() && !self.sources.is_empty() {
            self.begin(false, out);
        }
        self.close(out);
    }
}
