//! What a client asks for. Most requests want an answer; the others share its way through the proxy.

/// What a client asks of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// An answer to a conversation.
    #[default]
    Generate,
    /// The continuation of a text, or what belongs between two (OpenAI's older `/v1/completions`).
    Complete,
    /// A shorter form of a conversation, readable by its vendor alone (`/v1/responses/compact`).
    Compact,
    /// Vectors for texts.
    Embed,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: &'static [Self] = &[Self::Generate, Self::Complete, Self::Compact, Self::Embed];

    /// The name that the Python part calls it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Complete => "complete",
            Self::Compact => "compact",
            Self::Embed => "embed",
        }
    }

    /// The purpose of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|found| found.name() == name)
    }

    /// Whether only an upstream of the client's own dialect has it: its answers are relayed or refused.
    pub fn is_relayed_only(self) -> bool {
        matches!(self, Self::Complete | Self::Compact)
    }
}
