//! The raw lane: answers of an upstream of this dialect.

use fastproxy_core::dialect::Dialect;
use fastproxy_core::dialect::gemini::Gemini;
use fastproxy_core::dialect::{Codec, RelayContext};
use fastproxy_core::error::Kind;
use fastproxy_core::json::Tape;
use serde_json::{Value, json};

use crate::kit::{chunk, events, last, run, setup};

#[test]
fn a_valid_stream_is_relayed_byte_for_byte_but_for_the_model() {
    let sent = events(&[
        chunk(json!([{"text": "é", "thoughtSignature": "s+/="}])),
        last("STOP"),
    ]);
    let (out, end) = run(setup(Dialect::Gemini, false), &[&sent]);
    assert!(end.is_ok());
    assert_eq!(
        out,
        sent.replace("\"modelVersion\":\"m\"", "\"modelVersion\":\"asked-model\"")
    );
}

#[test]
fn what_google_sdks_cannot_read_is_made_readable() {
    let text = chunk(json!([{"text": "a\u{2029}b"}]));
    let sent = format!(
        ": ping\n\nevent: message\nid: 7\ndata: {text}\n\ndata:{}\n\ndata: [DONE]\n\n",
        last("STOP")
    );
    let (out, end) = run(setup(Dialect::Gemini, false), &[&sent]);
    assert!(end.is_ok());
    let frames: Vec<_> = out.split_terminator("\n\n").collect();
    assert_eq!(frames.len(), 2, "{out}");
    let first: Value = serde_json::from_str(frames[0].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(first, text);
    assert!(
        frames
            .iter()
            .all(|frame| !frame.contains(['\n', '\u{2029}']))
    );
}

#[test]
fn truncation_and_errors_are_noticed() {
    let half = events(&[chunk(json!([{"text": "half"}]))]);
    let (_, end) = run(setup(Dialect::Gemini, false), &[&half]);
    assert_eq!(end.unwrap_err().kind, Kind::Truncated);
    let error =
        events(&[json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})]);
    let (out, end) = run(setup(Dialect::Gemini, false), &[&half, &error]);
    assert_eq!(end.unwrap_err().kind, Kind::Overloaded);
    assert!(out.ends_with("\"requestId\":\"req_1\"}]}}\n\n"), "{out}");
    let blocked = events(&[json!({"promptFeedback": {"blockReason": "SAFETY"}})]);
    assert!(run(setup(Dialect::Gemini, false), &[&blocked]).1.is_ok());
}

#[test]
fn every_candidate_must_end() {
    let candidate = |index: u64, finish: Value| json!({"candidates": [{"content": {"parts": [{"text": "x"}]}, "index": index, "finishReason": finish}]});
    let both = events(&[
        candidate(0, Value::Null),
        candidate(1, json!("STOP")),
        candidate(0, json!("STOP")),
    ]);
    assert!(run(setup(Dialect::Gemini, false), &[&both]).1.is_ok());
    let one = events(&[candidate(0, Value::Null), candidate(1, json!("STOP"))]);
    assert_eq!(
        run(setup(Dialect::Gemini, false), &[&one])
            .1
            .unwrap_err()
            .kind,
        Kind::Truncated
    );
}

#[test]
fn a_whole_answer_is_tapped() {
    let mut relay = Gemini.relay(&RelayContext {
        model: "asked".into(),
        ..RelayContext::default()
    });
    let mut body = last("MAX_TOKENS");
    body["responseId"] = json!("r1");
    let text = body.to_string();
    let mut tape = Tape::new();
    let edits = relay.response(tape.parse(&text).unwrap()).unwrap();
    assert_eq!(edits.len(), 1);
    assert_eq!(&edits[0].1, "\"asked\"");
    assert_eq!(relay.finish_reason(), Some("MAX_TOKENS"));
    assert_eq!(relay.served(), (Some("r1"), Some("m")));
    assert_eq!(relay.usage().total(), 5);
    let mut tape = Tape::new();
    assert!(relay.response(tape.parse("{\"a\":1}").unwrap()).is_err());
}
