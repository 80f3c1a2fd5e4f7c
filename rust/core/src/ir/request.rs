//! Requests.

use std::borrow::Cow;

use crate::json::Number;

/// Text, or raw JSON text, that usually borrows from the client's body.
type Text<'a> = Cow<'a, str>;

/// A request for one answer.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// The model the client named.
    pub model: Text<'a>,
    /// Whether the client wants events.
    pub stream: bool,
    /// Whether the client wants usage inside the stream. Dialects where usage is always there set it.
    pub stream_usage: bool,
    /// System, user, assistant and tool turns in the client's order.
    pub turns: Vec<Turn<'a>>,
    /// Tools offered, in the client's order (it decides prompt caching).
    pub tools: Vec<Tool<'a>>,
    /// Which of them to call.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether several may be called at once.
    pub parallel_tool_calls: Option<bool>,
    /// Sampling parameters.
    pub sampling: Sampling<'a>,
    /// Upper bound of tokens to produce.
    pub max_output_tokens: Option<u64>,
    /// Text, any JSON, or JSON by a schema.
    pub output_format: Option<OutputFormat<'a>>,
    /// `low`, `medium`, `high` length of the answer.
    pub verbosity: Option<Text<'a>>,
    /// Thinking.
    pub reasoning: Option<ReasoningIntent>,
    /// Key that groups requests with a common prefix.
    pub cache_key: Option<Text<'a>>,
    /// Cache marker over the whole request (Anthropic's top-level `cache_control`).
    pub cache: Option<CacheMarker>,
    /// Queueing class, in the client's word.
    pub service_tier: Option<Text<'a>>,
    /// The end user's stable identifier.
    pub end_user: Option<Text<'a>>,
    /// The client's labels, raw JSON object.
    pub metadata: Option<Text<'a>>,
    /// Whether the service may keep the answer.
    pub store: Option<bool>,
    /// Fields without a place here: kept for the same dialect, reported as lost for any other.
    pub ext: Vec<Ext<'a>>,
}

/// A field that only its own dialect understands.
#[derive(Clone, Debug)]
pub struct Ext<'a> {
    /// JSON pointer in the client's request.
    pub pointer: String,
    /// Raw JSON.
    pub raw: Text<'a>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The operator of the application, platform level.
    System,
    /// The operator of the application (OpenAI's newer word, below `System`).
    Developer,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// Results of tools only. Dialects that put results into user turns decode them into a `Tool` turn of their own.
    Tool,
}

/// One turn.
#[derive(Clone, Debug)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// The speaker's name, where the dialect has one.
    pub name: Option<Text<'a>>,
    /// What is said, in order.
    pub parts: Vec<Part<'a>>,
    /// JSON pointer of this turn in the client's request.
    pub pointer: String,
}

/// One part of a turn.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// What it is.
    pub content: Content<'a>,
    /// A prompt cache may end here.
    pub cache: Option<CacheMarker>,
}

impl<'a> From<Content<'a>> for Part<'a> {
    fn from(content: Content<'a>) -> Self {
        Self {
            content,
            cache: None,
        }
    }
}

/// A cache breakpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheMarker {
    /// Seconds to keep the prefix, when the client said so.
    pub ttl: Option<u32>,
}

/// What a part is.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// Text.
    Text(Text<'a>),
    /// An image, a sound, a file.
    Media(Media<'a>),
    /// The model calls a tool.
    ToolCall(ToolCall<'a>),
    /// A tool's answer.
    ToolResult(ToolResult<'a>),
    /// The model's thinking.
    Reasoning(Reasoning<'a>),
    /// The model declined, in its own words.
    Refusal(Text<'a>),
    /// Anything that only its own dialect understands (hosted tool calls, search results, …), raw JSON. Reported as
    /// lost towards any other dialect, with this pointer and type name.
    Native {
        /// JSON pointer in the client's request.
        pointer: String,
        /// The dialect's name for it.
        kind: Text<'a>,
        /// Raw JSON.
        raw: Text<'a>,
    },
}

/// The broad class of some media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Film.
    Video,
    /// A document (PDF, text, …).
    File,
}

/// Media.
#[derive(Clone, Debug)]
pub struct Media<'a> {
    /// Its class.
    pub kind: MediaKind,
    /// Where its bytes are.
    pub source: MediaSource<'a>,
    /// File name or title.
    pub name: Option<Text<'a>>,
    /// OpenAI's `detail`: low, high, auto, original.
    pub detail: Option<Text<'a>>,
    /// JSON pointer in the client's request.
    pub pointer: String,
}

/// Where media bytes are.
#[derive(Clone, Debug)]
pub enum MediaSource<'a> {
    /// In the request: base64 text as sent.
    Inline {
        /// Media type, as declared.
        mime: Text<'a>,
        /// Standard base64.
        data: Text<'a>,
    },
    /// Plain text in the request (Anthropic's text documents).
    PlainText(Text<'a>),
    /// At a URL.
    Url(Text<'a>),
    /// In the store of one vendor.
    FileId(Text<'a>),
}

/// What kind of tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolKind {
    /// Arguments are a JSON object by a schema.
    Function,
    /// One free text as input (OpenAI's custom tools).
    Custom,
}

/// A call in the history.
#[derive(Clone, Debug)]
pub struct ToolCall<'a> {
    /// Pairs the call with its result.
    pub id: Text<'a>,
    /// Function or custom.
    pub kind: ToolKind,
    /// Name, without its namespace.
    pub name: Text<'a>,
    /// Namespace (Codex groups tools).
    pub namespace: Option<Text<'a>>,
    /// Arguments: JSON text as the model produced it (possibly invalid), or free text of a custom tool.
    pub arguments: Text<'a>,
    /// State that belongs to this call (Gemini's thought signature).
    pub opaque: Vec<Opaque<'a>>,
}

/// A result in the history.
#[derive(Clone, Debug)]
pub struct ToolResult<'a> {
    /// The call it answers; empty when the dialect has no ids (paired by the decoder where possible).
    pub id: Text<'a>,
    /// The tool's name where the dialect gives it.
    pub name: Option<Text<'a>>,
    /// Text and media.
    pub parts: Vec<Part<'a>>,
    /// Whether the tool failed.
    pub is_error: Option<bool>,
    /// JSON pointer in the client's request.
    pub pointer: String,
}

/// Thinking in the history.
#[derive(Clone, Debug, Default)]
pub struct Reasoning<'a> {
    /// The thinking itself.
    pub text: Option<Text<'a>>,
    /// Summaries of it.
    pub summary: Vec<Text<'a>>,
    /// What its vendor needs to continue from it.
    pub opaque: Vec<Opaque<'a>>,
    /// The native item id.
    pub id: Option<Text<'a>>,
}

/// The carrier a piece of opaque state came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpaqueKind {
    /// Anthropic: `thinking.signature`.
    Signature,
    /// Anthropic: `redacted_thinking.data`.
    Redacted,
    /// OpenAI Responses: `reasoning.encrypted_content`.
    Encrypted,
    /// Gemini: `thoughtSignature`.
    ThoughtSignature,
    /// OpenRouter-style `reasoning_details`, a raw JSON array.
    Details,
    /// No bytes: the upstream sent `reasoning_content` and wants the text back on the next turn.
    Replay,
}

impl OpaqueKind {
    /// A one-letter tag for envelopes and the ledger.
    pub fn tag(self) -> char {
        match self {
            Self::Signature => 's',
            Self::Redacted => 'r',
            Self::Encrypted => 'e',
            Self::ThoughtSignature => 't',
            Self::Details => 'd',
            Self::Replay => 'p',
        }
    }

    /// The kind with this tag.
    pub fn from_tag(tag: char) -> Option<Self> {
        [
            Self::Signature,
            Self::Redacted,
            Self::Encrypted,
            Self::ThoughtSignature,
            Self::Details,
            Self::Replay,
        ]
        .into_iter()
        .find(|kind| kind.tag() == tag)
    }
}

/// Bytes that only their vendor understands. Never sent to a vendor that did not issue them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque<'a> {
    /// Who issued it: the origin tag of the upstream, or `native:<dialect>` when it came bare in the client's own
    /// dialect and so can only belong to a vendor of that dialect.
    pub origin: Text<'a>,
    /// The carrier it came in.
    pub kind: OpaqueKind,
    /// The bytes, as the text they were sent as.
    pub data: Text<'a>,
}

impl Opaque<'_> {
    /// An owned copy.
    pub fn into_owned(self) -> Opaque<'static> {
        Opaque {
            origin: self.origin.into_owned().into(),
            kind: self.kind,
            data: self.data.into_owned().into(),
        }
    }
}

/// A tool on offer.
#[derive(Clone, Debug)]
pub struct Tool<'a> {
    /// What kind.
    pub kind: ToolMode<'a>,
    /// JSON pointer in the client's request.
    pub pointer: String,
    /// Name, without its namespace.
    pub name: Text<'a>,
    /// Namespace.
    pub namespace: Option<Text<'a>>,
    /// What it does.
    pub description: Option<Text<'a>>,
    /// A prompt cache may end here.
    pub cache: Option<CacheMarker>,
}

/// The kinds of tool definitions.
#[derive(Clone, Debug)]
pub enum ToolMode<'a> {
    /// A function with a JSON schema.
    Function {
        /// Raw JSON Schema; `None`: takes no arguments.
        parameters: Option<Text<'a>>,
        /// Whether the schema is enforced.
        strict: Option<bool>,
    },
    /// A tool with one free text as input; `format` is OpenAI's raw object.
    Custom {
        /// Grammar, raw JSON.
        format: Option<Text<'a>>,
    },
    /// A tool that the vendor runs itself; raw JSON of the whole definition.
    Hosted {
        /// The dialect it belongs to.
        dialect: crate::dialect::Dialect,
        /// Raw JSON.
        raw: Text<'a>,
    },
}

/// Which tool to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// The model decides.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(Text<'a>),
    /// One of these; `required`: at least one.
    Allowed {
        /// Names.
        names: Vec<Text<'a>>,
        /// At least one, or as the model decides.
        required: bool,
    },
}

/// Sampling. Numbers stay as sent.
#[derive(Clone, Debug, Default)]
pub struct Sampling<'a> {
    /// Randomness.
    pub temperature: Option<Number<'a>>,
    /// Nucleus.
    pub top_p: Option<Number<'a>>,
    /// Candidates.
    pub top_k: Option<Number<'a>>,
    /// Penalty by count.
    pub frequency_penalty: Option<Number<'a>>,
    /// Penalty by presence.
    pub presence_penalty: Option<Number<'a>>,
    /// Token biases, raw JSON object.
    pub logit_bias: Option<Text<'a>>,
    /// Seed.
    pub seed: Option<Number<'a>>,
    /// Answers wanted. Anything but 1 is refused unless both sides speak the same dialect.
    pub n: Option<u64>,
    /// Texts to stop at.
    pub stop: Vec<Text<'a>>,
    /// Whether log probabilities are wanted.
    pub logprobs: Option<bool>,
    /// How many alternatives per position.
    pub top_logprobs: Option<u64>,
}

/// The form of the answer's text.
#[derive(Clone, Debug)]
pub enum OutputFormat<'a> {
    /// Plain text, said explicitly.
    Text,
    /// Any JSON object.
    Json,
    /// JSON by a schema.
    Schema {
        /// OpenAI wants a name.
        name: Option<Text<'a>>,
        /// For the model.
        description: Option<Text<'a>>,
        /// Raw JSON Schema.
        schema: Text<'a>,
        /// Whether it is enforced.
        strict: Option<bool>,
    },
}

/// How hard to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all.
    Off,
    /// As little as possible.
    Minimal,
    /// Little.
    Low,
    /// Normal.
    Medium,
    /// Much.
    High,
    /// Very much.
    XHigh,
    /// All.
    Max,
}

impl Effort {
    /// OpenAI's word (`none` for off), which Anthropic shares from `low` on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The effort with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Off,
            Self::Minimal,
            Self::Low,
            Self::Medium,
            Self::High,
            Self::XHigh,
            Self::Max,
        ]
        .into_iter()
        .find(|effort| effort.name() == name)
    }

    /// A thinking budget in tokens that stands for this effort where a dialect wants a number (our choice, §2.4).
    pub fn budget(self) -> u64 {
        match self {
            Self::Off => 0,
            Self::Minimal => 1_024,
            Self::Low => 4_096,
            Self::Medium => 8_192,
            Self::High => 24_576,
            Self::XHigh => 32_768,
            Self::Max => 65_536,
        }
    }

    /// The effort that stands for a budget where a dialect wants a word.
    pub fn from_budget(tokens: u64) -> Self {
        match tokens {
            0 => Self::Off,
            1..=1_024 => Self::Minimal,
            1_025..=4_096 => Self::Low,
            4_097..=8_192 => Self::Medium,
            8_193..=24_576 => Self::High,
            24_577..=32_768 => Self::XHigh,
            _ => Self::Max,
        }
    }
}

/// Whether thinking is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// The thinking or a summary of it.
    Shown,
    /// Nothing.
    Hidden,
}

/// What the client wants of thinking. Absent: it said nothing, and nothing is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReasoningIntent {
    /// On or off, when said apart from the effort (Anthropic's `thinking.type`).
    pub enabled: Option<bool>,
    /// Whether the model itself decides how much to think (Anthropic's `adaptive`, a Gemini budget of -1).
    pub adaptive: bool,
    /// How hard.
    pub effort: Option<Effort>,
    /// Token budget.
    pub budget: Option<u64>,
    /// Whether it is shown.
    pub visibility: Option<Visibility>,
}
