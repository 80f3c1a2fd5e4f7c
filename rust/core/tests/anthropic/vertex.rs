//! Anthropic's models at Vertex AI: the model in the path, the version in the body, in both lanes.

use bytes::Bytes;
use fastproxy_core::dialect::{ClientContext, Dialect, Replay, Target};
use fastproxy_core::json::Doc;
use fastproxy_core::loss::LossReport;
use fastproxy_core::transcode::{ClientRequest, Prepared, Routing};
use serde_json::{Value, json};

use super::relay_requests::edited_for;
use super::{fixtures, target};

const VERSION: &str = "vertex-2023-10-16";

fn vertex() -> Target {
    let mut target = target();
    target.profile.body_version = Some(VERSION.into());
    target
}

fn prepared(dialect: Dialect, body: impl Into<Bytes>, cx: ClientContext) -> Prepared {
    ClientRequest::parse(dialect, body.into(), cx, None)
        .unwrap()
        .prepare(Dialect::Anthropic, &vertex(), &Routing::default())
        .unwrap()
}

fn sent(prepared: &Prepared) -> Value {
    serde_json::from_slice(&prepared.body).unwrap()
}

#[test]
fn the_raw_lane_puts_the_version_where_the_model_stood() {
    for (name, bytes) in fixtures("request") {
        let original = String::from_utf8(bytes.clone()).unwrap();
        let mut expected: Value = serde_json::from_str(&original).unwrap();
        let members = expected.as_object_mut().unwrap();
        members.remove("model");
        members.insert("anthropic_version".into(), VERSION.into());
        let doc = Doc::parse(bytes.into()).unwrap();
        // Thinking without a signature is another edit, of which other tests speak.
        let mut target = vertex();
        target.profile.replay_reasoning = Replay::Always;
        let text = edited_for(&target, &doc, &mut LossReport::new()).unwrap();
        let sent: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(sent, expected, "{name}");
        // Nothing else moved: the edit is one member, byte for byte.
        let at = text.find("\"anthropic_version\"").unwrap();
        assert_eq!(text[..at], original[..at], "{name}");
        assert!(original.ends_with(&text[at + 40..]), "{name}");
    }
}

#[test]
fn a_version_in_the_clients_body_is_not_said_twice() {
    let messages = r#""messages":[{"role":"user","content":"hi"}],"max_tokens":9"#;
    let bodies = [
        format!(r#"{{"anthropic_version":"theirs","model":"m",{messages}}}"#),
        format!(r#"{{"model":"m","anthropic_version":"theirs",{messages}}}"#),
        format!(r#"{{{messages},"model":"m","anthropic_version":"theirs"}}"#),
        format!(r#"{{"anthropic_version":"theirs",{messages},"model":"m"}}"#),
    ];
    for body in bodies {
        let prepared = prepared(Dialect::Anthropic, body, ClientContext::default());
        let text = String::from_utf8(prepared.body.to_vec()).unwrap();
        assert_eq!(text.matches("anthropic_version").count(), 1, "{text}");
        let sent = sent(&prepared);
        assert_eq!(sent["anthropic_version"], VERSION);
        assert_eq!((&sent["max_tokens"], sent.get("model")), (&json!(9), None));
    }
}

#[test]
fn a_counts_path_names_no_model_so_its_body_does() {
    let cx = ClientContext {
        count_only: true,
        ..ClientContext::default()
    };
    let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    let sent = sent(&prepared(Dialect::Anthropic, body, cx));
    let model = &sent["model"];
    assert_eq!(
        (model, &sent["anthropic_version"]),
        (&json!("upstream-model"), &json!(VERSION))
    );
}

#[test]
fn a_translated_request_says_the_version_and_no_model() {
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let prepared = prepared(Dialect::OpenaiChat, body, ClientContext::default());
    assert!(!prepared.is_raw);
    let sent = sent(&prepared);
    assert_eq!(sent["anthropic_version"], VERSION);
    assert_eq!((sent.get("model"), &sent["stream"]), (None, &json!(true)));
    assert_eq!(sent["messages"][0]["role"], "user");
}
