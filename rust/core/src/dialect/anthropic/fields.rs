//! How well this dialect says each concept: the source of its column in the fidelity table.

use crate::ir::Concept;
use crate::ir::Fidelity::{self, Exact, Lossy, Unsupported};
use crate::loss::Code::{
    FieldDropped, IdRewritten, MediaDropped, ParamForbidden, RoleMoved, StopApproximated,
    ToolUnsupported, ValueClamped,
};

/// Writes an exhaustive `match`: a new concept does not build before this dialect has taken a stand.
macro_rules! stands {
    ($($concept:ident => $fidelity:expr,)+) => {
        /// The stand on one concept.
        pub(super) fn fidelity(concept: Concept) -> Fidelity {
            match concept { $(Concept::$concept => $fidelity,)+ }
        }
    };
}

stands! {
    Model => Exact("model"),
    System => Exact("system"),
    Developer => Exact("system"),
    MidSystem => Lossy("messages[] role system", RoleMoved, "marked user text unless the profile says mid_system"),
    ParticipantName => Unsupported(FieldDropped, "messages have no name"),
    Text => Exact("content[] text"),
    TextParts => Exact("content[] text"),
    ImageInline => Exact("content[] image, source base64 (jpeg, png, gif, webp; others are a 400)"),
    ImageUrl => Exact("content[] image, source url"),
    ImageDetail => Unsupported(FieldDropped, "images have no detail"),
    Audio => Unsupported(MediaDropped, "refused with 400"),
    Video => Unsupported(MediaDropped, "refused with 400"),
    FileInline => Exact("content[] document, source base64 (PDF) or text (others are a 400)"),
    FileUrl => Exact("content[] document, source url"),
    FileId => Unsupported(MediaDropped, "refused with 400: ids are known to their issuer only"),
    Tool => Lossy("tools[]", IdRewritten, "names outside [A-Za-z0-9_-]{1,64} are rewritten and restored"),
    ToolStrict => Exact("tools[].strict"),
    CustomTool => Lossy("tools[]", FieldDropped, "a function with one text argument; its grammar is lost"),
    Namespace => Lossy("tools[].name", IdRewritten, "sent as namespace__name and restored"),
    HostedTool => Unsupported(ToolUnsupported, "tools of another service cannot be run here"),
    ToolCall => Exact("content[] tool_use"),
    ToolResult => Exact("content[] tool_result"),
    ToolResultMedia => Exact("tool_result.content[]"),
    ToolResultError => Exact("tool_result.is_error"),
    ToolChoice => Exact("tool_choice"),
    AllowedTools => Lossy("tools[]", FieldDropped, "only the allowed tools are sent"),
    ParallelTools => Exact("tool_choice.disable_parallel_tool_use"),
    MaxOutput => Exact("max_tokens (required: a default is filled in)"),
    Temperature => Lossy("temperature", ValueClamped, "0 to 1; none in version 2026-10-21"),
    TopP => Lossy("top_p", ParamForbidden, "none in version 2026-10-21"),
    TopK => Lossy("top_k", ParamForbidden, "none in version 2026-10-21"),
    Penalties => Unsupported(FieldDropped, "no penalties"),
    LogitBias => Unsupported(FieldDropped, "no token biases"),
    Stop => Lossy("stop_sequences", FieldDropped, "texts of white space only are not taken"),
    N => Unsupported(FieldDropped, "refused with 400: one answer per request"),
    Seed => Unsupported(FieldDropped, "no seed"),
    Logprobs => Unsupported(FieldDropped, "no log probabilities"),
    JsonMode => Unsupported(FieldDropped, "a schema or the prompt must say it"),
    JsonSchema => Exact("output_config.format.schema"),
    JsonSchemaName => Unsupported(FieldDropped, "the schema alone is sent"),
    Verbosity => Unsupported(FieldDropped, "no verbosity"),
    Effort => Lossy("output_config.effort", ValueClamped, "minimal is low; a budget for models without adaptive thinking"),
    ThinkingBudget => Lossy("thinking.budget_tokens", ValueClamped, "an effort for models with adaptive thinking"),
    ThinkingVisibility => Exact("thinking.display"),
    ReasoningText => Exact("content[] thinking"),
    ReasoningOpaque => Exact("thinking.signature, redacted_thinking.data"),
    Refusal => Lossy("content[] text, stop_reason refusal", FieldDropped, "in the history it is plain text"),
    ServiceTier => Lossy("service_tier, speed", FieldDropped, "auto, default and fast only"),
    EndUser => Lossy("metadata.user_id", FieldDropped, "plain identifiers only"),
    Metadata => Unsupported(FieldDropped, "no labels"),
    CacheMarker => Lossy("cache_control", FieldDropped, "four at most, for five minutes or one hour"),
    CacheKey => Unsupported(FieldDropped, "caches have no key"),
    Store => Unsupported(FieldDropped, "answers are not kept"),
    Prefill => Exact("messages[] last one of the assistant"),
    Citations => Lossy("text.citations[]", FieldDropped, "sources without a URL are not taken"),
    Usage => Exact("usage"),
    Finish => Lossy("stop_reason", StopApproximated, "recitation is refusal, an unreadable call is end_turn"),
    StopText => Exact("stop_sequence"),
}
