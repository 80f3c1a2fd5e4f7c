//! Requests that are wrong: refused with the place of the mistake.

use fastproxy_core::error::{Kind, Source};
use serde_json::{Value, json};

use super::kit::{fixture, refused};

fn with(extra: Value) -> Value {
    let mut body = json!({"model": "m", "input": "x"});
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn item(item: Value) -> Value {
    json!({"model": "m", "input": [item]})
}

fn part(part: Value) -> Value {
    item(json!({"role": "user", "content": [part]}))
}

#[test]
fn mistakes_are_told_with_their_place() {
    let cases = [
        (json!({"input": "x"}), "/model"),
        (json!({"model": 1, "input": "x"}), "/model"),
        (json!({"model": "m"}), "/input"),
        (with(json!({"input": 1})), "/input"),
        (with(json!({"input": []})), "/input"),
        (with(json!({"input": ["x"]})), "/input/0"),
        (with(json!({"instructions": ["x"]})), "/instructions"),
        (with(json!({"stream": "yes"})), "/stream"),
        (with(json!({"temperature": 3})), "/temperature"),
        (with(json!({"top_p": "1"})), "/top_p"),
        (with(json!({"top_logprobs": 21})), "/top_logprobs"),
        (with(json!({"max_output_tokens": 0})), "/max_output_tokens"),
        (with(json!({"tools": {}})), "/tools"),
        (with(json!({"tools": [{}]})), "/tools/0/type"),
        (
            with(json!({"tools": [{"type": "function"}]})),
            "/tools/0/name",
        ),
        (
            with(json!({"tools": [{"type": "function", "name": "f", "parameters": "{}"}]})),
            "/tools/0/parameters",
        ),
        (
            with(json!({"tools": [{"type": "namespace", "name": "n"}]})),
            "/tools/0/tools",
        ),
        (
            with(
                json!({"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "custom"}]}]}),
            ),
            "/tools/0/tools/0/name",
        ),
        (with(json!({"tool_choice": "maybe"})), "/tool_choice"),
        (
            with(json!({"tool_choice": {"type": "function"}})),
            "/tool_choice/name",
        ),
        (
            with(json!({"tool_choice": {"type": "allowed_tools", "mode": "some", "tools": []}})),
            "/tool_choice/mode",
        ),
        (with(json!({"text": "short"})), "/text"),
        (with(json!({"text": {"format": {}}})), "/text/format/type"),
        (
            with(json!({"text": {"format": {"type": "json_schema", "schema": 1}}})),
            "/text/format/schema",
        ),
        (
            with(json!({"reasoning": {"effort": 3}})),
            "/reasoning/effort",
        ),
        (with(json!({"include": "all"})), "/include"),
        (with(json!({"include": [1]})), "/include/0"),
        (with(json!({"metadata": []})), "/metadata"),
        (with(json!({"store": 1})), "/store"),
        (with(json!({"background": "no"})), "/background"),
        (with(json!({"conversation": 1})), "/conversation"),
        (
            with(json!({"previous_response_id": ""})),
            "/previous_response_id",
        ),
        (with(json!({"prompt": "p"})), "/prompt"),
        (item(json!({})), "/input/0/type"),
        (item(json!({"type": 1})), "/input/0/type"),
        (
            item(json!({"role": "tool", "content": "x"})),
            "/input/0/role",
        ),
        (item(json!({"role": "user"})), "/input/0/content"),
        (
            item(json!({"role": "user", "content": 1})),
            "/input/0/content",
        ),
        (
            item(json!({"type": "function_call", "name": "f"})),
            "/input/0/call_id",
        ),
        (
            item(json!({"type": "function_call", "call_id": "c"})),
            "/input/0/name",
        ),
        (
            item(json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": 1})),
            "/input/0/arguments",
        ),
        (
            item(json!({"type": "function_call_output", "call_id": "c", "output": "x"})),
            "/input/0/call_id",
        ),
        (
            item(json!({"type": "function_call_output", "output": "x"})),
            "/input/0/call_id",
        ),
        (
            item(json!({"type": "reasoning", "summary": "x"})),
            "/input/0/summary",
        ),
        (
            item(json!({"type": "reasoning", "summary": [{"type": "summary_text"}]})),
            "/input/0/summary/0/text",
        ),
        (part(json!({})), "/input/0/content/0/type"),
        (
            part(json!({"type": "input_text"})),
            "/input/0/content/0/text",
        ),
        (part(json!({"type": "input_image"})), "/input/0/content/0"),
        (
            part(json!({"type": "input_image", "image_url": "data:image/png,x"})),
            "/input/0/content/0/image_url",
        ),
        (
            part(json!({"type": "input_file", "filename": "a"})),
            "/input/0/content/0",
        ),
        (
            part(json!({"type": "input_file", "file_data": "https://a.example/b"})),
            "/input/0/content/0/file_data",
        ),
        (
            part(json!({"type": "input_audio", "input_audio": {"data": "x"}})),
            "/input/0/content/0/input_audio/format",
        ),
    ];
    for (body, pointer) in cases {
        let error = refused(&body);
        assert_eq!(error.pointer.as_deref(), Some(pointer), "{body}: {error}");
        assert_eq!(
            (error.kind, error.source),
            (Kind::BadRequest, Source::Client)
        );
    }
}

#[test]
fn an_output_needs_its_call_and_its_output() {
    let body: Value = serde_json::from_slice(&fixture("request", "orphan_output.json")).unwrap();
    assert_eq!(refused(&body).pointer.as_deref(), Some("/input/1/call_id"));
    let silent = json!({"model": "m", "input": [
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c"}]});
    assert_eq!(refused(&silent).pointer.as_deref(), Some("/input/1/output"));
}
