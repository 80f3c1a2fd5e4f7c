//! What became of one attempt.

use std::time::Duration;

use fastproxy_core::error::Error;
use fastproxy_core::transcode::Report;
use http::HeaderMap;

use crate::client::Progress;
use crate::timeouts::Clock;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The whole answer was delivered (streams) or stands in [`Outcome::body`].
    Completed,
    /// It failed and the client has seen nothing of it: see [`Outcome::class`] for whether to try elsewhere.
    Failed,
    /// It failed after the response had begun. The error event has been pushed; the response must now be closed
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
    /// R3: content was delivered, or a repetition cannot help.
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

/// Counts of an attempt under way.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) progress: Progress,
    pub(crate) upstream_status: Option<u16>,
    pub(crate) bytes_in: u64,
    headers: Vec<(String, String)>,
    headers_after: Option<Duration>,
    content_after: Option<Duration>,
}

impl Tally {
    pub(crate) fn note_head(&mut self, status: u16, headers: &HeaderMap, after: Duration) {
        self.upstream_status = Some(status);
        self.headers_after = Some(after);
        self.headers = kept(headers);
    }

    pub(crate) fn note_content(&mut self, has_content: bool, clock: &Clock) {
        if has_content && self.content_after.is_none() {
            self.content_after = Some(clock.elapsed());
        }
    }

    pub(crate) fn outcome(self, ending: Ending, report: Report, duration: Duration) -> Outcome {
        Outcome {
            status: ending.status,
            error: ending.error,
            class: ending.class,
            body: ending.body,
            report,
            upstream_status: self.upstream_status,
            upstream_request_id: request_id(&self.headers),
            upstream_headers: self.headers,
            headers_after: self.headers_after,
            content_after: self.content_after,
            duration,
            reused_connection: self.progress.is_reused,
            resent: self.progress.is_resent,
            bytes_in: self.bytes_in,
            bytes_out: ending.bytes_out,
        }
    }
}

/// How an attempt ended, and with what.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) status: Status,
    pub(crate) error: Option<Error>,
    pub(crate) class: RetryClass,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) bytes_out: u64,
}

/// Names under which upstreams state their own id of a request.
const REQUEST_IDS: [&str; 5] = [
    "request-id",
    "x-request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "x-goog-request-id",
];
/// Other names worth keeping.
const KEPT: [&str; 5] = [
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "openai-processing-ms",
    "content-type",
];
/// Families of names worth keeping.
const KEPT_FAMILIES: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];
/// Longest value kept.
const MAX_VALUE: usize = 256;

/// An allow-list: cookies, organisation ids and server names stay behind.
fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let is_kept = |name: &str| {
        REQUEST_IDS.contains(&name)
            || KEPT.contains(&name)
            || KEPT_FAMILIES.iter().any(|family| name.starts_with(family))
    };
    let text = |value: &http::HeaderValue| {
        value
            .to_str()
            .ok()
            .filter(|text| text.len() <= MAX_VALUE)
            .map(str::to_owned)
    };
    headers
        .iter()
        .filter(|(name, _)| is_kept(name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect()
}

fn request_id(headers: &[(String, String)]) -> Option<String> {
    let find = |id: &&str| {
        headers
            .iter()
            .find(|(name, _)| name == id)
            .map(|(_, value)| value.clone())
    };
    REQUEST_IDS.iter().find_map(find)
}
