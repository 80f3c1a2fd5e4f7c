//! A connection in use, of either HTTP version.

use std::task::{Context, Poll};

use http::HeaderMap;

use crate::call::Call;
use crate::error::Failure;
use crate::h1::H1;
use crate::h2::H2Stream;

/// A response's head.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
}

/// Takes a piece of a body. What it refuses ends the body.
pub(crate) type Piece<'p> = &'p mut dyn FnMut(&[u8]) -> Result<(), Failure>;

/// What a look at a body brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing of the body yet.
    Nothing,
    /// Pieces were handed over; there may be more.
    More,
    /// The body ended properly; a last piece may have been handed over.
    End,
}

/// A request that got no response head.
pub(crate) struct Unanswered {
    pub(crate) failure: Failure,
    /// The connection ended, or refused the request, before a byte of an answer: on a reused connection the request is
    /// sent once more.
    pub(crate) is_swallowed: bool,
}

/// A connection in use. Dropping it closes an HTTP/1.1 connection and resets an HTTP/2 stream.
pub(crate) enum Link {
    H1(H1),
    H2(H2Stream),
}

impl Link {
    /// Whether the connection has carried a request before.
    pub(crate) fn is_reused(&self) -> bool {
        match self {
            Self::H1(connection) => connection.is_reused,
            Self::H2(stream) => stream.is_reused,
        }
    }

    pub(crate) async fn send(&mut self, call: &Call) -> Result<Head, Unanswered> {
        match self {
            Self::H1(connection) => connection.send(call).await,
            Self::H2(stream) => stream.send(call.request()).await,
        }
    }

    /// Hand over what is there of the body; ready with [`Step::More`] or [`Step::End`].
    pub(crate) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        on: Piece<'_>,
    ) -> Poll<Result<Step, Failure>> {
        match self {
            Self::H1(connection) => connection.poll_body(cx, on),
            Self::H2(stream) => stream.poll_body(cx, on),
        }
    }
}
