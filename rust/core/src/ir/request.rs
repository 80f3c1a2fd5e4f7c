//! Requests.

use std::borrow::Cow;

use super::reasoning::{Reasoning, ReasoningIntent};
use super::tool::{Tool, ToolCall, ToolChoice, ToolResult};
use crate::error::Error;
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
    /// Why only an upstream of the client's own dialect can serve this request: it asks for something that no other
    /// has and that cannot be left out without changing the question (a conversation kept by the vendor). Any other
    /// target refuses with it.
    pub native_only: Option<Error>,
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
