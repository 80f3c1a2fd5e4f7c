//! An upstream's error → ours.

use super::body::Body;
use super::{strong, weak};
use crate::error::{Error, Kind, Retry, Source};
use crate::json::{Node, Tape};
use crate::redact::redact;

/// Characters of a body that is not JSON that are shown.
const MAX_PLAIN: usize = 200;

/// Read an error answer; `body` may be anything.
pub(in crate::dialect) fn decode(status: u16, body: &[u8]) -> Error {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{FEFF}').trim();
    let mut tape = Tape::new();
    let read = match tape.parse(text) {
        Ok(root) if root.is_object() || root.is_array() || root.is_string() => Body::read(root),
        _ => Body {
            message: plain(text),
            ..Body::default()
        },
    };
    build(Some(status), read)
}

/// Read an error object that came inside a 200.
pub(in crate::dialect) fn in_band(root: Node<'_>) -> Error {
    build(None, Body::read(root))
}

fn plain(text: &str) -> Option<String> {
    if text.is_empty() || text.starts_with('<') {
        return None;
    }
    Some(
        text.chars()
            .filter(|c| !c.is_control())
            .take(MAX_PLAIN)
            .collect(),
    )
}

fn build(status: Option<u16>, body: Body) -> Error {
    let kind = kind(status, &body);
    let message = match &body.message {
        Some(message) => redact(message).into_owned(),
        None => silent(status.or(body.status)),
    };
    let mut error = Error::new(kind, Source::of_refusal(kind), message);
    error.code = body
        .code
        .or_else(|| body.kind.filter(|kind| strong(kind).is_some()));
    error.pointer = body.param.as_deref().map(pointer);
    error.upstream_status = status;
    error.retry_after_ms = body.retry_after_ms;
    if let (Retry::OtherAccount, Some(wait)) = (error.retry, error.retry_after_ms) {
        error.retry = Retry::SameAfter(wait);
    }
    error
}

fn silent(status: Option<u16>) -> String {
    match status {
        Some(status) => format!("the upstream answered with status {status} and no reason"),
        None => "the upstream reported an error without a reason".into(),
    }
}

fn kind(status: Option<u16>, body: &Body) -> Kind {
    let words = [body.code.as_deref(), body.kind.as_deref()];
    let by = |table: fn(&str) -> Option<Kind>| words.iter().copied().flatten().find_map(table);
    match status {
        Some(413) => Kind::TooLarge,
        Some(status) => by(strong).unwrap_or_else(|| Kind::from_status(status)),
        None => by(strong)
            .or_else(|| body.status.map(Kind::from_status))
            .or_else(|| by(weak))
            .unwrap_or(Kind::Upstream),
    }
}

/// OpenAI's `messages[0].content` as a JSON pointer.
fn pointer(param: &str) -> String {
    let mut pointer = String::with_capacity(param.len() + 1);
    for step in param
        .split(['.', '[', ']', '/'])
        .filter(|step| !step.is_empty())
    {
        pointer.push('/');
        pointer.push_str(&step.replace('~', "~0"));
    }
    pointer
}
