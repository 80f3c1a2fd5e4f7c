//! Deltas → an answer for a client. What both forms share: heads, blocks, citations.

mod parts;
mod response;
mod stream;

pub(super) use response::response;
pub(super) use stream::StreamEncoder;

use super::ids;
use crate::dialect::{EncodeContext, carrier, make_id};
use crate::envelope::{Envelope, PREFIX};
use crate::ir::{Citation, Opaque, OpaqueKind};
use crate::json::write::Object;

/// Members of every answer before its content. The model is always the one the client asked for: Claude Code drops
/// thinking from its history when the names differ.
fn write_head(o: &mut Object<'_>, id: &str, model: &str) {
    o.str("id", id);
    o.str("type", "message");
    o.str("role", "assistant");
    o.str("model", model);
}

/// The answer's id: the upstream's when it is of this dialect, else one that belongs to the request.
fn answer_id(upstream: Option<&str>, cx: &EncodeContext) -> String {
    match upstream {
        Some(id) if id.starts_with("msg_") => id.to_owned(),
        _ => make_id("msg_", &cx.request_id, 0),
    }
}

/// This dialect's word for the tier that served, where it has one.
fn tier(upstream: Option<&str>) -> Option<&'static str> {
    match upstream? {
        "default" | "standard" => Some("standard"),
        "priority" | "fast" => Some("priority"),
        "batch" => Some("batch"),
        _ => None,
    }
}

/// A tool call's block, without its input.
fn write_tool(o: &mut Object<'_>, id: &str, name: &str, namespace: Option<&str>) {
    o.str("type", "tool_use");
    o.str("id", &ids::pack(id));
    match namespace {
        Some(namespace) => o.str("name", &format!("{namespace}__{name}")),
        None => o.str("name", name),
    }
}

fn write_thinking(o: &mut Object<'_>, text: &str, signature: &str) {
    o.str("type", "thinking");
    o.str("thinking", text);
    o.str("signature", signature);
}

fn write_redacted(o: &mut Object<'_>, data: &str) {
    o.str("type", "redacted_thinking");
    o.str("data", data);
}

/// What stands for thinking of which nothing can be shown: its state alone.
fn is_redacted(text_is_empty: bool, opaque: &[Opaque<'_>]) -> bool {
    text_is_empty
        && opaque
            .iter()
            .any(|state| state.kind == OpaqueKind::Redacted)
}

/// State of a part that has no field for it: the data of a block behind it. `None`: there is none.
fn beside(envelope: &Envelope, opaque: &[Opaque<'_>], call: Option<&str>) -> Option<String> {
    (!opaque.is_empty()).then(|| carrier::seal(envelope, opaque, call))
}

/// Whether a citation can be said: this dialect cites by URL here.
fn is_citable(citation: &Citation<'_>) -> bool {
    citation.url.is_some_and(|url| !url.is_empty())
}

/// A source on the web. The index is required and opaque; ours says that no vendor issued it, and such a citation is
/// taken out again when the client returns it.
fn write_citation(o: &mut Object<'_>, citation: &Citation<'_>) {
    o.str("type", "web_search_result_location");
    o.str("cited_text", citation.quote.unwrap_or(""));
    o.str("encrypted_index", PREFIX);
    match citation.title {
        Some(title) => o.str("title", title),
        None => o.null("title"),
    }
    o.str("url", citation.url.unwrap_or(""));
}

/// Whether a part that only one dialect understands is of this one (hosted tools and their results).
fn is_native(kind: &str) -> bool {
    matches!(
        kind,
        "server_tool_use" | "mcp_tool_use" | "container_upload"
    ) || kind.ends_with("_tool_result")
}
