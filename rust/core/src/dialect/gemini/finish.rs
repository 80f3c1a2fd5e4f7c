//! Why an answer ends, in both directions.

use crate::ir::{Finish, FinishReason};
use crate::loss::{Code, LossReport};

/// The IR's reason for a `finishReason`.
pub(super) fn reason(native: &str) -> FinishReason {
    match native {
        "MAX_TOKENS" => FinishReason::MaxOutput,
        "RECITATION" | "IMAGE_RECITATION" => FinishReason::Recitation,
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => FinishReason::BadToolCall,
        "CONTINUATION" => FinishReason::Pause,
        "SAFETY" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR" => {
            FinishReason::Refusal
        }
        image if image.starts_with("IMAGE_") && image != "IMAGE_OTHER" => FinishReason::Refusal,
        _ => FinishReason::End,
    }
}

/// This dialect's word for a finish. The upstream's own is kept where it says why something was declined in a word
/// that this dialect has.
pub(super) fn word(finish: &Finish<'_>, has_refusal: bool, loss: &mut LossReport) -> &'static str {
    match finish.reason {
        FinishReason::End if has_refusal => "SAFETY",
        FinishReason::End | FinishReason::ToolUse => "STOP",
        FinishReason::StopSequence => {
            if let Some(text) = finish.stop_sequence {
                let detail = format!("the stop text that was hit: {text:?}");
                loss.add(Code::StopApproximated, "finishReason", detail);
            }
            "STOP"
        }
        FinishReason::MaxOutput => "MAX_TOKENS",
        FinishReason::ContextFull => {
            loss.add(Code::StopApproximated, "finishReason", finish.native);
            "MAX_TOKENS"
        }
        FinishReason::Refusal => "SAFETY",
        FinishReason::Recitation => "RECITATION",
        FinishReason::Pause => {
            loss.add(Code::StopApproximated, "finishReason", finish.native);
            "STOP"
        }
        FinishReason::BadToolCall => "MALFORMED_FUNCTION_CALL",
    }
}

/// The end of an answer as an upstream said it, kept until it can be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stop {
    /// `finishReason`, or `blockReason` of a prompt that was not answered.
    pub(super) native: String,
    /// `finishMessage` or `blockReasonMessage`.
    pub(super) explanation: Option<String>,
    /// The prompt was refused: there is no candidate.
    pub(super) is_blocked: bool,
}

impl Stop {
    /// To the IR.
    pub(super) fn finish(&self) -> Finish<'_> {
        let reason = if self.is_blocked {
            FinishReason::Refusal
        } else {
            reason(&self.native)
        };
        let is_declined = matches!(reason, FinishReason::Refusal | FinishReason::Recitation);
        Finish {
            explanation: self.explanation.as_deref(),
            category: is_declined.then_some(&*self.native),
            ..Finish::new(reason, &self.native)
        }
    }
}
