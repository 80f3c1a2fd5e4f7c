//! Opaque state: out to a client of this dialect, back with its next request, and only to its issuer.

use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::dialect::{ClientContext, Codec, Target};
use fastproxy_core::envelope::Envelope;
use fastproxy_core::ir::{Answer, AnswerPart, Content, Opaque, OpaqueKind, ToolKind};
use fastproxy_core::loss::LossReport;
use serde_json::{Value, json};

use super::build::{request, thought, turn, user};
use super::{ORIGIN, doc, encode_cx, encoded, losses, target};

fn state(kind: OpaqueKind, data: &'static str) -> Opaque<'static> {
    Opaque {
        origin: ORIGIN.into(),
        kind,
        data: data.into(),
    }
}

/// The content that a client keeps of an answer.
fn content(answer: &Answer) -> Value {
    let mut body = Vec::new();
    Anthropic.encode_response(answer, &encode_cx(), &mut LossReport::new(), &mut body);
    serde_json::from_slice::<Value>(&body).unwrap()["content"].take()
}

fn reasoning(text: &str, opaque: Vec<Opaque<'static>>) -> AnswerPart {
    AnswerPart::Reasoning {
        text: text.into(),
        summary: Vec::new(),
        opaque,
    }
}

fn tool_call(opaque: Vec<Opaque<'static>>) -> AnswerPart {
    AnswerPart::ToolCall {
        id: "call:1".into(),
        name: "f".into(),
        namespace: None,
        kind: ToolKind::Function,
        arguments: "{}".into(),
        opaque,
    }
}

fn returned(content: &Value) -> Value {
    let id = content
        .as_array()
        .unwrap()
        .iter()
        .find_map(|block| block["id"].as_str());
    let mut messages = vec![
        json!({"role": "user", "content": "x"}),
        json!({"role": "assistant", "content": content}),
    ];
    if let Some(id) = id {
        let result = json!({"type": "tool_result", "tool_use_id": id, "content": "r"});
        messages.push(json!({"role": "user", "content": [result]}));
    }
    json!({"model": "m", "max_tokens": 9, "messages": messages})
}

/// Rows 24 to 28 and 66: every kind of state of every part survives two turns through a client.
#[test]
fn state_of_other_vendors_survives_a_round_trip() {
    let states = vec![
        state(OpaqueKind::Details, "[{\"a\":\"+\"}]"),
        state(OpaqueKind::Replay, ""),
    ];
    let answer = Answer {
        parts: vec![
            reasoning("thought", states.clone()),
            reasoning("", vec![state(OpaqueKind::Encrypted, "ZW5j")]),
            tool_call(vec![state(OpaqueKind::ThoughtSignature, "c2ln")]),
        ],
        ..Answer::default()
    };
    let doc = doc(&returned(&content(&answer)));
    let request = Anthropic
        .decode_request(doc.root(), &ClientContext::default())
        .unwrap();
    let parts = &request.turns[1].parts;
    let Content::Reasoning(first) = &parts[0].content else {
        panic!()
    };
    assert_eq!(
        (first.text.as_deref(), &first.opaque),
        (Some("thought"), &states)
    );
    let Content::Reasoning(second) = &parts[1].content else {
        panic!()
    };
    assert_eq!(
        (second.text.as_deref(), second.opaque[0].data.as_ref()),
        (None, "ZW5j")
    );
    let Content::ToolCall(call) = &parts[2].content else {
        panic!()
    };
    assert_eq!(
        (call.id.as_ref(), call.opaque[0].kind),
        ("call:1", OpaqueKind::ThoughtSignature)
    );
    assert_eq!(parts.len(), 3, "the carrier is gone");
}

#[test]
fn a_forged_or_foreign_keyed_envelope_is_dropped() {
    let answer = Answer {
        parts: vec![reasoning("t", vec![state(OpaqueKind::Encrypted, "x")])],
        ..Answer::default()
    };
    let doc = doc(&returned(&content(&answer)));
    let cx = ClientContext {
        envelope: Envelope::new(*b"another key").into(),
        ..ClientContext::default()
    };
    let request = Anthropic.decode_request(doc.root(), &cx).unwrap();
    let Content::Reasoning(thinking) = &request.turns[1].parts[0].content else {
        panic!()
    };
    assert_eq!(
        (thinking.text.as_deref(), thinking.opaque.len()),
        (Some("t"), 0)
    );
}

/// Rows 82 to 86 and 94: replayed as it was signed, to its issuer only, never invented, never as text.
#[test]
fn only_the_issuer_gets_thinking_back() {
    let elsewhere = "openai";
    for (origin, kind, sent) in [
        (ORIGIN, OpaqueKind::Signature, Some("thinking")),
        (ORIGIN, OpaqueKind::Redacted, Some("redacted_thinking")),
        ("native:anthropic", OpaqueKind::Signature, Some("thinking")),
        (elsewhere, OpaqueKind::Signature, None),
        (ORIGIN, OpaqueKind::Encrypted, None),
        (ORIGIN, OpaqueKind::Replay, None),
    ] {
        let contents = vec![
            Content::Text("answer".into()),
            thought("a\u{2028}b", origin, kind),
        ];
        let request = request(vec![
            user("x"),
            turn(fastproxy_core::ir::Role::Assistant, contents),
            user("y"),
        ]);
        let (body, loss) = encoded(&request, &target());
        let blocks = body["messages"][1]["content"].as_array().unwrap();
        if let Some(kind) = sent {
            assert_eq!(blocks[0]["type"], kind, "thinking first");
            assert_eq!(blocks.len(), 2);
            assert_eq!(losses(&loss), [("order_lost", "/messages/1")]);
        } else {
            assert_eq!(blocks, &[json!({"type": "text", "text": "answer"})]);
            assert_eq!(losses(&loss), [("opaque_dropped", "/messages/1")]);
        }
        if sent == Some("thinking") {
            assert_eq!(blocks[0]["thinking"], "a\u{2028}b");
            assert_eq!(blocks[0]["signature"], "c2lnbmVk");
        }
    }
}

#[test]
fn a_vendors_signature_goes_through_another_client_and_back() {
    let origin = Target {
        origin: "anthropic".into(),
        ..target()
    };
    let signed = Opaque {
        origin: "anthropic".into(),
        kind: OpaqueKind::Signature,
        data: "U2ln".into(),
    };
    let answer = Answer {
        parts: vec![reasoning("why", vec![signed])],
        ..Answer::default()
    };
    let doc = doc(&returned(&content(&answer)));
    let request = Anthropic
        .decode_request(doc.root(), &ClientContext::default())
        .unwrap();
    let (body, _) = encoded(&request, &origin);
    let expected = json!({"type": "thinking", "thinking": "why", "signature": "U2ln"});
    assert_eq!(body["messages"][1]["content"][0], expected);
}
