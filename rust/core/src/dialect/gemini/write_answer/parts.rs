//! Parts of the answer → parts of chunks.

use super::encoder::StreamEncoder;
use super::frame::Frame;
use crate::dialect::arguments::Input;
use crate::dialect::gemini::state::{self, Pending};
use crate::ir::{Opaque, PartKind, Piece, ToolKind};
use crate::json::Tape;
use crate::json::write;
use crate::loss::{Code, LossReport};

/// The part in progress.
#[derive(Debug, Default)]
pub(super) struct Part {
    kind: Kind,
    /// Thinking, arguments or data so far.
    text: String,
    opaque: Vec<Opaque<'static>>,
    /// The summary that was written last.
    summary: Option<u32>,
}

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Ignored,
    Text,
    Thought,
    Call {
        id: String,
        name: String,
        kind: ToolKind,
    },
    Media(String),
    Native,
}

impl StreamEncoder {
    pub(super) fn part_start(&mut self, kind: PartKind<'_>, loss: &mut LossReport) {
        let kind = match kind {
            PartKind::Text => Kind::Text,
            PartKind::Refusal => {
                self.has_refusal = true;
                Kind::Text
            }
            PartKind::Reasoning => Kind::Thought,
            PartKind::ToolCall {
                id,
                name,
                namespace,
                kind,
            } => Kind::Call {
                id: id.into(),
                name: match namespace {
                    Some(namespace) => format!("{namespace}__{name}"),
                    None => name.into(),
                },
                kind,
            },
            PartKind::Media { mime } => Kind::Media(mime.into()),
            PartKind::Native { kind } if is_native(kind) => Kind::Native,
            PartKind::Native { kind } => {
                loss.add(Code::FieldDropped, "parts", kind);
                Kind::Ignored
            }
        };
        self.sources.begin_part();
        self.part = Part {
            kind,
            ..Part::default()
        };
    }

    pub(super) fn piece(&mut self, piece: &Piece<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        match piece {
            Piece::Text(text) => self.text(text, out),
            Piece::Summary { index, text } => {
                let is_next = self.part.summary.replace(*index) != Some(*index);
                if is_next && !self.part.text.is_empty() && !text.is_empty() {
                    self.text("\n\n", out);
                }
                self.text(text, out);
            }
            Piece::Arguments(more) | Piece::Data(more) => self.part.text.push_str(more),
            Piece::Opaque(state) => {
                self.part.opaque.retain(|old| old.kind != state.kind);
                self.part.opaque.push(state.clone().into_owned());
            }
            Piece::Citation(citation) => self.sources.cite(citation, loss),
            Piece::Logprobs(tokens) => self.sources.tokens(tokens),
            Piece::Native(raw) => {
                if matches!(self.part.kind, Kind::Native) {
                    (*raw).clone_into(&mut self.part.text);
                }
            }
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        match self.part.kind {
            Kind::Text => {
                self.sources.text(text);
                self.write_part(out, |o| o.str("text", text));
            }
            Kind::Thought => {
                self.part.text.push_str(text);
                if !matches!(self.frame, Frame::Whole(_)) {
                    self.write_thought(text, out);
                }
            }
            Kind::Ignored | Kind::Call { .. } | Kind::Media(_) | Kind::Native => {}
        }
    }

    fn write_thought(&mut self, text: &str, out: &mut Vec<u8>) {
        self.write_part(out, |o| {
            o.str("text", text);
            o.bool("thought", true);
        });
    }

    pub(super) fn part_end(&mut self, loss: &mut LossReport, out: &mut Vec<u8>) {
        let part = std::mem::take(&mut self.part);
        match part.kind {
            Kind::Ignored => {}
            Kind::Text => self.wait(String::new(), part.opaque),
            Kind::Thought => {
                if matches!(self.frame, Frame::Whole(_)) && !part.text.is_empty() {
                    self.write_thought(&part.text, out);
                }
                self.wait(part.text, part.opaque);
            }
            Kind::Call { id, name, kind } => {
                let input = Input::of(kind, &part.text, &mut Tape::new());
                if matches!(input, Input::Broken(_)) {
                    let detail = "arguments that are not a JSON object";
                    loss.add(Code::ArgsInvalidJson, "functionCall/args", detail);
                }
                let pending = std::mem::take(&mut self.pending);
                let signature = state::seal(&self.cx.envelope, &part.opaque, &pending);
                self.write_part(out, |o| {
                    o.object("functionCall", |o| {
                        o.str("id", &id);
                        o.str("name", &name);
                        input.write(o.key("args"));
                    });
                    o.opt_str("thoughtSignature", signature.as_deref());
                });
            }
            Kind::Media(mime) => self.write_part(out, |o| {
                o.object("inlineData", |o| {
                    o.str("mimeType", &mime);
                    o.str("data", &part.text);
                });
            }),
            Kind::Native => self.native(&part.text, out),
        }
    }

    /// State that waits for a part that clients return.
    fn wait(&mut self, text: String, opaque: Vec<Opaque<'static>>) {
        if !opaque.is_empty() {
            self.pending.push(Pending { text, opaque });
        }
    }

    /// A part that is this dialect's own already.
    fn native(&mut self, raw: &str, out: &mut Vec<u8>) {
        let mut tape = Tape::new();
        let Ok(node) = tape.parse(raw) else {
            return;
        };
        self.write_part(out, |o| {
            for (key, value) in node.members() {
                write::raw(o.key(&key), value.raw());
            }
        });
    }
}

/// Whether a part that only one dialect understands is of this one.
fn is_native(kind: &str) -> bool {
    matches!(
        kind,
        "executableCode" | "codeExecutionResult" | "toolCall" | "toolResponse" | "fileData"
    )
}
