//! The client's side of an exchange, as the exchange sees it.

use std::task::{Context, Poll};

/// What became of bytes handed to a [`Sink`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// Taken; more may follow at once.
    Accepted,
    /// Taken, but nothing may be pushed until [`Sink::poll_ready`] says so.
    Full,
    /// The client is gone; the bytes are lost and nothing more need be pushed.
    Closed,
}

/// The response towards one client.
///
/// Bytes are lent, not given: the one implementation that matters copies them into a Python `bytes` object, so that the
/// exchange can keep one output buffer for the whole stream.
pub trait Sink: Send {
    /// Status and headers; called once, right before the first push.
    fn start(&mut self, status: u16, headers: &[Header]) -> Push;

    /// Take these bytes.
    fn push(&mut self, bytes: &[u8]) -> Push;

    /// After [`Push::Full`]: ready with true when pushing is allowed again, with false when the client is gone.
    ///
    /// Only the waker of the last call need be woken.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool>;
}

/// A header line towards the client: name and value.
pub type Header = (Vec<u8>, Vec<u8>);
