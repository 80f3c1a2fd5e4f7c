//! The two dialects that the mock speaks and the client checks.

use std::str::FromStr;

/// An API language, by its name in fastproxy's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `openai_chat`: Chat Completions.
    OpenaiChat,
    /// `anthropic`: Messages.
    Anthropic,
}

/// Not the name of a dialect that is known here.
#[derive(Debug, thiserror::Error)]
#[error("unknown dialect {0:?}: openai_chat or anthropic")]
pub struct UnknownDialect(String);

impl Dialect {
    /// Where its requests go.
    pub fn path(self) -> &'static str {
        match self {
            Self::OpenaiChat => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }

    /// The dialect whose requests go to `path` (a query is ignored: Claude Code adds one).
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or(path);
        [Self::OpenaiChat, Self::Anthropic]
            .into_iter()
            .find(|dialect| dialect.path() == path)
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        match name {
            "openai_chat" => Ok(Self::OpenaiChat),
            "anthropic" => Ok(Self::Anthropic),
            _ => Err(UnknownDialect(name.to_owned())),
        }
    }
}
