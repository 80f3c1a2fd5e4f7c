//! The parts of an answer, one after the other: thinking, text, calls. Calls come whole.

use crate::dialect::{DecodeContext, make_id};
use crate::error::Error;
use crate::ir::{Delta, Emit, Opaque, OpaqueKind, PartKind, Piece, ToolKind};
use crate::json::{Joiner, Node};

use super::super::wire::Line;

/// What flows as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Text,
    Reasoning,
}

/// The part that is open.
#[derive(Debug)]
struct Open {
    flow: Flow,
    part: u32,
    joiner: Joiner,
}

/// All parts of one answer.
#[derive(Debug)]
pub(super) struct Parts {
    origin: String,
    seed: String,
    next: u32,
    open: Option<Open>,
    /// Ids of the calls so far.
    ids: Vec<String>,
}

impl Parts {
    pub(super) fn new(cx: &DecodeContext) -> Self {
        Self {
            origin: cx.origin.clone(),
            seed: cx.id_seed.clone(),
            next: 0,
            open: None,
            ids: Vec::new(),
        }
    }

    /// Take what one line says.
    pub(super) fn line(&mut self, line: &Line<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        if let Some(thinking) = line.thinking {
            self.flow(Flow::Reasoning, thinking, out);
        }
        if let Some(content) = line.content {
            self.flow(Flow::Text, content, out);
        }
        if let Some(tokens) = line.logprobs {
            self.logprobs(tokens, out);
        }
        for call in line.tool_calls.into_iter().flat_map(Node::items) {
            self.call(call, out)?;
        }
        Ok(())
    }

    /// End whatever is open.
    pub(super) fn close(&mut self, out: &mut dyn Emit) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        let part = open.part;
        if let Some(rest) = open.joiner.finish() {
            let piece = Piece::Text(rest);
            out.emit(Delta::Piece { part, piece });
        }
        if open.flow == Flow::Reasoning {
            // Models are shown their own earlier thinking, and nobody else's.
            let piece = Piece::Opaque(Opaque {
                origin: self.origin.as_str().into(),
                kind: OpaqueKind::Replay,
                data: "".into(),
            });
            out.emit(Delta::Piece { part, piece });
        }
        out.emit(Delta::PartEnd { part });
    }

    fn begin(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    fn flow(&mut self, flow: Flow, text: Node<'_>, out: &mut dyn Emit) {
        if text.inner().is_empty() {
            return;
        }
        if self.open.as_ref().is_none_or(|open| open.flow != flow) {
            self.close(out);
            let part = self.begin();
            let kind = match flow {
                Flow::Text => PartKind::Text,
                Flow::Reasoning => PartKind::Reasoning,
            };
            out.emit(Delta::PartStart { part, kind });
            self.open = Some(Open {
                flow,
                part,
                joiner: Joiner::default(),
            });
        }
        let Some(open) = &mut self.open else { return };
        let piece = text.as_piece(&mut open.joiner);
        if let Some(piece) = piece.filter(|piece| !piece.is_empty()) {
            let (part, piece) = (open.part, Piece::Text(&piece));
            out.emit(Delta::Piece { part, piece });
        }
    }

    /// Log probabilities belong to the text that is open.
    fn logprobs(&self, tokens: Node<'_>, out: &mut dyn Emit) {
        let open = self.open.as_ref().filter(|open| open.flow == Flow::Text);
        if let Some(open) = open.filter(|_| tokens.items().next().is_some()) {
            let (part, piece) = (open.part, Piece::Logprobs(tokens.raw()));
            out.emit(Delta::Piece { part, piece });
        }
    }

    fn call(&mut self, call: Node<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        let function = call.get("function");
        let name = function.and_then(|function| function.text("name"));
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Err(Error::malformed(
                "the upstream sent a tool call without a name",
            ));
        };
        self.close(out);
        let part = self.begin();
        let at = self.ids.len();
        let sent = call.text("id").filter(|id| !id.is_empty());
        let sent = sent.filter(|id| self.ids.iter().all(|other| other != id));
        let id = sent.map_or_else(|| make_id("call_", &self.seed, at), Into::into);
        let kind = PartKind::ToolCall {
            id: &id,
            name: &name,
            namespace: None,
            kind: ToolKind::Function,
        };
        out.emit(Delta::PartStart { part, kind });
        if let Some(arguments) = function.and_then(|function| function.get("arguments")) {
            // An object; imitations send its text.
            let text = arguments.as_str().unwrap_or_else(|| arguments.raw().into());
            let piece = Piece::Arguments(&text);
            out.emit(Delta::Piece { part, piece });
        }
        out.emit(Delta::PartEnd { part });
        self.ids.push(id);
        Ok(())
    }
}
