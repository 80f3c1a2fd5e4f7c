//! Why an answer ends, in both directions.

use crate::ir::{Finish, FinishReason};
use crate::json::Node;
use crate::json::write::Object;
use crate::loss::{Code, LossReport};

/// The end of an answer, kept until it can be said.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    reason: FinishReason,
    native: String,
    sequence: Option<String>,
    explanation: Option<String>,
    category: Option<String>,
}

impl Stop {
    /// Read `stop_reason` and what goes with it, from a whole answer or from the `delta` of a `message_delta`.
    /// `None`: it has not ended yet.
    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        let native = node.text("stop_reason").filter(|word| !word.is_empty())?;
        let details = node.get("stop_details");
        let detail = |key| details.and_then(|d| d.text(key)).map(Into::into);
        Some(Self {
            reason: reason(&native),
            native: native.into_owned(),
            sequence: node.text("stop_sequence").map(Into::into),
            explanation: detail("explanation"),
            category: detail("category"),
        })
    }

    /// From the IR.
    pub(super) fn from_finish(finish: &Finish<'_>) -> Self {
        Self {
            reason: finish.reason,
            native: finish.native.into(),
            sequence: finish.stop_sequence.map(Into::into),
            explanation: finish.explanation.map(Into::into),
            category: finish.category.map(Into::into),
        }
    }

    /// To the IR.
    pub(super) fn finish(&self) -> Finish<'_> {
        Finish {
            reason: self.reason,
            native: &self.native,
            stop_sequence: self.sequence.as_deref(),
            explanation: self.explanation.as_deref(),
            category: self.category.as_deref(),
        }
    }

    /// The upstream's word for it.
    pub(super) fn native(&self) -> &str {
        &self.native
    }
}

fn reason(native: &str) -> FinishReason {
    match native {
        "max_tokens" => FinishReason::MaxOutput,
        "stop_sequence" => FinishReason::StopSequence,
        "tool_use" => FinishReason::ToolUse,
        // A turn that ends for compaction goes on with the next request, as a paused one does.
        "pause_turn" | "compaction" => FinishReason::Pause,
        "refusal" => FinishReason::Refusal,
        "model_context_window_exceeded" => FinishReason::ContextFull,
        _ => FinishReason::End,
    }
}

/// Write `stop_reason`, `stop_sequence` and, for a refusal, `stop_details`. An answer whose text is a refusal ends as
/// one, whatever its upstream calls it.
pub(super) fn write(
    o: &mut Object<'_>,
    finish: &Finish<'_>,
    has_refusal: bool,
    loss: &mut LossReport,
) {
    let reason = match finish.reason {
        FinishReason::End if has_refusal => FinishReason::Refusal,
        other => other,
    };
    let word = match reason {
        FinishReason::End | FinishReason::BadToolCall => "end_turn",
        FinishReason::ToolUse => "tool_use",
        FinishReason::MaxOutput => "max_tokens",
        FinishReason::ContextFull => "model_context_window_exceeded",
        FinishReason::StopSequence => "stop_sequence",
        FinishReason::Refusal | FinishReason::Recitation => "refusal",
        FinishReason::Pause => "pause_turn",
    };
    if matches!(reason, FinishReason::BadToolCall | FinishReason::Recitation) {
        loss.add(Code::StopApproximated, "stop_reason", finish.native);
    }
    o.str("stop_reason", word);
    match finish.stop_sequence.filter(|_| word == "stop_sequence") {
        Some(text) => o.str("stop_sequence", text),
        None => o.null("stop_sequence"),
    }
    let is_explained = finish.category.is_some() || finish.explanation.is_some();
    if word == "refusal" && is_explained {
        o.object("stop_details", |o| {
            o.str("type", "refusal");
            o.opt_str("category", finish.category);
            o.opt_str("explanation", finish.explanation);
        });
    }
}
