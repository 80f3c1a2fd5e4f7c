//! Codex at work through the proxy: two turns, two calls at once, at upstreams of other dialects.
//!
//! It sends everything in every turn, acts on `output_item.done` alone, takes a call only with the namespace that it
//! offered, and returns items as they were, with all calls before all outputs.

use std::fmt::Write as _;

use fastproxy_core::dialect::Dialect;
use serde_json::{Value, json};

use super::grammar::read;
use super::kit::{ORIGIN, client, fixture, prepared, run, sent, setup};

fn first_turn() -> Value {
    let mut body: Value =
        serde_json::from_slice(&fixture("request", "codex_second_turn.json")).unwrap();
    let input = body["input"].as_array_mut().unwrap();
    input.truncate(4);
    body
}

/// A Chat upstream's answer: thinking, two calls of which one stands in a namespace, and one to the free-text tool.
fn chat_stream() -> String {
    let function = |index: u64, id: &str, name: &str, arguments: &str| {
        json!({"tool_calls": [{"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": arguments}}]})
    };
    let deltas = [
        json!({"reasoning_content": "Three at once."}),
        function(0, "c1", "shell", "{\"command\":"),
        function(1, "c2", "archive__find", "{\"year\":1910}"),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "[\"ls\"]}"}}]}),
        json!({"tool_calls": [{"index": 2, "id": "c3", "type": "custom",
            "custom": {"name": "apply_patch", "input": "*** \"x\"\n"}}]}),
    ];
    let mut stream = String::new();
    for delta in deltas {
        let chunk = json!({"id": "x", "choices": [{"index": 0, "delta": delta}]});
        let _ = write!(stream, "data: {chunk}\n\n");
    }
    let end = json!({"id": "x", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5}});
    let _ = write!(stream, "data: {end}\n\ndata: [DONE]\n\n");
    stream
}

/// The same from an Anthropic upstream, which knows functions only.
fn anthropic_stream() -> String {
    let start = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta = |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let mut events = vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": {"input_tokens": 9}}}),
        start(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        delta(
            0,
            json!({"type": "thinking_delta", "thinking": "Three at once."}),
        ),
        delta(0, json!({"type": "signature_delta", "signature": "U2ln"})),
        json!({"type": "content_block_stop", "index": 0}),
    ];
    for (index, id, name, input) in [
        (1, "c1", "shell", "{\"command\":[\"ls\"]}"),
        (2, "c2", "archive__find", "{\"year\":1910}"),
        (3, "c3", "apply_patch", "{\"input\":\"*** \\\"x\\\"\\n\"}"),
    ] {
        let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
        events.push(start(index, block));
        events.push(delta(
            index,
            json!({"type": "input_json_delta", "partial_json": input}),
        ));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}}));
    events.push(json!({"type": "message_stop"}));
    let mut stream = String::new();
    for event in &events {
        let name = event["type"].as_str().unwrap();
        let _ = write!(stream, "event: {name}\ndata: {event}\n\n");
    }
    stream
}

/// What Codex does with a stream: the items that were done, and their outputs.
fn act(stream: &str) -> Vec<Value> {
    let done = read(stream).items;
    let outputs: Vec<Value> = done
        .iter()
        .enumerate()
        .filter(|(_, item)| item["call_id"].is_string())
        .map(|(at, item)| {
            let kind = format!("{}_output", item["type"].as_str().unwrap());
            json!({"type": kind, "id": format!("fco_{at}"), "call_id": item["call_id"], "output": format!("out {}", item["name"])})
        })
        .collect();
    let mut input = done;
    for item in &mut input {
        if item["type"] == "reasoning" {
            item["content"] = Value::Null;
        }
    }
    input.extend(outputs);
    input
}

fn two_turns(upstream: Dialect, answer: &str) -> Value {
    let request = client(Dialect::OpenaiResponses, &first_turn());
    let first = prepared(&request, upstream, ORIGIN);
    let mut setup = setup(upstream, Dialect::OpenaiResponses, true);
    setup.names = first.names.clone();
    setup.encode.echo.clone_from(&first.echo);
    let (out, end) = run(setup, answer.as_bytes());
    end.unwrap();
    let reader = read(&out);
    let last = reader.last.as_ref().unwrap();
    assert_eq!(last["status"], "completed");
    assert_eq!(last["tools"].as_array().unwrap().len(), 4);
    let calls: Vec<_> = reader.items[1..]
        .iter()
        .map(|item| {
            (
                item["type"].as_str().unwrap(),
                item["name"].as_str().unwrap(),
                item["namespace"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("function_call", "shell", None),
            ("function_call", "find", Some("archive")),
            ("custom_tool_call", "apply_patch", None)
        ]
    );
    assert_eq!(
        reader.items[0]["summary"][0]["text"], "Three at once.",
        "Codex asked for a summary"
    );
    assert_eq!(reader.items[1]["arguments"], "{\"command\":[\"ls\"]}");
    assert_eq!(reader.items[3]["input"], "*** \"x\"\n");
    let mut body = first_turn();
    body["input"].as_array_mut().unwrap().extend(act(&out));
    let request = client(Dialect::OpenaiResponses, &body);
    sent(&prepared(&request, upstream, ORIGIN))
}

#[test]
fn at_a_chat_upstream() {
    let body = two_turns(Dialect::OpenaiChat, &chat_stream());
    let messages = body["messages"].as_array().unwrap();
    let roles: Vec<_> = messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles,
        [
            "developer",
            "developer",
            "user",
            "user",
            "assistant",
            "tool",
            "tool",
            "tool"
        ]
    );
    let assistant = &messages[4];
    assert_eq!(
        assistant["reasoning_content"], "Three at once.",
        "rows 44, 79"
    );
    let ids: Vec<_> = assistant["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["id"].clone())
        .collect();
    assert_eq!(ids, ["c1", "c2", "c3"]);
    assert_eq!(
        assistant["tool_calls"][1]["function"]["name"],
        "archive__find"
    );
    assert_eq!(assistant["tool_calls"][2]["custom"]["input"], "*** \"x\"\n");
    assert_eq!(messages[6]["content"], "out \"find\"");
}

#[test]
fn at_an_anthropic_upstream() {
    let body = two_turns(Dialect::Anthropic, &anthropic_stream());
    let messages = body["messages"].as_array().unwrap();
    let roles: Vec<_> = messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    let content = messages[1]["content"].as_array().unwrap();
    assert_eq!(
        content[0],
        json!({"type": "thinking", "thinking": "Three at once.", "signature": "U2ln"})
    );
    let names: Vec<_> = content[1..]
        .iter()
        .map(|block| block["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["shell", "archive__find", "apply_patch"]);
    assert_eq!(content[3]["input"], json!({"input": "*** \"x\"\n"}));
    let results = messages[2]["content"].as_array().unwrap();
    assert_eq!(results.len(), 3, "all in one turn");
    assert_eq!(results[1]["tool_use_id"], content[2]["id"]);
}
