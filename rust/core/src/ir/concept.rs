//! What can be said in a request, and how well each dialect says it: the source of the fidelity table in docs/.

use crate::loss::Code;

macro_rules! concepts {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// One thing a client can ask for or an upstream can say. Each codec answers for every one of them with an
        /// exhaustive `match`, so that a new concept does not build until every dialect has taken a stand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Concept { $($(#[doc = $doc])+ $variant,)+ }

        impl Concept {
            /// Every concept.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in docs and tests.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

concepts! {
    /// The model's name.
    Model = "model",
    /// Leading system text.
    System = "system",
    /// The developer role.
    Developer = "developer role",
    /// System text between other turns.
    MidSystem = "system text mid-conversation",
    /// A participant's name.
    ParticipantName = "participant name",
    /// User and assistant text.
    Text = "text",
    /// Several text parts in one turn, borders kept.
    TextParts = "separate text parts",
    /// An image in the request.
    ImageInline = "image, inline",
    /// An image by URL.
    ImageUrl = "image, URL",
    /// How closely to look at an image.
    ImageDetail = "image detail",
    /// Sound in the request.
    Audio = "audio",
    /// A film in the request.
    Video = "video",
    /// A document in the request.
    FileInline = "file, inline",
    /// A document by URL.
    FileUrl = "file, URL",
    /// A document in the vendor's store.
    FileId = "file, id",
    /// Function tools.
    Tool = "function tool",
    /// Schema enforcement of a tool.
    ToolStrict = "strict tool",
    /// Free-text tools.
    CustomTool = "custom tool",
    /// Grouped tools.
    Namespace = "tool namespace",
    /// Tools that the vendor runs.
    HostedTool = "hosted tool",
    /// Calls in the history and in answers.
    ToolCall = "tool call",
    /// Results as text.
    ToolResult = "tool result",
    /// Results with images or files.
    ToolResultMedia = "tool result with media",
    /// Results that report a failure.
    ToolResultError = "tool result marked as error",
    /// auto, none, required, one by name.
    ToolChoice = "tool choice",
    /// A subset of the tools.
    AllowedTools = "allowed tools",
    /// Whether calls may be parallel.
    ParallelTools = "parallel tool calls off",
    /// Bound of output tokens.
    MaxOutput = "max output tokens",
    /// Temperature.
    Temperature = "temperature",
    /// Nucleus.
    TopP = "top_p",
    /// Candidates.
    TopK = "top_k",
    /// Frequency and presence penalties.
    Penalties = "penalties",
    /// Token biases.
    LogitBias = "logit bias",
    /// Stop texts.
    Stop = "stop texts",
    /// Several answers.
    N = "n",
    /// Seed.
    Seed = "seed",
    /// Log probabilities.
    Logprobs = "logprobs",
    /// Any JSON.
    JsonMode = "JSON mode",
    /// JSON by a schema.
    JsonSchema = "JSON schema",
    /// The schema's name, description and strictness.
    JsonSchemaName = "JSON schema name and strict",
    /// Length of the answer.
    Verbosity = "verbosity",
    /// How hard to think.
    Effort = "reasoning effort",
    /// Tokens of thinking allowed.
    ThinkingBudget = "thinking budget",
    /// Whether thinking is shown.
    ThinkingVisibility = "thinking visibility",
    /// Thinking in the history and in answers.
    ReasoningText = "reasoning text",
    /// The vendor's state of thinking.
    ReasoningOpaque = "reasoning state",
    /// The model's words when it declines.
    Refusal = "refusal",
    /// Queueing class.
    ServiceTier = "service tier",
    /// The end user's identifier.
    EndUser = "end user",
    /// The client's labels.
    Metadata = "metadata",
    /// Cache breakpoints.
    CacheMarker = "cache breakpoint",
    /// Cache grouping key.
    CacheKey = "cache key",
    /// Whether the service keeps the answer.
    Store = "store",
    /// The assistant's answer begun by the client.
    Prefill = "prefill",
    /// Sources of an answer.
    Citations = "citations",
    /// Token counts.
    Usage = "usage",
    /// Why an answer ended.
    Finish = "stop reason",
    /// The stop text that was hit.
    StopText = "stop text hit",
}

/// How well a dialect says a concept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// In this field, without loss.
    Exact(&'static str),
    /// In this field, with this loss, for this reason.
    Lossy(&'static str, Code, &'static str),
    /// Not at all: it is reported with this code, or refused where the second field says so.
    Unsupported(Code, &'static str),
}
