//! One-shot answers.

use super::super::{stop, usage};
use crate::dialect::EncodeContext;
use crate::ir::{Answer, AnswerPart, Finish, FinishReason, OwnedCitation, Start};
use crate::json::write::{self, Object};
use crate::loss::{Code, LossReport};

/// Write a whole completion.
pub(crate) fn write(answer: &Answer, cx: &EncodeContext, loss: &mut LossReport, out: &mut Vec<u8>) {
    let start = Start {
        id: answer.id.as_deref(),
        model: None,
        created: answer.created,
        service_tier: answer.service_tier.as_deref(),
        fingerprint: answer.fingerprint.as_deref(),
    };
    let whole = Whole::collect(&answer.parts, loss);
    write::object(out, |o| {
        super::head(o, "chat.completion", &start, cx);
        o.array("choices", |choices| {
            choices.object(|o| whole.choice(o, answer, cx, loss));
        });
        if answer.usage.is_known() {
            usage::write(o.key("usage"), &answer.usage);
        } else {
            loss.add(Code::UsageUnknown, "usage", "the upstream did not count");
        }
    });
}

/// The parts of an answer as Chat has them: one text, one refusal, one thinking, calls.
#[derive(Default)]
struct Whole<'a> {
    content: Option<String>,
    refusal: Option<String>,
    reasoning: String,
    logprobs: Option<(bool, &'a str)>,
    /// Sources with the offset and the length of the text they stand in.
    citations: Vec<(&'a OwnedCitation, u64, u64)>,
    calls: Vec<&'a AnswerPart>,
    images: Vec<(&'a str, &'a str)>,
    /// Thinking parts that have state, with their number.
    states: Vec<(usize, &'a AnswerPart)>,
}

impl<'a> Whole<'a> {
    fn collect(parts: &'a [AnswerPart], loss: &mut LossReport) -> Self {
        let mut whole = Self::default();
        for (number, part) in parts.iter().enumerate() {
            whole.add(number, part, loss);
        }
        whole
    }

    fn add(&mut self, number: usize, part: &'a AnswerPart, loss: &mut LossReport) {
        match part {
            AnswerPart::Text {
                text,
                citations,
                logprobs,
                opaque,
            } => {
                self.text(text, citations, loss);
                self.logprobs = self
                    .logprobs
                    .or(logprobs.as_deref().map(|tokens| (false, tokens)));
                if !self.calls.is_empty() {
                    super::report_order(loss);
                }
                if !opaque.is_empty() {
                    super::report_text_state(loss);
                }
            }
            AnswerPart::Reasoning {
                text,
                summary,
                opaque,
            } => {
                self.reasoning.push_str(text);
                self.reasoning.push_str(&summary.join(super::SUMMARY_GAP));
                if !opaque.is_empty() {
                    self.states.push((number, part));
                }
            }
            AnswerPart::Refusal { text } => self.refusal.get_or_insert_default().push_str(text),
            AnswerPart::ToolCall { .. } => self.calls.push(part),
            AnswerPart::Media { mime, data } => {
                if super::is_image(mime, loss) {
                    self.images.push((mime, data));
                }
            }
            AnswerPart::Native { kind, .. } => super::report_native(kind, loss),
        }
    }

    fn text(&mut self, text: &str, citations: &'a [OwnedCitation], loss: &mut LossReport) {
        let content = self.content.get_or_insert_default();
        let (from, chars) = (content.chars().count() as u64, text.chars().count() as u64);
        content.push_str(text);
        for citation in citations {
            if super::is_citable(&citation.view(), loss) {
                self.citations.push((citation, from, chars));
            }
        }
    }

    fn choice(
        &self,
        o: &mut Object<'_>,
        answer: &Answer,
        cx: &EncodeContext,
        loss: &mut LossReport,
    ) {
        o.u64("index", 0);
        o.object("message", |o| self.message(o, cx, loss));
        match self.logprobs {
            Some((is_refusal, tokens)) => {
                super::logprobs(o.key("logprobs"), is_refusal, &format!("[{tokens}]"));
            }
            None => o.null("logprobs"),
        }
        let finish = Finish {
            reason: answer.finish.unwrap_or(FinishReason::End),
            native: &answer.native_finish,
            stop_sequence: answer.stop_sequence.as_deref(),
            explanation: answer.explanation.as_deref(),
            category: answer.category.as_deref(),
        };
        o.str(
            "finish_reason",
            stop::encode(&finish, self.refusal.is_some(), cx.echo.is_some(), loss),
        );
    }

    fn message(&self, o: &mut Object<'_>, cx: &EncodeContext, loss: &mut LossReport) {
        o.str("role", "assistant");
        match &self.content {
            Some(content) => o.str("content", content),
            None if self.calls.is_empty() && self.refusal.is_none() => o.str("content", ""),
            None => o.null("content"),
        }
        match &self.refusal {
            Some(refusal) => o.str("refusal", refusal),
            None => o.null("refusal"),
        }
        if !self.reasoning.is_empty() {
            o.str("reasoning_content", &self.reasoning);
        }
        if cx.echo.is_some() {
            self.old_call(o, loss);
        }
        self.lists(o, cx);
    }

    /// The one call that a client of the deprecated form knows.
    fn old_call(&self, o: &mut Object<'_>, loss: &mut LossReport) {
        let mut calls = self.calls.iter().filter_map(|call| match call {
            AnswerPart::ToolCall {
                name, arguments, ..
            } => Some((name, arguments)),
            _ => None,
        });
        if let Some((name, arguments)) = calls.next() {
            let arguments = if arguments.is_empty() {
                "{}"
            } else {
                arguments
            };
            o.object("function_call", |o| {
                o.str("name", name);
                o.str("arguments", arguments);
            });
        }
        for (name, _) in calls {
            super::report_second_call(name, loss);
        }
    }

    fn lists(&self, o: &mut Object<'_>, cx: &EncodeContext) {
        if !self.states.is_empty() {
            let mut index = 0;
            o.array("reasoning_details", |list| {
                for (number, part) in &self.states {
                    if let AnswerPart::Reasoning { text, opaque, .. } = part {
                        super::details(list, *number, text, opaque, &mut index, cx);
                    }
                }
            });
        }
        if !self.calls.is_empty() && cx.echo.is_none() {
            o.array("tool_calls", |list| {
                for call in &self.calls {
                    list.object(|o| write_call(o, call, cx));
                }
            });
        }
        if !self.citations.is_empty() {
            o.array("annotations", |list| {
                for (citation, from, chars) in &self.citations {
                    super::annotation(list, &citation.view(), *from, *chars);
                }
            });
        }
        if !self.images.is_empty() {
            o.array("images", |list| {
                for (mime, data) in &self.images {
                    super::image(list, mime, data);
                }
            });
        }
    }
}

fn write_call(o: &mut Object<'_>, part: &AnswerPart, cx: &EncodeContext) {
    if let AnswerPart::ToolCall {
        id,
        name,
        kind,
        arguments,
        opaque,
        ..
    } = part
    {
        let arguments = if arguments.is_empty() {
            super::no_arguments(*kind)
        } else {
            arguments
        };
        super::call(o, id, name, *kind, arguments);
        super::call_state(o, opaque, cx);
    }
}
