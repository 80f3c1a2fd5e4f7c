//! Clients' requests: how hard to think, and the thinking they bring back.

use std::sync::Arc;

use bytes::Bytes;
use fastproxy_core::dialect::{ClientContext, Dialect};
use fastproxy_core::envelope::Envelope;
use fastproxy_core::ir::{Content, Effort, Opaque, OpaqueKind, ReasoningIntent, Visibility};
use fastproxy_core::json::Doc;
use serde_json::json;

use crate::kit::{chat, with_request};
use crate::reads_requests::read;

/// (field, its value) → what the client wants of thinking.
#[test]
fn every_spelling_of_thinking() {
    let plain = ReasoningIntent::default();
    let cases = [
        (
            json!({"reasoning_effort": "none"}),
            ReasoningIntent {
                effort: Some(Effort::Off),
                ..plain
            },
        ),
        (
            json!({"reasoning_effort": "xhigh"}),
            ReasoningIntent {
                effort: Some(Effort::XHigh),
                ..plain
            },
        ),
        (
            json!({"reasoning": {"max_tokens": 2000, "exclude": true}}),
            ReasoningIntent {
                budget: Some(2000),
                visibility: Some(Visibility::Hidden),
                ..plain
            },
        ),
        (
            json!({"reasoning": {"enabled": true}}),
            ReasoningIntent {
                enabled: Some(true),
                ..plain
            },
        ),
        (
            json!({"thinking": {"type": "disabled"}}),
            ReasoningIntent {
                enabled: Some(false),
                ..plain
            },
        ),
        (
            json!({"thinking": {"type": "adaptive"}}),
            ReasoningIntent {
                enabled: Some(true),
                adaptive: true,
                ..plain
            },
        ),
        (
            json!({"enable_thinking": true, "thinking_budget": 512}),
            ReasoningIntent {
                enabled: Some(true),
                budget: Some(512),
                ..plain
            },
        ),
    ];
    for (mut fields, intent) in cases {
        fields["model"] = json!("m");
        fields["messages"] = json!([{"role": "user", "content": "x"}]);
        let read = with_request(Dialect::OpenaiChat, &fields.to_string(), |request| {
            request.reasoning
        })
        .unwrap();
        assert_eq!(read, Some(intent), "{fields}");
    }
    read("minimal", |request| {
        assert_eq!(request.reasoning, None, "absent is not off");
    });
}

#[test]
fn envelopes_come_back_part_by_part() {
    let envelope = Envelope::new(*b"key");
    let state = |data: &'static str, kind| Opaque {
        origin: "vendor-b".into(),
        kind,
        data: data.into(),
    };
    let first = envelope.seal(&state("sig1", OpaqueKind::Signature), Some("one"));
    let second = envelope.seal(&state("sig2", OpaqueKind::Signature), Some("two"));
    let forged = Envelope::new(*b"other").seal(&state("sig3", OpaqueKind::Signature), None);
    let call = envelope.seal(&state("ts", OpaqueKind::ThoughtSignature), None);
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": null, "reasoning_content": "onetwo", "reasoning_details": [
            {"type": "reasoning.encrypted", "data": first, "id": "fp-part-0", "index": 0},
            {"type": "reasoning.encrypted", "data": second, "id": "fp-part-2", "index": 1},
            {"type": "reasoning.encrypted", "data": forged, "id": "fp-part-3", "index": 2}],
         "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"},
            "extra_content": {"google": {"thought_signature": call}}}]},
        {"role": "tool", "tool_call_id": "c", "content": "ok"}]});
    let doc = Doc::parse(Bytes::from(body.to_string())).unwrap();
    let cx = ClientContext {
        envelope: Arc::new(envelope),
        ..ClientContext::default()
    };
    let request = chat().decode_request(doc.root(), &cx).unwrap();
    let parts = &request.turns[1].parts;
    let reasoning: Vec<_> = parts
        .iter()
        .filter_map(|part| match &part.content {
            Content::Reasoning(reasoning) => {
                Some((reasoning.text.as_deref(), &*reasoning.opaque[0].data))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        reasoning,
        [(Some("one"), "sig1"), (Some("two"), "sig2")],
        "the forged one is gone"
    );
    let Content::ToolCall(call) = &parts[2].content else {
        panic!("{parts:?}")
    };
    assert_eq!(
        (&*call.opaque[0].data, &*call.opaque[0].origin),
        ("ts", "vendor-b")
    );
}

#[test]
fn bare_details_belong_to_a_vendor_of_this_dialect() {
    read("reasoning_details_of_the_vendor", |request| {
        let Content::Reasoning(reasoning) = &request.turns[1].parts[0].content else {
            panic!()
        };
        assert_eq!(reasoning.text.as_deref(), Some("Add."));
        assert_eq!(
            (&*reasoning.opaque[0].origin, reasoning.opaque[0].kind),
            ("native:openai_chat", OpaqueKind::Details)
        );
    });
}
