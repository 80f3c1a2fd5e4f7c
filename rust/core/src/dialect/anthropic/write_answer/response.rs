//! A whole answer.

use super::{
    answer_id, beside, is_citable, is_native, is_redacted, tier, write_citation, write_head,
    write_redacted, write_thinking, write_tool,
};
use crate::dialect::EncodeContext;
use crate::dialect::anthropic::{stop, usage};
use crate::dialect::arguments::Input;
use crate::dialect::carrier;
use crate::ir::{Answer, AnswerPart, Finish, FinishReason, Opaque, OwnedCitation};
use crate::json::Tape;
use crate::json::write::{self, Array};
use crate::loss::{Code, LossReport};

/// Write it.
pub(in crate::dialect::anthropic) fn response(
    answer: &Answer,
    cx: &EncodeContext,
    loss: &mut LossReport,
    out: &mut Vec<u8>,
) {
    let finish = Finish {
        reason: answer.finish.unwrap_or(FinishReason::End),
        native: &answer.native_finish,
        stop_sequence: answer.stop_sequence.as_deref(),
        explanation: answer.explanation.as_deref(),
        category: answer.category.as_deref(),
    };
    if !answer.usage.is_known() {
        loss.add(Code::UsageUnknown, "usage", "the upstream counted nothing");
    }
    let is_refusal =
        |part: &AnswerPart| matches!(part, AnswerPart::Refusal { text } if !text.is_empty());
    write::object(out, |o| {
        write_head(o, &answer_id(answer.id.as_deref(), cx), &cx.model);
        o.array("content", |content| {
            for part in &answer.parts {
                write_part(part, cx, loss, content);
            }
        });
        stop::write(o, &finish, answer.parts.iter().any(is_refusal), loss);
        o.object("usage", |o| {
            usage::write(o, &answer.usage);
            o.opt_str("service_tier", tier(answer.service_tier.as_deref()));
        });
    });
}

fn write_part(
    part: &AnswerPart,
    cx: &EncodeContext,
    loss: &mut LossReport,
    content: &mut Array<'_>,
) {
    match part {
        AnswerPart::Text {
            text,
            citations,
            opaque,
            ..
        } => {
            write_text(text, citations, loss, content);
            write_beside(opaque, None, cx, content);
        }
        AnswerPart::Refusal { text } => write_text(text, &[], loss, content),
        AnswerPart::Reasoning {
            text,
            summary,
            opaque,
        } => write_reasoning(text, summary, opaque, cx, content),
        AnswerPart::ToolCall {
            id,
            name,
            namespace,
            kind,
            arguments,
            opaque,
        } => {
            let input = Input::of(*kind, arguments, &mut Tape::new());
            if matches!(input, Input::Broken(_)) {
                let detail = "arguments that are not a JSON object";
                loss.add(Code::ArgsInvalidJson, "content/input", detail);
            }
            content.object(|o| {
                write_tool(o, id, name, namespace.as_deref());
                input.write(o.key("input"));
            });
            write_beside(opaque, Some(id), cx, content);
        }
        AnswerPart::Media { mime, .. } => {
            let detail = "an answer cannot hold media in this dialect";
            loss.add(Code::MediaDropped, "content", detail);
            write_text(&media_note(mime), &[], loss, content);
        }
        AnswerPart::Native { kind, raw } if is_native(kind) => content.raw(raw),
        AnswerPart::Native { kind, .. } => loss.add(Code::FieldDropped, "content", kind),
    }
}

/// The text that stands where media was.
pub(super) fn media_note(mime: &str) -> String {
    format!("[The answer holds {mime} here, which this API cannot carry.]")
}

fn write_text(
    text: &str,
    citations: &[OwnedCitation],
    loss: &mut LossReport,
    content: &mut Array<'_>,
) {
    let views = citations.iter().map(OwnedCitation::view);
    let citable: Vec<_> = views.filter(is_citable).collect();
    if citable.len() < citations.len() {
        loss.add(Code::FieldDropped, "citations", "a source without a URL");
    }
    if text.is_empty() && citable.is_empty() {
        return;
    }
    content.object(|o| {
        o.str("type", "text");
        o.str("text", text);
        if !citable.is_empty() {
            o.array("citations", |a| {
                for citation in &citable {
                    a.object(|o| write_citation(o, citation));
                }
            });
        }
    });
}

fn write_reasoning(
    text: &str,
    summary: &[String],
    opaque: &[Opaque<'_>],
    cx: &EncodeContext,
    content: &mut Array<'_>,
) {
    let pieces = std::iter::once(text).chain(summary.iter().map(String::as_str));
    let pieces: Vec<_> = pieces.filter(|piece| !piece.is_empty()).collect();
    let text = pieces.join("\n\n");
    if text.is_empty() && opaque.is_empty() {
        return;
    }
    let sealed = carrier::seal(&cx.envelope, opaque, None);
    content.object(|o| {
        if is_redacted(text.is_empty(), opaque) {
            write_redacted(o, &sealed);
        } else {
            write_thinking(o, &text, &sealed);
        }
    });
}

fn write_beside(
    opaque: &[Opaque<'_>],
    call: Option<&str>,
    cx: &EncodeContext,
    content: &mut Array<'_>,
) {
    if let Some(data) = beside(&cx.envelope, opaque, call) {
        content.object(|o| write_redacted(o, &data));
    }
}
