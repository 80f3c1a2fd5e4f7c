//! Requests towards Chat upstreams: roles, calls and results.

use fastproxy_core::dialect::{Dialect, Profile};
use fastproxy_core::ir::{
    Content, Media, MediaKind, MediaSource, Request, Role, ToolCall, ToolKind, ToolResult, Turn,
};
use fastproxy_core::loss::Code;
use serde_json::json;

use crate::kit::{anthropic, encode, send, target, target_with};
use crate::writes_results::{sent, tool_result, tool_use};

#[test]
fn text_alone_is_one_string_where_the_host_wants_it() {
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]},
        {"role": "user", "content": "e"}]);
    let plain = sent(messages.clone());
    assert_eq!(plain.messages()[0]["content"], "a\n\nb");
    assert_eq!(
        plain.messages()[1]["content"],
        "cd",
        "one answer, cut by its blocks"
    );
    let parts = target_with(Profile {
        text_as_string: false,
        ..Profile::default()
    });
    let parts = send(Dialect::Anthropic, &anthropic(messages), &parts);
    assert_eq!(
        parts.messages()[0]["content"],
        json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])
    );
    assert_eq!(parts.messages()[2]["content"], "e");
}

#[test]
fn system_turns_stay_where_they_are() {
    let mut body = anthropic(
        json!([{"role": "user", "content": "x"}, {"role": "system", "content": "be brief"}, {"role": "assistant", "content": "y"}, {"role": "user", "content": "z"}]),
    );
    body["system"] = json!([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]);
    let sent = send(Dialect::Anthropic, &body, &target());
    let roles: Vec<_> = sent
        .messages()
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["system", "user", "system", "assistant", "user"]);
    assert_eq!(sent.messages()[0]["content"], "one\n\ntwo");
}

#[test]
fn developers_are_systems_where_the_host_knows_no_other() {
    let body = json!({"model": "m", "messages": [{"role": "developer", "content": "d"}, {"role": "user", "content": "x", "name": "mara"}]});
    let role = |no_developer_role| {
        let target = target_with(Profile {
            no_developer_role,
            ..Profile::default()
        });
        let sent = send(Dialect::OpenaiChat, &body, &target);
        assert_eq!(sent.messages()[1]["name"], "mara");
        sent.messages()[0]["role"].clone()
    };
    assert_eq!(
        (role(false), role(true)),
        (json!("developer"), json!("system"))
    );
}

#[test]
fn ids_that_chat_would_not_take_are_rewritten_alike() {
    let long = "toolu_".to_owned() + &"x".repeat(80);
    let call = |id: &str| ToolCall {
        id: id.to_owned().into(),
        kind: ToolKind::Function,
        name: "f".into(),
        namespace: None,
        arguments: "{}".into(),
        opaque: Vec::new(),
    };
    let result = |id: &str| ToolResult {
        id: id.to_owned().into(),
        name: Some("f".into()),
        parts: Vec::new(),
        is_error: None,
        pointer: "/r".into(),
    };
    let ids = [long.as_str(), "call:1.2", "", "call_ok"];
    let mut request = Request::default();
    let turn = |role, parts, pointer: &str| Turn {
        role,
        name: None,
        parts,
        pointer: pointer.into(),
    };
    request.turns.push(turn(
        Role::Assistant,
        ids.iter()
            .map(|id| Content::ToolCall(call(id)).into())
            .collect(),
        "/c",
    ));
    request.turns.push(turn(
        Role::Tool,
        ids.iter()
            .map(|id| Content::ToolResult(result(id)).into())
            .collect(),
        "/r",
    ));
    let sent = encode(&request, &target()).unwrap();
    let calls = sent.messages()[0]["tool_calls"].as_array().unwrap();
    for (n, call) in calls.iter().enumerate() {
        let id = call["id"].as_str().unwrap();
        assert!(
            id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
            "{id}"
        );
        assert_eq!(sent.messages()[n + 1]["tool_call_id"], *id);
    }
    assert_eq!(calls[3]["id"], "call_ok");
    assert!(
        sent.has(Code::IdRewritten) && !sent.has(Code::ResultSynthesised),
        "{:?}",
        sent.losses()
    );
}

#[test]
fn begun_answers_and_text_behind_calls_are_reported() {
    let prefill = sent(
        json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "The answer is"}]),
    );
    assert_eq!(prefill.messages()[1]["content"], "The answer is");
    assert_eq!(prefill.losses(), ["role_moved /messages/1"]);
    let mixed = sent(json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, tool_use("c"), {"type": "text", "text": "b"}]},
        {"role": "user", "content": [tool_result("c", json!("ok"))]}]));
    assert_eq!(mixed.messages()[1]["content"], "ab");
    assert_eq!(mixed.losses(), ["order_lost /messages/1"]);
}

#[test]
fn empty_pieces_are_not_sent() {
    let part = |text: &'static str| Content::Text(text.into()).into();
    let parts = vec![part(""), part("x"), part("")];
    let turns = vec![Turn {
        role: Role::User,
        name: None,
        parts,
        pointer: "/0".into(),
    }];
    let target = target_with(Profile {
        text_as_string: false,
        ..Profile::default()
    });
    let sent = encode(
        &Request {
            turns,
            ..Request::default()
        },
        &target,
    )
    .unwrap();
    assert_eq!(sent.messages()[0]["content"], "x");
}

#[test]
fn media_of_the_model_leave_a_word() {
    let media = Media {
        kind: MediaKind::Image,
        source: MediaSource::Inline {
            mime: "image/png".into(),
            data: "AA".into(),
        },
        name: None,
        detail: None,
        pointer: "/0/1".into(),
    };
    let parts = vec![
        Content::Text("Look: ".into()).into(),
        Content::Media(media).into(),
    ];
    let turns = vec![Turn {
        role: Role::Assistant,
        name: None,
        parts,
        pointer: "/0".into(),
    }];
    let sent = encode(
        &Request {
            turns,
            ..Request::default()
        },
        &target(),
    )
    .unwrap();
    assert_eq!(sent.messages()[0]["content"], "Look: [image]");
    assert_eq!(sent.losses(), ["media_dropped /0/1", "role_moved /0"]);
}
