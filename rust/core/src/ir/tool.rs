//! Tools on offer, calls and results.

use std::borrow::Cow;

use super::reasoning::Opaque;
use super::request::{CacheMarker, Part};

type Text<'a> = Cow<'a, str>;

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
    /// A tool with one free text as input.
    Custom {
        /// What the text must look like: raw JSON, in the flat form (`{"type":"grammar","syntax":…,"definition":…}`).
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
