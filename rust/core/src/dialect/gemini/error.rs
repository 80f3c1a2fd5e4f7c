//! Errors: `{"error":{"code","message","status","details"}}`, as bodies and as chunks. Google's servers wrap them in an
//! array of one where they would have sent an array of chunks.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::error::{Error, Kind, Retry, Source};
use crate::json::write::{self, Array, Object};
use crate::json::{Node, Tape};
use crate::redact::redact;

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
const REQUEST_INFO: &str = "type.googleapis.com/google.rpc.RequestInfo";
/// Longest wait that is believed: one day.
const MAX_WAIT_MS: f64 = 86_400_000.0;

/// The error object of a body or a chunk that is one.
pub(super) fn find(root: Node<'_>) -> Option<Node<'_>> {
    if root.is_array() {
        return root.items().next().and_then(find);
    }
    root.get("error")
}

/// Read an upstream's error answer.
pub(super) fn read(status: u16, body: &[u8]) -> Error {
    let mut tape = Tape::new();
    let root = std::str::from_utf8(body)
        .ok()
        .and_then(|text| tape.parse(text.trim_start_matches('\u{FEFF}')).ok());
    let mut error = build(
        Some(status).filter(|status| *status >= 400),
        root.and_then(find),
    );
    error.upstream_status = Some(status);
    error
}

/// Read an error that came inside a stream or with status 200.
pub(super) fn read_in_band(error: Node<'_>) -> Error {
    build(None, Some(error))
}

fn build(status: Option<u16>, error: Option<Node<'_>>) -> Error {
    let code = error
        .and_then(|error| error.get("code"))
        .and_then(Node::as_u64);
    let status = status.or_else(|| code?.try_into().ok().filter(|code| *code >= 400));
    let word = error.and_then(|error| error.text("status"));
    let details: Vec<_> = error
        .and_then(|error| error.get("details"))
        .into_iter()
        .flat_map(Node::items)
        .collect();
    let reason = details.iter().find_map(|detail| detail.text("reason"));
    let text = error.and_then(|error| error.as_str().or_else(|| error.text("message")));
    let kind = match kind(status, word.as_deref(), reason.as_deref()) {
        Kind::Permission if text.as_deref().is_some_and(names_a_resource) => Kind::BadRequest,
        kind => kind,
    };
    let message = match &text {
        Some(text) if !text.trim().is_empty() => redact(text.trim()),
        _ => Cow::Borrowed("the upstream reported an error without saying which"),
    };
    let mut built = Error::new(kind, Source::of_refusal(kind), message);
    built.code = reason.map(Into::into);
    built.retry_after_ms = details
        .iter()
        .find_map(|detail| duration(&detail.text("retryDelay")?));
    if let (Retry::OtherAccount, Some(wait)) = (built.retry, built.retry_after_ms) {
        built.retry = Retry::SameAfter(wait);
    }
    built
}

/// Protobuf's JSON form of a duration: `"34.4s"`.
fn duration(text: &str) -> Option<u64> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    let is_usable = seconds.is_finite() && seconds >= 0.0;
    #[expect(clippy::cast_sign_loss, reason = "negative values are filtered out")]
    is_usable.then(|| (seconds * 1e3).min(MAX_WAIT_MS).ceil() as u64)
}

/// The status decides; the word refines one that says little. Google calls a wrong key a bad request and tells it
/// apart by its reason.
fn kind(status: Option<u16>, word: Option<&str>, reason: Option<&str>) -> Kind {
    match reason {
        Some("API_KEY_INVALID" | "API_KEY_EXPIRED" | "ACCESS_TOKEN_EXPIRED") => return Kind::Auth,
        Some("BILLING_DISABLED") => return Kind::Billing,
        _ => {}
    }
    let by_status = status.map(Kind::from_status);
    if let Some(precise) =
        by_status.filter(|kind| !matches!(kind, Kind::BadRequest | Kind::Upstream))
    {
        return precise;
    }
    match word {
        Some("INVALID_ARGUMENT" | "OUT_OF_RANGE") => Kind::BadRequest,
        Some("UNAUTHENTICATED") => Kind::Auth,
        // A region that is not served, billing that is not set up: the account's affair.
        Some("PERMISSION_DENIED" | "FAILED_PRECONDITION") => Kind::Permission,
        Some("NOT_FOUND") => Kind::NotFound,
        Some("ABORTED" | "ALREADY_EXISTS") => Kind::Conflict,
        Some("RESOURCE_EXHAUSTED") => Kind::RateLimit,
        Some("UNAVAILABLE") => Kind::Overloaded,
        Some("DEADLINE_EXCEEDED") => Kind::Timeout,
        _ => by_status.unwrap_or(Kind::Upstream),
    }
}

/// A file or a cache that is gone, or another project's, is refused like a credential that lacks a permission; only the
/// words tell. Taken for that, one client's stale file would put every account to rest.
fn names_a_resource(message: &str) -> bool {
    message.contains("CachedContent not found") || message.contains("permission to access the File")
}

/// Write an error for a client: status and body.
pub(super) fn write(error: &Error, request_id: &str) -> (u16, Vec<u8>) {
    let mut body = Vec::with_capacity(256 + error.message.len());
    write_body(error, request_id, &mut body);
    (shown(error).0, body)
}

/// Write the body of an error.
pub(super) fn write_body(error: &Error, request_id: &str, out: &mut Vec<u8>) {
    write::object(out, |o| write_member(error, request_id, o));
}

/// Write the one member of an error's body, which is also a chunk: google-genai looks for it in the first place.
pub(super) fn write_member(error: &Error, request_id: &str, o: &mut Object<'_>) {
    let (status, word) = shown(error);
    o.object("error", |o| {
        o.u64("code", u64::from(status));
        o.str("message", &text(error));
        o.str("status", word);
        o.array("details", |details| {
            write_details(error, request_id, details);
        });
    });
}

fn write_details(error: &Error, request_id: &str, details: &mut Array<'_>) {
    let is_ours = error.source != Source::Upstream;
    let reason = match (error.kind, is_ours) {
        (Kind::Auth, true) => Some("API_KEY_INVALID"),
        (Kind::Auth | Kind::Billing | Kind::Permission, false) => None,
        _ => error.code.as_deref(),
    };
    if let Some(reason) = reason {
        details.object(|o| {
            o.str("@type", ERROR_INFO);
            o.str("reason", &reason.to_ascii_uppercase());
            o.str("domain", "fastproxy");
        });
    }
    if let Some(pointer) = error
        .pointer
        .as_deref()
        .filter(|pointer| !pointer.is_empty())
    {
        details.object(|o| {
            o.str("@type", BAD_REQUEST);
            o.array("fieldViolations", |violations| {
                violations.object(|o| {
                    o.str("field", &field(pointer));
                    o.str("description", &error.message);
                });
            });
        });
    }
    if let Some(wait) = error.retry_after_ms {
        details.object(|o| {
            o.str("@type", RETRY_INFO);
            o.str("retryDelay", &seconds(wait));
        });
    }
    if !request_id.is_empty() {
        details.object(|o| {
            o.str("@type", REQUEST_INFO);
            o.str("requestId", request_id);
        });
    }
}

/// A JSON pointer in Google's form: `contents[0].parts[1]`.
fn field(pointer: &str) -> String {
    let mut field = String::new();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit()) {
            let _ = write!(field, "[{step}]");
        } else {
            if !field.is_empty() {
                field.push('.');
            }
            field.push_str(&step);
        }
    }
    field
}

fn seconds(milliseconds: u64) -> String {
    match milliseconds % 1000 {
        0 => format!("{}s", milliseconds / 1000),
        rest => format!("{}.{rest:03}s", milliseconds / 1000),
    }
}

/// Status and word. Credentials and money of the upstream are the operator's: shown as the client's own, they would
/// make agents log out.
fn shown(error: &Error) -> (u16, &'static str) {
    let is_ours = error.source != Source::Upstream;
    let status = error.kind.status();
    match error.kind {
        Kind::Auth if is_ours => (401, "UNAUTHENTICATED"),
        Kind::Billing if is_ours => (429, "RESOURCE_EXHAUSTED"),
        Kind::Permission if is_ours => (403, "PERMISSION_DENIED"),
        Kind::Auth | Kind::Billing | Kind::Permission => (502, "UNAVAILABLE"),
        Kind::NotFound | Kind::Method => (status, "NOT_FOUND"),
        Kind::Conflict => (409, "ABORTED"),
        Kind::RateLimit => (429, "RESOURCE_EXHAUSTED"),
        Kind::Overloaded => (503, "UNAVAILABLE"),
        Kind::Timeout | Kind::RequestTimeout => (status, "DEADLINE_EXCEEDED"),
        Kind::Cancelled => (499, "CANCELLED"),
        Kind::BadRequest
        | Kind::ContextTooLong
        | Kind::TooLarge
        | Kind::MediaType
        | Kind::Unprocessable => (status, "INVALID_ARGUMENT"),
        // `INTERNAL` is a bug of the server that answers, and that is us.
        Kind::Upstream | Kind::Unreachable | Kind::Truncated => (status, "UNAVAILABLE"),
        Kind::Internal => (status, "INTERNAL"),
    }
}

/// The message, with the place of a mistake. An upstream's complaint about its key may quote the key, and our own
/// failures are nobody else's business.
fn text(error: &Error) -> String {
    match (error.kind, error.source) {
        (Kind::Auth, Source::Upstream) => "the upstream refused the proxy's credentials".into(),
        (Kind::Internal, _) => "internal error".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_durations() {
        assert_eq!(duration("34.4s"), Some(34_400));
        assert_eq!(duration("0s"), Some(0));
        assert_eq!(duration("9e99s"), Some(86_400_000));
        for bad in ["", "s", "-1s", "5", "NaNs", "infs"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
        assert_eq!(
            (seconds(34_400), seconds(2000)),
            ("34.400s".into(), "2s".into())
        );
    }

    #[test]
    fn pointers_become_field_paths() {
        assert_eq!(
            field("/contents/0/parts/1/inlineData"),
            "contents[0].parts[1].inlineData"
        );
        assert_eq!(field("/a~1b"), "a/b");
    }
}
