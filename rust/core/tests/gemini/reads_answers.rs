//! Upstreams' answers → IR.

use fastproxy_core::error::{Kind, Source};
use fastproxy_core::ir::{Answer, AnswerPart, FinishReason, OpaqueKind};
use serde_json::{Value, json};

use crate::kit::{answer, chunk, last, streamed};

/// One word per part: what it is and what it says.
fn script(answer: &Answer) -> Vec<String> {
    let of = |part: &AnswerPart| match part {
        AnswerPart::Text { text, .. } => format!("text {text}"),
        AnswerPart::Reasoning { text, opaque, .. } => {
            let state: Vec<_> = opaque.iter().map(|opaque| opaque.data.as_ref()).collect();
            format!("thought {text}[{}]", state.join(","))
        }
        AnswerPart::ToolCall {
            name,
            arguments,
            opaque,
            ..
        } => format!("call {name}{arguments}[{}]", opaque.len()),
        AnswerPart::Media { mime, data } => format!("media {mime} {data}"),
        AnswerPart::Native { kind, .. } => format!("native {kind}"),
        AnswerPart::Refusal { text } => format!("refusal {text}"),
    };
    answer.parts.iter().map(of).collect()
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let parts = [
        json!({"text": "Hm", "thought": true}),
        json!({"text": "First."}),
        json!({"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "s1"}),
        json!({"functionCall": {"name": "f", "args": {}}}),
        json!({"inlineData": {"mimeType": "image/png", "data": "AA=="}}),
        json!({"executableCode": {"code": "1"}}),
        json!({"text": "", "thoughtSignature": "s2"}),
    ];
    let mut chunks: Vec<_> = parts.iter().map(|part| chunk(json!([part]))).collect();
    chunks.push(last("STOP"));
    let mut whole = last("STOP");
    whole["candidates"][0]["content"] = json!({"parts": parts});
    let (streamed, whole) = (streamed(&chunks).unwrap(), answer(&whole).unwrap());
    let expected = [
        "thought Hm[]",
        "text First.",
        "call f{\"a\":1}[1]",
        "call f{}[0]",
        "media image/png AA==",
        "native executableCode",
        "thought [s2]",
    ];
    assert_eq!(script(&streamed), expected);
    assert_eq!(script(&whole), expected);
    assert_eq!(streamed.usage, whole.usage);
    let ids = |answer: &Answer| {
        let calls = answer.parts.iter().filter_map(|part| match part {
            AnswerPart::ToolCall { id, .. } => Some(id.clone()),
            _ => None,
        });
        calls.collect::<Vec<_>>()
    };
    assert_eq!(ids(&streamed), ids(&whole));
    assert_ne!(ids(&whole)[0], ids(&whole)[1]);
}

#[test]
fn signatures_are_state_of_their_issuer() {
    let read = streamed(&[
        chunk(json!([{"functionCall": {"id": "x", "name": "f"}, "thoughtSignature": "sig"}])),
        last("STOP"),
    ])
    .unwrap();
    let AnswerPart::ToolCall { id, opaque, .. } = &read.parts[0] else {
        panic!("no call");
    };
    assert_eq!(
        (id.as_str(), opaque[0].origin.as_ref()),
        ("x", "google.test")
    );
    assert_eq!(opaque[0].kind, OpaqueKind::ThoughtSignature);
}

#[test]
fn every_finish_reason() {
    for (native, reason) in [
        ("STOP", FinishReason::End),
        ("MAX_TOKENS", FinishReason::MaxOutput),
        ("SAFETY", FinishReason::Refusal),
        ("PROHIBITED_CONTENT", FinishReason::Refusal),
        ("BLOCKLIST", FinishReason::Refusal),
        ("SPII", FinishReason::Refusal),
        ("IMAGE_SAFETY", FinishReason::Refusal),
        ("RECITATION", FinishReason::Recitation),
        ("MALFORMED_FUNCTION_CALL", FinishReason::BadToolCall),
        ("UNEXPECTED_TOOL_CALL", FinishReason::BadToolCall),
        ("CONTINUATION", FinishReason::Pause),
        ("OTHER", FinishReason::End),
        ("NEW_REASON", FinishReason::End),
    ] {
        let read = streamed(&[chunk(json!([{"text": "x"}])), last(native)]).unwrap();
        assert_eq!(
            (read.finish, read.native_finish.as_str()),
            (Some(reason), native)
        );
    }
}

#[test]
fn a_blocked_prompt_is_a_refusal_with_its_reason() {
    let body = json!({"promptFeedback": {"blockReason": "JAILBREAK", "blockReasonMessage": "no"}, "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}});
    for read in [
        answer(&body).unwrap(),
        streamed(std::slice::from_ref(&body)).unwrap(),
    ] {
        assert_eq!(read.finish, Some(FinishReason::Refusal));
        assert_eq!(
            (read.category.as_deref(), read.explanation.as_deref()),
            (Some("JAILBREAK"), Some("no"))
        );
        assert!(read.parts.is_empty());
        assert_eq!(read.usage.input, Some(4));
    }
}

#[test]
fn an_end_without_a_reason_is_a_truncation() {
    let error = streamed(&[chunk(json!([{"text": "half"}]))]).unwrap_err();
    assert_eq!(
        (error.kind, error.source),
        (Kind::Truncated, Source::Upstream)
    );
    let error = answer(&json!([chunk(json!([{"text": "half"}]))])).unwrap_err();
    assert_eq!(error.kind, Kind::Truncated);
    let unspecified = json!({"candidates": [{"finishReason": "FINISH_REASON_UNSPECIFIED"}]});
    assert_eq!(streamed(&[unspecified]).unwrap_err().kind, Kind::Truncated);
}

#[test]
fn errors_inside_answers_are_errors() {
    let error = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow down",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}]}});
    for chunks in [
        vec![error.clone()],
        vec![json!([error])],
        vec![chunk(json!([{"text": "x"}])), error.clone()],
    ] {
        let error = streamed(&chunks).unwrap_err();
        assert_eq!(
            (error.kind, error.retry_after_ms),
            (Kind::RateLimit, Some(2000))
        );
    }
    assert_eq!(answer(&error).unwrap_err().kind, Kind::RateLimit);
    for body in [
        json!({}),
        json!({"candidates": "none"}),
        json!(5),
        Value::Null,
    ] {
        assert_eq!(answer(&body).unwrap_err().kind, Kind::Upstream, "{body}");
    }
}

#[test]
fn sources_are_placed_in_code_points_wherever_the_text_was_cut() {
    let grounding = json!({"groundingChunks": [{"web": {"uri": "https://e.org", "title": "E"}}],
        "groundingSupports": [{"segment": {"startIndex": 8, "endIndex": 13, "text": "Paris"}, "groundingChunkIndices": [0, 9]}]});
    let mut end = last("STOP");
    end["candidates"][0]["groundingMetadata"] = grounding;
    let read = streamed(&[
        chunk(json!([{"text": "Größ"}])),
        chunk(json!([{"text": "e Paris!"}])),
        end,
    ])
    .unwrap();
    let AnswerPart::Text {
        text, citations, ..
    } = &read.parts[0]
    else {
        panic!("no text");
    };
    assert_eq!(text, "Größe Paris!");
    assert_eq!(citations.len(), 1);
    let citation = &citations[0];
    assert_eq!(
        (citation.url.as_deref(), citation.quote.as_deref()),
        (Some("https://e.org"), Some("Paris"))
    );
    assert_eq!((citation.start, citation.end), (Some(6), Some(11)));
}

#[test]
fn other_candidates_are_not_mixed_in() {
    let body = json!({"candidates": [
        {"content": {"parts": [{"text": "one"}]}, "finishReason": "STOP", "index": 0},
        {"content": {"parts": [{"text": "two"}]}, "finishReason": "STOP", "index": 1}]});
    assert_eq!(script(&answer(&body).unwrap()), ["text one"]);
}
