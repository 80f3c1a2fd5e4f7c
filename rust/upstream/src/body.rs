//! A response body: pieces as they come, its content coding removed, its connection given back at the end.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use fastproxy_core::coding::{Decoder, Progress};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use tokio::time::timeout;

use crate::endpoint::Origin;
use crate::error::Failure;
use crate::link::{Link, Piece, Step};

/// How much of an unwanted rest is read so that its connection can be used again.
const DRAIN_BYTES: usize = 64 << 10;
/// And for how long.
const DRAIN_TIME: Duration = Duration::from_millis(100);

/// A response body. Dropping it before its end closes the connection (HTTP/1.1) or resets the stream (HTTP/2).
pub(crate) struct Body {
    /// `None` once the body is over.
    link: Option<Link>,
    /// Only for bodies that come coded.
    decoder: Option<Box<Decoder>>,
    origin: Arc<Origin>,
    max_idle: usize,
}

impl Body {
    pub(crate) fn new(
        link: Link,
        headers: &HeaderMap,
        origin: Arc<Origin>,
        max_idle: usize,
    ) -> Result<Self, Failure> {
        let decoder = match headers.get(CONTENT_ENCODING) {
            None => None,
            Some(coding) => {
                // An unreadable name is an unknown one.
                let coding = coding.to_str().unwrap_or("unknown");
                let decoder = Decoder::for_header(coding).map_err(Failure::begun)?;
                (!decoder.is_identity()).then(|| Box::new(decoder))
            }
        };
        Ok(Self {
            link: Some(link),
            decoder,
            origin,
            max_idle,
        })
    }

    /// Hand over what one read brings; ready with [`Step::More`] or [`Step::End`]. After an error it is over.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        on: Piece<'_>,
    ) -> Poll<Result<Step, Failure>> {
        let Some(mut decoder) = self.decoder.take() else {
            return self.poll_coded(cx, on);
        };
        let mut decoded = Vec::new();
        let mut result = self.poll_coded(cx, &mut |piece| {
            decode(&mut decoder, piece, &mut decoded, on)
        });
        if matches!(result, Poll::Ready(Ok(Step::End)))
            && let Err(error) = decoder.finish()
        {
            result = Poll::Ready(Err(Failure::begun(error)));
        }
        self.decoder = Some(decoder);
        result
    }

    fn poll_coded(&mut self, cx: &mut Context<'_>, on: Piece<'_>) -> Poll<Result<Step, Failure>> {
        let Some(link) = &mut self.link else {
            return Poll::Ready(Ok(Step::End));
        };
        let result = ready!(link.poll_body(cx, on));
        match &result {
            Ok(Step::End) => self.give_back(),
            Ok(_) => {}
            Err(_) => self.link = None,
        }
        Poll::Ready(result)
    }

    /// The whole rest, at most `limit` bytes. Tells with `false` that there was more.
    pub(crate) async fn collect(
        &mut self,
        limit: usize,
        into: &mut Vec<u8>,
    ) -> Result<bool, Failure> {
        poll_fn(|cx| {
            loop {
                let mut is_all = true;
                let step = ready!(self.poll(cx, &mut |piece| {
                    let room = limit - into.len();
                    into.extend_from_slice(&piece[..piece.len().min(room)]);
                    is_all &= piece.len() <= room;
                    Ok(())
                }))?;
                if !is_all || step == Step::End {
                    return Poll::Ready(Ok(is_all));
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
            let mut taken = 0;
            let step = ready!(self.poll_coded(cx, &mut |piece| {
                taken += piece.len();
                Ok(())
            }));
            if taken > *left || !matches!(step, Ok(Step::More)) {
                return Poll::Ready(());
            }
            *left -= taken;
        }
    }

    fn give_back(&mut self) {
        if let Some(Link::H1(connection)) = self.link.take() {
            self.origin.pool.check_in(connection, self.max_idle);
        }
    }
}

/// Hand over what `piece` says without its coding, in bounded steps.
fn decode(
    decoder: &mut Decoder,
    piece: &[u8],
    decoded: &mut Vec<u8>,
    on: Piece<'_>,
) -> Result<(), Failure> {
    let mut input = piece;
    loop {
        decoded.clear();
        let progress = decoder.feed(&mut input, decoded);
        if !decoded.is_empty() {
            on(decoded)?;
        }
        if progress.map_err(Failure::begun)? == Progress::Drained {
            return Ok(());
        }
    }
}
