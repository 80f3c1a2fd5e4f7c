//! HTTP/2 connections: shared by many streams, each driven by a task of its own.

use std::error::Error as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Instant;

use fastproxy_core::error::Kind;

use crate::error::Failure;
use crate::inflow::Payload;
use crate::io::{Io, Meter};
use crate::link::{Head, Piece, Step, Unanswered};

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
/// As much is handed over at once.
const MAX_BATCH: usize = 64 << 10;

/// A handle of one shared connection.
#[derive(Clone)]
pub(crate) struct H2 {
    sender: http2::SendRequest<Payload>,
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
    /// The response's body, once its head came.
    incoming: Option<Incoming>,
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
    pub(crate) async fn new(io: Io) -> Result<Self, Failure> {
        let (metered, meter) = Meter::on(io);
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEAD)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(TokioIo::new(metered))
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
            incoming: None,
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
    /// Send and wait for the response's head. Dropping the future or the stream resets it.
    pub(crate) async fn send(&mut self, request: Request<Payload>) -> Result<Head, Unanswered> {
        let meter = &self.connection.shared.meter;
        let read = meter.read();
        match self.connection.sender.try_send_request(request).await {
            Ok(response) => {
                let (head, incoming) = response.into_parts();
                self.incoming = Some(incoming);
                Ok(Head {
                    status: head.status.as_u16(),
                    headers: head.headers,
                })
            }
            Err(mut error) => {
                let is_unsent = error.take_message().is_some();
                Err(unanswered(
                    &error.into_error(),
                    is_unsent,
                    meter.read() == read,
                ))
            }
        }
    }

    /// Hand over what is there of the body, up to a batch.
    pub(crate) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        on: Piece<'_>,
    ) -> Poll<Result<Step, Failure>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(Ok(Step::End));
        };
        let mut taken = 0;
        while taken < MAX_BATCH {
            match Pin::new(&mut *incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Some(data) = frame.data_ref().filter(|data| !data.is_empty()) {
                        taken += data.len();
                        on(data)?;
                    }
                }
                // hyper ends the body without an error when the peer resets with NO_ERROR or CANCEL; only END_STREAM
                // is an end.
                Poll::Ready(None) if incoming.is_end_stream() => return Poll::Ready(Ok(Step::End)),
                Poll::Ready(Some(Err(_)) | None) => {
                    let failure = Failure::truncated("the upstream's answer was cut short");
                    return Poll::Ready(Err(failure));
                }
                Poll::Pending if taken > 0 => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(Step::More))
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
