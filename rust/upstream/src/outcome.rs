//! What became of one attempt.

use std::time::Duration;

use fastproxy_core::error::Error;
use fastproxy_core::transcode::Report;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The whole answer was delivered (streams) or stands in [`Outcome::body`].
    Completed,
    /// It failed and the client has seen nothing of it: see [`Outcome::class`] for whether to try elsewhere.
    Failed,
    /// It failed after content had gone out. The error event has been pushed; the response must now be closed
    /// abnormally, never with a clean end.
    AbortedMidStream,
    /// The client left or stopped reading.
    Cancelled,
}

/// Whether the attempt may be repeated unseen (classes R0 to R3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryClass {
    /// R0: the upstream did no work, or said so itself.
    Safe,
    /// R1: the request went out and nothing is known of it. At most one repetition, and its cost is uncertain.
    Ambiguous,
    /// R2: the answer began, but nothing of it has been delivered.
    HeldBack,
    /// R3: content was delivered, or there is nothing to repeat.
    Never,
}

/// What became of one attempt.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Why, unless completed. `upstream_status`, `retry` and `retry_after_ms` are filled in.
    pub error: Option<Error>,
    /// Whether it may be repeated.
    pub class: RetryClass,
    /// The client's whole body, for answers that are not streams.
    pub body: Option<Vec<u8>>,
    /// What the transcoder saw: usage, finish reason, losses.
    pub report: Report,
    /// The upstream's HTTP status, once its headers came.
    pub upstream_status: Option<u16>,
    /// Its headers worth keeping: request ids, rate limits, processing time.
    pub upstream_headers: Vec<(String, String)>,
    /// Its own id of the request.
    pub upstream_request_id: Option<String>,
    /// From the start to the upstream's headers.
    pub headers_after: Option<Duration>,
    /// From the start to the first content.
    pub content_after: Option<Duration>,
    /// From the start to the end.
    pub duration: Duration,
    /// Whether the connection had served a request before.
    pub reused_connection: bool,
    /// Whether the request was sent a second time because a reused connection had swallowed it.
    pub resent: bool,
    /// Bytes of the answer, content coding removed.
    pub bytes_in: u64,
    /// Bytes pushed to the client, or the length of `body`.
    pub bytes_out: u64,
}
