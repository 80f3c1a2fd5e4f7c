//! Upstream streams: every variant seen in real traffic gives the same plain answer.

use fastproxy_core::error::Kind;
use fastproxy_core::ir::{AnswerPart, FinishReason, OpaqueKind, Usage};

use crate::kit::{decode_stream, decode_whole, fixture, names, summary};

fn read(name: &str) -> fastproxy_core::ir::Answer {
    let bytes = fixture("stream", &format!("{name}.sse"));
    decode_stream([bytes.as_slice()]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_variant_is_understood() {
    let expected = [
        (
            "openai_text",
            "text \"Hello \\u{2028}é [DONE] 🏔\"\nEnd stop",
        ),
        (
            "openai_parallel_tools",
            "Function call_a get_weather \"{\\\"city\\\":\\\"Bern\\\"} \"\nFunction call_b get_weather \"{\\\"city\\\":\\\"Basel\\\"}\"\nToolUse tool_calls",
        ),
        ("openai_obfuscation_and_logprobs", "text \"Yes\"\nEnd stop"),
        ("openai_refusal", "refusal \"I cannot.\"\nRefusal stop"),
        ("openai_citations", "text \"The pass is open.\"\nEnd stop"),
        (
            "openai_custom_tool",
            "Custom call_p apply_patch \"*** Begin\\n\\\"x\\\"\\n\"\nToolUse tool_calls",
        ),
        ("length", "text \"Cut sho\"\nMaxOutput length"),
        ("content_filter", "Refusal content_filter"),
        ("empty_answer", "End stop"),
        (
            "openrouter",
            "thinking \"First think.\" Details\ntext \"Four.\"\nEnd stop",
        ),
        ("azure_filter_first", "text \"Hi\"\nEnd stop"),
        (
            "groq_usage_twice",
            "Function call_q now \"{\\\"zone\\\":\\\"UTC\\\"}\"\nToolUse tool_calls",
        ),
        (
            "mistral_typed_chunks",
            "thinking \"Count the legs.\" \ntext \"Four.\"\nEnd stop",
        ),
        (
            "deepseek_reasoning",
            "thinking \"They want the sum.\" Replay\ntext \"It is 4.\"\nEnd stop",
        ),
        (
            "deepseek_reasoning_then_calls",
            "thinking \"Need the time.\" Replay\nFunction call_0_x now \"{}\"\nToolUse tool_calls",
        ),
        (
            "xai_whole_calls",
            "thinking \"Hm.\" Replay\nFunction call_1 now \"{\\\"zone\\\":\\\"UTC\\\"}\"\nFunction call_2 now \"{\\\"zone\\\":\\\"CET\\\"}\"\nToolUse tool_calls",
        ),
        (
            "vllm_all_calls_index_0",
            "Function a1 now \"{\\\"zone\\\":\\\"UTC\\\"}\"\nFunction a2 now \"{\\\"zone\\\":\\\"CET\\\"}\"\nToolUse tool_calls",
        ),
        (
            "indexes_from_1_without_ids",
            "text \"Two: \"\nFunction made now \"{}\"\nFunction made ping \"{}\"\nToolUse tool_calls",
        ),
        (
            "name_after_arguments",
            "Function call_l now \"{\\\"zone\\\":1}\"\nToolUse tool_calls",
        ),
        ("ollama_empty_finish", "text \"Hi!\"\nEnd stop"),
        ("role_after_finish", "text \"Hi\"\nEnd stop"),
        ("usage_in_every_chunk", "text \"AB\"\nEnd stop"),
        (
            "legacy_function_call",
            "Function made now \"{\\\"zone\\\":1}\"\nToolUse function_call",
        ),
        (
            "text_after_calls",
            "text \"Before. \"\nFunction call_1 now \"{}\"\ntext \"After.\"\nEnd stop",
        ),
        ("no_done", "text \"Hi\"\nEnd stop"),
        ("crlf", "text \"Hi\"\nEnd stop"),
        ("split_surrogates", "text \"a😀b \u{fffd}\"\nEnd stop"),
    ];
    for (name, parts) in expected {
        assert_eq!(summary(&read(name)), parts, "{name}");
    }
    let failing = [
        "truncated",
        "truncated_with_done",
        "error_mid_stream",
        "error_first",
        "error_event_named",
    ];
    assert_eq!(
        names("stream").len(),
        expected.len() + failing.len(),
        "every fixture has its expectation"
    );
}

#[test]
fn what_was_cut_or_failed_is_an_error() {
    let expected = [
        ("truncated", Kind::Truncated),
        ("truncated_with_done", Kind::Truncated),
        ("error_mid_stream", Kind::Upstream),
        ("error_first", Kind::RateLimit),
        ("error_event_named", Kind::Upstream),
    ];
    for (name, kind) in expected {
        let bytes = fixture("stream", &format!("{name}.sse"));
        let error = decode_stream([bytes.as_slice()]).expect_err(name);
        assert_eq!(error.kind, kind, "{name}: {error}");
    }
}

#[test]
fn every_cut_of_the_bytes_reads_the_same() {
    for name in names("stream") {
        let bytes = fixture("stream", &name);
        let whole = decode_stream([bytes.as_slice()]).map(|answer| format!("{answer:?}"));
        for cut in 1..bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            let split = decode_stream([head, tail]).map(|answer| format!("{answer:?}"));
            assert_eq!(split, whole, "{name} cut at {cut}");
        }
        let single = decode_stream(bytes.chunks(1)).map(|answer| format!("{answer:?}"));
        assert_eq!(single, whole, "{name} byte by byte");
    }
}

#[test]
fn heads_and_counts_are_taken_from_wherever_they_stand() {
    let azure = read("azure_filter_first");
    assert_eq!(
        azure.model.as_deref(),
        Some("gpt-x-2026"),
        "not from the filter chunk"
    );
    let openai = Usage {
        input: Some(15),
        cache_read: Some(16),
        output: Some(12),
        reasoning: Some(5),
        audio_input: Some(0),
        audio_output: Some(0),
        accepted_prediction: Some(0),
        rejected_prediction: Some(0),
        ..Usage::default()
    };
    assert_eq!(azure.usage, openai);
    let groq = Usage {
        input: Some(8),
        output: Some(4),
        ..Usage::default()
    };
    assert_eq!(read("groq_usage_twice").usage, groq);
    let deepseek = read("deepseek_reasoning").usage;
    assert_eq!(
        (deepseek.input, deepseek.cache_read, deepseek.reasoning),
        (Some(4), Some(16), Some(6))
    );
    let xai = read("xai_whole_calls").usage;
    assert_eq!(
        (xai.output, xai.reasoning, xai.total()),
        (Some(4), Some(6), 20),
        "exclusive counts"
    );
    assert_eq!(read("no_done").usage, Usage::default(), "unknown is not 0");
}

#[test]
fn details_are_put_together_as_the_vendor_wants_them_back() {
    let answer = read("openrouter");
    let AnswerPart::Reasoning { opaque, .. } = &answer.parts[0] else {
        panic!("{answer:?}")
    };
    assert_eq!(opaque[0].kind, OpaqueKind::Details);
    assert_eq!(opaque[0].origin, "vendor-a");
    let details: serde_json::Value = serde_json::from_str(&opaque[0].data).unwrap();
    let expected = serde_json::json!([{"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0,
        "signature": "c2lnbmF0dXJl", "text": "First think."}]);
    assert_eq!(details, expected);
}

#[test]
fn citations_and_logprobs_belong_to_their_text() {
    let cited = read("openai_citations");
    let AnswerPart::Text { citations, .. } = &cited.parts[0] else {
        panic!("{cited:?}")
    };
    assert_eq!(
        citations[0].url.as_deref(),
        Some("https://passes.example/a")
    );
    assert_eq!((citations[0].start, citations[0].end), (Some(4), Some(8)));
    let probable = read("openai_obfuscation_and_logprobs");
    let AnswerPart::Text { logprobs, .. } = &probable.parts[0] else {
        panic!("{probable:?}")
    };
    assert!(
        logprobs
            .as_deref()
            .unwrap()
            .starts_with(r#"{"token":"Yes""#)
    );
}

#[test]
fn ids_are_made_up_once_and_for_all() {
    let id = |name: &str| match &read(name).parts[..] {
        [.., AnswerPart::ToolCall { id, .. }] => id.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        id("indexes_from_1_without_ids"),
        id("indexes_from_1_without_ids")
    );
    assert!(id("legacy_function_call").starts_with("call_"));
}

/// Rows of the bug table that are about single events: (events, what they give).
#[test]
fn single_events() {
    let chunk = |delta: &str| {
        format!("data: {{\"id\":\"x\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n")
    };
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let cases = [
        // No index at all: a name is a new call, arguments alone are more of the last.
        (
            r#"{"tool_calls":[{"id":"c1","function":{"name":"a","arguments":"{"}}]}|{"tool_calls":[{"function":{"arguments":"}"}}]}|{"tool_calls":[{"function":{"name":"b","arguments":"{}"}}]}"#,
            "Function c1 a \"{}\"\nFunction made b \"{}\"",
        ),
        // A new name at a known index, without ids.
        (
            r#"{"tool_calls":[{"index":0,"function":{"name":"a","arguments":"{}"}}]}|{"tool_calls":[{"index":0,"function":{"name":"b","arguments":"{}"}}]}"#,
            "Function made a \"{}\"\nFunction made b \"{}\"",
        ),
        // Arguments as an object, and a call that never says anything.
        (
            r#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"a","arguments":{"x": 1}}},{"index":1}]}"#,
            "Function c a \"{\\\"x\\\": 1}\"",
        ),
        // Both names of the thinking hold the same text.
        (
            r#"{"reasoning":"T","reasoning_content":"T"}"#,
            "thinking \"T\" Replay",
        ),
        // Details alone, behind the text.
        (
            r#"{"content":"A"}|{"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]}"#,
            "text \"A\"\nthinking \"\" Details",
        ),
        (
            r#"{"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}"#,
            "media image/png AAAA",
        ),
        (
            r#"{"content":null,"tool_calls":null,"refusal":""}|{"unknown":{"a":[1]}}"#,
            "",
        ),
    ];
    for (deltas, parts) in cases {
        let events: String = deltas
            .split('|')
            .map(chunk)
            .chain([end.to_owned()])
            .collect();
        let answer =
            decode_stream([events.as_bytes()]).unwrap_or_else(|error| panic!("{deltas}: {error}"));
        let finish = if parts.is_empty() {
            "End stop"
        } else {
            "\nEnd stop"
        };
        assert_eq!(summary(&answer), format!("{parts}{finish}"), "{deltas}");
    }
}

#[test]
fn what_is_not_the_dialect_is_an_error() {
    for (event, kind) in [
        ("data: {\"choices\":[", Kind::Upstream),
        ("data: \"ping\"", Kind::Upstream),
        ("data: {\"detail\":\"Not authenticated\"}", Kind::Upstream),
        (
            "data: {\"object\":\"error\",\"message\":\"x\",\"code\":429}",
            Kind::RateLimit,
        ),
        ("data: {\"error\":\"out of memory\"}", Kind::Upstream),
        (
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"insufficient_system_resource\"}]}",
            Kind::Overloaded,
        ),
        (
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\",\"error\":{\"code\":503,\"message\":\"x\"}}]}",
            Kind::Overloaded,
        ),
        (
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}",
            Kind::Upstream,
        ),
        ("data: [DONE]", Kind::Truncated),
    ] {
        let events = format!("{event}\n\ndata: [DONE]\n\n");
        assert_eq!(
            decode_stream([events.as_bytes()]).expect_err(event).kind,
            kind,
            "{event}"
        );
    }
}

#[test]
fn unknown_events_and_choices_are_ignored() {
    let events = "data: {\"type\":\"ping\"}\n\ndata: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"A\"}},{\"index\":1,\"delta\":{\"content\":\"B\"}}]}\n\ndata: \n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"eos\"}]}\n\n";
    let answer = decode_stream([events.as_bytes()]).unwrap();
    assert_eq!(summary(&answer), "text \"A\"\nEnd eos");
    assert_eq!(answer.finish, Some(FinishReason::End));
}

#[test]
fn the_one_shot_form_says_the_same() {
    let body = r#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Before. ","reasoning_content":"Hm.",
        "tool_calls":[{"id":"c","function":{"name":"now","arguments":"{}"}},{"id":"c","function":{"name":"now","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    let whole = decode_whole(body).unwrap();
    assert_eq!(
        summary(&whole),
        "thinking \"Hm.\" Replay\ntext \"Before. \"\nFunction c now \"{}\"\nFunction made now \"{}\"\nToolUse tool_calls"
    );
}
