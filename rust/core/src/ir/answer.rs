//! A whole answer, collected from its deltas: what one-shot encoders write.

use super::delta::{Citation, Delta, Emit, FinishReason, PartKind, Piece};
use super::reasoning::Opaque;
use super::tool::ToolKind;
use super::usage::Usage;

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The upstream's id.
    pub id: Option<String>,
    /// The model that served.
    pub model: Option<String>,
    /// Unix seconds.
    pub created: Option<u64>,
    /// The tier that served.
    pub service_tier: Option<String>,
    /// OpenAI's `system_fingerprint`.
    pub fingerprint: Option<String>,
    /// The parts, in order.
    pub parts: Vec<AnswerPart>,
    /// Token counts.
    pub usage: Usage,
    /// Why it ended.
    pub finish: Option<FinishReason>,
    /// The upstream's word for it.
    pub native_finish: String,
    /// The stop text that was hit.
    pub stop_sequence: Option<String>,
    /// Why it was declined.
    pub explanation: Option<String>,
    /// The vendor's category of a refusal.
    pub category: Option<String>,
}

/// One part of a whole answer.
#[derive(Clone, Debug)]
pub enum AnswerPart {
    /// Answer text.
    Text {
        /// The text.
        text: String,
        /// Its sources.
        citations: Vec<OwnedCitation>,
        /// Log probabilities: raw JSON token objects, without the array's brackets.
        logprobs: Option<String>,
        /// State for the vendor.
        opaque: Vec<Opaque<'static>>,
    },
    /// Thinking.
    Reasoning {
        /// The thinking itself.
        text: String,
        /// Summaries.
        summary: Vec<String>,
        /// State for the vendor.
        opaque: Vec<Opaque<'static>>,
    },
    /// The model declined.
    Refusal {
        /// Its words.
        text: String,
    },
    /// A tool call.
    ToolCall {
        /// Id.
        id: String,
        /// Name.
        name: String,
        /// Namespace.
        namespace: Option<String>,
        /// Function or custom.
        kind: ToolKind,
        /// Arguments, as produced.
        arguments: String,
        /// State for the vendor.
        opaque: Vec<Opaque<'static>>,
    },
    /// Media.
    Media {
        /// Media type.
        mime: String,
        /// Base64.
        data: String,
    },
    /// Something only one dialect understands.
    Native {
        /// The dialect's name for it.
        kind: String,
        /// Raw JSON.
        raw: String,
    },
}

/// A source, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedCitation {
    /// Where.
    pub url: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// The words cited.
    pub quote: Option<String>,
    /// First character.
    pub start: Option<u64>,
    /// One past the last.
    pub end: Option<u64>,
}

impl From<&Citation<'_>> for OwnedCitation {
    fn from(citation: &Citation<'_>) -> Self {
        Self {
            url: citation.url.map(Into::into),
            title: citation.title.map(Into::into),
            quote: citation.quote.map(Into::into),
            start: citation.start,
            end: citation.end,
        }
    }
}

impl OwnedCitation {
    /// A borrowed view.
    pub fn view(&self) -> Citation<'_> {
        Citation {
            url: self.url.as_deref(),
            title: self.title.as_deref(),
            quote: self.quote.as_deref(),
            start: self.start,
            end: self.end,
        }
    }
}

/// Collects deltas into an [`Answer`].
#[derive(Debug, Default)]
pub struct Collector {
    /// What came so far.
    pub answer: Answer,
}

impl Emit for Collector {
    fn emit(&mut self, delta: Delta<'_>) {
        let answer = &mut self.answer;
        match delta {
            Delta::Start(start) => {
                answer.id = start.id.map(Into::into);
                answer.model = start.model.map(Into::into);
                answer.created = start.created;
                answer.service_tier = start.service_tier.map(Into::into);
                answer.fingerprint = start.fingerprint.map(Into::into);
            }
            Delta::PartStart { kind, .. } => answer.parts.push(AnswerPart::new(kind)),
            Delta::Piece { part, piece } => {
                if let Some(part) = answer.parts.get_mut(part as usize) {
                    part.add(&piece);
                }
            }
            Delta::Usage(usage) => answer.usage.merge(&usage),
            Delta::Finish(finish) => {
                answer.finish = Some(finish.reason);
                answer.native_finish = finish.native.into();
                answer.stop_sequence = finish.stop_sequence.map(Into::into);
                answer.explanation = finish.explanation.map(Into::into);
                answer.category = finish.category.map(Into::into);
            }
            Delta::PartEnd { .. } | Delta::Keepalive | Delta::End => {}
        }
    }
}

impl AnswerPart {
    fn new(kind: PartKind<'_>) -> Self {
        match kind {
            PartKind::Text => Self::Text {
                text: String::new(),
                citations: Vec::new(),
                logprobs: None,
                opaque: Vec::new(),
            },
            PartKind::Reasoning => Self::Reasoning {
                text: String::new(),
                summary: Vec::new(),
                opaque: Vec::new(),
            },
            PartKind::Refusal => Self::Refusal {
                text: String::new(),
            },
            PartKind::ToolCall {
                id,
                name,
                namespace,
                kind,
            } => Self::ToolCall {
                id: id.into(),
                name: name.into(),
                namespace: namespace.map(Into::into),
                kind,
                arguments: String::new(),
                opaque: Vec::new(),
            },
            PartKind::Media { mime } => Self::Media {
                mime: mime.into(),
                data: String::new(),
            },
            PartKind::Native { kind } => Self::Native {
                kind: kind.into(),
                raw: String::new(),
            },
        }
    }

    fn add(&mut self, piece: &Piece<'_>) {
        match (self, piece) {
            (
                Self::Text { text, .. } | Self::Reasoning { text, .. } | Self::Refusal { text },
                Piece::Text(more),
            ) => text.push_str(more),
            (Self::Reasoning { summary, .. }, Piece::Summary { index, text }) => {
                let index = (*index as usize).min(summary.len());
                if index == summary.len() {
                    summary.push(String::new());
                }
                summary[index].push_str(text);
            }
            (Self::ToolCall { arguments, .. }, Piece::Arguments(more)) => arguments.push_str(more),
            (
                Self::Text { opaque, .. }
                | Self::Reasoning { opaque, .. }
                | Self::ToolCall { opaque, .. },
                Piece::Opaque(state),
            ) => {
                opaque.retain(|old| old.kind != state.kind);
                opaque.push(state.clone().into_owned());
            }
            (Self::Text { citations, .. }, Piece::Citation(citation)) => {
                citations.push(citation.into());
            }
            (Self::Text { logprobs, .. }, Piece::Logprobs(tokens)) => {
                add_logprobs(logprobs, tokens);
            }
            (Self::Media { data, .. }, Piece::Data(more)) => data.push_str(more),
            (Self::Native { raw, .. }, Piece::Native(item)) => (*item).clone_into(raw),
            _ => {}
        }
    }
}

/// Join raw JSON arrays of tokens: `[a]`, `[b,c]` → `a,b,c`.
fn add_logprobs(all: &mut Option<String>, tokens: &str) {
    let inner = tokens
        .trim()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .trim();
    let all = all.get_or_insert_default();
    if !all.is_empty() && !inner.is_empty() {
        all.push(',');
    }
    all.push_str(inner);
}
