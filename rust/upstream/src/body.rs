//! A response body: pieces as they come, its content coding removed, its connection given back at the end.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fastproxy_core::coding::{Decoder, Progress};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use hyper::body::Incoming;
use tokio::time::timeout;

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
    /// Only for bodies that came coded.
    decoding: Option<Box<Decoding>>,
    origin: Arc<Origin>,
    max_idle: usize,
}

/// A content coding being taken off.
struct Decoding {
    decoder: Decoder,
    input: Bytes,
    /// Whether the decoder has more to say before new input.
    has_more: bool,
}

impl Body {
    pub(crate) fn new(
        link: Link,
        incoming: Incoming,
        headers: &HeaderMap,
        origin: Arc<Origin>,
        max_idle: usize,
    ) -> Result<Self, Failure> {
        let decoding = match headers.get(CONTENT_ENCODING) {
            None => None,
            Some(coding) => {
                // An unreadable name is an unknown one.
                let decoder = Decoder::for_header(coding.to_str().unwrap_or("unknown"))
                    .map_err(Failure::begun)?;
                let decoding = Decoding {
                    decoder,
                    input: Bytes::new(),
                    has_more: false,
                };
                (!decoding.decoder.is_identity()).then(|| Box::new(decoding))
            }
        };
        Ok(Self {
            link: Some(link),
            incoming,
            decoding,
            origin,
            max_idle,
        })
    }

    /// The next piece as far as it is there; `None` at the proper end.
    pub(crate) fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Failure>> {
        loop {
            match self.decoding.as_mut().map(|decoding| decoding.next()) {
                Some(Ok(Some(decoded))) => return Poll::Ready(Ok(Some(decoded))),
                Some(Err(failure)) => {
                    self.link = None;
                    return Poll::Ready(Err(failure));
                }
                Some(Ok(None)) | None => {}
            }
            let data = match self.poll_coded(cx) {
                Poll::Ready(Ok(Some(data))) => data,
                other => return other,
            };
            match &mut self.decoding {
                None => return Poll::Ready(Ok(Some(data))),
                Some(decoding) => {
                    decoding.input = data;
                    decoding.has_more = true;
                }
            }
        }
    }

    fn poll_coded(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        let Some(link) = &mut self.link else {
            return Poll::Ready(Ok(None));
        };
        match link.poll_data(&mut self.incoming, cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(data))) => Poll::Ready(Ok(Some(data))),
            Poll::Ready(Some(Err(()))) => {
                self.link = None;
                Poll::Ready(Err(Failure::truncated(
                    "the upstream's answer was cut short",
                )))
            }
            Poll::Ready(None) => {
                self.give_back();
                let finished = self
                    .decoding
                    .as_mut()
                    .map_or(Ok(()), |decoding| decoding.decoder.finish());
                Poll::Ready(finished.map(|()| None).map_err(Failure::begun))
            }
        }
    }

    /// The whole rest, at most `limit` bytes. Tells with `false` that there was more.
    pub(crate) async fn collect(
        &mut self,
        limit: usize,
        into: &mut BytesMut,
    ) -> Result<bool, Failure> {
        poll_fn(|cx| {
            loop {
                match self.poll_chunk(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure)),
                    Poll::Ready(Ok(None)) => return Poll::Ready(Ok(true)),
                    Poll::Ready(Ok(Some(data))) => {
                        let room = limit.saturating_sub(into.len());
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
        if self
            .poll_drain(&mut left, &mut Context::from_waker(Waker::noop()))
            .is_ready()
        {
            return;
        }
        tokio::spawn(timeout(DRAIN_TIME, async move {
            poll_fn(|cx| self.poll_drain(&mut left, cx)).await;
        }));
    }

    fn poll_drain(&mut self, left: &mut usize, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.poll_coded(cx) {
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

impl Decoding {
    /// What the input so far still has to say.
    fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while self.has_more {
            let mut decoded = Vec::new();
            let mut input = self.input.as_ref();
            let progress = self
                .decoder
                .feed(&mut input, &mut decoded)
                .map_err(Failure::begun)?;
            self.input = self.input.slice_ref(input);
            self.has_more = progress == Progress::More;
            if !decoded.is_empty() {
                return Ok(Some(decoded.into()));
            }
        }
        Ok(None)
    }
}
