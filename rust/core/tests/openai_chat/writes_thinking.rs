//! Requests towards Chat upstreams: how hard to think, and the thinking that goes back.

use fastproxy_core::dialect::{Profile, Replay};
use fastproxy_core::error::Kind;
use fastproxy_core::ir::{
    Content, Effort, Opaque, OpaqueKind, Reasoning, ReasoningIntent, Request, Role, ToolCall,
    ToolKind, Turn, Visibility,
};
use serde_json::{Value, json};

use crate::kit::{Sent, encode, target_with};

fn intent(intent: ReasoningIntent, profile: Profile) -> (Value, Value, Vec<String>) {
    let request = Request {
        reasoning: Some(intent),
        ..Request::default()
    };
    let sent = encode(&request, &target_with(profile)).unwrap();
    (
        sent.body["thinking"]["type"].clone(),
        sent.body["reasoning_effort"].clone(),
        sent.losses(),
    )
}

#[test]
fn efforts_budgets_and_switches() {
    let none = ReasoningIntent::default();
    let plain = Profile::default;
    let switch = || Profile {
        thinking_switch: true,
        ..Profile::default()
    };
    let deaf = || Profile {
        reasoning_effort: false,
        ..Profile::default()
    };
    let effort = |effort| ReasoningIntent {
        effort: Some(effort),
        ..none
    };
    let enabled = |on| ReasoningIntent {
        enabled: Some(on),
        ..none
    };
    let budget = |budget| ReasoningIntent {
        enabled: Some(true),
        budget: Some(budget),
        ..none
    };
    let null = Value::Null;
    let clamped = vec!["value_clamped /thinking/budget_tokens".to_owned()];
    let cases = [
        (none, plain(), null.clone(), null.clone(), vec![]),
        (
            effort(Effort::High),
            plain(),
            null.clone(),
            json!("high"),
            vec![],
        ),
        (
            effort(Effort::XHigh),
            plain(),
            null.clone(),
            json!("xhigh"),
            vec![],
        ),
        (
            effort(Effort::Off),
            plain(),
            null.clone(),
            json!("none"),
            vec![],
        ),
        (enabled(false), plain(), null.clone(), json!("none"), vec![]),
        (
            budget(8_000),
            plain(),
            null.clone(),
            json!("medium"),
            clamped.clone(),
        ),
        (
            enabled(true),
            plain(),
            null.clone(),
            null.clone(),
            vec!["field_dropped /thinking".to_owned()],
        ),
        (
            ReasoningIntent {
                adaptive: true,
                ..enabled(true)
            },
            plain(),
            null.clone(),
            null.clone(),
            vec![],
        ),
        (
            enabled(true),
            switch(),
            json!("enabled"),
            null.clone(),
            vec![],
        ),
        (
            enabled(false),
            switch(),
            json!("disabled"),
            null.clone(),
            vec![],
        ),
        (
            effort(Effort::Off),
            switch(),
            json!("disabled"),
            null.clone(),
            vec![],
        ),
        (
            budget(30_000),
            switch(),
            json!("enabled"),
            json!("xhigh"),
            clamped,
        ),
        (
            effort(Effort::Low),
            deaf(),
            null.clone(),
            null.clone(),
            vec!["field_dropped /reasoning_effort".to_owned()],
        ),
        (
            ReasoningIntent {
                visibility: Some(Visibility::Hidden),
                ..effort(Effort::Low)
            },
            plain(),
            null,
            json!("low"),
            vec!["field_dropped /reasoning/visibility".to_owned()],
        ),
    ];
    for (asked, profile, thinking, effort, losses) in cases {
        assert_eq!(
            intent(asked, profile),
            (thinking, effort, losses),
            "{asked:?}"
        );
    }
}

fn state(origin: &str, kind: OpaqueKind, data: &str) -> Opaque<'static> {
    Opaque {
        origin: origin.to_owned().into(),
        kind,
        data: data.to_owned().into(),
    }
}

/// One assistant turn with thinking and an answer, sent to `vendor-a`.
fn replayed(reasoning: Vec<Reasoning<'static>>, replay: Replay) -> Sent {
    let mut parts: Vec<_> = reasoning
        .into_iter()
        .map(|part| Content::Reasoning(part).into())
        .collect();
    parts.push(Content::Text("answer".into()).into());
    let turn = |role, parts, pointer: &str| Turn {
        role,
        name: None,
        parts,
        pointer: pointer.into(),
    };
    let turns = vec![
        turn(Role::Assistant, parts, "/0"),
        turn(Role::User, vec![Content::Text("x".into()).into()], "/1"),
    ];
    let profile = Profile {
        replay_reasoning: replay,
        ..Profile::default()
    };
    encode(
        &Request {
            turns,
            ..Request::default()
        },
        &target_with(profile),
    )
    .unwrap()
}

fn thought(text: &'static str, opaque: Vec<Opaque<'static>>) -> Reasoning<'static> {
    Reasoning {
        text: Some(text.into()),
        opaque,
        ..Reasoning::default()
    }
}

#[test]
fn thinking_goes_back_to_who_issued_it() {
    let ours = || {
        vec![thought(
            "Hm.",
            vec![state("vendor-a", OpaqueKind::Replay, "")],
        )]
    };
    let sent = replayed(ours(), Replay::IfIssued);
    assert_eq!(sent.messages()[0]["reasoning_content"], "Hm.");
    assert!(sent.loss.is_empty());
    let never = replayed(ours(), Replay::Never);
    assert_eq!(never.messages()[0].get("reasoning_content"), None);
    assert_eq!(never.losses(), ["opaque_dropped /0"]);
}

#[test]
fn thinking_of_another_vendor_stays_here() {
    for kind in [
        OpaqueKind::Signature,
        OpaqueKind::Encrypted,
        OpaqueKind::Replay,
        OpaqueKind::Details,
    ] {
        let sent = replayed(
            vec![thought(
                "Hm.",
                vec![state("vendor-b", kind, "secret-state")],
            )],
            Replay::IfIssued,
        );
        assert_eq!(
            sent.messages()[0],
            json!({"role": "assistant", "content": "answer"}),
            "{kind:?}"
        );
        assert_eq!(sent.losses(), ["opaque_dropped /0"], "{kind:?}");
    }
    let bare = replayed(vec![thought("Hm.", vec![])], Replay::IfIssued);
    assert_eq!(bare.losses(), ["opaque_dropped /0"]);
}

#[test]
fn some_hosts_want_thinking_on_every_turn() {
    let sent = replayed(
        vec![thought("Hm.", vec![]), thought(" Yes.", vec![])],
        Replay::Always,
    );
    assert_eq!(sent.messages()[0]["reasoning_content"], "Hm. Yes.");
    let placeholder = replayed(vec![], Replay::Always);
    assert_eq!(placeholder.messages()[0]["reasoning_content"], "");
    assert_eq!(placeholder.losses(), ["opaque_filled /0"]);
}

#[test]
fn details_go_back_as_they_came() {
    let details = |origin| {
        vec![state(
            origin,
            OpaqueKind::Details,
            r#"[{"type":"reasoning.text","signature":"s"}]"#,
        )]
    };
    let sent = replayed(
        vec![
            thought("a", details("vendor-a")),
            thought("b", details("native:openai_chat")),
        ],
        Replay::IfIssued,
    );
    let entry = json!({"type": "reasoning.text", "signature": "s"});
    assert_eq!(
        sent.messages()[0]["reasoning_details"],
        json!([entry, entry])
    );
    assert_eq!(sent.messages()[0].get("reasoning_content"), None);
    assert!(sent.loss.is_empty());
}

#[test]
fn the_state_of_calls_goes_to_its_issuer() {
    let sent = |origin: &str| {
        let call = ToolCall {
            id: "c".into(),
            kind: ToolKind::Function,
            name: "f".into(),
            namespace: None,
            arguments: "{}".into(),
            opaque: vec![state(origin, OpaqueKind::ThoughtSignature, "ts")],
        };
        let turns = vec![Turn {
            role: Role::Assistant,
            name: None,
            parts: vec![Content::ToolCall(call).into()],
            pointer: "/0".into(),
        }];
        encode(
            &Request {
                turns,
                ..Request::default()
            },
            &target_with(Profile::default()),
        )
        .unwrap()
    };
    assert_eq!(
        sent("vendor-a").messages()[0]["tool_calls"][0]["extra_content"]["google"]["thought_signature"],
        "ts"
    );
    let foreign = sent("vendor-b");
    assert_eq!(
        foreign.messages()[0]["tool_calls"][0].get("extra_content"),
        None
    );
    assert!(foreign.losses().contains(&"opaque_dropped /0".to_owned()));
}

#[test]
fn a_turn_of_foreign_thinking_alone_is_left_out() {
    let reasoning = thought("Hm.", vec![state("vendor-b", OpaqueKind::Signature, "s")]);
    let turn = |role, content: Content<'static>| Turn {
        role,
        name: None,
        parts: vec![content.into()],
        pointer: "/0".into(),
    };
    let thinking = turn(Role::Assistant, Content::Reasoning(reasoning));
    let turns = vec![
        turn(Role::User, Content::Text("hi".into())),
        thinking.clone(),
    ];
    let sent = encode(
        &Request {
            turns,
            ..Request::default()
        },
        &target_with(Profile::default()),
    )
    .unwrap();
    assert_eq!(sent.messages().len(), 1);
    let alone = Request {
        turns: vec![thinking],
        ..Request::default()
    };
    let error = encode(&alone, &target_with(Profile::default()))
        .err()
        .unwrap();
    assert_eq!(
        (error.kind, error.pointer.as_deref()),
        (Kind::BadRequest, Some("/0"))
    );
}
