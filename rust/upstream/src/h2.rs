//! HTTP/2 connections: shared by many streams, each driven by a task of its own.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Instant;

use fastproxy_core::error::Kind;

use crate::error::Failure;
use crate::io::{Io, Meter};
use crate::link::Unanswered;

/// Streams per connection. RFC 9113 §6.5.2 recommends that servers allow at least 100; beyond the server's number hyper
/// would queue requests where nobody sees them.
const MAX_STREAMS: usize = 100;
/// What one stream may hold while its client does not read.
const STREAM_WINDOW: u32 = 64 << 10;
/// So that stalled streams can never starve the others of a connection.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MAX_STREAMS as u32;
/// Largest response head.
const MAX_HEAD: u32 = 64 << 10;
/// A connection that does not answer a ping this soon, while streams are open, is dead.
const PING_TIMEOUT: Duration = Duration::from_secs(15);
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// A handle of one shared connection.
#[derive(Clone)]
pub(crate) struct H2 {
    sender: http2::SendRequest<Full<Bytes>>,
    shared: Arc<Shared>,
}

struct Shared {
    meter: Arc<Meter>,
    streams: AtomicUsize,
    is_reused: AtomicBool,
    opened: Instant,
    idle_since: Mutex<Instant>,
}

/// One stream's place on a shared connection.
pub(crate) struct H2Stream {
    connection: H2,
    /// Whether the connection had carried a stream before.
    pub(crate) is_reused: bool,
}

impl Drop for H2Stream {
    fn drop(&mut self) {
        let shared = &self.connection.shared;
        if shared.streams.fetch_sub(1, Ordering::AcqRel) == 1 {
            *shared
                .idle_since
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }
}

impl H2 {
    pub(crate) async fn new(io: Io, meter: Arc<Meter>) -> Result<Self, Failure> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEAD)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(TokioIo::new(io))
            .await
            .map_err(|_| {
                Failure::unreachable("http2", "the HTTP/2 connection could not be set up")
            })?;
        // The task ends by itself: with the connection, or when the last handle and stream are gone.
        tokio::spawn(async move {
            let _ended = connection.await;
        });
        let shared = Shared {
            meter,
            streams: AtomicUsize::new(0),
            is_reused: AtomicBool::new(false),
            opened: Instant::now(),
            idle_since: Mutex::new(Instant::now()),
        };
        Ok(Self {
            sender,
            shared: Arc::new(shared),
        })
    }

    /// Take a place for one stream, if the connection is open and has one.
    pub(crate) fn place(&self) -> Option<H2Stream> {
        let taken = self.shared.streams.fetch_add(1, Ordering::AcqRel);
        // Made before the checks: dropping it gives the place back.
        let mut stream = H2Stream {
            connection: self.clone(),
            is_reused: false,
        };
        if taken >= MAX_STREAMS || self.is_closed() {
            return None;
        }
        stream.is_reused = self.shared.is_reused.swap(true, Ordering::AcqRel);
        Some(stream)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// When it was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.shared.opened
    }

    /// Whether it has carried no stream for this long.
    pub(crate) fn is_idle_for(&self, limit: Duration) -> bool {
        let idle_since = *self
            .shared
            .idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.shared.streams.load(Ordering::Acquire) == 0 && idle_since.elapsed() >= limit
    }
}

impl H2Stream {
    /// Send and wait for the response's head. Dropping the future or the body resets the stream.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let meter = &self.connection.shared.meter;
        let read = meter.read();
        match self
            .connection
            .sender
            .clone()
            .try_send_request(request)
            .await
        {
            Ok(response) => Ok(response),
            Err(mut error) => {
                let is_unsent = error.take_message().is_some();
                let nothing_read = meter.read() == read;
                Err(unanswered(&error.into_error(), is_unsent, nothing_read))
            }
        }
    }
}

/// Classify a request without a response.
fn unanswered(error: &hyper::Error, is_unsent: bool, nothing_read: bool) -> Unanswered {
    let reason = error
        .source()
        .and_then(|source| source.downcast_ref::<h2::Error>());
    if is_unsent || reason.is_some_and(is_unprocessed) {
        let failure =
            Failure::unreachable("refused_stream", "the upstream did not take the request");
        return Unanswered {
            failure,
            is_swallowed: true,
        };
    }
    let failure =
        if reason.is_some_and(|reason| reason.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM)) {
            Failure::ambiguous(
                Kind::RateLimit,
                "the upstream asked for fewer requests (ENHANCE_YOUR_CALM)",
            )
        } else if reason.is_some_and(|reason| reason.is_reset() && reason.is_library()) {
            Failure::answer(
                Kind::Upstream,
                "the upstream's response is not valid HTTP/2",
            )
        } else {
            Failure::ambiguous(
                Kind::Unreachable,
                "the upstream ended the stream without an answer",
            )
        };
    Unanswered {
        failure,
        is_swallowed: nothing_read,
    }
}

/// RFC 9113 §8.7: requests refused, or above a GOAWAY's last stream, have not been processed.
fn is_unprocessed(error: &h2::Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let is_above_goaway =
        error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR);
    is_refused || is_above_goaway
}
