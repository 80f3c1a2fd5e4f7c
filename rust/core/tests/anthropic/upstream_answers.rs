//! Upstream answers → deltas.

use fastproxy_core::dialect::Codec;
use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::error::{Error, Kind};
use fastproxy_core::ir::{
    Answer, AnswerPart, Collector, Delta, Emit, FinishReason, OpaqueKind, Usage,
};
use fastproxy_core::json::Tape;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ORIGIN, answer, decode_cx, decode_stream, fixture, fixtures};

fn stream(name: &str) -> Answer {
    answer(&fixture("stream", &format!("{name}.sse"))).unwrap()
}

fn whole(body: &[u8]) -> Result<Answer, Error> {
    let mut tape = Tape::new();
    let root = tape.parse(std::str::from_utf8(body).unwrap()).unwrap();
    let mut collector = Collector::default();
    let mut promises = super::Promises::default();
    Anthropic.decode_response(root, &decode_cx(), &mut |delta: Delta<'_>| {
        promises.check(&delta);
        collector.emit(delta);
    })?;
    Ok(collector.answer)
}

fn response(name: &str) -> Answer {
    whole(&fixture("response", &format!("{name}.json"))).unwrap()
}

/// Kind and text of each part.
fn parts(answer: &Answer) -> Vec<(&'static str, &str)> {
    let parts = answer.parts.iter();
    parts
        .map(|part| match part {
            AnswerPart::Text { text, .. } => ("text", text.as_str()),
            AnswerPart::Reasoning { text, .. } => ("reasoning", text.as_str()),
            AnswerPart::Refusal { text } => ("refusal", text.as_str()),
            AnswerPart::ToolCall { arguments, .. } => ("call", arguments.as_str()),
            AnswerPart::Media { mime, .. } => ("media", mime.as_str()),
            AnswerPart::Native { kind, .. } => ("native", kind.as_str()),
        })
        .collect()
}

#[test]
fn every_stream_is_read_unless_it_is_bad_and_however_it_is_cut() {
    for (name, bytes) in fixtures("stream") {
        let whole = format!("{:?}", answer(&bytes));
        let fails = whole.starts_with("Err");
        let is_lenient = name == "bad_no_message_start.sse";
        assert_eq!(
            fails,
            name.starts_with("bad_") && !is_lenient,
            "{name}: {whole}"
        );
        for cut in 0..bytes.len() {
            let mut collector = Collector::default();
            let (head, tail) = bytes.split_at(cut);
            let result = decode_stream([head, tail], &mut collector);
            let split = format!("{:?}", result.map(|()| collector.answer));
            assert_eq!(split, whole, "{name} cut at {cut}");
        }
    }
}

#[test]
fn a_full_stream() {
    let answer = stream("full");
    assert_eq!(answer.id.as_deref(), Some("msg_01Stream"));
    assert_eq!(answer.model.as_deref(), Some("upstream-model"));
    assert_eq!(answer.service_tier.as_deref(), Some("standard"));
    let expected = [
        ("reasoning", "Let me think.\n"),
        ("text", "I will look."),
        ("call", "{\"place\": \"Oslo\"}"),
        ("call", ""),
    ];
    assert_eq!(parts(&answer), expected);
    let AnswerPart::Reasoning { opaque, .. } = &answer.parts[0] else {
        panic!()
    };
    assert_eq!(
        (opaque[0].origin.as_ref(), opaque[0].kind),
        (ORIGIN, OpaqueKind::Signature)
    );
    assert_eq!(opaque[0].data, "U2lnbmF0dXJl");
    assert_eq!(
        (answer.finish, answer.native_finish.as_str()),
        (Some(FinishReason::ToolUse), "tool_use")
    );
    let usage = Usage {
        input: Some(25),
        cache_read: Some(50),
        cache_write: Some(10),
        cache_write_1h: Some(20),
        output: Some(44),
        reasoning: Some(33),
        ..Usage::default()
    };
    assert_eq!(answer.usage, usage);
}

#[test]
fn a_full_response_says_the_same_kind_of_thing() {
    let answer = response("full");
    let kinds: Vec<_> = parts(&answer).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        ["reasoning", "reasoning", "text", "text", "call", "call"]
    );
    let AnswerPart::Reasoning { opaque, .. } = &answer.parts[1] else {
        panic!()
    };
    assert_eq!(
        (opaque[0].kind, opaque[0].data.as_ref()),
        (OpaqueKind::Redacted, "UmVk")
    );
    let AnswerPart::Text { citations, .. } = &answer.parts[3] else {
        panic!()
    };
    assert_eq!(citations[0].url.as_deref(), Some("https://a.example"));
    let AnswerPart::ToolCall { arguments, id, .. } = &answer.parts[4] else {
        panic!()
    };
    assert_eq!(id, "toolu_x");
    assert!(arguments.contains('\n'), "arguments keep their bytes");
    assert_eq!(answer.usage.total_input(), 180);
    assert_eq!(
        (answer.usage.output, answer.usage.reasoning),
        (Some(25), Some(15))
    );
    assert_eq!(answer.usage.web_searches, Some(1));
}

/// Row 115 and the table of stop reasons.
#[test]
fn every_stop_reason() {
    for (name, reason) in [
        ("text", FinishReason::End),
        ("max_tokens_in_arguments", FinishReason::MaxOutput),
        ("stop_sequence", FinishReason::StopSequence),
        ("refusal_without_block", FinishReason::Refusal),
        ("full", FinishReason::ToolUse),
    ] {
        assert_eq!(stream(name).finish, Some(reason), "{name}");
    }
    assert_eq!(response("hosted_tools").finish, Some(FinishReason::Pause));
    assert_eq!(
        response("context_full").finish,
        Some(FinishReason::ContextFull)
    );
    assert_eq!(
        stream("stop_sequence").stop_sequence.as_deref(),
        Some("###")
    );
    for answer in [stream("refusal_without_block"), response("refusal")] {
        assert!(answer.parts.is_empty());
        assert!(answer.category.is_some() && answer.explanation.is_some());
    }
}

#[test]
fn hosts_that_do_it_differently() {
    assert_eq!(
        parts(&stream("interleaved")),
        [("call", "{\"x\":1}"), ("call", "{\"y\":2}")]
    );
    assert_eq!(
        parts(&stream("empty_text_block")),
        [("call", "{}")],
        "row 3"
    );
    assert_eq!(
        parts(&stream("input_in_start")),
        [("call", "{\"a\":[1,2]}")],
        "row 51"
    );
    assert_eq!(
        parts(&stream("delta_without_start")),
        [("reasoning", "hm"), ("text", "ok")]
    );
    let changed = stream("change_of_kind_in_one_block");
    assert_eq!(
        parts(&changed),
        [("reasoning", "hm"), ("text", "so!")],
        "row 41"
    );
    assert_eq!(
        parts(&stream("unknown_events")),
        [("text", "ok"), ("native", "hologram")]
    );
    assert_eq!(
        parts(&stream("repaired_no_event_names")),
        [("text", "named")]
    );
    assert_eq!(parts(&stream("repaired_no_message_stop")), [("text", "x")]);
    assert_eq!(parts(&stream("repaired_twice_and_done")), [("text", "x")]);
    assert_eq!(parts(&stream("bad_no_message_start")), [("text", "x")]);
    assert_eq!(
        stream("start_without_usage").usage,
        Usage::default(),
        "unknown, not 0"
    );
    let zeros = stream("usage_zeros").usage;
    assert_eq!(
        (zeros.input, zeros.cache_read, zeros.output),
        (Some(40), Some(8), Some(6))
    );
    let smile = stream("split_surrogates");
    assert_eq!(parts(&smile), [("text", "smile 😀 and half \u{FFFD}")]);
    let text = "[DONE]\ndata: [DONE]\n\na\u{2028}b\u{85}c\r\n";
    assert_eq!(
        parts(&stream("line_breaks_and_done")),
        [("text", text)],
        "row 106"
    );
    let odd = response("without_usage");
    let AnswerPart::ToolCall { id, .. } = &odd.parts[0] else {
        panic!()
    };
    assert!(id.starts_with("toolu_") && id.len() > 10, "made up: {id}");
}

#[test]
fn thinking_that_shows_nothing_still_has_its_state() {
    let answer = stream("redacted");
    let state = |part: &AnswerPart| match part {
        AnswerPart::Reasoning { text, opaque, .. } => (text.len(), opaque.first().map(|o| o.kind)),
        _ => (0, None),
    };
    let states: Vec<_> = answer.parts.iter().map(state).collect();
    let expected = [
        (0, Some(OpaqueKind::Redacted)),
        (0, Some(OpaqueKind::Signature)),
        (0, None),
    ];
    assert_eq!(states, expected);
}

#[test]
fn hosted_tools_come_whole() {
    let answer = stream("hosted_tools");
    let AnswerPart::Native { raw, .. } = &answer.parts[0] else {
        panic!()
    };
    assert!(raw.contains(r#""input":{"query":"fish"}"#), "{raw}");
    let AnswerPart::Native { kind, .. } = &answer.parts[1] else {
        panic!()
    };
    assert_eq!(kind, "web_search_tool_result");
    let AnswerPart::Text { citations, .. } = &answer.parts[2] else {
        panic!()
    };
    assert_eq!(citations[0].quote.as_deref(), Some("fish"));
}

/// Row 110: an error is an error, wherever it stands.
#[test]
fn errors_inside_answers() {
    for (name, kind) in [
        ("bad_overloaded_first", Kind::Overloaded),
        ("bad_error_midway", Kind::Upstream),
        ("bad_error_unnamed", Kind::RateLimit),
        ("bad_not_json", Kind::Upstream),
        ("bad_truncated", Kind::Truncated),
    ] {
        let error = answer(&fixture("stream", &format!("{name}.sse"))).unwrap_err();
        assert_eq!(error.kind, kind, "{name}");
    }
    for (name, kind) in [
        ("bad_error_200", Kind::Overloaded),
        ("bad_not_a_message", Kind::Upstream),
    ] {
        let error = whole(&fixture("response", &format!("{name}.json"))).unwrap_err();
        assert_eq!(error.kind, kind, "{name}");
    }
    assert_eq!(answer(b"").unwrap_err().kind, Kind::Truncated);
    let silent = b"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n";
    assert_eq!(
        answer(silent).unwrap_err().kind,
        Kind::Upstream,
        "arguments of no call"
    );
    let nameless = b"data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"x\"}}\n\n";
    assert_eq!(
        answer(nameless).unwrap_err().kind,
        Kind::Upstream,
        "a call without a name"
    );
}

#[test]
fn events_without_data_say_nothing() {
    let full = String::from_utf8(fixture("stream", "full.sse")).unwrap();
    let padded = format!("event: ping\ndata:\n\ndata: \n\n{full}");
    let padded = answer(padded.as_bytes()).unwrap();
    assert_eq!(parts(&padded), parts(&stream("full")));
}

#[test]
fn pings_are_signs_of_life() {
    let mut pings = 0;
    let bytes = fixture("stream", "ping_everywhere.sse");
    let mut count = |delta: Delta<'_>| pings += usize::from(matches!(delta, Delta::Keepalive));
    decode_stream([bytes.as_slice()], &mut count).unwrap();
    assert_eq!(pings, 5);
}

fn any_event() -> impl Strategy<Value = Value> {
    let index = 0..3_u64;
    let block = prop::sample::select(vec![
        json!({"type": "text", "text": ""}),
        json!({"type": "text", "text": "t", "citations": [{"url": "u"}]}),
        json!({"type": "thinking", "thinking": "", "signature": "s"}),
        json!({"type": "redacted_thinking", "data": "d"}),
        json!({"type": "tool_use", "id": "", "name": "f", "input": {"a": 1}}),
        json!({"type": "server_tool_use", "id": "s", "name": "w", "input": {}}),
        json!({"type": "tool_use", "name": null}),
        json!({}),
    ]);
    let delta = prop::sample::select(vec![
        json!({"type": "text_delta", "text": "x"}),
        json!({"type": "thinking_delta", "thinking": "y"}),
        json!({"type": "signature_delta", "signature": "z"}),
        json!({"type": "input_json_delta", "partial_json": "{}"}),
        json!({"type": "citations_delta", "citation": {"title": 3}}),
        json!({"type": "text_delta", "text": 5}),
        json!({"type": 7}),
    ]);
    let head = json!({"type": "message_start", "message": {"usage": {"input_tokens": 1}}});
    let stop =
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": null});
    prop_oneof![
        4 => (index.clone(), block)
            .prop_map(|(i, b)| json!({"type": "content_block_start", "index": i, "content_block": b})),
        6 => (index.clone(), delta)
            .prop_map(|(i, d)| json!({"type": "content_block_delta", "index": i, "delta": d})),
        3 => index.prop_map(|i| json!({"type": "content_block_stop", "index": i})),
        1 => prop::sample::select(vec![head, stop, json!({"type": "ping"}), json!({"type": "message_stop"}), json!([])]),
    ]
}

proptest! {
    /// Whatever an upstream sends in whatever order, the deltas keep their promises (checked in `answer`).
    #[test]
    fn any_order_of_events_keeps_the_promises(events in prop::collection::vec(any_event(), 0..20)) {
        let events: Vec<_> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        let stream = events.concat();
        let result = answer(stream.as_bytes());
        let is_ended = stream.contains("message_stop") || stream.contains("stop_reason");
        prop_assert!(result.is_err() || is_ended, "no end, no answer");
    }
}
