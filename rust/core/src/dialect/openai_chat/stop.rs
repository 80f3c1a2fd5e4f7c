//! Stop reasons, both ways.

use crate::error::{Error, Kind, Source};
use crate::ir::{Finish, FinishReason};
use crate::loss::{Code, LossReport};

/// What a native `finish_reason` means. `Err`: the host's way to say that the answer is not whole.
///
/// Unknown words count as a normal end (the native word is kept): hosts invent them, and none of those measured meant
/// a failure beyond the ones listed here.
pub(super) fn decode(native: &str) -> Result<FinishReason, Error> {
    Ok(match native {
        "length" | "max_tokens" | "model_length" | "max_output_tokens" => FinishReason::MaxOutput,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolUse,
        "content_filter" | "safety" | "SAFETY" | "refusal" | "sensitive" => FinishReason::Refusal,
        "recitation" | "RECITATION" => FinishReason::Recitation,
        "stop_sequence" => FinishReason::StopSequence,
        "model_context_window_exceeded" => FinishReason::ContextFull,
        "malformed_function_call" | "MALFORMED_FUNCTION_CALL" => FinishReason::BadToolCall,
        // DeepSeek's word for an answer that its machines gave up on.
        "insufficient_system_resource" => {
            let text = "the upstream ran out of capacity during its answer";
            return Err(Error::new(Kind::Overloaded, Source::Upstream, text));
        }
        // OpenRouter, z.ai; vLLM and SGLang.
        "error" | "network_error" | "abort" => {
            return Err(Error::truncated("the upstream broke off its answer"));
        }
        _ => FinishReason::End,
    })
}

/// The word for a stop reason. `declined`: the answer holds the model's own words of refusal, which is a normal stop.
/// `is_old`: the client declared `functions`.
pub(super) fn encode(
    finish: &Finish<'_>,
    declined: bool,
    is_old: bool,
    loss: &mut LossReport,
) -> &'static str {
    let (word, is_exact) = match finish.reason {
        FinishReason::End | FinishReason::StopSequence => ("stop", true),
        FinishReason::ToolUse if is_old => ("function_call", true),
        FinishReason::ToolUse => ("tool_calls", true),
        FinishReason::MaxOutput => ("length", true),
        FinishReason::Refusal if declined => ("stop", true),
        FinishReason::Refusal => ("content_filter", true),
        FinishReason::ContextFull => ("length", false),
        FinishReason::Recitation => ("content_filter", false),
        FinishReason::Pause | FinishReason::BadToolCall => ("stop", false),
    };
    if !is_exact {
        let detail = format!("`{}` became `{word}`", finish.native);
        loss.add(Code::StopApproximated, "finish_reason", detail);
    }
    if finish.stop_sequence.is_some() {
        let detail = "`stop` does not say which text was hit";
        loss.add(Code::StopApproximated, "stop_sequence", detail);
    }
    if finish.explanation.is_some() || finish.category.is_some() {
        let detail = "the reason of the refusal has no field in Chat";
        loss.add(Code::FieldDropped, "stop_details", detail);
    }
    word
}
