//! How well Chat says each concept: the source of the fidelity table in docs/ and of its tests.

use crate::ir::{Concept, Fidelity};
use crate::loss::Code;

use Fidelity::{Exact, Lossy, Unsupported};

/// Chat's stand on a concept, as a target of requests and as the form of answers.
pub(super) fn fidelity(concept: Concept) -> Fidelity {
    match concept {
        Concept::Model
        | Concept::System
        | Concept::Developer
        | Concept::MidSystem
        | Concept::ParticipantName
        | Concept::Text
        | Concept::TextParts
        | Concept::Prefill => conversation(concept),
        Concept::ImageInline
        | Concept::ImageUrl
        | Concept::ImageDetail
        | Concept::Audio
        | Concept::Video
        | Concept::FileInline
        | Concept::FileUrl
        | Concept::FileId => media(concept),
        Concept::Tool
        | Concept::ToolStrict
        | Concept::CustomTool
        | Concept::Namespace
        | Concept::HostedTool
        | Concept::ToolCall
        | Concept::ToolResult
        | Concept::ToolResultMedia
        | Concept::ToolResultError
        | Concept::ToolChoice
        | Concept::AllowedTools
        | Concept::ParallelTools => tools(concept),
        Concept::Effort
        | Concept::ThinkingBudget
        | Concept::ThinkingVisibility
        | Concept::ReasoningText
        | Concept::ReasoningOpaque => thinking(concept),
        Concept::Refusal
        | Concept::Citations
        | Concept::Usage
        | Concept::Finish
        | Concept::StopText => answer(concept),
        Concept::MaxOutput => {
            Exact("max_completion_tokens, or max_tokens where the host knows only that")
        }
        Concept::Temperature => Exact("temperature"),
        Concept::TopP => Exact("top_p"),
        Concept::TopK => Unsupported(Code::FieldDropped, "not a field of Chat"),
        Concept::Penalties => Exact("frequency_penalty, presence_penalty"),
        Concept::LogitBias => Exact("logit_bias"),
        Concept::Stop => Lossy("stop", Code::ValueClamped, "four texts at most"),
        Concept::N => Exact("n"),
        Concept::Seed => Exact("seed"),
        Concept::Logprobs => Exact("logprobs, top_logprobs"),
        Concept::JsonMode => Exact("response_format: json_object"),
        Concept::JsonSchema => Exact("response_format: json_schema"),
        Concept::JsonSchemaName => Exact("json_schema.name, description, strict"),
        Concept::Verbosity => Exact("verbosity"),
        Concept::ServiceTier => Lossy(
            "service_tier",
            Code::FieldDropped,
            "tiers that only other vendors have",
        ),
        Concept::EndUser => Lossy(
            "user",
            Code::FieldDropped,
            "identifiers of devices and accounts are not passed on",
        ),
        Concept::Metadata => Exact("metadata"),
        Concept::CacheMarker => Lossy(
            "prompt_cache_breakpoint or cache_control on parts",
            Code::FieldDropped,
            "only hosts whose profile says how they take them; the time to live is kept by cache_control alone",
        ),
        Concept::CacheKey => Exact("prompt_cache_key"),
        Concept::Store => Exact("store"),
    }
}

fn conversation(concept: Concept) -> Fidelity {
    match concept {
        Concept::System | Concept::MidSystem => Exact("messages, role system, in place"),
        Concept::Developer => {
            Exact("messages, role developer; role system where the host has no other")
        }
        Concept::ParticipantName => Exact("messages[].name"),
        Concept::TextParts => Exact(
            "content parts, or one text with blank lines between where the host wants a string",
        ),
        Concept::Prefill => Lossy(
            "last message",
            Code::RoleMoved,
            "few hosts continue a begun answer",
        ),
        Concept::Model => Exact("model"),
        _ => Exact("messages[].content"),
    }
}

fn media(concept: Concept) -> Fidelity {
    match concept {
        Concept::ImageInline => Exact("image_url (data URL)"),
        Concept::ImageUrl => Exact("image_url"),
        Concept::ImageDetail => Exact("image_url.detail"),
        Concept::Audio => Exact("input_audio; refused by URL"),
        Concept::Video => Exact("video_url, as vLLM and others take it"),
        Concept::FileInline => Exact("file.file_data; plain text documents as text"),
        Concept::FileUrl => Unsupported(
            Code::MediaDropped,
            "refused: Chat takes no documents by URL",
        ),
        _ => Unsupported(
            Code::MediaDropped,
            "refused: a file id is known to one vendor only",
        ),
    }
}

fn tools(concept: Concept) -> Fidelity {
    match concept {
        Concept::Tool => Exact("tools[].function"),
        Concept::ToolStrict => Exact("tools[].function.strict"),
        Concept::CustomTool => Lossy(
            "tools[].custom, or a function with one text",
            Code::FieldDropped,
            "grammars, where the host has no custom tools",
        ),
        Concept::Namespace => Lossy(
            "tools[].function.name",
            Code::IdRewritten,
            "`space__name`, restored on the answer",
        ),
        Concept::HostedTool => Unsupported(Code::ToolUnsupported, "tools that another vendor runs"),
        Concept::ToolCall => {
            Exact("tool_calls; names and ids beyond 64 plain characters are rewritten and restored")
        }
        Concept::ToolResult => Exact("messages, role tool, behind the calling turn in call order"),
        Concept::ToolResultMedia => Lossy(
            "next user message",
            Code::RoleMoved,
            "results hold text only",
        ),
        Concept::ToolResultError => {
            Lossy("a mark in the text", Code::FieldDropped, "no field for it")
        }
        Concept::ToolChoice => Exact("tool_choice"),
        Concept::AllowedTools => Exact("tool_choice: allowed_tools"),
        _ => Exact("parallel_tool_calls"),
    }
}

fn thinking(concept: Concept) -> Fidelity {
    match concept {
        Concept::Effort => Exact("reasoning_effort"),
        Concept::ThinkingBudget => Lossy(
            "reasoning_effort",
            Code::ValueClamped,
            "the nearest of seven words",
        ),
        Concept::ThinkingVisibility => Unsupported(Code::FieldDropped, "not a field of Chat"),
        Concept::ReasoningText => Lossy(
            "reasoning_content",
            Code::OpaqueDropped,
            "sent back upstream only to hosts that issued it or demand it",
        ),
        _ => Lossy(
            "reasoning_details, sealed; the ledger for clients that drop it",
            Code::OpaqueDropped,
            "goes back to its issuer only",
        ),
    }
}

fn answer(concept: Concept) -> Fidelity {
    match concept {
        Concept::Refusal => Lossy(
            "message.refusal",
            Code::FieldDropped,
            "categories and explanations of a filter",
        ),
        Concept::Citations => Lossy(
            "annotations: url_citation",
            Code::FieldDropped,
            "sources without a URL",
        ),
        Concept::Usage => Exact("usage with its details"),
        Concept::Finish => Lossy(
            "finish_reason",
            Code::StopApproximated,
            "pause, full context and recitation have no word",
        ),
        _ => Unsupported(
            Code::StopApproximated,
            "`stop` does not say which text was hit",
        ),
    }
}
