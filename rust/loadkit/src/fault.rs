//! Everything that makes an answer wrong.

use crate::http::HttpError;

/// Why an answer does not count.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No connection.
    #[error("connect: {0}")]
    Connect(std::io::Error),
    /// The connection broke.
    #[error("connection: {0}")]
    Connection(std::io::Error),
    /// The answer is not HTTP/1.1, or does not mark its end.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Another status than 200.
    #[error("status {0}: {1}")]
    Status(u16, String),
    /// Not the media type that was asked for.
    #[error("a stream was asked for and did not come, or the other way round")]
    Media,
    /// Nothing came for the whole timeout.
    #[error("nothing came for {0} s")]
    Stalled(u64),
    /// The connection or the body ended before the answer did.
    #[error("ended before its end: {0}")]
    Truncated(&'static str),
    /// Not what the dialect allows here.
    #[error("not in the dialect: {0}")]
    Grammar(String),
    /// An error event.
    #[error("error event: {0}")]
    Upstream(String),
    /// A delta is missing, repeated or in the wrong place.
    #[error("delta {got} where {expected} belongs")]
    Order {
        /// The number that comes next.
        expected: u32,
        /// The number that came.
        got: u32,
    },
    /// Several deltas in one event.
    #[error("{0} deltas in one event")]
    Merged(usize),
    /// The text of a delta is not what the mock wrote.
    #[error("changed text: {0:?}")]
    Text(String),
    /// Written before it was asked for: somebody keeps answers.
    #[error("the text was written before the request")]
    Stale,
    /// The stream ends before all of its deltas came.
    #[error("{got} deltas of {expected}")]
    Count {
        /// Deltas of the plan.
        expected: u32,
        /// Deltas that came.
        got: u32,
    },
    /// Usage is missing or not what the mock said.
    #[error("usage: {got:?} output tokens, not {expected}")]
    Usage {
        /// Output tokens of the plan.
        expected: u32,
        /// What was reported.
        got: Option<u64>,
    },
    /// Something follows the terminator.
    #[error("{0} bytes behind the end")]
    Trailing(usize),
}

impl Fault {
    /// The key it is counted under in the report.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Connection(_) => "connection",
            Self::Http(_) => "http",
            Self::Status(..) => "status",
            Self::Media => "media",
            Self::Stalled(_) => "stalled",
            Self::Truncated(_) => "truncated",
            Self::Grammar(_) => "grammar",
            Self::Upstream(_) => "upstream",
            Self::Order { .. } => "order",
            Self::Merged(_) => "merged",
            Self::Text(_) => "text",
            Self::Stale => "stale",
            Self::Count { .. } => "count",
            Self::Usage { .. } => "usage",
            Self::Trailing(_) => "trailing",
        }
    }

    /// A grammar fault that shows what stood there.
    pub fn grammar(reason: &str, found: &str) -> Self {
        Self::Grammar(format!("{reason}: {}", excerpt(found)))
    }
}

/// The beginning of a text that may be long.
pub fn excerpt(text: &str) -> String {
    text.chars().take(200).collect()
}
