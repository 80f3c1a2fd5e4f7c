//! Errors: `{"type":"error","error":{"type","message"},"request_id"}`, as bodies and as events.

use std::borrow::Cow;

use crate::error::{Error, Kind, Source};
use crate::json::{Node, Tape, write};
use crate::redact::redact;

/// Whether a body or an event is an error and not an answer, whatever its status or name.
pub(super) fn is_error(root: Node<'_>) -> bool {
    match root.get("type") {
        Some(kind) => kind.is("error"),
        None => root.get("error").is_some(),
    }
}

/// Read an upstream's error answer.
pub(super) fn read(status: u16, body: &[u8]) -> Error {
    let mut tape = Tape::new();
    let root = std::str::from_utf8(body)
        .ok()
        .and_then(|text| tape.parse(text.trim_start_matches('\u{FEFF}')).ok());
    let mut error = build(Some(status).filter(|status| *status >= 400), root);
    error.upstream_status = Some(status);
    error
}

/// Read an error that came inside a stream or with status 200.
pub(super) fn read_in_band(root: Node<'_>) -> Error {
    build(None, Some(root))
}

fn build(status: Option<u16>, root: Option<Node<'_>>) -> Error {
    let detail = root.and_then(|root| root.get("error").or(Some(root)));
    let word = detail
        .filter(|_| root.is_some_and(is_error))
        .and_then(|detail| detail.text("type"));
    let code = detail
        .and_then(|detail| detail.get("details"))
        .and_then(|details| details.text("error_code"));
    let kind = kind(status, word.as_deref(), code.as_deref());
    let message = detail.and_then(message);
    let message = match &message {
        Some(text) if !text.trim().is_empty() => redact(text.trim()),
        _ => Cow::Borrowed("the upstream reported an error without saying which"),
    };
    let mut error = Error::new(kind, Source::of_refusal(kind), message);
    // The type is no code: other dialects have words of their own for the kind.
    error.code = code.map(Into::into);
    error
}

/// The text, in this dialect's place or where hosts that imitate it put it.
fn message(detail: Node<'_>) -> Option<Cow<'_, str>> {
    detail
        .as_str()
        .or_else(|| detail.text("message"))
        .or_else(|| detail.text("detail"))
}

/// The status decides; the dialect's own word refines a status that says little (or nothing, in a stream).
fn kind(status: Option<u16>, word: Option<&str>, code: Option<&str>) -> Kind {
    let by_status = status.map(Kind::from_status);
    if let Some(precise) =
        by_status.filter(|kind| !matches!(kind, Kind::BadRequest | Kind::Upstream))
    {
        return precise;
    }
    if let Some("context_length_exceeded" | "prompt_too_long") = code {
        return Kind::ContextTooLong;
    }
    match word {
        Some("invalid_request_error") => Kind::BadRequest,
        Some("authentication_error") => Kind::Auth,
        Some("billing_error") => Kind::Billing,
        Some("permission_error") => Kind::Permission,
        Some("not_found_error") => Kind::NotFound,
        Some("conflict_error") => Kind::Conflict,
        Some("request_too_large") => Kind::TooLarge,
        Some("rate_limit_error") => Kind::RateLimit,
        Some("timeout_error") => Kind::Timeout,
        Some("overloaded_error") => Kind::Overloaded,
        _ => by_status.unwrap_or(Kind::Upstream),
    }
}

/// Write an error for a client: status and body.
pub(super) fn write(error: &Error, request_id: &str) -> (u16, Vec<u8>) {
    let mut body = Vec::with_capacity(160 + error.message.len());
    write_body(error, request_id, &mut body);
    (shown(error).0, body)
}

/// Write the body of an error, which is also the data of an `error` event.
pub(super) fn write_body(error: &Error, request_id: &str, out: &mut Vec<u8>) {
    let message = text(error);
    write::object(out, |o| {
        o.str("type", "error");
        o.object("error", |o| {
            o.str("type", shown(error).1);
            o.str("message", &message);
        });
        if !request_id.is_empty() {
            o.str("request_id", request_id);
        }
    });
}

/// Status and type. Credentials and money of the upstream are the operator's: shown as the client's own, they would
/// make agents log out.
fn shown(error: &Error) -> (u16, &'static str) {
    let is_ours = error.source != Source::Upstream;
    match error.kind {
        Kind::Auth if is_ours => (401, "authentication_error"),
        Kind::Billing if is_ours => (402, "billing_error"),
        Kind::Permission if is_ours => (403, "permission_error"),
        Kind::Auth | Kind::Billing | Kind::Permission => (502, "api_error"),
        Kind::NotFound => (404, "not_found_error"),
        Kind::Conflict => (409, "conflict_error"),
        Kind::TooLarge => (413, "request_too_large"),
        Kind::RateLimit => (429, "rate_limit_error"),
        Kind::Overloaded => (529, "overloaded_error"),
        Kind::Timeout | Kind::RequestTimeout => (error.kind.status(), "timeout_error"),
        Kind::BadRequest
        | Kind::ContextTooLong
        | Kind::Method
        | Kind::MediaType
        | Kind::Unprocessable => (error.kind.status(), "invalid_request_error"),
        Kind::Upstream | Kind::Unreachable | Kind::Truncated | Kind::Internal | Kind::Cancelled => {
            (error.kind.status(), "api_error")
        }
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
