//! The settings of a request that its answer repeats.
//!
//! Strict readers (zod, the Open Responses suite) demand every one of them in every response object, so what the
//! client did not say is filled in with the API's documented default. Function tools get the members that they may
//! leave out in a request but not in an answer.

use std::sync::LazyLock;

use crate::json::Node;
use crate::json::write::{self, Object};

/// Settings in the order of OpenAI's own answers, and what stands for one that was not said.
const SETTINGS: [(&str, &str); 20] = [
    ("background", "false"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("store", "true"),
    ("temperature", "1"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "1"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
    ("metadata", "{}"),
    ("presence_penalty", "0"),
];

/// Settings of a request that said nothing.
static UNSAID: LazyLock<String> = LazyLock::new(|| members(None));

/// The members to repeat, without the object's braces.
pub(super) fn settings(body: Node<'_>) -> String {
    members(Some(body))
}

/// The members of a request that is not known.
pub(super) fn unsaid() -> &'static str {
    &UNSAID
}

/// Whether the client asked for a summary of the thinking: then its reader looks for one.
pub(super) fn wants_summary(settings: &str) -> bool {
    let object = format!("{{{settings}}}");
    let mut tape = crate::json::Tape::new();
    let Ok(root) = tape.parse(&object) else {
        return false;
    };
    let Some(reasoning) = root.get("reasoning") else {
        return false;
    };
    let summary = reasoning
        .get("summary")
        .or(reasoning.get("generate_summary"));
    summary.is_some_and(|word| !word.is("none"))
}

fn members(body: Option<Node<'_>>) -> String {
    let mut out = Vec::with_capacity(1024);
    write::object(&mut out, |o| {
        for (key, unsaid) in SETTINGS {
            match (key, body.and_then(|body| body.get(key))) {
                (_, None) => o.raw(key, unsaid),
                ("tools", Some(tools)) if tools.is_array() => write_tools(o, tools),
                ("text", Some(text)) if text.is_object() => write_text(o, text),
                ("reasoning", Some(node)) if node.is_object() => write_reasoning(o, node),
                (_, Some(node)) => o.raw(key, node.raw()),
            }
        }
        let penalty = body.and_then(|body| body.get("frequency_penalty"));
        o.raw("frequency_penalty", penalty.map_or("0", Node::raw));
    });
    let inner = out.get(1..out.len() - 1).unwrap_or_default();
    String::from_utf8_lossy(inner).into_owned()
}

fn write_tools(o: &mut Object<'_>, tools: Node<'_>) {
    o.array("tools", |list| {
        for tool in tools.items() {
            if tool.get("type").is_some_and(|kind| kind.is("function")) {
                list.object(|o| {
                    copy(o, tool);
                    fill(o, tool, "description", "null");
                    fill(o, tool, "parameters", "null");
                    fill(o, tool, "strict", "true");
                });
            } else {
                list.raw(tool.raw());
            }
        }
    });
}

fn write_text(o: &mut Object<'_>, text: Node<'_>) {
    o.object("text", |o| {
        let said = text
            .entries()
            .filter(|(key, value)| !(key.is("format") && value.is_null()));
        for (key, value) in said {
            o.raw(&key.as_str().unwrap_or_default(), value.raw());
        }
        if text.get("format").is_none() {
            o.raw("format", r#"{"type":"text"}"#);
        }
    });
}

fn write_reasoning(o: &mut Object<'_>, reasoning: Node<'_>) {
    o.object("reasoning", |o| {
        copy(o, reasoning);
        fill(o, reasoning, "effort", "null");
        fill(o, reasoning, "summary", "null");
    });
}

fn copy(o: &mut Object<'_>, node: Node<'_>) {
    for (key, value) in node.entries() {
        o.raw(&key.as_str().unwrap_or_default(), value.raw());
    }
}

/// A member that the client left out.
fn fill(o: &mut Object<'_>, node: Node<'_>, key: &str, unsaid: &str) {
    if node.find(key).is_none() {
        o.raw(key, unsaid);
    }
}
