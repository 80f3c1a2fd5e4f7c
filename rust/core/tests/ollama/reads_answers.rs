//! What an Ollama says → deltas, streamed and whole.

use fastproxy_core::dialect::Dialect;
use fastproxy_core::error::Kind;
use fastproxy_core::ir::{Answer, AnswerPart, FinishReason, OpaqueKind};
use serde_json::{Value, json};

use super::kit::{fixture, heard, heard_whole, run, setup};

fn text(answer: &Answer) -> String {
    let texts = answer.parts.iter().map(|part| match part {
        AnswerPart::Text { text, .. } => text.as_str(),
        _ => "",
    });
    texts.collect()
}

fn calls(answer: &Answer) -> Vec<(String, String, String)> {
    let calls = answer.parts.iter().filter_map(|part| match part {
        AnswerPart::ToolCall {
            id,
            name,
            arguments,
            ..
        } => Some((id.clone(), name.clone(), arguments.clone())),
        _ => None,
    });
    calls.collect()
}

#[test]
fn thinking_text_and_calls_are_parts_in_their_order() {
    let answer = heard(&fixture("stream", "thinking_then_calls.ndjson")).unwrap();
    let AnswerPart::Reasoning {
        text: thinking,
        opaque,
        ..
    } = &answer.parts[0]
    else {
        panic!("{:?}", answer.parts)
    };
    assert_eq!(thinking, "The user wants weather.");
    assert_eq!(opaque[0].kind, OpaqueKind::Replay);
    assert_eq!(text(&answer), "I will look.");
    assert_eq!(
        calls(&answer),
        [
            (
                "call_9f3k".into(),
                "get_weather".into(),
                "{\"city\":\"Zürich\",\"days\":1.0}".into()
            ),
            ("call_0x1y".into(), "now".into(), "{}".into())
        ]
    );
    assert_eq!(answer.model.as_deref(), Some("qwen3:8b"));
    assert_eq!(answer.created, Some(1_772_360_430));
    assert_eq!(
        (answer.usage.input, answer.usage.output),
        (Some(26), Some(30))
    );
}

#[test]
fn a_whole_answer_says_what_its_stream_says() {
    let whole = heard_whole(&fixture("response", "calls_without_ids.json")).unwrap();
    let streamed = heard(&fixture("stream", "calls_without_ids.ndjson")).unwrap();
    assert_eq!(calls(&whole)[..2], calls(&streamed)[..]);
    assert_eq!(calls(&whole)[2].2, "", "a call without arguments");
    let ids: Vec<_> = calls(&whole).into_iter().map(|(id, ..)| id).collect();
    assert!(ids.iter().all(|id| id.starts_with("call_")));
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn a_repeated_id_is_replaced() {
    let body = json!({"message": {"tool_calls": [
        {"id": "a", "function": {"name": "f"}}, {"id": "a", "function": {"name": "g"}}]}, "done": true});
    let calls = calls(&heard_whole(body.to_string().as_bytes()).unwrap());
    assert_eq!(calls[0].0, "a");
    assert_ne!(calls[1].0, "a");
}

#[test]
fn a_call_on_the_last_line_is_not_lost() {
    let answer = heard(&fixture("stream", "call_on_the_last_line.ndjson")).unwrap();
    assert_eq!(calls(&answer).len(), 1);
    assert_eq!(answer.native_finish, "stop");
}

#[test]
fn both_operations_are_read() {
    let answer = heard(&fixture("stream", "generate.ndjson")).unwrap();
    assert_eq!(text(&answer), "Rayleigh");
    assert!(matches!(&answer.parts[0], AnswerPart::Reasoning { text, .. } if text == "Hm."));
    let whole = heard_whole(&fixture("response", "generate.json")).unwrap();
    assert_eq!(text(&whole), "Because of \"Rayleigh\" scattering.");
    assert_eq!(whole.created, Some(1_772_360_430), "with its zone");
}

#[test]
fn stop_reasons() {
    for (reason, finish) in [
        ("stop", FinishReason::End),
        ("length", FinishReason::MaxOutput),
        ("load", FinishReason::End),
        ("unload", FinishReason::End),
        ("", FinishReason::End),
        ("something new", FinishReason::End),
    ] {
        let body = json!({"message": {"content": "x"}, "done": true, "done_reason": reason});
        let answer = heard_whole(body.to_string().as_bytes()).unwrap();
        assert_eq!(answer.finish, Some(finish), "{reason}");
        assert_eq!(answer.native_finish, reason);
    }
}

#[test]
fn counts_that_are_not_given_are_unknown() {
    let answer = heard_whole(br#"{"response":"x","done":true,"eval_count":3}"#).unwrap();
    assert_eq!((answer.usage.input, answer.usage.output), (None, Some(3)));
    let answer = heard_whole(br#"{"response":"x"}"#).unwrap();
    assert!(!answer.usage.is_known());
    assert_eq!(
        answer.finish,
        Some(FinishReason::End),
        "complete by being whole"
    );
}

#[test]
fn log_probabilities_belong_to_the_text() {
    let answer = heard(&fixture("stream", "logprobs.ndjson")).unwrap();
    let AnswerPart::Text { logprobs, .. } = &answer.parts[0] else {
        panic!("{:?}", answer.parts)
    };
    assert_eq!(logprobs.as_deref().unwrap().matches("\"token\"").count(), 3);
}

#[test]
fn half_a_surrogate_pair_waits_for_the_other() {
    let answer = heard(&fixture("stream", "split_surrogate_pair.ndjson")).unwrap();
    assert_eq!(text(&answer), "😀!");
    let lone = br#"{"message":{"content":"\ud83d"},"done":true}"#;
    assert_eq!(text(&heard_whole(lone).unwrap()), "\u{fffd}");
}

#[test]
fn what_follows_the_end_is_not_read_and_blank_lines_say_nothing() {
    let answer = heard(&fixture(
        "stream",
        "repaired_blank_lines_and_progress.ndjson",
    ))
    .unwrap();
    assert_eq!(text(&answer), "The sky");
}

#[test]
fn an_answer_without_an_end_is_truncated() {
    for name in ["truncated.ndjson", "truncated_inside_a_line.ndjson"] {
        let error = heard(&fixture("stream", name)).unwrap_err();
        assert_eq!(error.kind, Kind::Truncated, "{name}");
    }
    let error = heard_whole(&fixture("response", "not_done.json")).unwrap_err();
    assert_eq!(error.kind, Kind::Truncated);
}

#[test]
fn what_is_no_answer_is_refused() {
    for body in [
        &br#"{"status":"pulling manifest"}"#[..],
        br#"{"models":[]}"#,
        br#"{"message":"x"}"#,
        br"[]",
        br#""text""#,
        br#"{"message":{"content":"","tool_calls":[{"function":{"arguments":{}}}]},"done":true}"#,
        br#"{"error":"boom"}"#,
        br#"{"error":{"message":"boom"},"done":true}"#,
    ] {
        let error = heard_whole(body).unwrap_err();
        assert_eq!(
            error.kind,
            Kind::Upstream,
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    let empty = heard_whole(br#"{"error":"","message":{"content":"x"},"done":true}"#);
    assert_eq!(text(&empty.unwrap()), "x", "an empty error is none");
}

/// An upstream that streams although it was told not to.
#[test]
fn lines_where_one_answer_was_asked_for_become_one() {
    let stream = fixture("stream", "thinking_then_calls.ndjson");
    for client in [Dialect::Ollama, Dialect::OpenaiChat] {
        let (out, end, transcoder) = run(setup(Dialect::Ollama, client, false, "chat"), &stream);
        assert_eq!(end, Ok(()));
        assert!(transcoder.is_complete());
        let answer: Value = serde_json::from_str(&out).unwrap();
        let message = match client {
            Dialect::Ollama => &answer["message"],
            _ => &answer["choices"][0]["message"],
        };
        assert_eq!(message["content"], "I will look.");
        assert_eq!(message["tool_calls"].as_array().unwrap().len(), 2);
    }
    let cut = fixture("stream", "truncated.ndjson");
    let (out, end, _) = run(setup(Dialect::Ollama, Dialect::Ollama, false, "chat"), &cut);
    assert_eq!(end.unwrap_err().kind, Kind::Truncated);
    assert!(out.is_empty());
}
