//! One HTTP/1.1 connection, driven by whoever uses it.
//!
//! hyper's connection future is not spawned: the exchange polls it together with the body. One wake-up per upstream
//! read is enough then (three with a task of its own), and dropping the exchange closes the socket in the same instant.
//! An idle connection is polled by nobody; the pool looks at it before handing it out, and the sweep now and then.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use fastproxy_core::error::Kind;

use crate::error::Failure;
use crate::io::{Io, Meter};
use crate::link::Unanswered;

/// Largest response head. Real upstreams stay under 8 KiB; hyper also stops at 100 lines.
const MAX_HEAD: usize = 64 << 10;
/// Bound of hyper's read buffer, which starts at 8 KiB and grows while reads fill it.
const MAX_READ_BUFFER: usize = 64 << 10;

/// One HTTP/1.1 connection.
pub(crate) struct H1 {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: Pin<Box<http1::Connection<TokioIo<Io>, Full<Bytes>>>>,
    meter: Arc<Meter>,
    is_closed: bool,
    /// Whether it has answered a request before.
    pub(crate) is_reused: bool,
    /// Since when nobody uses it.
    pub(crate) idle_since: Instant,
}

impl H1 {
    pub(crate) async fn new(io: Io, meter: Arc<Meter>) -> Result<Self, Failure> {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_READ_BUFFER)
            .max_header_size(MAX_HEAD)
            .handshake(TokioIo::new(io))
            .await
            .map_err(|_| Failure::unreachable("http", "the connection could not be set up"))?;
        let connection = Box::pin(connection);
        Ok(Self {
            sender,
            connection,
            meter,
            is_closed: false,
            is_reused: false,
            idle_since: Instant::now(),
        })
    }

    /// Send and wait for the response's head.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let (read, written) = (self.meter.read(), self.meter.written());
        let mut response = pin!(self.sender.send_request(request));
        let result = poll_fn(|cx| {
            if !self.is_closed {
                self.is_closed = self.connection.as_mut().poll(cx).is_ready();
            }
            // Only the connection polled above can complete it: no waker of its own is needed.
            match response
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
            {
                Poll::Ready(result) => Poll::Ready(result.map_err(Some)),
                // A request that a finished connection never took off its queue.
                Poll::Pending if self.is_closed => Poll::Ready(Err(None)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        result.map_err(|error| {
            let nothing_sent = self.meter.written() == written;
            let nothing_read = self.meter.read() == read;
            unanswered(error.as_ref(), nothing_sent, nothing_read)
        })
    }

    /// The next piece of `incoming`, as far as it is there.
    ///
    /// The connection is first driven without a waker: handing a piece over would wake it, and so this very task, once
    /// per piece and once more after the last. Only before waiting is the real waker left with the socket.
    pub(crate) fn poll_data(
        &mut self,
        incoming: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, ()>>> {
        let mut unwoken = Context::from_waker(Waker::noop());
        let mut drives = 0;
        loop {
            match Pin::new(&mut *incoming).poll_frame(&mut unwoken) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                    _ => {}
                },
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(()))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending if self.is_closed => return Poll::Ready(Some(Err(()))),
                Poll::Pending if drives == 2 => return Poll::Pending,
                Poll::Pending => {
                    self.drive(if drives == 0 { &mut unwoken } else { cx });
                    drives += 1;
                }
            }
        }
    }

    /// Whether it can take a request now: open, nothing in flight, no bytes left over from the answer before.
    pub(crate) fn is_usable(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.is_closed && self.sender.is_ready()
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_closed {
            // How it ends is told to the request or the body; an idle connection just ends.
            self.is_closed = self.connection.as_mut().poll(cx).is_ready();
        }
    }
}

/// Classify a request without a response.
fn unanswered(error: Option<&hyper::Error>, nothing_sent: bool, nothing_read: bool) -> Unanswered {
    if nothing_sent {
        let failure = Failure::unreachable(
            "closed",
            "the upstream closed the connection before the request was sent",
        );
        return Unanswered {
            failure,
            is_swallowed: true,
        };
    }
    let failure = match error {
        Some(error) if error.is_parse() => Failure::answer(
            Kind::Upstream,
            "the upstream's response is not valid HTTP, or its headers are too large",
        ),
        _ if nothing_read => Failure::ambiguous(
            Kind::Unreachable,
            "the upstream closed the connection without an answer",
        ),
        _ => Failure::ambiguous(
            Kind::Truncated,
            "the upstream's response headers were cut short",
        ),
    };
    Unanswered {
        failure,
        is_swallowed: nothing_read,
    }
}
