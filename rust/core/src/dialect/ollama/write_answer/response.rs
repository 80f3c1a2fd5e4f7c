//! One-shot answers.

use super::{Said, body, call, end, head};
use crate::dialect::EncodeContext;
use crate::ir::{Answer, AnswerPart, Finish, FinishReason};
use crate::json::write;
use crate::loss::{Code, LossReport};

/// Write a whole answer.
pub(crate) fn write(answer: &Answer, cx: &EncodeContext, loss: &mut LossReport, out: &mut Vec<u8>) {
    let mut whole = Whole::default();
    for part in &answer.parts {
        whole.add(part, loss);
    }
    let said = Said {
        content: &whole.content,
        thinking: &whole.thinking,
        calls: &whole.calls.join(","),
    };
    let finish = Finish {
        reason: answer.finish.unwrap_or(FinishReason::End),
        native: &answer.native_finish,
        stop_sequence: answer.stop_sequence.as_deref(),
        explanation: answer.explanation.as_deref(),
        category: answer.category.as_deref(),
    };
    write::object(out, |o| {
        head(o, &cx.model, answer.created.unwrap_or(cx.created));
        body(o, super::operation(cx), &said);
        if !whole.logprobs.is_empty() {
            o.raw("logprobs", &format!("[{}]", whole.logprobs.join(",")));
        }
        end(o, &finish, &answer.usage, loss);
    });
}

/// The parts of an answer as Ollama has them: one text, one thinking, calls.
#[derive(Default)]
struct Whole<'a> {
    content: String,
    thinking: String,
    calls: Vec<String>,
    logprobs: Vec<&'a str>,
}

impl<'a> Whole<'a> {
    fn add(&mut self, part: &'a AnswerPart, loss: &mut LossReport) {
        match part {
            AnswerPart::Text {
                text,
                citations,
                logprobs,
                opaque,
            } => {
                if !self.calls.is_empty() {
                    let detail = "text after a tool call joins the text before it";
                    loss.add(Code::OrderLost, "content", detail);
                }
                self.content.push_str(text);
                self.logprobs.extend(logprobs.as_deref());
                if !citations.is_empty() {
                    super::report_citation(loss);
                }
                super::report_states(opaque, loss);
            }
            AnswerPart::Reasoning {
                text,
                summary,
                opaque,
            } => {
                self.thinking.push_str(text);
                self.thinking.push_str(&summary.join(super::SUMMARY_GAP));
                super::report_states(opaque, loss);
            }
            AnswerPart::Refusal { text } => {
                super::report_refusal(loss);
                self.content.push_str(text);
            }
            AnswerPart::ToolCall {
                id,
                name,
                kind,
                arguments,
                opaque,
                ..
            } => {
                let index = self.calls.len() as u64;
                self.calls
                    .push(call(index, id, name, *kind, arguments, loss));
                super::report_states(opaque, loss);
            }
            AnswerPart::Media { mime, .. } => super::report_media(mime, loss),
            AnswerPart::Native { kind, .. } => super::report_native(kind, loss),
        }
    }
}
