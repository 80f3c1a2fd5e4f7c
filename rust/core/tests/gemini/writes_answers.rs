//! IR → answers for clients.

use fastproxy_core::dialect::Dialect;
use fastproxy_core::ir::{Answer, AnswerPart, FinishReason, OwnedCitation, ToolKind, Usage};
use serde_json::{Value, json};

use crate::kit::{answer, run, setup, written};

fn chat(delta: impl Into<Value>, finish: Option<&str>) -> String {
    let delta = delta.into();
    let chunk = json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    format!("data: {chunk}\n\n")
}

fn chunks(out: &str) -> Vec<Value> {
    let frames = out.split_terminator("\n\n");
    frames
        .map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

#[test]
fn nothing_but_data_lines_is_written_and_no_terminator() {
    let pieces = [
        chat(json!({"content": "a\u{2028}b"}), None),
        ": comment\n\n".into(),
        chat(json!({}), Some("stop")),
        "data: [DONE]\n\n".into(),
    ];
    let (out, end) = run(
        setup(Dialect::OpenaiChat, false),
        &pieces.each_ref().map(String::as_str),
    );
    assert!(end.is_ok());
    assert!(
        out.lines()
            .all(|line| line.is_empty() || line.starts_with("data: {")),
        "{out}"
    );
    assert!(!out.contains('\u{2028}') && out.contains("\\u2028"));
    let all = chunks(&out);
    assert_eq!(
        all[0]["candidates"][0]["content"]["parts"][0]["text"],
        "a\u{2028}b"
    );
    assert_eq!(all.last().unwrap()["candidates"][0]["finishReason"], "STOP");
    assert!(
        all.iter()
            .all(|chunk| chunk["modelVersion"] == "asked-model")
    );
}

#[test]
fn fragments_of_arguments_become_one_call() {
    let call = |id: Option<&str>, json: &str| {
        let mut call = json!({"index": 0, "function": {"arguments": json}});
        if let Some(id) = id {
            call["id"] = json!(id);
            call["function"]["name"] = json!("f");
        }
        chat(json!({"tool_calls": [call]}), None)
    };
    let pieces = [
        call(Some("c1"), "{\"ci"),
        call(None, "ty\":\"Os"),
        call(None, "lo\"}"),
        chat(json!({}), Some("tool_calls")),
    ];
    let (out, end) = run(
        setup(Dialect::OpenaiChat, false),
        &pieces.each_ref().map(String::as_str),
    );
    assert!(end.is_ok());
    let all = chunks(&out);
    let parts: Vec<_> = all
        .iter()
        .flat_map(|c| c["candidates"][0]["content"]["parts"].as_array().unwrap())
        .collect();
    assert_eq!(
        parts[0],
        &json!({"functionCall": {"id": "c1", "name": "f", "args": {"city": "Oslo"}}})
    );
    assert_eq!(
        parts.len(),
        2,
        "the call and the empty text of the last chunk"
    );
    assert_eq!(all.last().unwrap()["candidates"][0]["finishReason"], "STOP");
}

#[test]
fn an_error_is_a_chunk_with_the_error_first() {
    let pieces = [chat(json!({"content": "half"}), None)];
    let (out, end) = run(
        setup(Dialect::OpenaiChat, false),
        &pieces.each_ref().map(String::as_str),
    );
    assert!(end.is_err());
    let last = out.trim_end().rsplit("\n\n").next().unwrap();
    assert!(
        last.starts_with("data: {\"error\":{\"code\":502,"),
        "{last}"
    );
}

#[test]
fn a_whole_answer_comes_back_the_same() {
    let sent = Answer {
        parts: vec![
            AnswerPart::Reasoning { text: "hm".into(), summary: Vec::new(), opaque: Vec::new() },
            AnswerPart::Text {
                text: "Größe Paris".into(),
                citations: vec![OwnedCitation {
                    url: Some("https://e.org".into()),
                    title: Some("E".into()),
                    quote: Some("Paris".into()),
                    start: Some(6),
                    end: Some(11),
                }],
                logprobs: Some(r#"{"token":"G","logprob":-0.5,"bytes":null,"top_logprobs":[{"token":"g","logprob":-1.5,"bytes":null}]}"#.into()),
                opaque: Vec::new(),
            },
            AnswerPart::ToolCall {
                id: "c".into(),
                name: "f".into(),
                namespace: None,
                kind: ToolKind::Custom,
                arguments: "free \"text\"".into(),
                opaque: Vec::new(),
            },
        ],
        usage: Usage {
            input: Some(10),
            cache_read: Some(5),
            tool_prompt: Some(2),
            output: Some(7),
            reasoning: Some(3),
            audio_output: Some(4),
            ..Usage::default()
        },
        finish: Some(FinishReason::MaxOutput),
        ..Answer::default()
    };
    let (body, loss) = written(&sent);
    assert!(loss.is_empty(), "{loss:?}");
    assert_eq!(body["usageMetadata"]["totalTokenCount"], 27);
    assert_eq!(body["usageMetadata"]["promptTokenCount"], 15);
    let read = answer(&body).unwrap();
    assert_eq!(read.usage, sent.usage);
    assert_eq!((read.finish, read.parts.len()), (sent.finish, 3));
    let AnswerPart::Text {
        citations,
        logprobs,
        ..
    } = &read.parts[1]
    else {
        panic!("no text");
    };
    let AnswerPart::Text {
        citations: expected,
        ..
    } = &sent.parts[1]
    else {
        panic!("no text");
    };
    assert_eq!(citations, expected);
    let tokens: Value =
        serde_json::from_str(&format!("[{}]", logprobs.as_deref().unwrap())).unwrap();
    assert_eq!(
        (&tokens[0]["token"], &tokens[0]["top_logprobs"][0]["token"]),
        (&json!("G"), &json!("g"))
    );
    assert!(
        matches!(&read.parts[2], AnswerPart::ToolCall { arguments, .. } if arguments == r#"{"input":"free \"text\""}"#)
    );
}

#[test]
fn every_reason_has_a_word() {
    for (reason, word) in [
        (FinishReason::End, "STOP"),
        (FinishReason::ToolUse, "STOP"),
        (FinishReason::MaxOutput, "MAX_TOKENS"),
        (FinishReason::ContextFull, "MAX_TOKENS"),
        (FinishReason::StopSequence, "STOP"),
        (FinishReason::Refusal, "SAFETY"),
        (FinishReason::Recitation, "RECITATION"),
        (FinishReason::Pause, "STOP"),
        (FinishReason::BadToolCall, "MALFORMED_FUNCTION_CALL"),
    ] {
        let (body, loss) = written(&Answer {
            finish: Some(reason),
            explanation: Some("because".into()),
            ..Answer::default()
        });
        let candidate = &body["candidates"][0];
        assert_eq!(candidate["finishReason"], word);
        let is_told = candidate.get("finishMessage").is_some();
        assert_eq!(
            is_told,
            matches!(
                reason,
                FinishReason::Refusal | FinishReason::Recitation | FinishReason::BadToolCall
            )
        );
        assert_eq!(candidate["content"]["parts"], json!([{"text": ""}]));
        let is_lossy = matches!(reason, FinishReason::ContextFull | FinishReason::Pause);
        assert_eq!(
            loss.entries()
                .iter()
                .any(|l| l.code.name() == "stop_approximated"),
            is_lossy,
            "{reason:?}"
        );
    }
    let refusal = AnswerPart::Refusal {
        text: "I will not".into(),
    };
    let (body, _) = written(&Answer {
        parts: vec![refusal],
        ..Answer::default()
    });
    assert_eq!(body["candidates"][0]["finishReason"], "SAFETY");
}
