//! The raw lane: what a client's body needs before the upstream may have it.

use std::sync::Arc;

use bytes::Bytes;
use fastproxy_core::dialect::{ClientContext, Profile, Target};
use fastproxy_core::envelope::Envelope;
use fastproxy_core::ir::{Opaque, OpaqueKind};
use fastproxy_core::json::Doc;
use fastproxy_core::loss::LossReport;
use serde_json::json;

use crate::kit::{chat, target, target_with};
use crate::relays::spliced;

fn request(body: &str, target: &Target, cx: &ClientContext) -> (String, LossReport) {
    let doc = Doc::parse(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let mut loss = LossReport::new();
    let edits = chat()
        .relay_request(doc.root(), target, cx, &mut loss)
        .unwrap();
    (spliced(body, &edits), loss)
}

#[test]
fn usage_is_asked_for_without_touching_the_rest() {
    let asking = Target {
        want_usage: true,
        ..target()
    };
    let cx = ClientContext::default();
    let cases = [
        (
            r#"{"model":"m", "stream": true ,"x":1}"#,
            r#"{"model":"up-model", "stream": true,"stream_options":{"include_usage":true} ,"x":1}"#,
        ),
        (
            r#"{"stream_options":null,"stream":true,"model":"m"}"#,
            r#"{"stream_options":{"include_usage":true},"stream":true,"model":"up-model"}"#,
        ),
        (
            r#"{"model":"m","stream":true,"stream_options":{"include_obfuscation":false}}"#,
            r#"{"model":"up-model","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}"#,
        ),
        (
            r#"{"model":"m","stream":true,"stream_options":{ }}"#,
            r#"{"model":"up-model","stream":true,"stream_options":{"include_usage":true }}"#,
        ),
        (
            r#"{"model":"m","stream":true,"stream_options":{"include_usage":false}}"#,
            r#"{"model":"up-model","stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
            r#"{"model":"up-model","stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"model":"m","stream":false}"#,
            r#"{"model":"up-model","stream":false}"#,
        ),
        (
            r#"{"model":"up-\u006dodel"}"#,
            r#"{"model":"up-\u006dodel"}"#,
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(request(body, &asking, &cx).0, expected);
    }
    let deaf = Target {
        want_usage: true,
        ..target_with(Profile {
            stream_usage: false,
            ..Profile::default()
        })
    };
    assert_eq!(
        request(r#"{"model":"up-model","stream":true}"#, &deaf, &cx).0,
        r#"{"model":"up-model","stream":true}"#
    );
}

#[test]
fn our_envelopes_go_to_nobody_but_their_issuer() {
    let envelope = Envelope::new(*b"key");
    let seal = |origin: &'static str, kind, data: &'static str| {
        envelope.seal(
            &Opaque {
                origin: origin.into(),
                kind,
                data: data.into(),
            },
            Some("text"),
        )
    };
    let native = r#"{"type":"reasoning.text","signature":"s"}"#;
    let own = seal(
        "vendor-a",
        OpaqueKind::Details,
        r#"[{"type":"x"},{"type":"y"}]"#,
    );
    let replay = seal("vendor-a", OpaqueKind::Replay, "");
    let foreign = seal("vendor-b", OpaqueKind::Signature, "sig");
    let call = seal("vendor-a", OpaqueKind::ThoughtSignature, "ts");
    let foreign_call = seal("vendor-b", OpaqueKind::ThoughtSignature, "ts");
    let cx = ClientContext {
        envelope: Arc::new(envelope),
        ..ClientContext::default()
    };
    let entry = |data: &str| format!(r#"{{"type":"reasoning.encrypted","data":"{data}"}}"#);
    let message = |details: &[String]| {
        format!(
            r#"{{"role":"assistant","reasoning_details":[{}],"content":"a"}}"#,
            details.join(",")
        )
    };
    let body = |messages: &[String]| {
        format!(
            r#"{{"model":"up-model","messages":[{}]}}"#,
            messages.join(",")
        )
    };
    let sent = |message: String| request(&body(&[message]), &target(), &cx);
    // All of it foreign, forged, or ours without a place: the member goes.
    let (text, loss) = sent(message(&[
        entry(&foreign),
        entry("fp1.forged"),
        entry(&replay),
    ]));
    assert_eq!(
        text,
        body(&[r#"{"role":"assistant","content":"a"}"#.into()])
    );
    assert_eq!(loss.entries()[0].path, "/messages/0");
    // The plain text beside another vendor's state is of our making, wherever it stands.
    for text in [
        format!(
            r#"{{"reasoning_content":"hm","reasoning_details":[{}],"role":"assistant"}}"#,
            entry(&foreign)
        ),
        format!(
            r#"{{"role":"assistant","reasoning_details":[{}],"reasoning_content":"hm"}}"#,
            entry(&foreign)
        ),
        format!(
            r#"{{"reasoning_content":"hm","role":"assistant","reasoning_details":[{}]}}"#,
            entry(&foreign)
        ),
    ] {
        assert_eq!(sent(text).0, body(&[r#"{"role":"assistant"}"#.into()]));
    }
    let issued = format!(
        r#"{{"role":"assistant","reasoning_content":"hm","reasoning_details":[{}]}}"#,
        entry(&replay)
    );
    assert_eq!(
        sent(issued).0,
        body(&[r#"{"role":"assistant","reasoning_content":"hm"}"#.into()])
    );
    // The vendor's own stays, what it issued comes back bare.
    let (text, loss) = sent(message(&[native.into(), entry(&own), entry(&foreign)]));
    assert_eq!(
        text,
        body(&[message(&[
            native.into(),
            r#"{"type":"x"}"#.into(),
            r#"{"type":"y"}"#.into()
        ])])
    );
    assert_eq!(loss.entries().len(), 1);
    let untouched = message(&[native.into()]);
    assert_eq!(sent(untouched.clone()).0, body(&[untouched]));
    let call_with = |data: &str| {
        format!(
            r#"{{"role":"assistant","tool_calls":[{{"id":"c","extra_content":{{"google":{{"thought_signature":"{data}"}}}}}}]}}"#
        )
    };
    assert_eq!(sent(call_with(&call)).0, body(&[call_with("ts")]));
    assert_eq!(
        sent(call_with(&foreign_call)).0,
        body(&[r#"{"role":"assistant","tool_calls":[{"id":"c"}]}"#.into()])
    );
}

#[test]
fn everything_else_is_left_as_it_is() {
    let body = json!({"model": "up-model", "unknown": {"a": [1, null]}, "messages": [{"role": "user", "content": "fp1. is a prefix", "reasoning_details": "fp1.x"}]}).to_string();
    assert_eq!(request(&body, &target(), &ClientContext::default()).0, body);
}
