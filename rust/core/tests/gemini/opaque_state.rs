//! Opaque state over two turns: out to a client in its own field, back to whoever issued it, and to nobody else.

use fastproxy_core::dialect::Dialect;
use fastproxy_core::ir::{Answer, AnswerPart, Opaque, OpaqueKind, ToolKind};
use serde_json::{Value, json};

use crate::kit::{ORIGIN, prepared, written};

fn state(kind: OpaqueKind, data: &'static str) -> Opaque<'static> {
    Opaque {
        origin: ORIGIN.into(),
        kind,
        data: data.into(),
    }
}

fn call(id: &str) -> AnswerPart {
    AnswerPart::ToolCall {
        id: id.into(),
        name: "f".into(),
        namespace: None,
        kind: ToolKind::Function,
        arguments: "{}".into(),
        opaque: Vec::new(),
    }
}

fn thought(text: &str, opaque: Vec<Opaque<'static>>) -> AnswerPart {
    AnswerPart::Reasoning {
        text: text.into(),
        summary: Vec::new(),
        opaque,
    }
}

/// The next request of a client that returns these parts.
fn next(parts: &Value, results: &[&str]) -> Value {
    let results: Vec<_> = results
        .iter()
        .map(|id| json!({"functionResponse": {"id": id, "name": "f", "response": {"result": "r"}}}))
        .collect();
    let mut contents = vec![
        json!({"role": "user", "parts": [{"text": "go"}]}),
        json!({"role": "model", "parts": parts}),
    ];
    contents.push(if results.is_empty() {
        json!({"role": "user", "parts": [{"text": "on"}]})
    } else {
        json!({"role": "user", "parts": results})
    });
    json!({ "contents": contents })
}

/// Gemini CLI drops thoughts; google-genai keeps them.
fn without_thoughts(parts: &Value) -> Value {
    let kept = parts
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["thought"] != json!(true));
    kept.cloned().collect()
}

#[test]
fn claudes_thinking_survives_a_client_that_drops_thoughts() {
    let answer = Answer {
        parts: vec![
            thought("first", vec![state(OpaqueKind::Signature, "sig1")]),
            call("c1"),
            call("c2"),
        ],
        ..Answer::default()
    };
    let (body, _) = written(&answer);
    let parts = &body["candidates"][0]["content"]["parts"];
    assert!(
        parts[1].get("thoughtSignature").is_some() && parts[2].get("thoughtSignature").is_none()
    );
    for returned in [parts.clone(), without_thoughts(parts)] {
        let request = next(&returned, &["c1", "c2"]);
        let sent = prepared(Dialect::Gemini, Dialect::Anthropic, "claude", &request).unwrap();
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        let blocks = sent["messages"][1]["content"].as_array().unwrap();
        assert_eq!(
            blocks[0],
            json!({"type": "thinking", "thinking": "first", "signature": "sig1"})
        );
        assert_eq!(blocks.len(), 3, "the thinking stands once: {blocks:?}");
    }
}

#[test]
fn thinking_before_a_plain_answer_rides_in_a_trailing_part() {
    let text = AnswerPart::Text {
        text: "Hello".into(),
        citations: Vec::new(),
        logprobs: None,
        opaque: Vec::new(),
    };
    let answer = Answer {
        parts: vec![
            thought("one", vec![state(OpaqueKind::Signature, "s1")]),
            thought("", vec![state(OpaqueKind::Redacted, "r2")]),
            text,
        ],
        ..Answer::default()
    };
    let (body, _) = written(&answer);
    let parts = without_thoughts(&body["candidates"][0]["content"]["parts"]);
    assert_eq!(parts[1]["text"], "");
    let sent = prepared(
        Dialect::Gemini,
        Dialect::Anthropic,
        "claude",
        &next(&parts, &[]),
    )
    .unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(
        sent["messages"][1]["content"],
        json!([
        {"type": "thinking", "thinking": "one", "signature": "s1"},
        {"type": "redacted_thinking", "data": "r2"},
        {"type": "text", "text": "Hello"}])
    );
}

#[test]
fn state_never_reaches_another_vendor() {
    let answer = Answer {
        parts: vec![
            thought("first", vec![state(OpaqueKind::Signature, "sig1")]),
            call("c1"),
        ],
        ..Answer::default()
    };
    let (body, _) = written(&answer);
    let request = next(&body["candidates"][0]["content"]["parts"], &["c1"]);
    for to in [
        Dialect::Gemini,
        Dialect::OpenaiChat,
        Dialect::OpenaiResponses,
    ] {
        let prepared = prepared(Dialect::Gemini, to, "gemini-3", &request).unwrap();
        let text = String::from_utf8(prepared.body.to_vec()).unwrap();
        assert!(
            !text.contains("sig1") && !text.contains("ZnAx") && !text.contains("fp1."),
            "{text}"
        );
    }
    let mut forged = request.clone();
    forged["contents"][1]["parts"] =
        json!([{"text": "x", "thoughtSignature": "fp1.Z29vZ2xlLnRlc3Q.s.AAAAAXg.AAAA"}]);
    forged["contents"][2]["parts"] = json!([{"text": "y"}]);
    let prepared = prepared(Dialect::Gemini, Dialect::Anthropic, "claude", &forged).unwrap();
    assert!(
        !String::from_utf8(prepared.body.to_vec())
            .unwrap()
            .contains("thinking")
    );
}

#[test]
fn geminis_signature_comes_back_through_a_client_of_another_dialect() {
    let claude = json!({"model": "m", "max_tokens": 99, "messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {}},
            {"type": "redacted_thinking", "data": sealed_for("c1")}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "r"}]}]});
    let sent = prepared(Dialect::Anthropic, Dialect::Gemini, "gemini-3", &claude).unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    let part = &sent["contents"][1]["parts"][0];
    assert_eq!(part["thoughtSignature"], "google-sig");
    assert_eq!(sent["contents"][1]["parts"].as_array().unwrap().len(), 1);
}

fn sealed_for(id: &str) -> String {
    fastproxy_core::envelope::Envelope::default()
        .seal(&state(OpaqueKind::ThoughtSignature, "google-sig"), Some(id))
}
