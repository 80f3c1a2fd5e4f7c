//! Our errors in OpenAI's words.

use crate::error::{Error, Kind, Source};
use crate::json::write::{self, Object};
use crate::redact::redact;

/// How one error is said.
struct Words {
    status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    /// The upstream's own code would be misread as being about the client's key or money.
    hides_code: bool,
}

impl Words {
    fn new(status: u16, kind: &'static str, code: Option<&'static str>) -> Self {
        Self {
            status,
            kind,
            code,
            hides_code: false,
        }
    }
}

/// An error as a client is shown it.
#[derive(Debug)]
pub(in crate::dialect) struct Shown {
    /// The HTTP status.
    pub(in crate::dialect) status: u16,
    pub(in crate::dialect) kind: &'static str,
    pub(in crate::dialect) code: Option<String>,
    pub(in crate::dialect) message: String,
    pub(in crate::dialect) param: Option<String>,
}

impl Shown {
    pub(in crate::dialect) fn new(error: &Error, request_id: &str) -> Self {
        let words = words(error);
        let native = error.code.as_deref().filter(|code| is_openais(code));
        let code = native.filter(|_| !words.hides_code).or(words.code);
        let pointer = error.pointer.as_deref();
        Self {
            status: words.status,
            kind: words.kind,
            code: code.map(Into::into),
            message: message(error, request_id, words.hides_code),
            param: pointer.filter(|pointer| !pointer.is_empty()).map(param),
        }
    }

    /// Write the error object.
    pub(in crate::dialect) fn write(&self, o: &mut Object<'_>) {
        o.object("error", |o| {
            o.str("message", &self.message);
            o.str("type", self.kind);
            self.place(o);
        });
    }

    /// Write `param` and `code`.
    pub(in crate::dialect) fn place(&self, o: &mut Object<'_>) {
        for (key, value) in [("param", &self.param), ("code", &self.code)] {
            match value {
                Some(value) => o.str(key, value),
                None => o.null(key),
            }
        }
    }
}

/// The HTTP status and the body.
pub(in crate::dialect) fn encode(error: &Error, request_id: &str) -> (u16, Vec<u8>) {
    let shown = Shown::new(error, request_id);
    let mut body = Vec::with_capacity(256);
    write::object(&mut body, |o| shown.write(o));
    (shown.status, body)
}

/// The error object, as it stands in streams.
pub(in crate::dialect) fn write(out: &mut Vec<u8>, error: &Error, request_id: &str) {
    write::object(out, |o| Shown::new(error, request_id).write(o));
}

/// Codes of other dialects (Anthropic's `api_error`, Gemini's `RESOURCE_EXHAUSTED`) mean nothing to OpenAI's clients.
fn is_openais(code: &str) -> bool {
    !code.ends_with("_error") && !code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

fn message(error: &Error, request_id: &str, hidden: bool) -> String {
    match error.kind {
        Kind::Internal => format!("internal error (request {request_id})"),
        Kind::Auth | Kind::Permission if hidden => {
            format!("no upstream account may serve this request (request {request_id})")
        }
        Kind::Billing if hidden => {
            format!("no upstream account has credit left (request {request_id})")
        }
        _ => match error.pointer.as_deref().filter(|p| !p.is_empty()) {
            Some(pointer) => format!("{} (at {pointer})", redact(&error.message)),
            None => redact(&error.message).into_owned(),
        },
    }
}

/// Keys, permissions and credit are the client's only when it is the client's own key that lacks them: an operator's
/// bad upstream key shown as a 401 makes agents log their users out.
fn words(error: &Error) -> Words {
    const INVALID: &str = "invalid_request_error";
    const SERVER: &str = "server_error";
    let is_clients = error.source == Source::Client;
    match error.kind {
        Kind::Auth if is_clients => Words::new(401, INVALID, Some("invalid_api_key")),
        Kind::Billing if is_clients => {
            Words::new(429, "insufficient_quota", Some("insufficient_quota"))
        }
        Kind::Permission if is_clients => {
            Words::new(403, "permission_error", Some("permission_denied"))
        }
        Kind::Auth | Kind::Permission => Words {
            hides_code: true,
            ..Words::new(502, SERVER, Some("upstream_error"))
        },
        Kind::Billing => Words {
            hides_code: true,
            ..Words::new(503, SERVER, Some("upstream_error"))
        },
        Kind::ContextTooLong => Words::new(400, INVALID, Some("context_length_exceeded")),
        Kind::NotFound => Words::new(404, INVALID, Some("model_not_found")),
        Kind::Method => Words::new(405, INVALID, Some("method_not_supported")),
        Kind::RequestTimeout => Words::new(408, INVALID, Some("request_timeout")),
        Kind::Conflict => Words::new(409, INVALID, Some("conflict")),
        Kind::TooLarge => Words::new(413, INVALID, Some("request_too_large")),
        Kind::MediaType => Words::new(415, INVALID, Some("unsupported_media_type")),
        Kind::BadRequest | Kind::Unprocessable => Words::new(error.kind.status(), INVALID, None),
        Kind::RateLimit => Words::new(429, "rate_limit_error", Some("rate_limit_exceeded")),
        Kind::Overloaded => Words::new(503, SERVER, Some("service_unavailable")),
        Kind::Timeout => Words::new(504, SERVER, Some("timeout")),
        Kind::Upstream | Kind::Unreachable | Kind::Truncated => {
            Words::new(502, SERVER, Some("upstream_error"))
        }
        Kind::Internal => Words {
            hides_code: true,
            ..Words::new(500, SERVER, Some("internal_error"))
        },
        Kind::Cancelled => Words::new(error.kind.status(), SERVER, Some("cancelled")),
    }
}

/// `/messages/0/content` as OpenAI says it: `messages[0].content`.
fn param(pointer: &str) -> String {
    let mut param = String::with_capacity(pointer.len());
    for step in pointer.split('/').skip(1) {
        if !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit()) {
            param.push('[');
            param.push_str(step);
            param.push(']');
            continue;
        }
        if !param.is_empty() {
            param.push('.');
        }
        param.push_str(&step.replace("~1", "/").replace("~0", "~"));
    }
    param
}
