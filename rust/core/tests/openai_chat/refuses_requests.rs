//! Bad requests: a 400 that names the field, never a panic.

use fastproxy_core::dialect::Dialect;
use fastproxy_core::error::{Kind, Retry, Source};
use serde_json::{Value, json};

use crate::kit::with_request;

fn refused(body: &Value) -> (String, String) {
    let error =
        with_request(Dialect::OpenaiChat, &body.to_string(), |_| ()).expect_err(&body.to_string());
    assert_eq!(
        (error.kind, error.source, error.retry),
        (Kind::BadRequest, Source::Client, Retry::Never)
    );
    (error.pointer.unwrap_or_default(), error.message)
}

/// A valid request with one field replaced.
fn with(field: &str, value: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    body[field] = value;
    body
}

#[test]
fn fields_of_the_wrong_type_or_out_of_range() {
    let cases = [
        ("model", json!(7), "/model"),
        ("model", json!(" "), "/model"),
        ("model", json!(null), "/model"),
        ("messages", json!(null), "/messages"),
        ("messages", json!([]), "/messages"),
        ("messages", json!({}), "/messages"),
        ("stream", json!("yes"), "/stream"),
        ("stream_options", json!([]), "/stream_options"),
        (
            "stream_options",
            json!({"include_usage": 1}),
            "/stream_options/include_usage",
        ),
        ("temperature", json!(2.5), "/temperature"),
        ("temperature", json!("hot"), "/temperature"),
        ("top_p", json!(-0.1), "/top_p"),
        ("top_k", json!(1.5), "/top_k"),
        ("frequency_penalty", json!(3), "/frequency_penalty"),
        ("presence_penalty", json!([]), "/presence_penalty"),
        ("logit_bias", json!({"1": 101}), "/logit_bias/1"),
        ("logit_bias", json!([1]), "/logit_bias"),
        ("seed", json!(0.5), "/seed"),
        ("n", json!(0), "/n"),
        ("n", json!(129), "/n"),
        ("stop", json!(3), "/stop"),
        ("stop", json!(["a", 3]), "/stop/1"),
        ("logprobs", json!(5), "/logprobs"),
        ("top_logprobs", json!(21), "/top_logprobs"),
        ("max_tokens", json!(0), "/max_tokens"),
        (
            "max_completion_tokens",
            json!("9"),
            "/max_completion_tokens",
        ),
        ("tools", json!({}), "/tools"),
        ("tools", json!([7]), "/tools/0"),
        ("tools", json!([{}]), "/tools/0/type"),
        ("tools", json!([{"type": "function"}]), "/tools/0/function"),
        (
            "tools",
            json!([{"type": "function", "function": {"name": ""}}]),
            "/tools/0/function/name",
        ),
        (
            "tools",
            json!([{"type": "function", "function": {"name": "f", "parameters": "x"}}]),
            "/tools/0/function/parameters",
        ),
        (
            "tools",
            json!([{"type": "function", "function": {"name": "f", "strict": 1}}]),
            "/tools/0/function/strict",
        ),
        (
            "tools",
            json!([{"type": "custom", "custom": {}}]),
            "/tools/0/custom/name",
        ),
        (
            "functions",
            json!([{"description": "x"}]),
            "/functions/0/name",
        ),
        ("tool_choice", json!("sometimes"), "/tool_choice"),
        (
            "tool_choice",
            json!({"type": "function"}),
            "/tool_choice/function",
        ),
        (
            "tool_choice",
            json!({"type": "allowed_tools", "allowed_tools": {"mode": "all", "tools": []}}),
            "/tool_choice/allowed_tools/mode",
        ),
        ("function_call", json!({}), "/function_call/name"),
        ("parallel_tool_calls", json!("no"), "/parallel_tool_calls"),
        ("response_format", json!("json"), "/response_format"),
        ("response_format", json!({}), "/response_format/type"),
        (
            "response_format",
            json!({"type": "json_schema"}),
            "/response_format/json_schema",
        ),
        (
            "response_format",
            json!({"type": "json_schema", "json_schema": {"schema": 3}}),
            "/response_format/json_schema/schema",
        ),
        ("reasoning_effort", json!(3), "/reasoning_effort"),
        ("reasoning", json!("high"), "/reasoning"),
        ("thinking", json!({"type": 1}), "/thinking/type"),
        ("verbosity", json!(1), "/verbosity"),
        ("service_tier", json!({}), "/service_tier"),
        ("user", json!(5), "/user"),
        ("metadata", json!("x"), "/metadata"),
        ("store", json!("x"), "/store"),
        ("prompt_cache_key", json!(1), "/prompt_cache_key"),
    ];
    for (field, value, pointer) in cases {
        let (found, message) = refused(&with(field, value.clone()));
        assert_eq!(found, pointer, "{field}: {value}: {message}");
    }
}

#[test]
fn messages_of_the_wrong_shape() {
    let call = |id: Value| json!({"role": "assistant", "tool_calls": [{"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let cases = [
        (json!(["hi"]), "/messages/0"),
        (json!([{"content": "x"}]), "/messages/0/role"),
        (
            json!([{"role": "robot", "content": "x"}]),
            "/messages/0/role",
        ),
        (json!([{"role": 1, "content": "x"}]), "/messages/0/role"),
        (json!([{"role": "user"}]), "/messages/0/content"),
        (
            json!([{"role": "user", "content": null}]),
            "/messages/0/content",
        ),
        (
            json!([{"role": "user", "content": 5}]),
            "/messages/0/content",
        ),
        (
            json!([{"role": "user", "content": ["x"]}]),
            "/messages/0/content/0",
        ),
        (
            json!([{"role": "user", "content": [{}]}]),
            "/messages/0/content/0/type",
        ),
        (
            json!([{"role": "user", "content": [{"type": "text"}]}]),
            "/messages/0/content/0/text",
        ),
        (
            json!([{"role": "user", "content": [{"type": "image_url"}]}]),
            "/messages/0/content/0/image_url",
        ),
        (
            json!([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]),
            "/messages/0/content/0/image_url/url",
        ),
        (
            json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png,raw"}}]}]),
            "/messages/0/content/0/image_url/url",
        ),
        (
            json!([{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA"}}]}]),
            "/messages/0/content/0/input_audio/format",
        ),
        (
            json!([{"role": "user", "content": [{"type": "file", "file": {}}]}]),
            "/messages/0/content/0/file",
        ),
        (
            json!([{"role": "user", "content": [{"type": "file", "file": {"file_data": "AAAA"}}]}]),
            "/messages/0/content/0/file/file_data",
        ),
        (
            json!([{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": 1}]}]),
            "/messages/0/content/0/cache_control",
        ),
        (
            json!([{"role": "user", "name": 3, "content": "x"}]),
            "/messages/0/name",
        ),
        (json!([call(json!(null))]), "/messages/0/tool_calls/0/id"),
        (
            json!([{"role": "assistant", "tool_calls": [{"id": "c"}]}]),
            "/messages/0/tool_calls/0/function",
        ),
        (
            json!([{"role": "assistant", "tool_calls": {}}]),
            "/messages/0/tool_calls",
        ),
        (
            json!([{"role": "assistant", "content": "x", "reasoning_content": 1}]),
            "/messages/0/reasoning_content",
        ),
        (
            json!([{"role": "tool", "tool_call_id": "c", "content": "x"}]),
            "/messages/0/tool_call_id",
        ),
        (
            json!([call(json!("a")), {"role": "tool", "tool_call_id": "b", "content": "x"}]),
            "/messages/1/tool_call_id",
        ),
        (
            json!([{"role": "function", "name": "f", "content": "x"}]),
            "/messages/0/tool_call_id",
        ),
        (
            json!([call(json!("a")), call(json!("b")), {"role": "tool", "content": "x"}]),
            "/messages/2/tool_call_id",
        ),
    ];
    for (messages, pointer) in cases {
        let (found, message) = refused(&with("messages", messages.clone()));
        assert_eq!(found, pointer, "{messages}: {message}");
    }
}

#[test]
fn the_body_must_be_an_object() {
    for body in [json!([]), json!("x"), json!(null), json!(7)] {
        assert_eq!(refused(&body).0, "");
    }
}

#[test]
fn a_result_without_id_is_paired_with_the_only_open_call() {
    let body = with(
        "messages",
        json!([
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]},
            {"role": "tool", "content": "x"}]),
    );
    let id = with_request(
        Dialect::OpenaiChat,
        &body.to_string(),
        |request| match &request.turns[1].parts[0].content {
            fastproxy_core::ir::Content::ToolResult(result) => result.id.to_string(),
            other => panic!("{other:?}"),
        },
    );
    assert_eq!(id.unwrap(), "a");
}

/// Every value of a full request, replaced by every type: read or refused, never a panic.
#[test]
fn type_confusion_is_harmless() {
    let full: Value = serde_json::from_slice(&crate::kit::fixture("request", "full.json")).unwrap();
    let mut pointers = Vec::new();
    collect(&full, String::new(), &mut pointers);
    let mut refused = 0;
    for pointer in &pointers {
        for value in [
            json!(null),
            json!(true),
            json!(-1e300),
            json!("x"),
            json!([]),
            json!({}),
            json!([[{}]]),
        ] {
            let mut body = full.clone();
            *body.pointer_mut(pointer).unwrap() = value;
            let read = with_request(Dialect::OpenaiChat, &body.to_string(), |_| ());
            refused += usize::from(read.is_err_and(|error| error.kind == Kind::BadRequest));
        }
    }
    assert!(
        refused > pointers.len(),
        "most of it is refused: {refused} of {}",
        7 * pointers.len()
    );
}

fn collect(value: &Value, at: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                collect(value, format!("{at}/{key}"), pointers);
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                collect(value, format!("{at}/{n}"), pointers);
            }
        }
        _ => {}
    }
    if !at.is_empty() {
        pointers.push(at);
    }
}
