//! Clients' requests → IR.

use fastproxy_core::ir::Role::{Assistant, System, Tool, User};
use fastproxy_core::ir::{
    Content, Effort, MediaSource, OutputFormat, ReasoningIntent, ToolCall, ToolMode, ToolResult,
};
use fastproxy_core::json::Number;
use serde_json::{Value, json};

use super::kit::{chat, fixture_json, read};

fn calls(body: &Value) -> Vec<(String, String, String)> {
    read(body, |request| {
        let parts = request.turns.iter().flat_map(|turn| &turn.parts);
        let of = |call: &ToolCall<'_>| {
            (
                call.id.to_string(),
                call.name.to_string(),
                call.arguments.to_string(),
            )
        };
        let calls = parts.filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(of(call)),
            _ => None,
        });
        calls.collect()
    })
}

fn results(body: &Value) -> Vec<(String, Option<String>)> {
    read(body, |request| {
        let parts = request.turns.iter().flat_map(|turn| &turn.parts);
        let of = |result: &ToolResult<'_>| {
            (
                result.id.to_string(),
                result.name.as_deref().map(str::to_owned),
            )
        };
        let results = parts.filter_map(|part| match &part.content {
            Content::ToolResult(result) => Some(of(result)),
            _ => None,
        });
        results.collect()
    })
}

#[test]
fn a_full_request_has_everything_in_its_place() {
    read(&fixture_json("request", "full.json"), |request| {
        assert!(request.stream && request.stream_usage);
        let sampling = &request.sampling;
        assert_eq!(sampling.temperature, Some(Number("0.7")));
        assert_eq!(sampling.top_p, Some(Number("0.9")));
        assert_eq!(sampling.top_k, Some(Number("40")));
        assert_eq!(sampling.seed, Some(Number("42")));
        assert_eq!(sampling.frequency_penalty, Some(Number("0.5")));
        assert_eq!(sampling.presence_penalty, Some(Number("-0.5")));
        assert_eq!(sampling.stop, ["END", "\n\n\n"]);
        assert_eq!(
            (sampling.logprobs, sampling.top_logprobs),
            (Some(true), Some(2))
        );
        assert_eq!(request.max_output_tokens, Some(512));
        assert_eq!(request.reasoning.unwrap().effort, Some(Effort::High));
        assert!(matches!(
            request.output_format,
            Some(OutputFormat::Schema { name: None, .. })
        ));
        let kept: Vec<_> = request.ext.iter().map(|ext| ext.pointer.as_str()).collect();
        assert_eq!(
            kept,
            ["/keep_alive", "/options/num_ctx", "/options/repeat_penalty"]
        );
        let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
        assert_eq!(
            roles,
            [System, User, Assistant, Tool, Tool, Assistant, User]
        );
        assert_eq!(request.tools.len(), 2);
        assert!(matches!(
            &request.tools[1].kind,
            ToolMode::Function {
                parameters: None,
                ..
            }
        ));
    });
}

#[test]
fn streaming_is_the_default() {
    assert!(read(&chat(json!({})), |request| request.stream));
    assert!(!read(&chat(json!({"stream": false})), |request| request.stream));
}

#[test]
fn images_stand_before_the_text_and_are_told_by_their_bytes() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "look",
        "images": ["iVBORw0KGgoAAAA", "/9j/4AAQ", "R0lGODlh", "UklGRiQA", "AAAA", "data:image/x;base64,/9j/4A"]}]});
    read(&body, |request| {
        let parts = &request.turns[0].parts;
        let mimes: Vec<_> = parts[..6]
            .iter()
            .map(|part| match &part.content {
                Content::Media(media) => match &media.source {
                    MediaSource::Inline { mime, .. } => mime.to_string(),
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            mimes,
            [
                "image/png",
                "image/jpeg",
                "image/gif",
                "image/webp",
                "application/octet-stream",
                "image/jpeg"
            ]
        );
        assert!(matches!(&parts[6].content, Content::Text(text) if text == "look"));
        let Content::Media(last) = &parts[5].content else {
            panic!("no media")
        };
        assert_eq!(last.pointer, "/messages/0/images/5");
        assert!(matches!(&last.source, MediaSource::Inline { data, .. } if data == "/9j/4A"));
    });
}

#[test]
fn calls_without_ids_get_the_same_ones_in_every_request() {
    let body = fixture_json("request", "calls_without_ids.json");
    let first = calls(&body);
    assert!(first.iter().all(|(id, ..)| id.starts_with("call_")));
    let mut ids: Vec<_> = first.iter().map(|(id, ..)| id.clone()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "each its own");
    let mut longer = body.clone();
    longer["messages"]
        .as_array_mut()
        .unwrap()
        .push(json!({"role": "user", "content": "more"}));
    assert_eq!(calls(&longer), first);
}

#[test]
fn results_answer_the_call_they_name_else_the_first_open_one() {
    let body = fixture_json("request", "calls_without_ids.json");
    let ids: Vec<_> = calls(&body).into_iter().map(|(id, ..)| id).collect();
    let answered: Vec<_> = results(&body).into_iter().map(|(id, _)| id).collect();
    assert_eq!(answered, [ids[2].clone(), ids[0].clone(), ids[1].clone()]);
}

#[test]
fn results_that_answer_nothing_are_kept() {
    let body = fixture_json("request", "orphan_result.json");
    assert_eq!(results(&body), [(String::new(), Some("now".into()))]);
    let named = json!({"model": "m", "messages": [{"role": "tool", "tool_call_id": "call_x", "content": "1"}]});
    assert_eq!(results(&named), [("call_x".into(), None)]);
}

#[test]
fn a_result_never_answers_a_call_of_an_earlier_round() {
    let call =
        json!({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {}}}]});
    let body = json!({"model": "m", "messages": [call, call, {"role": "tool", "tool_name": "f", "content": "1"}]});
    assert_eq!(results(&body)[0].0, calls(&body)[1].0);
}

#[test]
fn arguments_keep_their_text() {
    let body = json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [
        {"id": "a", "function": {"name": "f", "arguments": {"z": 1.0, "a": [2]}}},
        {"id": "b", "function": {"name": "f", "arguments": "{\"x\": 1}"}},
        {"id": "c", "function": {"name": "f"}},
    ]}]});
    let texts: Vec<_> = calls(&body).into_iter().map(|(.., text)| text).collect();
    assert_eq!(
        serde_json::from_str::<Value>(&texts[0]).unwrap(),
        json!({"z": 1.0, "a": [2]})
    );
    assert_eq!(texts[1..], ["{\"x\": 1}", "{}"]);
}

#[test]
fn thinking_is_off_on_or_how_hard() {
    let intent = |think: Value| read(&chat(json!({"think": think})), |request| request.reasoning);
    let switch = |enabled| ReasoningIntent {
        enabled: Some(enabled),
        ..ReasoningIntent::default()
    };
    assert_eq!(intent(json!(true)), Some(switch(true)));
    assert_eq!(intent(json!(false)), Some(switch(false)));
    assert_eq!(intent(json!(null)), None);
    for (word, effort) in [
        ("low", Effort::Low),
        ("medium", Effort::Medium),
        ("high", Effort::High),
        ("max", Effort::Max),
    ] {
        assert_eq!(intent(json!(word)).unwrap().effort, Some(effort));
    }
}

#[test]
fn earlier_thinking_comes_first() {
    let body = json!({"model": "m", "messages": [
        {"role": "assistant", "content": "yes", "thinking": "hm", "tool_calls": [{"function": {"name": "f"}}]}]});
    read(&body, |request| {
        let parts = &request.turns[0].parts;
        assert!(
            matches!(&parts[0].content, Content::Reasoning(part) if part.text.as_deref() == Some("hm"))
        );
        assert!(matches!(&parts[1].content, Content::Text(_)));
        assert!(matches!(&parts[2].content, Content::ToolCall(_)));
    });
}

#[test]
fn numbers_that_others_would_refuse_are_for_an_ollama_only() {
    let options = json!({"temperature": 2.5, "top_p": -1, "presence_penalty": 9, "frequency_penalty": 1, "top_k": 0,
        "num_predict": -2, "seed": -1, "stop": "x", "min_p": 0.1});
    read(&chat(json!({"options": options})), |request| {
        let kept: Vec<_> = request.ext.iter().map(|ext| ext.pointer.as_str()).collect();
        assert_eq!(
            kept,
            [
                "/options/min_p",
                "/options/presence_penalty",
                "/options/temperature",
                "/options/top_p"
            ]
        );
        assert_eq!(request.sampling.frequency_penalty, Some(Number("1")));
        assert_eq!(
            (request.sampling.top_k, request.max_output_tokens),
            (None, None)
        );
        assert_eq!(request.sampling.seed, Some(Number("-1")));
        assert_eq!(request.sampling.stop, ["x"]);
    });
}

#[test]
fn null_is_absent() {
    read(
        &fixture_json("request", "nulls_are_absent.json"),
        |request| {
            assert!(request.ext.is_empty(), "{:?}", request.ext);
            assert!(request.reasoning.is_none() && request.output_format.is_none());
            assert_eq!(request.turns[0].parts.len(), 1);
        },
    );
}
