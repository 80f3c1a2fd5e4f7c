//! Thinking in requests for upstreams of this dialect.

use fastproxy_core::ir::{
    Content, Effort, Opaque, OpaqueKind, Reasoning, ReasoningIntent, Request, Role,
};
use serde_json::json;

use super::kit::{ORIGIN, asked, losses, target, turn, written};

fn thinking(origin: &'static str, kind: OpaqueKind, data: &'static str) -> Request<'static> {
    let opaque = vec![Opaque {
        origin: origin.into(),
        kind,
        data: data.into(),
    }];
    let reasoning = Reasoning {
        text: Some("why".into()),
        opaque,
        ..Reasoning::default()
    };
    let user = turn(Role::User, Content::Text("x".into()));
    asked(vec![
        user,
        turn(Role::Assistant, Content::Reasoning(reasoning)),
    ])
}

/// Rows 66, 69, 83 to 85: state goes back as the item that it was, to its issuer, with its id and an empty summary.
#[test]
fn thinking_goes_back_to_its_issuer_only() {
    let (body, loss, _) = written(
        &thinking(ORIGIN, OpaqueKind::Encrypted, "rs_9:gAAA"),
        &target(),
    );
    let item =
        json!({"type": "reasoning", "id": "rs_9", "summary": [], "encrypted_content": "gAAA"});
    assert_eq!(body["input"][1], item);
    assert!(
        loss.entries()
            .iter()
            .all(|loss| loss.code.name() != "opaque_dropped")
    );
    let (body, _, _) = written(
        &thinking("native:openai_responses", OpaqueKind::Encrypted, "gAAA"),
        &target(),
    );
    assert_eq!(
        body["input"][1].get("id"),
        None,
        "a made-up id does not match"
    );
    let (body, _, _) = written(&thinking(ORIGIN, OpaqueKind::Replay, "rs_9"), &target());
    assert_eq!(
        body["input"][1]["content"],
        json!([{"type": "reasoning_text", "text": "why"}])
    );
    for foreign in [
        thinking("vendor-b", OpaqueKind::Encrypted, "rs_9:gAAA"),
        thinking("vendor-b", OpaqueKind::Signature, "sig"),
        thinking("native:anthropic", OpaqueKind::Signature, "sig"),
    ] {
        let (body, loss, _) = written(&foreign, &target());
        assert_eq!(body["input"].as_array().unwrap().len(), 1);
        assert!(!body.to_string().contains("why") && !body.to_string().contains("sig"));
        assert!(losses(&loss).contains(&("opaque_dropped", "/messages/0".into())));
    }
}

/// §2.4, row 68.
#[test]
fn efforts() {
    let effort = |intent: ReasoningIntent| {
        let mut request = asked(vec![turn(Role::User, Content::Text("x".into()))]);
        request.reasoning = Some(intent);
        let (body, _, _) = written(&request, &target());
        body.get("reasoning").cloned()
    };
    let none = ReasoningIntent::default();
    for (intent, expected) in [
        (
            ReasoningIntent {
                effort: Some(Effort::XHigh),
                ..none
            },
            Some(json!({"effort": "xhigh"})),
        ),
        (
            ReasoningIntent {
                budget: Some(8_000),
                ..none
            },
            Some(json!({"effort": "medium"})),
        ),
        (
            ReasoningIntent {
                enabled: Some(false),
                budget: Some(9),
                ..none
            },
            Some(json!({"effort": "none"})),
        ),
        (
            ReasoningIntent {
                enabled: Some(true),
                adaptive: true,
                ..none
            },
            None,
        ),
        (
            ReasoningIntent {
                visibility: Some(fastproxy_core::ir::Visibility::Shown),
                ..none
            },
            Some(json!({"summary": "auto"})),
        ),
    ] {
        assert_eq!(effort(intent), expected, "{intent:?}");
    }
}
