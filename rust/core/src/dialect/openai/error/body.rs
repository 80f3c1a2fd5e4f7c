//! What the error bodies of Chat hosts have in common.
//!
//! Seen: OpenAI's `{"error":{…}}`, the same with a text (llama.cpp, Ollama), flat objects (vLLM, Mistral), FastAPI's
//! `{"detail":…}`, arrays around any of them (Gemini's OpenAI face), and OpenRouter's `metadata.raw`, where the cause
//! stands as JSON inside a JSON string.

use std::borrow::Cow;

use crate::json::{Node, Tape};

/// Bodies inside bodies that are opened.
const MAX_UNWRAP: u8 = 2;
/// Longest wait that is believed: a day.
const MAX_WAIT_MS: f64 = 86_400_000.0;

/// An error body, read as far as it is understood.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) message: Option<String>,
    /// `type`, or Gemini's `status`.
    pub(super) kind: Option<String>,
    pub(super) code: Option<String>,
    pub(super) param: Option<String>,
    /// A code that is an HTTP error status.
    pub(super) status: Option<u16>,
    pub(super) retry_after_ms: Option<u64>,
}

impl Body {
    pub(super) fn read(root: Node<'_>) -> Self {
        read(root, MAX_UNWRAP)
    }

    /// Take what the inner body knows better.
    fn overlay(self, inner: Self) -> Self {
        Self {
            message: inner.message.or(self.message),
            kind: inner.kind.or(self.kind),
            code: inner.code.or(self.code),
            param: inner.param.or(self.param),
            status: self.status.or(inner.status),
            retry_after_ms: inner.retry_after_ms.or(self.retry_after_ms),
        }
    }
}

fn read(root: Node<'_>, depth: u8) -> Body {
    let root = root.items().next().unwrap_or(root);
    let error = root.get("error").or(root.get("detail")).unwrap_or(root);
    let error = error
        .get("error")
        .filter(|inner| inner.is_object())
        .unwrap_or(error);
    if let Some(text) = error.as_str() {
        return Body {
            retry_after_ms: wait(root),
            ..flat(root, Some(text))
        };
    }
    if error.is_array() {
        return Body {
            message: validation(error),
            ..flat(root, None)
        };
    }
    let body = Body {
        retry_after_ms: wait(error).or_else(|| wait(root)),
        ..flat(error, None)
    };
    match raw_cause(error, depth) {
        Some(cause) => body.overlay(cause),
        None => body,
    }
}

fn flat(node: Node<'_>, message: Option<Cow<'_, str>>) -> Body {
    let owned = |key: &str| {
        node.text(key)
            .map(Cow::into_owned)
            .filter(|text| !text.is_empty())
    };
    let code = node.get("code");
    let status = code.or(node.get("status")).and_then(Node::as_u64);
    Body {
        message: message
            .map(Cow::into_owned)
            .or_else(|| owned("message"))
            .or_else(|| owned("msg")),
        kind: owned("type").or_else(|| owned("status")),
        code: owned("code").or_else(|| reason(node)),
        param: owned("param"),
        status: status
            .and_then(|code| u16::try_from(code).ok())
            .filter(|code| (400..600).contains(code)),
        retry_after_ms: None,
    }
}

/// Gemini's `details[].reason`.
fn reason(node: Node<'_>) -> Option<String> {
    node.get("details")?
        .items()
        .find_map(|detail| detail.text("reason"))
        .map(Cow::into_owned)
}

/// FastAPI's list of mistakes: `[{"loc":["body","messages"],"msg":"field required"}]`.
fn validation(list: Node<'_>) -> Option<String> {
    let first = list.items().next()?;
    let message = first.text("msg").or(first.as_str())?;
    let place: Vec<_> = first
        .get("loc")
        .into_iter()
        .flat_map(Node::items)
        .map(|step| step.as_str().unwrap_or_else(|| step.raw().into()))
        .collect();
    Some(if place.is_empty() {
        message.into_owned()
    } else {
        format!("{}: {message}", place.join("."))
    })
}

/// OpenRouter: "Provider returned error" outside, the cause inside `metadata.raw` (JSON, text or an object).
fn raw_cause(error: Node<'_>, depth: u8) -> Option<Body> {
    let raw = error.get("metadata")?.get("raw")?;
    if depth == 0 {
        return None;
    }
    let Some(text) = raw.as_str() else {
        return Some(read(raw, depth - 1));
    };
    match Tape::new().parse(&text) {
        Ok(root) if root.is_object() || root.is_array() => Some(read(root, depth - 1)),
        _ if text.trim_start().starts_with('<') || text.trim().is_empty() => None,
        _ => Some(Body {
            message: Some(text.into_owned()),
            ..Body::default()
        }),
    }
}

/// A wait said in a field; waits said in prose are not looked for.
fn wait(node: Node<'_>) -> Option<u64> {
    let direct = |node: Node<'_>| {
        let milliseconds = node.get("retry_after_ms").and_then(number);
        let seconds = ["retry_after", "retry_after_seconds"]
            .iter()
            .find_map(|key| node.get(key))
            .and_then(number);
        milliseconds.or(seconds.map(|s| s * 1e3)).and_then(bounded)
    };
    let metadata = node.get("metadata");
    direct(node)
        .or_else(|| direct(metadata?))
        .or_else(|| headers(metadata?.get("headers")?))
        .or_else(|| {
            node.get("details")?
                .items()
                .find_map(|detail| duration(detail.get("retryDelay")?))
        })
}

fn headers(headers: Node<'_>) -> Option<u64> {
    let find = |name: &str| {
        let value = headers
            .members()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?
            .1;
        number(value)
    };
    find("retry-after-ms")
        .or_else(|| find("retry-after").map(|s| s * 1e3))
        .and_then(bounded)
}

/// Protobuf's JSON form of a duration: `"34.4s"`.
fn duration(node: Node<'_>) -> Option<u64> {
    let text = node.as_str()?;
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    bounded(seconds * 1e3)
}

fn number(node: Node<'_>) -> Option<f64> {
    match node.as_number() {
        Some(number) => number.as_f64(),
        None => node.as_str()?.trim().parse().ok(),
    }
}

fn bounded(milliseconds: f64) -> Option<u64> {
    #[expect(clippy::cast_sign_loss, reason = "negative values are filtered out")]
    let whole = |ms: f64| ms.ceil() as u64;
    (milliseconds.is_finite() && milliseconds >= 0.0).then(|| whole(milliseconds.min(MAX_WAIT_MS)))
}
