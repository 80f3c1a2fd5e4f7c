//! Why a text is refused.

use thiserror::Error;

use super::tape::MAX_DEPTH;

/// Why a text is not JSON that we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JsonErrorKind {
    /// Grammar.
    #[error("invalid JSON")]
    Syntax,
    /// The text ends inside a value.
    #[error("JSON ends early")]
    Eof,
    /// More than [`MAX_DEPTH`] containers open.
    #[error("JSON is nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// The same key twice in one object: two readers could disagree on which counts (request smuggling by JSON).
    #[error("duplicate key in JSON object")]
    DuplicateKey,
    /// Not UTF-8.
    #[error("JSON is not valid UTF-8")]
    Utf8,
    /// Longer than offsets can tell (4 GiB).
    #[error("JSON is too large")]
    TooLarge,
}

/// A parse error and the byte offset where it was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at byte {at}")]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Byte offset in the text.
    pub at: usize,
}
