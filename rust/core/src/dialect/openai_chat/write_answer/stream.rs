//! A client's stream.

use super::frame::Frame;
use crate::dialect::{EncodeContext, EventEncoder};
use crate::error::Error;
use crate::ir::{Delta, Finish, Opaque, OwnedCitation, PartKind, Piece, Start, ToolKind, Usage};
use crate::loss::{Code, LossReport};

use super::super::stop;
use crate::dialect::openai::error;

const CONTENT: &[u8] = br#""content":"#;
const REASONING: &[u8] = br#""reasoning_content":"#;
const REFUSAL: &[u8] = br#""refusal":"#;

/// Encodes one stream.
#[derive(Debug)]
pub(crate) struct StreamEncoder {
    cx: EncodeContext,
    frame: Frame,
    parts: Vec<Part>,
    calls: u64,
    /// Entries of `reasoning_details` so far.
    details: u64,
    /// Characters of answer text so far.
    chars: u64,
    declined: bool,
    /// The client declared `functions`.
    is_old: bool,
    usage: Usage,
    is_ended: bool,
}

/// What has to be remembered of a part.
#[derive(Debug)]
enum Part {
    Text {
        from: u64,
        citations: Vec<OwnedCitation>,
    },
    /// The text is kept for the envelope: which state there will be is known only at the end.
    Reasoning {
        text: String,
        opaque: Vec<Opaque<'static>>,
        summary: Option<u32>,
    },
    Refusal,
    Call {
        index: u64,
        kind: ToolKind,
        is_empty: bool,
    },
    Media {
        mime: String,
        data: String,
    },
    /// Ended, or without a form in Chat.
    Closed,
}

impl StreamEncoder {
    pub(crate) fn new(cx: &EncodeContext) -> Self {
        Self {
            cx: cx.clone(),
            frame: Frame::default(),
            parts: Vec::new(),
            calls: 0,
            details: 0,
            chars: 0,
            declined: false,
            is_old: cx.echo.is_some(),
            usage: Usage::default(),
            is_ended: false,
        }
    }

    fn start(&mut self, start: &Start<'_>, out: &mut Vec<u8>) {
        self.frame = Frame::new(start, &self.cx);
        self.frame.chunk(out, |delta| {
            delta.extend_from_slice(br#""role":"assistant","content":"","refusal":null"#);
        });
    }

    fn part_start(&mut self, kind: PartKind<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        let part = match kind {
            PartKind::Text => {
                if self.calls > 0 {
                    super::report_order(loss);
                }
                Part::Text {
                    from: self.chars,
                    citations: Vec::new(),
                }
            }
            PartKind::Reasoning => Part::Reasoning {
                text: String::new(),
                opaque: Vec::new(),
                summary: None,
            },
            PartKind::Refusal => {
                self.declined = true;
                Part::Refusal
            }
            PartKind::ToolCall { id, name, kind, .. } => self.call(id, name, kind, loss, out),
            PartKind::Media { mime } => Part::Media {
                mime: mime.into(),
                data: String::new(),
            },
            PartKind::Native { kind } => {
                super::report_native(kind, loss);
                Part::Closed
            }
        };
        self.parts.push(part);
    }

    fn call(
        &mut self,
        id: &str,
        name: &str,
        kind: ToolKind,
        loss: &mut LossReport,
        out: &mut Vec<u8>,
    ) -> Part {
        let index = self.calls;
        self.calls += 1;
        if self.is_old && index > 0 {
            super::report_second_call(name, loss);
            return Part::Closed;
        }
        if self.is_old {
            self.frame.old_call(out, |o| o.str("name", name));
        } else {
            self.frame
                .call(index, out, |o| super::call(o, id, name, kind, ""));
        }
        Part::Call {
            index,
            kind,
            is_empty: true,
        }
    }

    fn piece(&mut self, part: u32, piece: &Piece<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        let frame = &self.frame;
        match (self.parts.get_mut(part as usize), piece) {
            (Some(Part::Text { .. }), Piece::Text(text)) => {
                self.chars += text.chars().count() as u64;
                frame.text(CONTENT, text, out);
            }
            (Some(Part::Refusal), Piece::Text(text)) => frame.text(REFUSAL, text, out),
            (Some(Part::Reasoning { text, .. }), Piece::Text(more)) => {
                text.push_str(more);
                frame.text(REASONING, more, out);
            }
            (Some(Part::Reasoning { summary, .. }), Piece::Summary { index, text }) => {
                if summary.replace(*index).is_some_and(|last| last != *index) {
                    frame.text(REASONING, super::SUMMARY_GAP, out);
                }
                frame.text(REASONING, text, out);
            }
            (
                Some(Part::Call {
                    index,
                    kind,
                    is_empty,
                }),
                Piece::Arguments(more),
            ) => {
                *is_empty &= more.is_empty();
                frame.arguments(*index, *kind, more, self.is_old, out);
            }
            (Some(Part::Media { data, .. }), Piece::Data(more)) => data.push_str(more),
            (Some(state), piece) => Self::rare(state, piece, frame, &self.cx, loss, out),
            (None, _) => {}
        }
    }

    /// Pieces that come once per part or seldom.
    fn rare(
        state: &mut Part,
        piece: &Piece<'_>,
        frame: &Frame,
        cx: &EncodeContext,
        loss: &mut LossReport,
        out: &mut Vec<u8>,
    ) {
        match (state, piece) {
            (Part::Reasoning { opaque, .. }, Piece::Opaque(state)) => {
                opaque.retain(|old| old.kind != state.kind);
                opaque.push(state.clone().into_owned());
            }
            (Part::Call { index, .. }, Piece::Opaque(state)) if cx.echo.is_none() => {
                frame.call(*index, out, |o| {
                    super::call_state(o, std::slice::from_ref(state), cx);
                });
            }
            (Part::Text { citations, .. }, Piece::Citation(citation))
                if super::is_citable(citation, loss) =>
            {
                citations.push(citation.into());
            }
            (Part::Text { .. }, Piece::Logprobs(tokens)) => frame.logprobs(false, tokens, out),
            (Part::Refusal, Piece::Logprobs(tokens)) => frame.logprobs(true, tokens, out),
            (Part::Text { .. }, Piece::Opaque(_)) => super::report_text_state(loss),
            _ => {}
        }
    }

    fn part_end(&mut self, part: u32, loss: &mut LossReport, out: &mut Vec<u8>) {
        let Some(state) = self.parts.get_mut(part as usize) else {
            return;
        };
        let (frame, cx) = (&self.frame, &self.cx);
        match std::mem::replace(state, Part::Closed) {
            Part::Reasoning { text, opaque, .. } if !opaque.is_empty() => {
                let index = &mut self.details;
                frame.list("reasoning_details", out, |list| {
                    super::details(list, part as usize, &text, &opaque, index, cx);
                });
            }
            Part::Text { from, citations } if !citations.is_empty() => {
                let chars = self.chars - from;
                frame.list("annotations", out, |list| {
                    for citation in &citations {
                        super::annotation(list, &citation.view(), from, chars);
                    }
                });
            }
            Part::Call {
                index,
                kind,
                is_empty: true,
            } => {
                frame.arguments(index, kind, super::no_arguments(kind), self.is_old, out);
            }
            Part::Media { mime, data } if super::is_image(&mime, loss) => {
                frame.list("images", out, |list| super::image(list, &mime, &data));
            }
            _ => {}
        }
    }

    fn finish(&mut self, finish: &Finish<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        self.frame
            .finish(stop::encode(finish, self.declined, self.is_old, loss), out);
    }

    /// Usage is complete only now: upstreams send it on any chunk, last of all often.
    fn end(&mut self, loss: &mut LossReport, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.is_ended, true) {
            return;
        }
        if self.cx.stream_usage && self.usage.is_known() {
            self.frame.usage(&self.usage, out);
        } else if self.cx.stream_usage {
            loss.add(Code::UsageUnknown, "usage", "the upstream did not count");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl EventEncoder for StreamEncoder {
    fn delta(&mut self, delta: &Delta<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        match delta {
            Delta::Start(start) => self.start(start, out),
            Delta::PartStart { kind, .. } => self.part_start(*kind, loss, out),
            Delta::Piece { part, piece } => self.piece(*part, piece, loss, out),
            Delta::PartEnd { part } => self.part_end(*part, loss, out),
            Delta::Usage(usage) => self.usage.merge(usage),
            Delta::Finish(finish) => self.finish(finish, loss, out),
            Delta::Keepalive => self.keepalive(out),
            Delta::End => self.end(loss, out),
        }
    }

    fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        error::write(out, error, &self.cx.request_id);
        out.extend_from_slice(b"\n\n");
    }

    fn keepalive(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b": keepalive\n\n");
    }
}
