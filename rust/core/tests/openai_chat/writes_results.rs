//! Requests towards Chat upstreams: results of tools.

use fastproxy_core::dialect::Dialect;
use fastproxy_core::ir::{Content, Request, Role, ToolCall, ToolKind, ToolResult, Turn};
use fastproxy_core::loss::Code;
use serde_json::{Value, json};

use crate::kit::{Sent, anthropic, encode, send, target};

pub(crate) fn sent(messages: Value) -> Sent {
    send(Dialect::Anthropic, &anthropic(messages), &target())
}

pub(crate) fn tool_use(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "f", "input": {"n": 1}})
}

pub(crate) fn tool_result(id: &str, content: Value) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": content})
}

#[test]
fn results_follow_their_calls_in_call_order() {
    let sent = sent(json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "text", "text": "t"}, tool_use("a"), tool_use("b")]},
        {"role": "user", "content": [tool_result("b", json!("B")), tool_result("a", json!([{"type": "text", "text": "A"}])), {"type": "text", "text": "go on"}]}]));
    let shape: Vec<_> = sent.messages()[1..]
        .iter()
        .map(|m| {
            (
                m["role"].clone(),
                m["tool_call_id"].clone(),
                m["content"].clone(),
            )
        })
        .collect();
    assert_eq!(shape[0], (json!("assistant"), Value::Null, json!("t")));
    assert_eq!(shape[1], (json!("tool"), json!("a"), json!("A")));
    assert_eq!(shape[2], (json!("tool"), json!("b"), json!("B")));
    assert_eq!(shape[3], (json!("user"), Value::Null, json!("go on")));
    assert_eq!(
        sent.messages()[1]["tool_calls"][0]["function"]["arguments"],
        r#"{"n":1}"#
    );
    assert!(sent.loss.is_empty(), "{:?}", sent.losses());
}

#[test]
fn missing_results_are_made_up_and_reported() {
    let sent = sent(json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": [tool_use("a"), tool_use("b")]},
        {"role": "user", "content": [tool_result("b", json!("B"))]}]));
    assert_eq!(
        sent.messages()[2],
        json!({"role": "tool", "tool_call_id": "a", "content": "[no result recorded]"})
    );
    assert_eq!(sent.messages()[1]["content"], Value::Null);
    assert_eq!(sent.losses(), ["result_synthesised /messages/1"]);
}

#[test]
fn images_and_failures_of_tools_are_said_in_text() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}});
    let mut failed = tool_result("b", json!("no such file"));
    failed["is_error"] = json!(true);
    let sent = sent(json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": [tool_use("a"), tool_use("b")]},
        {"role": "user", "content": [tool_result("a", json!([{"type": "text", "text": "shot"}, image])), failed]}]));
    assert_eq!(
        sent.messages()[2]["content"],
        "shot\n\n[image: see the user message that follows]"
    );
    assert_eq!(sent.messages()[3]["content"], "[tool error] no such file");
    let moved = &sent.messages()[4];
    assert_eq!(moved["role"], "user");
    assert_eq!(
        moved["content"][0]["text"],
        "[image from the result of tool call a]"
    );
    assert_eq!(
        moved["content"][1]["image_url"]["url"],
        "data:image/png;base64,iVBORw0KGgo="
    );
    assert!(
        sent.has(Code::RoleMoved) && sent.losses().iter().any(|loss| loss.ends_with("/is_error"))
    );
}

#[test]
fn results_in_odd_places_are_moved_kept_or_dropped_but_never_silently() {
    let text = |role, text: &str, pointer: &str| Turn {
        role,
        name: None,
        parts: vec![Content::Text(text.to_owned().into()).into()],
        pointer: pointer.into(),
    };
    let call = ToolCall {
        id: "a".into(),
        kind: ToolKind::Function,
        name: "f".into(),
        namespace: None,
        arguments: String::new().into(),
        opaque: Vec::new(),
    };
    let result = |id: &'static str, says: &'static str, pointer: &str| {
        let parts = vec![Content::Text(says.into()).into()];
        let result = ToolResult {
            id: id.into(),
            name: None,
            parts,
            is_error: None,
            pointer: pointer.into(),
        };
        Turn {
            role: Role::Tool,
            name: None,
            parts: vec![Content::ToolResult(result).into()],
            pointer: pointer.into(),
        }
    };
    let calls = Turn {
        role: Role::Assistant,
        name: None,
        parts: vec![Content::ToolCall(call).into()],
        pointer: "/1".into(),
    };
    let turns = vec![
        calls,
        text(Role::User, "wait", "/2"),
        result("a", "late", "/3"),
        result("a", "again", "/4"),
        result("zz", "lost", "/5"),
    ];
    let sent = encode(
        &Request {
            turns,
            ..Request::default()
        },
        &target(),
    )
    .unwrap();
    let contents: Vec<_> = sent
        .messages()
        .iter()
        .map(|m| {
            (
                m["role"].as_str().unwrap(),
                m["content"].as_str().unwrap_or("-"),
            )
        })
        .collect();
    assert_eq!(
        contents,
        [
            ("assistant", "-"),
            ("tool", "late"),
            ("user", "wait"),
            (
                "user",
                "[result of a tool call that is not in this conversation]\n\nlost"
            )
        ]
    );
    assert_eq!(
        sent.losses(),
        [
            "order_lost /3",
            "order_lost /4",
            "field_dropped /4",
            "role_moved /5"
        ]
    );
    assert_eq!(
        sent.messages()[0]["tool_calls"][0]["function"]["arguments"],
        "{}"
    );
}

#[test]
fn reused_ids_pair_with_the_latest_call() {
    let pair = |says: &str| {
        [
            json!({"role": "assistant", "content": [tool_use("call_0")]}),
            json!({"role": "user", "content": [tool_result("call_0", json!(says))]}),
        ]
    };
    let mut messages = vec![json!({"role": "user", "content": "x"})];
    messages.extend(pair("first"));
    messages.extend(pair("second"));
    let sent = sent(json!(messages));
    assert_eq!(
        (
            &sent.messages()[2]["content"],
            &sent.messages()[4]["content"]
        ),
        (&json!("first"), &json!("second"))
    );
}
