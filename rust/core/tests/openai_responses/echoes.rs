//! The settings that answers repeat.

use fastproxy_core::dialect::openai_responses::Responses;
use fastproxy_core::dialect::{ClientContext, Codec, Dialect, EncodeContext};
use fastproxy_core::ir::{Answer, AnswerPart, FinishReason};
use serde_json::{Value, json};

use super::kit::{client, doc, encode_cx, fixture, prepared, told};

fn echoed(request: &Value) -> Value {
    let doc = doc(request);
    let cx = EncodeContext {
        echo: Responses.echo(doc.root(), &ClientContext::default()),
        ..encode_cx()
    };
    let answer = Answer {
        parts: vec![AnswerPart::Reasoning {
            text: "hm".into(),
            summary: Vec::new(),
            opaque: Vec::new(),
        }],
        finish: Some(FinishReason::End),
        ..Answer::default()
    };
    told(&answer, &cx).0
}

#[test]
fn what_was_said_is_repeated() {
    let body: Value = serde_json::from_slice(&fixture("request", "full.json")).unwrap();
    let answer = echoed(&body);
    for key in [
        "instructions",
        "tool_choice",
        "parallel_tool_calls",
        "max_output_tokens",
        "max_tool_calls",
        "temperature",
        "top_p",
        "reasoning",
        "text",
        "top_logprobs",
        "store",
        "truncation",
        "metadata",
        "prompt_cache_key",
        "safety_identifier",
    ] {
        assert_eq!(answer[key], body[key], "{key}");
    }
    assert_eq!(answer["tools"][0], {
        let mut tool = body["tools"][0].clone();
        tool["strict"] = json!(true);
        tool
    });
    let clouds = &answer["tools"][1];
    assert_eq!(clouds["description"], Value::Null, "required in answers");
    assert_eq!(clouds["strict"], true, "its default here");
    assert_eq!(answer["tools"][3], body["tools"][3]);
}

#[test]
fn what_was_not_said_has_its_default() {
    for request in [
        json!({"model": "m", "input": "x"}),
        json!({"model": "m", "input": "x", "tools": null, "text": null}),
    ] {
        let answer = echoed(&request);
        assert_eq!(answer["tools"], json!([]));
        assert_eq!(answer["tool_choice"], "auto");
        assert_eq!(answer["text"], json!({"format": {"type": "text"}}));
        assert_eq!(answer["store"], true);
        assert_eq!(answer["metadata"], json!({}));
        assert_eq!(
            answer["reasoning"],
            json!({"effort": null, "summary": null})
        );
    }
}

#[test]
fn a_body_over_several_lines_is_one_line_in_events() {
    let body = client(
        Dialect::OpenaiResponses,
        &serde_json::from_slice(&fixture("request", "full.json")).unwrap(),
    );
    let echo = prepared(&body, Dialect::OpenaiChat, "a").echo.unwrap();
    assert!(!echo.contains('\n'));
    let text = String::from_utf8(fixture("request", "full.json")).unwrap();
    assert!(text.contains('\n'));
    let doc = fastproxy_core::json::Doc::parse(text.into()).unwrap();
    assert!(
        !Responses
            .echo(doc.root(), &ClientContext::default())
            .unwrap()
            .contains('\n')
    );
    let chat = client(
        Dialect::OpenaiChat,
        &json!({"model": "m", "messages": [{"role": "user", "content": "x"}]}),
    );
    assert_eq!(prepared(&chat, Dialect::Anthropic, "a").echo, None);
}

/// Readers look for thinking where they asked for it.
#[test]
fn thinking_is_shown_as_a_summary_to_who_asked_for_one() {
    let shown = echoed(&json!({"model": "m", "input": "x", "reasoning": {"summary": "auto"}}));
    assert_eq!(
        shown["output"][0]["summary"],
        json!([{"type": "summary_text", "text": "hm"}])
    );
    assert_eq!(shown["output"][0].get("content"), None);
    for reasoning in [
        Value::Null,
        json!({"effort": "low"}),
        json!({"summary": "none"}),
    ] {
        let plain = echoed(&json!({"model": "m", "input": "x", "reasoning": reasoning}));
        assert_eq!(plain["output"][0]["summary"], json!([]));
        assert_eq!(
            plain["output"][0]["content"],
            json!([{"type": "reasoning_text", "text": "hm"}])
        );
    }
}
