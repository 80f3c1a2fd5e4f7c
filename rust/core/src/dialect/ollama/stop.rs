//! Stop reasons, both ways.

use crate::ir::{Finish, FinishReason};
use crate::loss::{Code, LossReport};

/// What a native `done_reason` means. Calls end with `stop` too: the pipeline derives that from the parts.
pub(super) fn decode(native: &str) -> FinishReason {
    match native {
        "length" => FinishReason::MaxOutput,
        "tool_calls" => FinishReason::ToolUse,
        _ => FinishReason::End,
    }
}

/// The word for a stop reason.
pub(super) fn encode(finish: &Finish<'_>, loss: &mut LossReport) -> &'static str {
    let (word, is_exact) = match finish.reason {
        FinishReason::End | FinishReason::StopSequence | FinishReason::ToolUse => ("stop", true),
        FinishReason::MaxOutput => ("length", true),
        FinishReason::ContextFull => ("length", false),
        FinishReason::Refusal
        | FinishReason::Recitation
        | FinishReason::Pause
        | FinishReason::BadToolCall => ("stop", false),
    };
    if !is_exact {
        let detail = format!("`{}` became `{word}`", finish.native);
        loss.add(Code::StopApproximated, "done_reason", detail);
    }
    if finish.stop_sequence.is_some() {
        let detail = "`stop` does not say which text was hit";
        loss.add(Code::StopApproximated, "stop_sequence", detail);
    }
    if finish.explanation.is_some() || finish.category.is_some() {
        let detail = "the reason of a refusal has no field";
        loss.add(Code::FieldDropped, "stop_details", detail);
    }
    word
}
