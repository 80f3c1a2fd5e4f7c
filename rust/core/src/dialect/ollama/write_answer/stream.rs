//! A client's stream.

use super::{Said, body, call, end, head};
use crate::dialect::{EncodeContext, EventEncoder};
use crate::error::Error;
use crate::ir::{Delta, Finish, FinishReason, PartKind, Piece, ToolKind, Usage};
use crate::json::write::{self, Object};
use crate::loss::LossReport;
use crate::ndjson::write_line;

use super::super::error;
use super::super::operation::Operation;

/// Encodes one stream. The members that are the same in every line are written once, at the start, and copied: a text
/// event costs a few appends and no allocation.
#[derive(Debug)]
pub(crate) struct StreamEncoder {
    cx: EncodeContext,
    operation: Operation,
    /// `{"model":…,"created_at":…,` and what stands before the text.
    before_text: Vec<u8>,
    before_thinking: Vec<u8>,
    /// Unix seconds that every line tells.
    created: u64,
    parts: Vec<Part>,
    calls: u64,
    finish: Option<Ending>,
    usage: Usage,
    is_ended: bool,
}

/// What has to be remembered of a part.
#[derive(Debug)]
enum Part {
    Text,
    Reasoning {
        /// The summary that is open.
        summary: Option<u32>,
    },
    /// Arguments are an object here, so that a call is written when they are complete.
    Call {
        id: String,
        name: String,
        kind: ToolKind,
        arguments: String,
    },
    /// Ended, or without a form in Ollama.
    Closed,
}

/// Why the answer ended; written in the last line.
#[derive(Debug)]
struct Ending {
    reason: FinishReason,
    native: String,
    stop_sequence: Option<String>,
    explanation: Option<String>,
    category: Option<String>,
}

impl StreamEncoder {
    pub(crate) fn new(cx: &EncodeContext) -> Self {
        Self {
            cx: cx.clone(),
            operation: super::operation(cx),
            before_text: Vec::new(),
            before_thinking: Vec::new(),
            created: cx.created,
            parts: Vec::new(),
            calls: 0,
            finish: None,
            usage: Usage::default(),
            is_ended: false,
        }
    }

    fn start(&mut self, created: Option<u64>) {
        self.created = created.unwrap_or(self.cx.created);
        let mut line = Vec::with_capacity(128);
        write::object(&mut line, |o| head(o, &self.cx.model, self.created));
        line.pop();
        let (text, thinking): (&[u8], &[u8]) = match self.operation {
            Operation::Chat => (
                br#","message":{"role":"assistant","content":"#,
                br#","message":{"role":"assistant","content":"","thinking":"#,
            ),
            Operation::Generate => (br#","response":"#, br#","response":"","thinking":"#),
        };
        self.before_text = [&line, text].concat();
        self.before_thinking = [&line, thinking].concat();
    }

    fn text(&self, before: &[u8], text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let after: &[u8] = match self.operation {
            Operation::Chat => br#"},"done":false}"#,
            Operation::Generate => br#","done":false}"#,
        };
        write_line(out, |out| {
            out.extend_from_slice(before);
            write::string(out, text);
            out.extend_from_slice(after);
        });
    }

    /// A line that comes seldom.
    fn line(&self, said: &Said<'_>, out: &mut Vec<u8>, rest: impl FnOnce(&mut Object<'_>)) {
        write_line(out, |out| {
            write::object(out, |o| {
                head(o, &self.cx.model, self.created);
                body(o, self.operation, said);
                rest(o);
            });
        });
    }

    fn part_start(&mut self, kind: PartKind<'_>, loss: &mut LossReport) {
        self.parts.push(match kind {
            PartKind::Text => Part::Text,
            PartKind::Reasoning => Part::Reasoning { summary: None },
            PartKind::Refusal => {
                super::report_refusal(loss);
                Part::Text
            }
            PartKind::ToolCall { id, name, kind, .. } => Part::Call {
                id: id.into(),
                name: name.into(),
                kind,
                arguments: String::new(),
            },
            PartKind::Media { mime } => {
                super::report_media(mime, loss);
                Part::Closed
            }
            PartKind::Native { kind } => {
                super::report_native(kind, loss);
                Part::Closed
            }
        });
    }

    fn piece(&mut self, part: u32, piece: &Piece<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        match (self.parts.get_mut(part as usize), piece) {
            (Some(Part::Text), Piece::Text(text)) => self.text(&self.before_text, text, out),
            (Some(Part::Reasoning { .. }), Piece::Text(text)) => {
                self.text(&self.before_thinking, text, out);
            }
            (Some(Part::Reasoning { summary }), Piece::Summary { index, text }) => {
                let is_next = summary.replace(*index).is_some_and(|last| last != *index);
                if is_next {
                    self.text(&self.before_thinking, super::SUMMARY_GAP, out);
                }
                self.text(&self.before_thinking, text, out);
            }
            (Some(Part::Call { arguments, .. }), Piece::Arguments(more)) => {
                arguments.push_str(more);
            }
            (Some(Part::Text), Piece::Logprobs(tokens)) => {
                self.line(&Said::default(), out, |o| {
                    o.raw("logprobs", tokens);
                    o.bool("done", false);
                });
            }
            (Some(Part::Text), Piece::Citation(_)) => super::report_citation(loss),
            (Some(_), Piece::Opaque(state)) => super::report_state(state, loss),
            _ => {}
        }
    }

    fn part_end(&mut self, part: u32, loss: &mut LossReport, out: &mut Vec<u8>) {
        let Some(state) = self.parts.get_mut(part as usize) else {
            return;
        };
        if let Part::Call {
            id,
            name,
            kind,
            arguments,
        } = std::mem::replace(state, Part::Closed)
        {
            let said = Said {
                calls: &call(self.calls, &id, &name, kind, &arguments, loss),
                ..Said::default()
            };
            self.calls += 1;
            self.line(&said, out, |o| o.bool("done", false));
        }
    }

    /// The counts are complete only now, and stand in the line that ends the answer.
    fn end(&mut self, loss: &mut LossReport, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.is_ended, true) {
            return;
        }
        let ending = self.finish.take();
        let finish = ending.as_ref().map_or_else(
            || Finish::new(FinishReason::End, ""),
            |ending| Finish {
                reason: ending.reason,
                native: &ending.native,
                stop_sequence: ending.stop_sequence.as_deref(),
                explanation: ending.explanation.as_deref(),
                category: ending.category.as_deref(),
            },
        );
        self.line(&Said::default(), out, |o| {
            end(o, &finish, &self.usage, loss);
        });
    }
}

impl From<&Finish<'_>> for Ending {
    fn from(finish: &Finish<'_>) -> Self {
        Self {
            reason: finish.reason,
            native: finish.native.into(),
            stop_sequence: finish.stop_sequence.map(Into::into),
            explanation: finish.explanation.map(Into::into),
            category: finish.category.map(Into::into),
        }
    }
}

impl EventEncoder for StreamEncoder {
    fn delta(&mut self, delta: &Delta<'_>, loss: &mut LossReport, out: &mut Vec<u8>) {
        match delta {
            Delta::Start(start) => self.start(start.created),
            Delta::PartStart { kind, .. } => self.part_start(*kind, loss),
            Delta::Piece { part, piece } => self.piece(*part, piece, loss, out),
            Delta::PartEnd { part } => self.part_end(*part, loss, out),
            Delta::Usage(usage) => self.usage.merge(usage),
            Delta::Finish(finish) => self.finish = Some(finish.into()),
            Delta::Keepalive => {}
            Delta::End => self.end(loss, out),
        }
    }

    fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        write_line(out, |out| error::write(out, error, &self.cx.request_id));
    }

    /// Clients parse every line, and the official one dies of a blank one: there is no byte that says nothing.
    fn keepalive(&mut self, _out: &mut Vec<u8>) {}
}
