//! Deltas → an Ollama client's lines and whole answers.

use fastproxy_core::dialect::ollama::Ollama;
use fastproxy_core::dialect::{Codec, EncodeContext};
use fastproxy_core::error::Error;
use fastproxy_core::ir::{
    Answer, AnswerPart, Citation, Collector, Delta, Emit, Finish, FinishReason, Opaque, OpaqueKind,
    PartKind, Piece, Start, ToolKind, Usage,
};
use fastproxy_core::loss::LossReport;
use serde_json::{Value, json};

use super::kit::{encode_cx, heard, lines, losses};

/// An answer as deltas, as a stream and as a whole.
struct Told {
    lines: Vec<Value>,
    whole: Value,
    stream_losses: Vec<(&'static str, String)>,
    whole_losses: Vec<(&'static str, String)>,
}

fn told(cx: &EncodeContext, deltas: &[Delta<'_>]) -> Told {
    let (mut stream, mut loss) = (Vec::new(), LossReport::new());
    let mut encoder = Ollama.stream_encoder(cx);
    let mut collector = Collector::default();
    for delta in deltas {
        encoder.delta(delta, &mut loss, &mut stream);
        collector.emit(delta.clone());
    }
    let (mut body, mut whole_loss) = (Vec::new(), LossReport::new());
    Ollama.encode_response(&collector.answer, cx, &mut whole_loss, &mut body);
    Told {
        lines: lines(std::str::from_utf8(&stream).unwrap()),
        whole: serde_json::from_slice(&body).unwrap(),
        stream_losses: losses(&loss),
        whole_losses: losses(&whole_loss),
    }
}

fn part(part: u32, kind: PartKind<'static>, pieces: Vec<Piece<'static>>) -> Vec<Delta<'static>> {
    let mut deltas = vec![Delta::PartStart { part, kind }];
    deltas.extend(pieces.into_iter().map(|piece| Delta::Piece { part, piece }));
    deltas.push(Delta::PartEnd { part });
    deltas
}

fn answer(
    parts: Vec<Vec<Delta<'static>>>,
    finish: Finish<'static>,
    usage: Usage,
) -> Vec<Delta<'static>> {
    let mut deltas = vec![Delta::Start(Start::default())];
    deltas.extend(parts.into_iter().flatten());
    deltas.extend([Delta::Usage(usage), Delta::Finish(finish), Delta::End]);
    deltas
}

fn call(id: &'static str) -> PartKind<'static> {
    PartKind::ToolCall {
        id,
        name: "f",
        namespace: None,
        kind: ToolKind::Function,
    }
}

const COUNTS: Usage = Usage {
    input: Some(3),
    output: Some(4),
    cache_read: None,
    cache_write: None,
    cache_write_1h: None,
    tool_prompt: None,
    reasoning: None,
    audio_input: None,
    audio_output: None,
    accepted_prediction: None,
    rejected_prediction: None,
    web_searches: None,
};

fn end() -> Finish<'static> {
    Finish::new(FinishReason::End, "end_turn")
}

#[test]
fn every_line_is_an_answer_and_the_last_one_ends_it() {
    let parts = vec![
        part(
            0,
            PartKind::Reasoning,
            vec![Piece::Text("h"), Piece::Text("m")],
        ),
        part(
            1,
            PartKind::Text,
            vec![Piece::Text("a\u{2028}"), Piece::Text("")],
        ),
        part(
            2,
            call("c"),
            vec![Piece::Arguments("{\"x\":"), Piece::Arguments("1}")],
        ),
    ];
    let told = told(&encode_cx("chat"), &answer(parts, end(), COUNTS));
    let head = |message: Value, done: bool| json!({"model": "asked-model", "created_at": "2023-11-14T22:13:20Z", "message": message, "done": done});
    let call = json!([{"id": "c", "function": {"index": 0, "name": "f", "arguments": {"x": 1}}}]);
    let mut last = head(json!({"role": "assistant", "content": ""}), true);
    last["done_reason"] = json!("stop");
    last["prompt_eval_count"] = json!(3);
    last["eval_count"] = json!(4);
    assert_eq!(
        told.lines,
        [
            head(
                json!({"role": "assistant", "content": "", "thinking": "h"}),
                false
            ),
            head(
                json!({"role": "assistant", "content": "", "thinking": "m"}),
                false
            ),
            head(json!({"role": "assistant", "content": "a\u{2028}"}), false),
            head(
                json!({"role": "assistant", "content": "", "tool_calls": call}),
                false
            ),
            last.clone(),
        ]
    );
    last["message"] =
        json!({"role": "assistant", "content": "a\u{2028}", "thinking": "hm", "tool_calls": call});
    assert_eq!(told.whole, last);
    assert!(told.stream_losses.is_empty() && told.whole_losses.is_empty());
}

#[test]
fn calls_are_written_when_they_are_complete_however_they_were_mixed() {
    let piece = |part, text| Delta::Piece {
        part,
        piece: Piece::Arguments(text),
    };
    let deltas = vec![
        Delta::Start(Start::default()),
        Delta::PartStart {
            part: 0,
            kind: call("a"),
        },
        Delta::PartStart {
            part: 1,
            kind: call("b"),
        },
        piece(0, "{\"n\""),
        piece(1, "{\"n\":2}"),
        piece(0, ":1}"),
        Delta::PartEnd { part: 1 },
        Delta::PartEnd { part: 0 },
        Delta::Finish(Finish::new(FinishReason::ToolUse, "tool_calls")),
        Delta::End,
    ];
    let told = told(&encode_cx("chat"), &deltas);
    let call = |line: &Value| line["message"]["tool_calls"][0]["function"].clone();
    assert_eq!(
        call(&told.lines[0]),
        json!({"index": 0, "name": "f", "arguments": {"n": 2}})
    );
    assert_eq!(
        call(&told.lines[1]),
        json!({"index": 1, "name": "f", "arguments": {"n": 1}})
    );
    assert_eq!(told.lines[2]["done_reason"], "stop");
    assert_eq!(told.stream_losses, [("usage_unknown", "usage".into())]);
}

#[test]
fn arguments_that_are_no_object_are_wrapped() {
    let parts = vec![part(0, call("a"), vec![Piece::Arguments("{\"x\":")])];
    let told = told(&encode_cx("chat"), &answer(parts, end(), COUNTS));
    let wrapped = json!({"_raw": "{\"x\":"});
    assert_eq!(
        told.lines[0]["message"]["tool_calls"][0]["function"]["arguments"],
        wrapped
    );
    assert_eq!(
        told.whole["message"]["tool_calls"][0]["function"]["arguments"],
        wrapped
    );
    assert_eq!(
        told.stream_losses,
        [("args_invalid_json", "tool_calls".into())]
    );
    assert_eq!(told.whole_losses, told.stream_losses);
}

#[test]
fn an_answer_that_says_nothing_is_well_formed() {
    let told = told(&encode_cx("chat"), &answer(Vec::new(), end(), COUNTS));
    assert_eq!(told.lines.len(), 1);
    assert_eq!(told.whole, told.lines[0]);
    assert_eq!(
        told.whole["message"],
        json!({"role": "assistant", "content": ""})
    );
}

#[test]
fn stop_reasons_and_what_they_cannot_say() {
    for (reason, word, is_exact) in [
        (FinishReason::End, "stop", true),
        (FinishReason::ToolUse, "stop", true),
        (FinishReason::StopSequence, "stop", true),
        (FinishReason::MaxOutput, "length", true),
        (FinishReason::ContextFull, "length", false),
        (FinishReason::Refusal, "stop", false),
        (FinishReason::Recitation, "stop", false),
        (FinishReason::Pause, "stop", false),
        (FinishReason::BadToolCall, "stop", false),
    ] {
        let told = told(
            &encode_cx("chat"),
            &answer(Vec::new(), Finish::new(reason, "x"), COUNTS),
        );
        assert_eq!(told.whole["done_reason"], word, "{reason:?}");
        assert_eq!(told.lines[0]["done_reason"], word);
        assert_eq!(told.stream_losses.is_empty(), is_exact, "{reason:?}");
        assert_eq!(told.stream_losses, told.whole_losses);
    }
    let finish = Finish {
        stop_sequence: Some("END"),
        explanation: Some("why"),
        ..Finish::new(FinishReason::StopSequence, "stop_sequence")
    };
    let told = told(&encode_cx("chat"), &answer(Vec::new(), finish, COUNTS));
    let lost = [
        ("stop_approximated", "stop_sequence".into()),
        ("field_dropped", "stop_details".into()),
    ];
    assert_eq!(told.stream_losses, lost);
}

#[test]
fn what_has_no_field_is_reported() {
    let state = Opaque {
        origin: "x".into(),
        kind: OpaqueKind::Signature,
        data: "s".into(),
    };
    let plain = Opaque {
        kind: OpaqueKind::Replay,
        ..state.clone()
    };
    let citation = Citation {
        url: Some("https://example.com"),
        ..Citation::default()
    };
    let parts = vec![
        part(
            0,
            PartKind::Reasoning,
            vec![Piece::Opaque(plain), Piece::Opaque(state)],
        ),
        part(
            1,
            PartKind::Text,
            vec![Piece::Text("a"), Piece::Citation(citation)],
        ),
        part(2, PartKind::Refusal, vec![Piece::Text("no")]),
        part(
            3,
            PartKind::Media { mime: "image/png" },
            vec![Piece::Data("AAAA")],
        ),
        part(
            4,
            PartKind::Native { kind: "search" },
            vec![Piece::Native("{}")],
        ),
    ];
    let usage = Usage {
        cache_read: Some(5),
        reasoning: Some(1),
        ..COUNTS
    };
    let told = told(&encode_cx("chat"), &answer(parts, end(), usage));
    assert_eq!(told.whole["message"]["content"], "ano");
    assert_eq!(
        (&told.whole["prompt_eval_count"], &told.whole["eval_count"]),
        (&json!(8), &json!(5))
    );
    let mut paths: Vec<_> = told
        .stream_losses
        .iter()
        .map(|(_, path)| path.as_str())
        .collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "citations",
            "content",
            "content",
            "refusal",
            "thinking",
            "usage"
        ]
    );
    let (mut streamed, mut whole) = (told.stream_losses, told.whole_losses);
    streamed.sort();
    whole.sort();
    assert_eq!(streamed, whole);
}

#[test]
fn summaries_are_thinking_with_a_gap_between() {
    let summary = |index, text| Piece::Summary { index, text };
    let pieces = vec![summary(0, "a"), summary(0, "b"), summary(1, "c")];
    let parts = vec![part(0, PartKind::Reasoning, pieces)];
    let told = told(&encode_cx("chat"), &answer(parts, end(), COUNTS));
    let streamed: String = told
        .lines
        .iter()
        .filter_map(|line| line["message"]["thinking"].as_str())
        .collect();
    assert_eq!(streamed, "ab\n\nc");
    assert_eq!(told.whole["message"]["thinking"], "ab\n\nc");
}

#[test]
fn log_probabilities_have_a_line_of_their_own() {
    let tokens = r#"[{"token":"a","logprob":-1}]"#;
    let pieces = vec![
        Piece::Text("a"),
        Piece::Logprobs(tokens),
        Piece::Text("b"),
        Piece::Logprobs(tokens),
    ];
    let told = told(
        &encode_cx("chat"),
        &answer(vec![part(0, PartKind::Text, pieces)], end(), COUNTS),
    );
    assert_eq!(
        told.lines[1]["logprobs"],
        json!([{"token": "a", "logprob": -1}])
    );
    assert_eq!(told.lines[1]["message"]["content"], "");
    assert_eq!(told.whole["logprobs"].as_array().unwrap().len(), 2);
}

#[test]
fn text_after_a_call_is_in_order_in_a_stream_only() {
    let parts = vec![
        part(0, call("a"), vec![]),
        part(1, PartKind::Text, vec![Piece::Text("later")]),
    ];
    let told = told(&encode_cx("chat"), &answer(parts, end(), COUNTS));
    assert!(told.stream_losses.is_empty());
    assert_eq!(told.whole_losses, [("order_lost", "content".into())]);
}

#[test]
fn an_error_is_a_line_and_nothing_keeps_a_client_waiting() {
    let mut encoder = Ollama.stream_encoder(&encode_cx("chat"));
    let mut out = Vec::new();
    encoder.keepalive(&mut out);
    encoder.delta(&Delta::Keepalive, &mut LossReport::new(), &mut out);
    assert!(out.is_empty(), "clients parse every line");
    encoder.abort(&Error::truncated("cut\nshort"), &mut out);
    assert_eq!(out, b"{\"error\":\"cut\\nshort\"}\n");
}

#[test]
fn what_is_written_is_heard_again() {
    let whole = Answer {
        parts: vec![AnswerPart::Text {
            text: "x".into(),
            citations: Vec::new(),
            logprobs: None,
            opaque: Vec::new(),
        }],
        finish: Some(FinishReason::MaxOutput),
        ..Answer::default()
    };
    let mut out = Vec::new();
    Ollama.encode_response(
        &whole,
        &encode_cx("generate"),
        &mut LossReport::new(),
        &mut out,
    );
    out.push(b'\n');
    let heard = heard(&out).unwrap();
    assert_eq!(heard.finish, Some(FinishReason::MaxOutput));
    assert!(matches!(&heard.parts[0], AnswerPart::Text { text, .. } if text == "x"));
}
