//! Content blocks → parts. Blocks may interleave by index; parts are numbered by first appearance. A text or thinking
//! block becomes a part with its first content: hosts announce blocks that stay empty.

use std::borrow::Cow;

use crate::dialect::{DecodeContext, make_id};
use crate::error::Error;
use crate::ir::{Citation, Delta, Emit, Opaque, OpaqueKind, PartKind, Piece, ToolKind};
use crate::json::{Joiner, Node, Tape};

/// The blocks of one answer.
#[derive(Debug)]
pub(super) struct Blocks {
    origin: String,
    id_seed: String,
    open: Vec<Block>,
    parts: u32,
}

/// A block that has begun and not ended.
#[derive(Debug)]
struct Block {
    index: u64,
    kind: BlockKind,
    /// Its part, once there is one.
    part: Option<u32>,
    joiner: Joiner,
    /// Thinking: the signature. Redacted: the data. Tool use: an input that came whole. Others: the block itself.
    state: String,
    /// Others: their input, as it comes in pieces.
    input: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockKind {
    Text,
    Thinking,
    Redacted,
    Tool,
    /// Hosted tools, their results, and what we do not know.
    Native,
}

impl BlockKind {
    fn of(name: &str) -> Self {
        match name {
            "text" => Self::Text,
            "thinking" => Self::Thinking,
            "redacted_thinking" => Self::Redacted,
            "tool_use" => Self::Tool,
            _ => Self::Native,
        }
    }
}

impl Blocks {
    pub(super) fn new(cx: &DecodeContext) -> Self {
        Self {
            origin: cx.origin.clone(),
            id_seed: cx.id_seed.clone(),
            open: Vec::new(),
            parts: 0,
        }
    }

    /// A block begins, with whatever content it has already.
    pub(super) fn start(
        &mut self,
        index: u64,
        block: Node<'_>,
        out: &mut dyn Emit,
    ) -> Result<(), Error> {
        self.stop(index, out);
        let name = block.text("type").unwrap_or_default();
        let kind = BlockKind::of(&name);
        let text = |key: &str| block.text(key).unwrap_or_default();
        let at = self.push(index, kind);
        match kind {
            BlockKind::Text => {
                self.text(at, &text("text"), out);
                for citation in block.get("citations").into_iter().flat_map(Node::items) {
                    self.citation(at, citation, out);
                }
            }
            BlockKind::Thinking => {
                self.text(at, &text("thinking"), out);
                self.open[at].state = text("signature").into_owned();
            }
            BlockKind::Redacted => self.open[at].state = text("data").into_owned(),
            BlockKind::Tool => self.tool(at, block, out)?,
            BlockKind::Native => block.raw().clone_into(&mut self.open[at].state),
        }
        Ok(())
    }

    /// More of a block. One that was never announced begins here, as far as the delta tells what it is.
    pub(super) fn delta(
        &mut self,
        index: u64,
        delta: Node<'_>,
        out: &mut dyn Emit,
    ) -> Result<(), Error> {
        let kind = delta.text("type").unwrap_or_default();
        let (expected, key) = match kind.as_ref() {
            "text_delta" => (BlockKind::Text, "text"),
            "input_json_delta" => (BlockKind::Tool, "partial_json"),
            "thinking_delta" => (BlockKind::Thinking, "thinking"),
            "signature_delta" => (BlockKind::Thinking, "signature"),
            "citations_delta" => (BlockKind::Text, "citation"),
            _ => return Ok(()),
        };
        let Some(value) = delta.get(key) else {
            return Ok(());
        };
        let at = self.block_of(index, expected, out)?;
        match key {
            "citation" => self.citation(at, value, out),
            // It replaces an earlier one.
            "signature" => self.open[at].state = value.as_str().unwrap_or_default().into_owned(),
            _ => self.piece(at, value, out),
        }
        Ok(())
    }

    /// The open block of this kind, begun if it must be. Hosts that change from thinking to text without a word are
    /// taken by their deltas.
    fn block_of(
        &mut self,
        index: u64,
        expected: BlockKind,
        out: &mut dyn Emit,
    ) -> Result<usize, Error> {
        let known = self.open.iter().rposition(|block| block.index == index);
        match known {
            Some(at) if self.open[at].kind == expected => Ok(at),
            // What hosted tools are given comes as a tool's input does.
            Some(at) if (self.open[at].kind, expected) == (BlockKind::Native, BlockKind::Tool) => {
                Ok(at)
            }
            _ if expected == BlockKind::Tool => {
                let message = "tool arguments for a call that never began";
                Err(Error::malformed(message))
            }
            Some(at) => {
                self.close(at, out);
                Ok(self.push(index, expected))
            }
            None => Ok(self.push(index, expected)),
        }
    }

    fn piece(&mut self, at: usize, value: Node<'_>, out: &mut dyn Emit) {
        let block = &mut self.open[at];
        let piece = value.as_piece(&mut block.joiner).unwrap_or_default();
        match block.kind {
            BlockKind::Tool => self.arguments(at, &piece, out),
            BlockKind::Native => block.input.push_str(&piece),
            BlockKind::Text | BlockKind::Thinking | BlockKind::Redacted => {
                self.text(at, &piece, out);
            }
        }
    }

    /// A block ends. One that is not open is ignored.
    pub(super) fn stop(&mut self, index: u64, out: &mut dyn Emit) {
        if let Some(at) = self.open.iter().rposition(|block| block.index == index) {
            self.close(at, out);
        }
    }

    /// All of them end, in order.
    pub(super) fn close_all(&mut self, out: &mut dyn Emit) {
        while !self.open.is_empty() {
            self.close(0, out);
        }
    }

    fn close(&mut self, at: usize, out: &mut dyn Emit) {
        let rest = self.open[at].joiner.finish().unwrap_or_default();
        match self.open[at].kind {
            BlockKind::Text => self.text(at, rest, out),
            BlockKind::Thinking => {
                self.text(at, rest, out);
                self.opaque(at, OpaqueKind::Signature, out);
            }
            BlockKind::Redacted => self.opaque(at, OpaqueKind::Redacted, out),
            BlockKind::Tool => {
                let whole = std::mem::take(&mut self.open[at].state);
                let arguments = if whole.is_empty() { rest } else { &whole };
                self.arguments(at, arguments, out);
            }
            BlockKind::Native => self.native(at, out),
        }
        if let Some(part) = self.open.remove(at).part {
            out.emit(Delta::PartEnd { part });
        }
    }

    fn push(&mut self, index: u64, kind: BlockKind) -> usize {
        self.open.push(Block {
            index,
            kind,
            part: None,
            joiner: Joiner::default(),
            state: String::new(),
            input: String::new(),
        });
        self.open.len() - 1
    }

    /// The part of a block, begun if it was not.
    fn part(&mut self, at: usize, kind: PartKind<'_>, out: &mut dyn Emit) -> u32 {
        let block = &mut self.open[at];
        if let Some(part) = block.part {
            return part;
        }
        let part = self.parts;
        self.parts += 1;
        block.part = Some(part);
        out.emit(Delta::PartStart { part, kind });
        part
    }

    fn text(&mut self, at: usize, text: &str, out: &mut dyn Emit) {
        if text.is_empty() {
            return;
        }
        let kind = match self.open[at].kind {
            BlockKind::Thinking => PartKind::Reasoning,
            _ => PartKind::Text,
        };
        let part = self.part(at, kind, out);
        let piece = Piece::Text(text);
        out.emit(Delta::Piece { part, piece });
    }

    fn opaque(&mut self, at: usize, kind: OpaqueKind, out: &mut dyn Emit) {
        let data = std::mem::take(&mut self.open[at].state);
        if data.is_empty() {
            return;
        }
        let part = self.part(at, PartKind::Reasoning, out);
        let piece = Piece::Opaque(Opaque {
            origin: Cow::Borrowed(&self.origin),
            kind,
            data: data.into(),
        });
        out.emit(Delta::Piece { part, piece });
    }

    fn tool(&mut self, at: usize, block: Node<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        let name = block.text("name").filter(|name| !name.is_empty());
        let Some(name) = name else {
            return Err(Error::malformed("a tool call without a name"));
        };
        let id = match block.text("id") {
            Some(id) if !id.is_empty() => id,
            _ => make_id("toolu_", &self.id_seed, self.parts as usize).into(),
        };
        let kind = PartKind::ToolCall {
            id: &id,
            name: &name,
            namespace: None,
            kind: ToolKind::Function,
        };
        self.part(at, kind, out);
        // Whole in a one-shot answer (and from some hosts in the stream); `{}` where pieces follow.
        let input = block
            .get("input")
            .filter(|input| input.members().next().is_some());
        if let Some(input) = input {
            input.raw().clone_into(&mut self.open[at].state);
        }
        Ok(())
    }

    fn arguments(&mut self, at: usize, json: &str, out: &mut dyn Emit) {
        if let (Some(part), false) = (self.open[at].part, json.is_empty()) {
            // Pieces replace an input that came with the start.
            self.open[at].state.clear();
            let piece = Piece::Arguments(json);
            out.emit(Delta::Piece { part, piece });
        }
    }

    fn citation(&mut self, at: usize, node: Node<'_>, out: &mut dyn Emit) {
        let either = |first: &str, second: &str| node.text(first).or_else(|| node.text(second));
        let url = either("url", "source");
        let title = either("title", "document_title");
        let quote = node.text("cited_text");
        // The indexes in here count in the source, not in the answer.
        let part = self.part(at, PartKind::Text, out);
        let piece = Piece::Citation(Citation {
            url: url.as_deref(),
            title: title.as_deref(),
            quote: quote.as_deref(),
            ..Citation::default()
        });
        out.emit(Delta::Piece { part, piece });
    }

    fn native(&mut self, at: usize, out: &mut dyn Emit) {
        let block = &mut self.open[at];
        let raw = whole(std::mem::take(&mut block.state), &block.input);
        let mut tape = Tape::new();
        let kind = tape.parse(&raw).ok().and_then(|node| node.text("type"));
        let kind = kind.unwrap_or_default();
        let part = self.part(at, PartKind::Native { kind: &kind }, out);
        let piece = Piece::Native(&raw);
        out.emit(Delta::Piece { part, piece });
    }
}

/// A block with the input that came in pieces in its place.
fn whole(block: String, input: &str) -> String {
    let mut tape = Tape::new();
    if input.is_empty() || tape.parse(input).is_err() {
        return block;
    }
    let span = match tape.parse(&block) {
        Ok(root) => root.find("input").map(Node::span),
        Err(_) => None,
    };
    match span {
        Some(span) => format!("{}{input}{}", &block[..span.start], &block[span.end..]),
        None => block,
    }
}
