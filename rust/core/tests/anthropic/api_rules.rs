//! What the API refuses in a request, as far as it is known: every request that the codec writes must pass.

use std::collections::HashSet;

use serde_json::Value;

pub(crate) fn check(body: &Value) {
    assert!(
        body["model"].is_string() && body["max_tokens"].is_u64(),
        "{body}"
    );
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(
        messages.first().unwrap()["role"],
        "user",
        "the user speaks first"
    );
    let mut seen = HashSet::new();
    let mut waiting: Vec<&str> = Vec::new();
    let mut last = "";
    for message in messages {
        let role = message["role"].as_str().unwrap();
        assert!(["user", "assistant", "system"].contains(&role));
        assert_ne!(role, last, "roles alternate: {body}");
        last = role;
        let blocks = message["content"].as_array().unwrap();
        assert!(!blocks.is_empty(), "no message is empty: {body}");
        results(blocks, &waiting, role);
        waiting = calls(blocks, role, &mut seen);
        blocks.iter().for_each(block);
    }
    assert!(waiting.is_empty(), "every call has its result: {body}");
    system(body);
    tools(body);
    thinking(body, messages);
    let markers = body.to_string().matches("\"cache_control\"").count();
    assert!(markers <= 4, "{markers} breakpoints");
}

/// The results of the calls before, all of them, first, in call order.
fn results(blocks: &[Value], waiting: &[&str], role: &str) {
    let ids: Vec<_> = blocks
        .iter()
        .take_while(|block| block["type"] == "tool_result")
        .map(|block| block["tool_use_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, waiting);
    assert!(ids.is_empty() || role == "user");
    let rest = &blocks[ids.len()..];
    assert!(
        rest.iter().all(|block| block["type"] != "tool_result"),
        "results first: {blocks:?}"
    );
}

fn calls<'b>(blocks: &'b [Value], role: &str, seen: &mut HashSet<&'b str>) -> Vec<&'b str> {
    let mut ids = Vec::new();
    for block in blocks.iter().filter(|block| block["type"] == "tool_use") {
        assert_eq!(role, "assistant");
        let id = block["id"].as_str().unwrap();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        assert!(!id.is_empty() && id.bytes().all(allowed), "id {id}");
        assert!(seen.insert(id), "id {id} twice");
        assert!(block["input"].is_object());
        name(&block["name"]);
        ids.push(id);
    }
    ids
}

fn name(name: &Value) {
    let name = name.as_str().unwrap();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    assert!(
        (1..=64).contains(&name.len()) && name.bytes().all(allowed),
        "name {name}"
    );
}

fn block(block: &Value) {
    let kind = block["type"].as_str().unwrap();
    let text = |key: &str| block[key].as_str().unwrap();
    match kind {
        "text" => assert!(!text("text").trim().is_empty(), "a blank text block"),
        "thinking" => assert!(!text("signature").is_empty(), "unsigned thinking"),
        "redacted_thinking" => assert!(!text("data").is_empty()),
        "image" if block["source"]["type"] == "base64" => {
            let mime = block["source"]["media_type"].as_str().unwrap();
            assert!(["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&mime));
        }
        "tool_result" => {
            for inner in block["content"].as_array().into_iter().flatten() {
                self::block(inner);
            }
        }
        _ => {}
    }
}

fn system(body: &Value) {
    for block in body["system"].as_array().into_iter().flatten() {
        assert!(block["type"] == "text" && !block["text"].as_str().unwrap().trim().is_empty());
    }
}

fn tools(body: &Value) {
    let mut names = HashSet::new();
    for tool in body["tools"].as_array().into_iter().flatten() {
        name(&tool["name"]);
        assert!(
            names.insert(tool["name"].as_str().unwrap()),
            "a tool name twice"
        );
        if let Some(schema) = tool.get("input_schema") {
            assert_eq!(schema["type"], "object");
            for key in ["anyOf", "oneOf", "allOf"] {
                assert!(schema.get(key).is_none(), "{key} at the root");
            }
        }
    }
    let choice = &body["tool_choice"];
    assert!(
        choice.is_null() || !names.is_empty(),
        "a choice without tools"
    );
    if choice["type"] == "tool" {
        assert!(names.contains(choice["name"].as_str().unwrap()));
    }
    if choice["type"] == "none" {
        assert!(choice.get("disable_parallel_tool_use").is_none());
    }
}

fn thinking(body: &Value, messages: &[Value]) {
    if body["thinking"]["type"] != "enabled" {
        return;
    }
    let budget = body["thinking"]["budget_tokens"].as_u64().unwrap();
    assert!(budget >= 1024 && budget < body["max_tokens"].as_u64().unwrap());
    assert!(body.get("top_k").is_none());
    assert!(
        body.get("temperature")
            .is_none_or(|t| t.as_f64() == Some(1.0))
    );
    let choice = body["tool_choice"]["type"].as_str().unwrap_or("auto");
    assert!(["auto", "none"].contains(&choice), "a forced tool");
    let last = messages
        .iter()
        .rev()
        .find(|message| message["role"] == "assistant");
    let blocks = last.and_then(|message| message["content"].as_array());
    if let Some(blocks) = blocks.filter(|b| b.iter().any(|b| b["type"] == "tool_use")) {
        assert!(blocks[0]["type"].as_str().unwrap().contains("thinking"));
    }
}
