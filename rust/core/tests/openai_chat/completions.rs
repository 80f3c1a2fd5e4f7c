//! The older API of text completions: relayed, never translated.

use bytes::Bytes;
use fastproxy_core::dialect::{ClientContext, Dialect, Purpose, RelayContext, Target};
use fastproxy_core::error::{Error, Kind};
use fastproxy_core::json::Tape;
use fastproxy_core::transcode::{ClientRequest, Prepared, Routing};
use serde_json::{Value, json};

use crate::kit::chat;
use crate::relays::spliced;

fn prepare(body: &Value, upstream: Dialect) -> Result<Prepared, Error> {
    let cx = ClientContext {
        purpose: Purpose::Complete,
        ..ClientContext::default()
    };
    let target = Target {
        model: "up-model".into(),
        want_usage: true,
        ..Target::default()
    };
    let body = Bytes::from(body.to_string());
    ClientRequest::parse(Dialect::OpenaiChat, body, cx, None)?.prepare(
        upstream,
        &target,
        &Routing::default(),
    )
}

#[test]
fn only_the_model_and_the_usage_are_edited() {
    let body = json!({"model": "m", "prompt": "def f(", "suffix": "return x", "stream": true, "logprobs": 2});
    let prepared = prepare(&body, Dialect::OpenaiChat).unwrap();
    let sent: Value = serde_json::from_slice(&prepared.body).unwrap();
    let mut expected = body.clone();
    expected["model"] = "up-model".into();
    expected["stream_options"] = json!({"include_usage": true});
    assert_eq!(sent, expected);
    assert!(prepared.is_raw && prepared.hide_usage);
}

#[test]
fn no_other_dialect_has_it() {
    for upstream in [Dialect::Anthropic, Dialect::OpenaiResponses] {
        let error = prepare(&json!({"model": "m", "prompt": "x"}), upstream).unwrap_err();
        assert_eq!(error.kind, Kind::BadRequest);
        assert!(
            error.message.contains("/v1/chat/completions"),
            "{}",
            error.message
        );
    }
}

#[test]
fn every_form_of_prompt_is_taken_and_others_are_refused() {
    for prompt in [
        json!("x"),
        json!(["a", "b"]),
        json!([1, 2]),
        json!([[1], [2, 3]]),
    ] {
        assert!(
            prepare(
                &json!({"model": "m", "prompt": prompt}),
                Dialect::OpenaiChat
            )
            .is_ok()
        );
    }
    let refused = [
        (json!({"model": "m"}), "/prompt"),
        (json!({"model": "m", "prompt": {}}), "/prompt"),
        (json!({"model": "m", "prompt": [1.5]}), "/prompt"),
        (json!({"model": "m", "prompt": "x", "suffix": 5}), "/suffix"),
        (
            json!({"model": "m", "prompt": "x", "max_tokens": "many"}),
            "/max_tokens",
        ),
    ];
    for (body, pointer) in refused {
        let error = prepare(&body, Dialect::OpenaiChat).unwrap_err();
        assert_eq!(
            (error.kind, error.pointer.as_deref()),
            (Kind::BadRequest, Some(pointer))
        );
    }
}

#[test]
fn a_stream_is_vouched_for_like_any_other() {
    let mut relay = chat().relay(&RelayContext {
        model: "asked".into(),
        hide_usage: false,
        ..RelayContext::default()
    });
    let piece = r#"{"object":"text_completion","model":"up","choices":[{"index":0,"text":"x","finish_reason":null}]}"#;
    let verdict = relay.event("", piece).unwrap();
    assert!(verdict.has_content);
    assert!(spliced(piece, &verdict.edits).contains("\"asked\""));
    assert_eq!(relay.finish().unwrap_err().kind, Kind::Truncated);
    let end = r#"{"choices":[{"index":0,"text":"","finish_reason":"stop"}]}"#;
    assert!(!relay.event("", end).unwrap().has_content);
    assert!(relay.event("", "[DONE]").unwrap().is_terminal);
    assert!(relay.is_complete());
}

#[test]
fn a_whole_answer_names_the_model_as_asked_and_counts() {
    let mut relay = chat().relay(&RelayContext {
        model: "asked".into(),
        hide_usage: false,
        ..RelayContext::default()
    });
    let body = r#"{"model":"up","choices":[{"index":0,"text":"x","finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1}}"#;
    let mut tape = Tape::new();
    let edits = relay.response(tape.parse(body).unwrap()).unwrap();
    assert!(spliced(body, &edits).contains(r#""model":"asked""#));
    assert_eq!(relay.usage().total(), 3);
}
