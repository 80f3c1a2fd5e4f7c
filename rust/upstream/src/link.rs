//! A connection in use, of either HTTP version.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;

use crate::error::Failure;
use crate::h1::H1;
use crate::h2::H2Stream;

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
    pub(crate) fn version(&self) -> Version {
        match self {
            Self::H1(_) => Version::HTTP_11,
            Self::H2(_) => Version::HTTP_2,
        }
    }

    /// Whether the connection has carried a request before.
    pub(crate) fn is_reused(&self) -> bool {
        match self {
            Self::H1(connection) => connection.is_reused,
            Self::H2(stream) => stream.is_reused,
        }
    }

    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Unanswered> {
        match self {
            Self::H1(connection) => connection.send(request).await,
            Self::H2(stream) => stream.send(request).await,
        }
    }

    /// The next piece of the body; `Err` when it was cut.
    pub(crate) fn poll_data(
        &mut self,
        incoming: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, ()>>> {
        match self {
            Self::H1(connection) => connection.poll_data(incoming, cx),
            Self::H2(_) => poll_stream(incoming, cx),
        }
    }
}

fn poll_stream(incoming: &mut Incoming, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ()>>> {
    loop {
        match Pin::new(&mut *incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                _ => {}
            },
            Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(()))),
            // hyper ends the body without an error when the peer resets with NO_ERROR or CANCEL; only END_STREAM is
            // an end.
            Poll::Ready(None) if !incoming.is_end_stream() => return Poll::Ready(Some(Err(()))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        }
    }
}
