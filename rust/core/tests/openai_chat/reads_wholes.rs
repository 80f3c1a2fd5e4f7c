//! Whole answers of upstreams.

use fastproxy_core::error::Kind;
use fastproxy_core::ir::Usage;

use crate::kit::{decode_whole, fixture, names, summary};

#[test]
fn every_form_is_understood() {
    let expected = [
        ("content_filter", "Refusal content_filter"),
        (
            "custom_tool",
            "Custom call_9 apply_patch \"*** Begin\\n\\\"x\\\"\\n*** End\"\nToolUse tool_calls",
        ),
        ("empty", "End stop"),
        (
            "full",
            "thinking \"Distance on the map.\" Replay\ntext \"The way is 4.2 km long.\"\nFunction call_1 get_weather \"{\\\"city\\\": \\\"Zermatt\\\",  \\\"unit\\\":\\\"c\\\"}\"\nFunction call_2 find_hut \"\"\nToolUse tool_calls",
        ),
        (
            "invalid_arguments",
            "Function call_1 now \"{\\\"zone\\\": \"\nToolUse tool_calls",
        ),
        (
            "legacy_function_call",
            "Function made now \"{}\"\nToolUse function_call",
        ),
        ("length", "text \"Cut\"\nMaxOutput length"),
        ("logprobs", "text \"Yes\"\nEnd stop"),
        (
            "mistral_chunks",
            "thinking \"Count.\" \ntext \"Three.\"\nEnd stop",
        ),
        ("no_usage", "text \"ok\"\nEnd stop"),
        (
            "openrouter_details",
            "thinking \"Add them.\" Details\ntext \"4\"\nEnd stop",
        ),
        (
            "refusal",
            "refusal \"I cannot help with that.\"\nRefusal stop",
        ),
        ("stop_but_calls", "Function call_1 now \"{}\"\nEnd stop"),
        ("text", "text \"Hello there 👋\"\nEnd stop"),
        ("vllm_stop_text", "text \"one two\"\nStopSequence stop"),
    ];
    for (name, parts) in expected {
        let body = String::from_utf8(fixture("response", &format!("{name}.json"))).unwrap();
        let answer = decode_whole(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(summary(&answer), parts, "{name}");
    }
    assert_eq!(
        names("response").len(),
        expected.len() + 1,
        "all but the error have their expectation"
    );
}

#[test]
fn heads_are_kept() {
    let body = String::from_utf8(fixture("response", "text.json")).unwrap();
    let answer = decode_whole(&body).unwrap();
    assert_eq!(answer.id.as_deref(), Some("chatcmpl-Ab12"));
    assert_eq!(answer.model.as_deref(), Some("gpt-x-2026"));
    assert_eq!(answer.created, Some(1_763_600_000));
    assert_eq!(answer.service_tier.as_deref(), Some("default"));
    assert_eq!(answer.fingerprint.as_deref(), Some("fp_1"));
    let stop = String::from_utf8(fixture("response", "vllm_stop_text.json")).unwrap();
    assert_eq!(
        decode_whole(&stop).unwrap().stop_sequence.as_deref(),
        Some("END")
    );
}

#[test]
fn an_error_with_status_200_is_an_error() {
    let body = String::from_utf8(fixture("response", "error_with_200.json")).unwrap();
    let error = decode_whole(&body).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (Kind::Upstream, "upstream is melting")
    );
    for body in [
        "{}",
        r#"{"choices":[]}"#,
        r#"{"id":"x","object":"chat.completion"}"#,
        "[]",
    ] {
        assert_eq!(
            decode_whole(body).expect_err(body).kind,
            Kind::Upstream,
            "{body}"
        );
    }
}

/// (usage object, prompt, completion, total): identities that hold however the host counts (rows 34 to 39).
#[test]
fn counts_are_disjoint_and_add_up() {
    let cases = [
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#,
            (Some(10), None, None),
            (Some(5), None),
            15,
        ),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":3}}"#,
            (Some(3), Some(4), Some(3)),
            (Some(5), None),
            15,
        ),
        // Exclusive: told by the total, or by a part larger than its whole.
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":19,"prompt_tokens_details":{"cached_tokens":4}}"#,
            (Some(10), Some(4), None),
            (Some(5), None),
            19,
        ),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"cache_read_input_tokens":90}"#,
            (Some(10), Some(90), None),
            (Some(5), None),
            105,
        ),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":22,"completion_tokens_details":{"reasoning_tokens":7}}"#,
            (Some(10), None, None),
            (Some(5), Some(7)),
            22,
        ),
        // Gemini's Chat face: thinking stands in the total only.
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":40}"#,
            (Some(10), None, None),
            (Some(5), Some(25)),
            40,
        ),
        (
            r#"{"prompt_tokens":-3,"completion_tokens":"5"}"#,
            (None, None, None),
            (None, None),
            0,
        ),
        (
            r#"{"prompt_cache_hit_tokens":4,"prompt_tokens":9}"#,
            (Some(5), Some(4), None),
            (None, None),
            9,
        ),
    ];
    for (usage, (input, read, write), (output, reasoning), total) in cases {
        let body = format!(
            r#"{{"choices":[{{"message":{{"content":"x"}},"finish_reason":"stop"}}],"usage":{usage}}}"#
        );
        let usage_read: Usage = decode_whole(&body).unwrap().usage;
        assert_eq!(
            (
                usage_read.input,
                usage_read.cache_read,
                usage_read.cache_write
            ),
            (input, read, write),
            "{usage}"
        );
        assert_eq!(
            (usage_read.output, usage_read.reasoning),
            (output, reasoning),
            "{usage}"
        );
        assert_eq!(usage_read.total(), total, "{usage}");
    }
}
