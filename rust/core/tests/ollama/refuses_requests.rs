//! Requests that are refused, each with its place.

use fastproxy_core::dialect::{ClientContext, Dialect};
use fastproxy_core::transcode::{ClientRequest, Routing};
use serde_json::json;

use super::kit::{chat, fixture_json, prepared, refused, target};

#[test]
fn wrong_types_and_values_are_named() {
    for (field, value) in [
        ("messages", json!("hi")),
        ("messages", json!([5])),
        ("messages", json!([{"content": "x"}])),
        ("messages", json!([{"role": "robot", "content": "x"}])),
        ("messages", json!([{"role": "user", "content": ["x"]}])),
        (
            "messages",
            json!([{"role": "user", "content": "x", "images": "abc"}]),
        ),
        (
            "messages",
            json!([{"role": "user", "content": "x", "images": [""]}]),
        ),
        (
            "messages",
            json!([{"role": "user", "content": "x", "images": [1]}]),
        ),
        ("messages", json!([{"role": "assistant", "thinking": 1}])),
        (
            "messages",
            json!([{"role": "assistant", "tool_calls": [{}]}]),
        ),
        (
            "messages",
            json!([{"role": "assistant", "tool_calls": [{"function": {"name": ""}}]}]),
        ),
        (
            "messages",
            json!([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": [1]}}]}]),
        ),
        (
            "messages",
            json!([{"role": "tool", "tool_name": 1, "content": "x"}]),
        ),
        ("stream", json!("yes")),
        ("think", json!("much")),
        ("think", json!(1)),
        ("format", json!("yaml")),
        ("format", json!(true)),
        ("keep_alive", json!({})),
        ("options", json!([])),
        ("options", json!({"temperature": "warm"})),
        ("options", json!({"num_predict": 1.5})),
        ("options", json!({"stop": [1]})),
        ("options", json!({"seed": true})),
        ("tools", json!({})),
        ("tools", json!([{"type": "function"}])),
        (
            "tools",
            json!([{"type": "function", "function": {"name": " "}}]),
        ),
        (
            "tools",
            json!([{"function": {"name": "f", "parameters": "x"}}]),
        ),
        ("logprobs", json!(1)),
        ("top_logprobs", json!(21)),
    ] {
        let mut body = chat(json!({}));
        body[field] = value;
        let (pointer, message) = refused(&body);
        assert!(
            pointer.starts_with(&format!("/{field}")),
            "{body}: {pointer}"
        );
        assert!(!message.is_empty());
    }
    assert_eq!(refused(&json!({"messages": []})).0, "/model");
    assert_eq!(refused(&json!({"model": " ", "messages": []})).0, "/model");
}

#[test]
fn a_prompt_has_its_own_mistakes() {
    for (field, value) in [
        ("prompt", json!(["x"])),
        ("system", json!(1)),
        ("images", json!("x")),
        ("suffix", json!(1)),
        ("raw", json!("yes")),
        ("context", json!("tokens")),
    ] {
        let mut body = json!({"model": "m", "prompt": "x"});
        body[field] = value;
        assert_eq!(refused(&body).0, format!("/{field}"), "{body}");
    }
}

/// What is no chat cannot be asked of an upstream that only chats.
#[test]
fn what_only_an_ollama_can_do_is_refused_for_others() {
    for (name, pointer) in [
        ("generate_suffix.json", "/suffix"),
        ("generate_raw.json", "/raw"),
        ("generate_context.json", "/context"),
    ] {
        let body = fixture_json("request", name).to_string();
        let request =
            ClientRequest::parse(Dialect::Ollama, body.into(), ClientContext::default(), None)
                .unwrap();
        for upstream in [
            Dialect::OpenaiChat,
            Dialect::Anthropic,
            Dialect::OpenaiResponses,
        ] {
            let error = request
                .prepare(upstream, &target(), &Routing::default())
                .unwrap_err();
            assert_eq!(error.pointer.as_deref(), Some(pointer), "{name}");
        }
        let relayed = request.prepare(Dialect::Ollama, &target(), &Routing::default());
        assert!(relayed.unwrap().is_raw, "{name}");
    }
}

#[test]
fn media_that_an_ollama_cannot_take_are_refused_with_their_place() {
    for part in [
        json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
        json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
        json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}}),
        json!({"type": "file", "file": {"file_id": "file-1"}}),
        json!({"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}}),
    ] {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, part]}]});
        let error = prepared(Dialect::OpenaiChat, &body, &target()).unwrap_err();
        assert_eq!(error.kind.status(), 400);
        assert_eq!(
            error.pointer.as_deref(),
            Some("/messages/0/content/1"),
            "{body}"
        );
    }
}

#[test]
fn several_answers_are_refused() {
    let body = chat(json!({"n": 2}));
    let error = prepared(Dialect::OpenaiChat, &body, &target()).unwrap_err();
    assert_eq!(error.pointer.as_deref(), Some("/n"));
}
