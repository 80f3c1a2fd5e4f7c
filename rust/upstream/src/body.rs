//! A response body: pieces as they come, its content coding removed, its connection given back at the end.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use hyper::body::Incoming;
use tokio::time::timeout;

use fastproxy_core::error::Kind;

use crate::endpoint::Origin;
use crate::error::Failure;
use crate::link::Link;

/// How much of an unwanted rest is read so that its connection can be used again.
const DRAIN_BYTES: usize = 64 << 10;
/// And for how long.
const DRAIN_TIME: Duration = Duration::from_millis(100);

/// A response body. Dropping it before its end closes the connection (HTTP/1.1) or resets the stream (HTTP/2).
pub(crate) struct Body {
    /// `None` once the body is over.
    link: Option<Link>,
    incoming: Incoming,
    origin: Arc<Origin>,
    max_idle: usize,
}

impl Body {
    pub(crate) fn new(
        link: Link,
        incoming: Incoming,
        headers: &HeaderMap,
        origin: Arc<Origin>,
        max_idle: usize,
    ) -> Result<Self, Failure> {
        let coding = headers.get(http::header::CONTENT_ENCODING);
        if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Failure::answer(Kind::Upstream, "the upstream's answer has an unknown content coding"));
        }
        Ok(Self { link: Some(link), incoming, origin, max_idle })
    }

    /// The next piece as far as it is there; `None` at the proper end.
    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        let Some(link) = &mut self.link else { return Poll::Ready(Ok(None)) };
        match link.poll_data(&mut self.incoming, cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(data))) => Poll::Ready(Ok(Some(data))),
            Poll::Ready(Some(Err(()))) => {
                self.link = None;
                Poll::Ready(Err(Failure::truncated("the upstream's answer was cut short")))
            }
            Poll::Ready(None) => {
                self.give_back();
                Poll::Ready(Ok(None))
            }
        }
    }

    /// The whole rest, at most `limit` bytes. Tells with `false` that there was more.
    pub(crate) async fn collect(&mut self, limit: usize, into: &mut BytesMut) -> Result<bool, Failure> {
        poll_fn(|cx| {
            loop {
                match self.poll_chunk(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure)),
                    Poll::Ready(Ok(None)) => return Poll::Ready(Ok(true)),
                    Poll::Ready(Ok(Some(data))) => {
                        let room = limit - into.len();
                        into.extend_from_slice(&data[..data.len().min(room)]);
                        if data.len() > room {
                            return Poll::Ready(Ok(false));
                        }
                    }
                }
            }
        })
        .await
    }

    /// The rest is not wanted. What is left of a finished answer (a last chunk, mostly) is read by a detached task
    /// within narrow bounds, so that the connection can be used again and the client does not wait for it.
    pub(crate) fn release(mut self) {
        let mut left = DRAIN_BYTES;
        if self.poll_drain(&mut left, &mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
        tokio::spawn(timeout(DRAIN_TIME, async move {
            poll_fn(|cx| self.poll_drain(&mut left, cx)).await;
        }));
    }

    fn poll_drain(&mut self, left: &mut usize, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.poll_chunk(cx) {
                Poll::Ready(Ok(Some(data))) if data.len() <= *left => *left -= data.len(),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn give_back(&mut self) {
        if let Some(Link::H1(connection)) = self.link.take() {
            self.origin.pool.check_in(connection, self.max_idle);
        }
    }
}
