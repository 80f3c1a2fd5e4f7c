//! Thinking: what the client wants of it, what the history holds, and the state its vendor needs.

use std::borrow::Cow;

type Text<'a> = Cow<'a, str>;

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
    /// OpenAI Responses: `reasoning.encrypted_content`, with the item's id and a colon in front where the carrier keeps
    /// no id: the vendor checks that the two belong together.
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
