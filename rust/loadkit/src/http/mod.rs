//! As much HTTP/1.1 as mock and client need, strict where a proxy's mistake could hide.

mod body;
mod head;

pub use body::Body;
pub use head::{RequestHead, ResponseHead};

/// What is wrong with bytes that should have been HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Not a head that httparse takes, or one of more than [`HEAD_LIMIT`] bytes.
    #[error("malformed HTTP head")]
    Head,
    /// `content-length` is not one number.
    #[error("malformed content-length")]
    Length,
    /// A transfer coding other than `chunked`.
    #[error("unknown transfer-encoding")]
    Coding,
    /// Neither `content-length` nor `chunked`: the end of such a body cannot be told from a cut.
    #[error("the body's end is not marked")]
    Unframed,
    /// The framing between chunks.
    #[error("malformed chunk")]
    Chunk,
}

/// Most bytes of a head.
pub const HEAD_LIMIT: usize = 32 * 1024;
