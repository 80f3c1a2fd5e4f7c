//! Deltas → what clients read, as stream and as whole answer: head, end, failure.

use fastproxy_core::dialect::Codec;
use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::ir::{Delta, Finish, FinishReason, PartKind, Piece, Start, Usage};
use fastproxy_core::loss::LossReport;
use serde_json::{Value, json};

use super::answers::{answered, both, part, tool};
use super::sdk_reader::{events, message};
use super::{answer, decode_stream, encode_cx, fixtures, losses};

/// The one-shot form is the streaming form fed once, and both say what the upstream said.
#[test]
fn stream_and_whole_answer_are_the_same_message() {
    for (name, bytes) in fixtures("stream") {
        let Ok(answer) = answer(&bytes) else { continue };
        let mut body = Vec::new();
        Anthropic.encode_response(&answer, &encode_cx(), &mut LossReport::new(), &mut body);
        let mut whole: Value = serde_json::from_slice(&body).unwrap();
        let (mut stream, mut loss) = (Vec::new(), LossReport::new());
        let mut encoder = Anthropic.stream_encoder(&encode_cx());
        let sequential = !name.starts_with("interleaved");
        decode_stream([bytes.as_slice()], &mut |delta: Delta<'_>| {
            if sequential {
                encoder.delta(&delta, &mut loss, &mut stream);
            }
        })
        .unwrap();
        if !sequential {
            continue; // the pipeline's sequencer stands before the encoder
        }
        let streamed = message(std::str::from_utf8(&stream).unwrap());
        if name == "max_tokens_in_arguments.sse" {
            whole["content"][0]["input"] = json!({});
        }
        assert_eq!(streamed, whole, "{name}");
    }
}

/// Rows 10, 93, 109: the head comes first and once, whatever comes first.
#[test]
fn message_start_comes_first_and_once() {
    let text = part(PartKind::Text, vec![Piece::Text("x")]);
    let finish = Delta::Finish(Finish::new(FinishReason::End, ""));
    for first in [
        vec![
            Delta::Usage(Usage {
                input: Some(9),
                ..Usage::default()
            }),
            Delta::Start(Start::default()),
        ],
        part(tool("t"), vec![Piece::Arguments("{}")]),
        text.clone(),
        vec![],
    ] {
        let mut deltas = first;
        deltas.extend([
            Delta::Start(Start::default()),
            Delta::Start(Start::default()),
        ]);
        deltas.extend([finish.clone(), Delta::End, Delta::End]);
        deltas.extend(text.clone());
        let (stream, _, _) = both(&deltas);
        message(&stream);
        let heads = events(&stream)
            .iter()
            .filter(|(name, _)| name == "message_start")
            .count();
        assert_eq!(heads, 1);
    }
}

#[test]
fn the_head_echoes_the_clients_model_and_has_an_id_of_this_dialect() {
    for (upstream, expected) in [
        (Some("msg_7"), Some("msg_7")),
        (Some("chatcmpl-7"), None),
        (None, None),
    ] {
        let start = Start {
            id: upstream,
            model: Some("upstream-model"),
            ..Start::default()
        };
        let mut deltas = answered(vec![], FinishReason::End);
        deltas[0] = Delta::Start(start);
        let (stream, whole, _) = both(&deltas);
        assert_eq!(message(&stream), whole);
        assert_eq!(whole["model"], "client-model");
        assert!(whole["id"].as_str().unwrap().starts_with("msg_"));
        assert!(expected.is_none_or(|id| whole["id"] == id));
        assert_eq!(
            whole["content"],
            json!([]),
            "an empty answer is a well-formed one"
        );
    }
}

#[test]
fn refusals_are_text_and_end_as_refusals() {
    let mut deltas = answered(
        vec![part(PartKind::Refusal, vec![Piece::Text("No.")])],
        FinishReason::End,
    );
    let (stream, whole, _) = both(&deltas);
    assert_eq!(message(&stream), whole);
    assert_eq!(
        (&whole["content"][0]["text"], &whole["stop_reason"]),
        (&json!("No."), &json!("refusal"))
    );
    let at = deltas.len() - 3;
    let finish = Finish {
        explanation: Some("blocked"),
        ..Finish::new(FinishReason::Refusal, "SAFETY")
    };
    deltas[at] = Delta::Finish(finish);
    let (stream, whole, _) = both(&deltas);
    assert_eq!(message(&stream), whole);
    assert_eq!(
        whole["stop_details"],
        json!({"type": "refusal", "explanation": "blocked"})
    );
}

#[test]
fn every_finish_has_a_word() {
    for (reason, word, lossless) in [
        (FinishReason::End, "end_turn", true),
        (FinishReason::ToolUse, "tool_use", true),
        (FinishReason::MaxOutput, "max_tokens", true),
        (
            FinishReason::ContextFull,
            "model_context_window_exceeded",
            true,
        ),
        (FinishReason::StopSequence, "stop_sequence", true),
        (FinishReason::Refusal, "refusal", true),
        (FinishReason::Recitation, "refusal", false),
        (FinishReason::Pause, "pause_turn", true),
        (FinishReason::BadToolCall, "end_turn", false),
    ] {
        let (stream, whole, loss) = both(&answered(vec![], reason));
        assert_eq!(
            (&message(&stream)["stop_reason"], &whole["stop_reason"]),
            (&json!(word), &json!(word))
        );
        assert_eq!(loss.is_empty(), lossless, "{word}");
    }
}

/// Rows 34 to 40: counts are disjoint, cumulative, and not needed for the end.
#[test]
fn counts_at_the_end() {
    let usage = Usage {
        input: Some(10),
        cache_read: Some(20),
        cache_write: Some(3),
        cache_write_1h: Some(4),
        tool_prompt: Some(5),
        output: Some(6),
        reasoning: Some(7),
        web_searches: Some(1),
        ..Usage::default()
    };
    let deltas = [
        Delta::Start(Start::default()),
        Delta::Finish(Finish::new(FinishReason::End, "")),
        Delta::Usage(usage),
        Delta::End,
    ];
    let (stream, whole, _) = both(&deltas);
    let expected = json!({
        "input_tokens": 15, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 20,
        "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        "output_tokens": 13, "output_tokens_details": {"thinking_tokens": 7},
        "server_tool_use": {"web_search_requests": 1},
    });
    assert_eq!(
        (&message(&stream)["usage"], &whole["usage"]),
        (&expected, &expected)
    );
    let (stream, whole, loss) = both(&[
        Delta::Finish(Finish::new(FinishReason::End, "")),
        Delta::End,
    ]);
    assert_eq!(
        message(&stream)["usage"],
        json!({"input_tokens": 0, "output_tokens": 0})
    );
    assert_eq!(
        whole["usage"],
        json!({"input_tokens": 0, "output_tokens": 0})
    );
    assert_eq!(losses(&loss), [("usage_unknown", "usage")]);
}

#[test]
fn failure_is_an_error_event_and_nothing_after_it() {
    let mut encoder = Anthropic.stream_encoder(&encode_cx());
    let (mut out, mut loss) = (Vec::new(), LossReport::new());
    encoder.keepalive(&mut out);
    assert!(out.is_empty(), "no ping before message_start");
    encoder.delta(&Delta::Start(Start::default()), &mut loss, &mut out);
    encoder.keepalive(&mut out);
    encoder.delta(&Delta::Keepalive, &mut loss, &mut out);
    encoder.abort(
        &Error::new(Kind::Overloaded, Source::Upstream, "busy"),
        &mut out,
    );
    encoder.abort(
        &Error::new(Kind::Overloaded, Source::Upstream, "busy"),
        &mut out,
    );
    encoder.keepalive(&mut out);
    encoder.delta(&Delta::End, &mut loss, &mut out);
    let events = events(std::str::from_utf8(&out).unwrap());
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["message_start", "ping", "ping", "error"]);
    assert_eq!(events[3].1["error"]["type"], "overloaded_error");
    assert_eq!(events[3].1["request_id"], "req_test");
}
