//! The raw lane's reader.

use fastproxy_core::dialect::openai_responses::Responses;
use fastproxy_core::dialect::{Codec, Dialect, Relay, RelayContext};
use fastproxy_core::error::{Error, Kind};
use fastproxy_core::json::Tape;
use serde_json::{Value, json};

use super::kit::{encode_cx, fixture, run, setup};

fn relay() -> Box<dyn Relay> {
    Responses.relay(&RelayContext {
        model: "asked-model".into(),
        hide_usage: false,
        ..RelayContext::default()
    })
}

fn feed(relay: &mut dyn Relay, event: &Value) -> Result<(bool, bool, bool), Error> {
    let verdict = relay.event("", &event.to_string())?;
    Ok((verdict.has_content, verdict.is_terminal, verdict.drop))
}

/// The client gets the name it asked for, in every response object, and everything else as it came.
#[test]
fn only_the_model_is_edited() {
    let body = fixture("stream", "reasoning_then_parallel_calls.sse");
    let (out, end) = run(
        setup(Dialect::OpenaiResponses, Dialect::OpenaiResponses, true),
        &body,
    );
    end.unwrap();
    let expected = String::from_utf8(body)
        .unwrap()
        .replace("upstream-model", "asked-model");
    assert_eq!(out, expected);
    let body = fixture("response", "full.json");
    let (out, end) = run(
        setup(Dialect::OpenaiResponses, Dialect::OpenaiResponses, false),
        &body,
    );
    end.unwrap();
    assert_eq!(
        out,
        String::from_utf8(body)
            .unwrap()
            .replace("upstream-model", "asked-model")
    );
}

#[test]
fn content_is_what_says_something() {
    let mut relay = relay();
    for (event, has_content) in [
        (
            json!({"type": "response.created", "response": {"id": "resp_1", "model": "m"}}),
            false,
        ),
        (
            json!({"type": "response.in_progress", "response": {}}),
            false,
        ),
        (
            json!({"type": "response.output_item.added", "item": {"type": "reasoning"}}),
            false,
        ),
        (
            json!({"type": "response.output_item.added", "item": {"type": "message"}}),
            false,
        ),
        (json!({"type": "response.content_part.added"}), false),
        (
            json!({"type": "response.output_text.delta", "delta": ""}),
            false,
        ),
        (json!({"type": "keepalive"}), false),
        (
            json!({"type": "response.output_text.delta", "delta": "a"}),
            true,
        ),
        (
            json!({"type": "response.output_item.added", "item": {"type": "function_call"}}),
            true,
        ),
        (
            json!({"type": "response.output_item.done", "item": {"type": "reasoning"}}),
            true,
        ),
    ] {
        assert_eq!(
            feed(relay.as_mut(), &event).unwrap(),
            (has_content, false, false),
            "{event}"
        );
    }
    assert!(!relay.is_complete() && relay.finish().is_err());
}

#[test]
fn ends_counts_and_names_are_noted() {
    let mut relay = relay();
    let first = json!({"type": "response.created", "response": {"id": "resp_1", "model": "m-2"}});
    feed(relay.as_mut(), &first).unwrap();
    let end = json!({"type": "response.incomplete", "response": {"status": "incomplete", "output": [],
        "incomplete_details": {"reason": "max_output_tokens"},
        "usage": {"input_tokens": 9, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 2}}});
    assert_eq!(feed(relay.as_mut(), &end).unwrap(), (true, true, false));
    assert!(relay.is_complete());
    assert_eq!(relay.finish().unwrap(), b"");
    assert_eq!(relay.finish_reason(), Some("max_output_tokens"));
    assert_eq!(relay.served(), (Some("resp_1"), Some("m-2")));
    assert_eq!(
        (relay.usage().input, relay.usage().cache_read),
        (Some(5), Some(4))
    );
    let late = json!({"type": "response.output_text.delta", "delta": "a"});
    assert_eq!(
        feed(relay.as_mut(), &late).unwrap(),
        (false, false, true),
        "nothing after the end"
    );
}

/// Rows 72, 73, 110, 113.
#[test]
fn what_is_no_answer_is_an_error() {
    for (event, kind) in [
        (
            json!({"type": "error", "code": "rate_limit_exceeded", "message": "m"}),
            Kind::RateLimit,
        ),
        (
            json!({"type": "error", "error": {"code": "server_error", "message": "m"}}),
            Kind::Upstream,
        ),
        (
            json!({"type": "response.failed", "response": {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "m"}}}),
            Kind::RateLimit,
        ),
        (
            json!({"error": {"message": "m", "code": "context_length_exceeded"}}),
            Kind::ContextTooLong,
        ),
    ] {
        assert_eq!(
            feed(relay().as_mut(), &event).unwrap_err().kind,
            kind,
            "{event}"
        );
    }
    assert_eq!(relay().event("", "[1]").unwrap_err().kind, Kind::Upstream);
    assert_eq!(relay().event("", "{").unwrap_err().kind, Kind::Upstream);
    assert!(relay().event("", "[DONE]").unwrap().drop);
    let whole = |body: &str| {
        let mut tape = Tape::new();
        relay()
            .response(tape.parse(body).unwrap())
            .map_err(|error| error.kind)
    };
    assert_eq!(
        whole(r#"{"error":{"message":"m","code":"invalid_api_key"}}"#),
        Err(Kind::Auth)
    );
    assert_eq!(
        whole(r#"{"object":"chat.completion","choices":[]}"#),
        Err(Kind::Upstream)
    );
    assert!(whole(r#"{"output":[]}"#).is_ok());
}

/// A relayed stream that breaks off goes on with its own numbers, and its response fails.
#[test]
fn a_relayed_stream_fails_in_its_own_name() {
    let (out, end) = run(
        setup(Dialect::OpenaiResponses, Dialect::OpenaiResponses, true),
        &fixture("stream", "bad_truncated.sse"),
    );
    assert_eq!(end.unwrap_err().kind, Kind::Truncated);
    let events: Vec<Value> = out
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
    }
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.failed");
    assert_eq!(last["response"]["id"], "resp_up1");
    assert_eq!(last["response"]["error"]["code"], "server_error");
}

#[test]
fn before_anything_was_relayed_there_is_only_the_error() {
    let mut out = Vec::new();
    assert!(relay().abort(&Error::truncated("cut"), &encode_cx(), &mut out));
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("event: error") && !text.contains("response.failed"));
}
