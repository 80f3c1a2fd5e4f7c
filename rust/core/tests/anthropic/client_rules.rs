//! What clients must not send: a 400 that names the place.

use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::dialect::{ClientContext, Codec};
use fastproxy_core::error::{Kind, Source};
use serde_json::{Value, json};

use super::{doc, version};

fn body(path: &str, value: Value) -> Value {
    let mut body = json!({
        "model": "m", "max_tokens": 100,
        "messages": [{"role": "user", "content": "hi"}],
    });
    body[path] = value;
    body
}

fn message(content: &Value) -> Value {
    body("messages", json!([{"role": "user", "content": content}]))
}

fn refused(cx: &ClientContext, body: &Value) -> String {
    let doc = doc(body);
    let error = Anthropic
        .decode_request(doc.root(), cx)
        .expect_err(&body.to_string());
    assert_eq!(
        (error.kind, error.source),
        (Kind::BadRequest, Source::Client)
    );
    error.pointer.unwrap()
}

#[test]
fn wrong_types_and_values_are_named() {
    let cx = ClientContext::default();
    for (body, pointer) in [
        (body("model", json!(1)), "/model"),
        (body("model", json!("")), "/model"),
        (body("max_tokens", json!(-1)), "/max_tokens"),
        (body("max_tokens", json!(1.5)), "/max_tokens"),
        (body("max_tokens", Value::Null), "/max_tokens"),
        (body("messages", json!([])), "/messages"),
        (body("messages", json!({})), "/messages"),
        (body("messages", json!(["x"])), "/messages/0"),
        (
            body("messages", json!([{"role": "robot", "content": "x"}])),
            "/messages/0/role",
        ),
        (
            body("messages", json!([{"role": "user"}])),
            "/messages/0/content",
        ),
        (
            body("messages", json!([{"content": "x"}])),
            "/messages/0/role",
        ),
        (body("stream", json!("yes")), "/stream"),
        (body("temperature", json!(1.5)), "/temperature"),
        (body("temperature", json!("hot")), "/temperature"),
        (body("top_k", json!(-3)), "/top_k"),
        (body("top_p", json!(1e99)), "/top_p"),
        (body("stop_sequences", json!(["a", 2])), "/stop_sequences/1"),
        (body("system", json!(3)), "/system"),
        (body("system", json!([{"type": "image"}])), "/system/0/type"),
        (
            body("thinking", json!({"type": "enabled"})),
            "/thinking/budget_tokens",
        ),
        (
            body("thinking", json!({"type": "enabled", "budget_tokens": 9})),
            "/thinking/budget_tokens",
        ),
        (
            body("tools", json!([{"name": "f"}])),
            "/tools/0/input_schema",
        ),
        (
            body("tools", json!([{"input_schema": {}}])),
            "/tools/0/name",
        ),
        (body("tool_choice", json!({"type": "any"})), "/tool_choice"),
        (
            body("tool_choice", json!({"type": "tool", "name": "f"})),
            "/tool_choice/name",
        ),
        (body("metadata", json!("u")), "/metadata"),
        (
            body("output_config", json!({"format": {"type": "json_schema"}})),
            "/output_config/format/schema",
        ),
        (message(&json!(7)), "/messages/0/content"),
        (
            message(&json!([{"text": "x"}])),
            "/messages/0/content/0/type",
        ),
        (
            message(&json!([{"type": "text"}])),
            "/messages/0/content/0/text",
        ),
        (
            message(&json!([{"type": "image"}])),
            "/messages/0/content/0/source",
        ),
        (
            message(&json!([{"type": "image", "source": {"type": "base64", "data": "x"}}])),
            "/messages/0/content/0/source/media_type",
        ),
        (
            message(&json!([{"type": "tool_use", "id": "t", "name": "n", "input": {}}])),
            "/messages/0/content/0/type",
        ),
        (
            message(&json!([{"type": "thinking", "thinking": "x"}])),
            "/messages/0/content/0/type",
        ),
        (
            message(&json!([{"type": "text", "text": "x", "cache_control": 1}])),
            "/messages/0/content/0/cache_control",
        ),
    ] {
        assert_eq!(refused(&cx, &body), pointer, "{body}");
    }
}

#[test]
fn two_tools_of_one_name_are_refused() {
    let tool = json!({"name": "f", "input_schema": {"type": "object"}});
    let body = body("tools", json!([tool, tool]));
    assert_eq!(refused(&ClientContext::default(), &body), "/tools/1");
}

/// Rows 30 and 32: never guess which call a result belongs to.
#[test]
fn results_need_an_earlier_call_and_come_once() {
    let cx = ClientContext::default();
    let call = json!({"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]});
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "x"});
    let pointer = "/messages/1/content/1/tool_use_id";
    for second in ["t1", "t2"] {
        let turns = json!([call, {"role": "user", "content": [result("t1"), result(second)]}]);
        assert_eq!(refused(&cx, &body("messages", turns)), pointer, "{second}");
    }
    let answered = json!({"role": "user", "content": [result("t1")]});
    let again = body("messages", json!([call, answered, call, answered]));
    let doc = doc(&again);
    let result = Anthropic.decode_request(doc.root(), &cx);
    assert!(
        result.is_ok(),
        "hosts that count ids from 0 in every turn: {result:?}"
    );
}

#[test]
fn the_newer_version_takes_less() {
    let newer = version("2026-10-21");
    let document = json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}});
    let turns =
        json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": [document]}]);
    let cited = json!([{"type": "text", "text": "x", "citations": [{"type": "char_location"}]}]);
    for (body, pointer) in [
        (body("temperature", json!(1)), "/temperature"),
        (body("top_p", json!(1)), "/top_p"),
        (body("top_k", json!(5)), "/top_k"),
        (body("messages", turns), "/messages/1/content/0"),
        (message(&cited), "/messages/0/content/0/citations"),
    ] {
        assert_eq!(refused(&newer, &body), pointer);
        for older in [version("2023-06-01"), ClientContext::default()] {
            let doc = doc(&body);
            assert!(
                Anthropic.decode_request(doc.root(), &older).is_ok(),
                "{body}"
            );
        }
    }
    let empty = message(&json!([{"type": "text", "text": "x", "citations": []}]));
    assert!(Anthropic.decode_request(doc(&empty).root(), &newer).is_ok());
}
