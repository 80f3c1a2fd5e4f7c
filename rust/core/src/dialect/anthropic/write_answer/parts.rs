//! Parts → blocks: each opens with its first content and ends before the next one.

use super::response::media_note;
use super::stream::{StreamEncoder, event, ping};
use super::{
    beside, is_citable, is_native, is_redacted, write_citation, write_redacted, write_thinking,
    write_tool,
};
use crate::dialect::carrier;
use crate::ir::{Citation, Opaque, PartKind, Piece, ToolKind};
use crate::json::write::{self, Object};
use crate::loss::{Code, LossReport};

/// The part in progress.
#[derive(Debug, Default)]
pub(super) struct Part {
    kind: Kind,
    /// Its block has begun.
    is_open: bool,
    /// The summary that was written last.
    summary: Option<u32>,
    opaque: Vec<Opaque<'static>>,
    call: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Ignored,
    Text,
    Thinking,
    Tool,
    /// Its arguments are free text: they become the string of `{"input": …}`.
    FreeTool,
    Native,
}

impl StreamEncoder {
    pub(super) fn part_start(
        &mut self,
        kind: PartKind<'_>,
        loss: &mut LossReport,
        out: &mut Vec<u8>,
    ) {
        self.part = Part::default();
        match kind {
            PartKind::Text => self.part.kind = Kind::Text,
            PartKind::Refusal => {
                self.has_refusal = true;
                self.part.kind = Kind::Text;
            }
            PartKind::Reasoning => self.part.kind = Kind::Thinking,
            PartKind::ToolCall {
                id,
                name,
                namespace,
                kind,
            } => {
                self.part.call = Some(id.to_owned());
                self.open(out, |o| {
                    write_tool(o, id, name, namespace);
                    o.object("input", |_| {});
                });
                self.begin_input(kind, out);
            }
            PartKind::Native { kind } if is_native(kind) => self.part.kind = Kind::Native,
            PartKind::Native { kind } => loss.add(Code::FieldDropped, "content", kind),
            PartKind::Media { mime } => {
                let detail = "an answer cannot hold media in this dialect";
                loss.add(Code::MediaDropped, "content", detail);
                self.part.kind = Kind::Text;
                self.text(&media_note(mime), out);
            }
        }
    }

    /// The first piece of every input is empty.
    fn begin_input(&mut self, kind: ToolKind, out: &mut Vec<u8>) {
        self.json("", out);
        self.part.kind = Kind::Tool;
        if kind == ToolKind::Custom {
            self.part.kind = Kind::FreeTool;
            self.json("{\"input\":\"", out);
        }
    }

    /// Begin the part's block, if that was not done.
    fn open(&mut self, out: &mut Vec<u8>, block: impl FnOnce(&mut Object<'_>)) {
        if std::mem::replace(&mut self.part.is_open, true) {
            return;
        }
        let index = self.blocks;
        self.blocks += 1;
        event(out, "content_block_start", |o| {
            o.u64("index", index);
            o.object("content_block", block);
        });
        if !std::mem::replace(&mut self.has_pinged, true) {
            ping(out);
        }
    }

    fn open_text(&mut self, out: &mut Vec<u8>) {
        self.open(out, |o| {
            o.str("type", "text");
            o.str("text", "");
        });
    }

    fn open_thinking(&mut self, out: &mut Vec<u8>) {
        self.open(out, |o| write_thinking(o, "", ""));
    }

    /// The open block's number.
    fn index(&self) -> u64 {
        self.blocks.saturating_sub(1)
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        match self.part.kind {
            Kind::Text => {
                self.open_text(out);
                piece(out, self.index(), "text_delta", "text", text);
            }
            Kind::Thinking => {
                self.open_thinking(out);
                piece(out, self.index(), "thinking_delta", "thinking", text);
            }
            Kind::Ignored | Kind::Tool | Kind::FreeTool | Kind::Native => {}
        }
    }

    /// Summaries are thinking with a blank line between them.
    fn summary(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let is_next = self.part.summary.replace(index) != Some(index);
        if is_next && self.part.is_open {
            self.text("\n\n", out);
        }
        self.text(text, out);
    }

    pub(super) fn piece(&mut self, piece_: &Piece<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        match piece_ {
            Piece::Text(text) => self.text(text, out),
            Piece::Summary { index, text } => self.summary(*index, text, out),
            Piece::Arguments(text) => self.arguments(text, out),
            Piece::Opaque(state) => {
                self.part.opaque.retain(|old| old.kind != state.kind);
                self.part.opaque.push(state.clone().into_owned());
            }
            Piece::Citation(citation) => self.citation(citation, loss, out),
            Piece::Logprobs(_) => {
                loss.add(
                    Code::FieldDropped,
                    "logprobs",
                    "no counterpart in this dialect",
                );
            }
            Piece::Native(raw) => {
                if self.part.kind == Kind::Native {
                    self.native(raw, out);
                }
            }
            // Announced as text when the part began.
            Piece::Data(_) => {}
        }
    }

    fn arguments(&mut self, text: &str, out: &mut Vec<u8>) {
        match self.part.kind {
            Kind::Tool if !text.is_empty() => self.json(text, out),
            Kind::FreeTool if !text.is_empty() => {
                let mut escaped = Vec::with_capacity(text.len());
                write::escaped(&mut escaped, text);
                self.json(&String::from_utf8_lossy(&escaped), out);
            }
            _ => {}
        }
    }

    fn json(&self, json: &str, out: &mut Vec<u8>) {
        piece(out, self.index(), "input_json_delta", "partial_json", json);
    }

    fn citation(&mut self, citation: &Citation<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        if !is_citable(citation) {
            loss.add(Code::FieldDropped, "citations", "a source without a URL");
            return;
        }
        if self.part.kind != Kind::Text {
            return;
        }
        self.open_text(out);
        event(out, "content_block_delta", |o| {
            o.u64("index", self.index());
            o.object("delta", |o| {
                o.str("type", "citations_delta");
                o.object("citation", |o| write_citation(o, citation));
            });
        });
    }

    fn native(&mut self, raw: &str, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.part.is_open, true) {
            return;
        }
        let index = self.blocks;
        self.blocks += 1;
        event(out, "content_block_start", |o| {
            o.u64("index", index);
            o.raw("content_block", raw);
        });
    }

    pub(super) fn part_end(&mut self, out: &mut Vec<u8>) {
        let part = &mut self.part;
        let opaque = std::mem::take(&mut part.opaque);
        if part.kind == Kind::Thinking {
            self.sign(&opaque, out);
            self.close(out);
            return;
        }
        let call = part.call.take();
        if part.kind == Kind::FreeTool {
            self.json("\"}", out);
        }
        self.close(out);
        if let Some(data) = beside(&self.cx.envelope, &opaque, call.as_deref()) {
            self.open(out, |o| write_redacted(o, &data));
            self.close(out);
        }
    }

    /// End thinking with its signature; thinking of which nothing was shown is only that.
    fn sign(&mut self, opaque: &[Opaque<'_>], out: &mut Vec<u8>) {
        if !self.part.is_open && opaque.is_empty() {
            return;
        }
        let sealed = carrier::seal(&self.cx.envelope, opaque, None);
        if is_redacted(!self.part.is_open, opaque) {
            self.open(out, |o| write_redacted(o, &sealed));
            return;
        }
        self.open_thinking(out);
        piece(out, self.index(), "signature_delta", "signature", &sealed);
    }

    pub(super) fn close(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.part.is_open) {
            let index = self.index();
            event(out, "content_block_stop", |o| o.u64("index", index));
        }
    }
}

/// The event that a stream consists of, written without detours.
fn piece(out: &mut Vec<u8>, index: u64, kind: &str, key: &str, text: &str) {
    out.extend_from_slice(
        b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":",
    );
    write::number(out, index);
    for part in [",\"delta\":{\"type\":\"", kind, "\",\"", key, "\":\""] {
        out.extend_from_slice(part.as_bytes());
    }
    write::escaped(out, text);
    out.extend_from_slice(b"\"}}\n\n");
}
