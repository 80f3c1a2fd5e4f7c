//! Answers as a stream of deltas.
//!
//! A decoder promises (and `transcode::Guard` enforces): `Start` first and once; each part started once, ended once,
//! indexed from 0 without gaps; pieces only for an open part; at most one `Finish`; `Usage` snapshots anywhere; no
//! delta after `End`. An encoder may rely on it.

use super::reasoning::Opaque;
use super::tool::ToolKind;
use super::usage::Usage;

/// One step of an answer. Borrows from the event it was decoded from.
#[derive(Clone, Debug)]
pub enum Delta<'a> {
    /// The answer begins.
    Start(Start<'a>),
    /// A part begins.
    PartStart {
        /// Its index: 0, 1, 2, …
        part: u32,
        /// What it is.
        kind: PartKind<'a>,
    },
    /// More of an open part.
    Piece {
        /// Its index.
        part: u32,
        /// What is added.
        piece: Piece<'a>,
    },
    /// A part is complete.
    PartEnd {
        /// Its index.
        part: u32,
    },
    /// Token counts so far; a later snapshot replaces the fields it has.
    Usage(Usage),
    /// Why the answer ends.
    Finish(Finish<'a>),
    /// The upstream is alive but says nothing.
    Keepalive,
    /// The answer is complete.
    End,
}

/// Where decoders put their deltas.
pub trait Emit {
    /// Take one.
    fn emit(&mut self, delta: Delta<'_>);
}

impl<F: FnMut(Delta<'_>)> Emit for F {
    fn emit(&mut self, delta: Delta<'_>) {
        self(delta);
    }
}

/// The head of an answer. Every field may be unknown.
#[derive(Clone, Debug, Default)]
pub struct Start<'a> {
    /// The upstream's id of the answer.
    pub id: Option<&'a str>,
    /// The model that really serves.
    pub model: Option<&'a str>,
    /// Unix seconds.
    pub created: Option<u64>,
    /// The tier that really serves.
    pub service_tier: Option<&'a str>,
    /// OpenAI's `system_fingerprint`.
    pub fingerprint: Option<&'a str>,
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind<'a> {
    /// Answer text.
    Text,
    /// Thinking.
    Reasoning,
    /// The model declines, in words.
    Refusal,
    /// A tool call.
    ToolCall {
        /// Pairs the call with its result. Never empty (decoders make one up: see `dialect::make_id`).
        id: &'a str,
        /// Name as the upstream knows it; the pipeline restores the client's.
        name: &'a str,
        /// Namespace (restored by the pipeline).
        namespace: Option<&'a str>,
        /// Function or custom (restored by the pipeline).
        kind: ToolKind,
    },
    /// Media made by the model.
    Media {
        /// Media type.
        mime: &'a str,
    },
    /// A part that only this dialect understands (hosted tool calls and their results).
    Native {
        /// The dialect's name for it.
        kind: &'a str,
    },
}

/// More of a part.
#[derive(Clone, Debug)]
pub enum Piece<'a> {
    /// Of `Text`, `Refusal`: text. Of `Reasoning`: the thinking itself.
    Text(&'a str),
    /// Of `Reasoning`: a summary; `index` counts summaries from 0.
    Summary {
        /// Which summary.
        index: u32,
        /// Text.
        text: &'a str,
    },
    /// Of `ToolCall`: more of the arguments: JSON text, or the free text of a custom tool.
    Arguments(&'a str),
    /// Of any part: state for its vendor. Replaces an earlier one of the same kind.
    Opaque(Opaque<'a>),
    /// Of `Text`: a source.
    Citation(Citation<'a>),
    /// Of `Text`, `Refusal`: log probabilities in Chat's form, a raw JSON array of token objects.
    Logprobs(&'a str),
    /// Of `Media`: more base64.
    Data(&'a str),
    /// Of `Native`: the whole item, raw JSON.
    Native(&'a str),
}

/// A source of some answer text.
#[derive(Clone, Debug, Default)]
pub struct Citation<'a> {
    /// Where.
    pub url: Option<&'a str>,
    /// Its title.
    pub title: Option<&'a str>,
    /// The words cited.
    pub quote: Option<&'a str>,
    /// First character in the part's text, counted in Unicode code points.
    pub start: Option<u64>,
    /// One past the last character.
    pub end: Option<u64>,
}

/// Why an answer ends. `ToolUse` is derived by the pipeline from the parts, whatever the upstream says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// The model was done.
    End,
    /// The model waits for tool results.
    ToolUse,
    /// The bound of output tokens.
    MaxOutput,
    /// The context is full.
    ContextFull,
    /// A stop text.
    StopSequence,
    /// The model or a filter declined.
    Refusal,
    /// A filter saw copied text.
    Recitation,
    /// The vendor paused a long turn.
    Pause,
    /// The model produced a call that cannot be read.
    BadToolCall,
}

/// The end of an answer.
#[derive(Clone, Debug)]
pub struct Finish<'a> {
    /// Why.
    pub reason: FinishReason,
    /// The upstream's word for it.
    pub native: &'a str,
    /// The stop text that was hit, when known.
    pub stop_sequence: Option<&'a str>,
    /// Why it was declined, for people.
    pub explanation: Option<&'a str>,
    /// The vendor's category of a refusal.
    pub category: Option<&'a str>,
}

impl<'a> Finish<'a> {
    /// A finish with nothing but its reason.
    pub fn new(reason: FinishReason, native: &'a str) -> Self {
        Self {
            reason,
            native,
            stop_sequence: None,
            explanation: None,
            category: None,
        }
    }
}
