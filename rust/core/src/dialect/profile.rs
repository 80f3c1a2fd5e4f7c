//! Quirks of upstreams and models, as data.

/// Quirks of an upstream or a model, as data (docs/reference/settings.md).
#[derive(Clone, Debug)]
pub struct Profile {
    /// Text-only content goes as one string, not as an array of parts.
    pub text_as_string: bool,
    /// Send `max_tokens` instead of `max_completion_tokens` (most hosts that imitate OpenAI know only the former).
    pub legacy_max_tokens: bool,
    /// Send `system` instead of `developer`.
    pub no_developer_role: bool,
    /// Object schemas need a `properties` member.
    pub schema_needs_properties: bool,
    /// How earlier reasoning must come back as `reasoning_content`.
    pub replay_reasoning: Replay,
    /// Understands a `thinking: {type}` switch next to Chat's fields (DeepSeek, z.ai).
    pub thinking_switch: bool,
    /// Understands `reasoning_effort`.
    pub reasoning_effort: bool,
    /// Understands `stream_options.include_usage`.
    pub stream_usage: bool,
    /// Understands system turns between the others (Anthropic).
    pub mid_system: bool,
    /// Understands custom (free-text) tools; others get a function with one text argument.
    pub custom_tools: bool,
    /// Fetches media that a URL names.
    pub media_urls: bool,
    /// How cache breakpoints are said.
    pub cache_markers: CacheMarkers,
    /// Understands `thinking: {type: adaptive}` and `output_config.effort` rather than token budgets (Anthropic).
    pub adaptive_thinking: bool,
    /// `anthropic_version` in the body, and the model in the path alone (Anthropic's models at Vertex AI).
    pub body_version: Option<String>,
    /// Top-level request fields that this upstream refuses.
    pub forbidden: Vec<String>,
    /// Bound of output tokens to fill in where the dialect requires one and the client sent none.
    pub default_max_tokens: u64,
    /// Largest bound of output tokens the model takes, when known.
    pub max_output_tokens: Option<u64>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            text_as_string: true,
            legacy_max_tokens: false,
            no_developer_role: false,
            schema_needs_properties: false,
            replay_reasoning: Replay::IfIssued,
            thinking_switch: false,
            reasoning_effort: true,
            stream_usage: true,
            mid_system: false,
            custom_tools: true,
            media_urls: true,
            cache_markers: CacheMarkers::Unknown,
            adaptive_thinking: true,
            body_version: None,
            forbidden: Vec::new(),
            default_max_tokens: 4096,
            max_output_tokens: None,
        }
    }
}

/// How an upstream wants earlier reasoning back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replay {
    /// Never.
    Never,
    /// When this upstream issued it (an [`crate::ir::OpaqueKind::Replay`] of the same origin says so).
    #[default]
    IfIssued,
    /// On every assistant turn, with an empty placeholder where there is none.
    Always,
}

/// How an upstream of the Chat dialect wants cache breakpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheMarkers {
    /// It knows none: they are dropped and reported.
    #[default]
    Unknown,
    /// OpenAI: `prompt_cache_breakpoint` on content parts.
    Breakpoint,
    /// OpenRouter and others that pass them on: Anthropic's `cache_control` on content parts and tools.
    CacheControl,
}
