//! Upstream answers, as OpenAI and the hosts that imitate it send them.

use fastproxy_core::dialect::Dialect;
use fastproxy_core::error::{Kind, Retry};
use fastproxy_core::ir::{Answer, AnswerPart, FinishReason, OpaqueKind, ToolKind};
use serde_json::{Value, json};

use super::kit::{all, fixture, heard, heard_whole};

/// A short script of an answer.
fn script(answer: &Answer) -> Vec<String> {
    answer
        .parts
        .iter()
        .map(|part| match part {
            AnswerPart::Text { text, .. } => format!("text {text}"),
            AnswerPart::Refusal { text } => format!("refusal {text}"),
            AnswerPart::Reasoning {
                text,
                summary,
                opaque,
            } => {
                let state: Vec<_> = opaque
                    .iter()
                    .map(|o| format!("{:?}={}", o.kind, o.data))
                    .collect();
                format!("thinking {text}|{}|{}", summary.join("/"), state.join("+"))
            }
            AnswerPart::ToolCall {
                id,
                name,
                namespace,
                kind,
                arguments,
                ..
            } => {
                let space = namespace.as_deref().unwrap_or("-");
                format!("{kind:?} {id} {space} {name} {arguments}")
            }
            AnswerPart::Media { mime, .. } => format!("media {mime}"),
            AnswerPart::Native { kind, .. } => format!("native {kind}"),
        })
        .collect()
}

fn stream(name: &str) -> Vec<String> {
    script(&heard(&fixture("stream", &format!("{name}.sse"))).unwrap())
}

#[test]
fn what_the_vendor_sends() {
    assert_eq!(stream("text"), ["text Saturn —  é 😀"]);
    assert_eq!(
        stream("reasoning_then_parallel_calls"),
        [
            "thinking |First the date./Then the sky.|Encrypted=rs_1:gAAAAABup1==",
            "text Let me point.",
            "Function call_1 - point {\"az\":1.5,\"alt\":20}",
            "Function call_2 - clouds {}",
        ]
    );
    assert_eq!(
        stream("hidden_reasoning"),
        ["thinking ||Encrypted=rs_1:gAAAAABhid==", "text Saturn."]
    );
    assert_eq!(
        stream("open_weight_reasoning"),
        ["thinking Bright, yellow.||Replay=rs_o", "text Saturn."]
    );
    assert_eq!(
        stream("custom_tool_and_namespace"),
        [
            "Custom call_c - apply_patch *** Begin\n+ \"x\"\n",
            "Function call_n archive find {\"year\":1910}",
        ]
    );
    assert_eq!(stream("refusal"), ["refusal I will not."]);
    assert_eq!(
        stream("hosted_tools"),
        ["native web_search_call", "media image/png", "text Here."]
    );
}

/// Rows 4, 49, 50, 107, 112, 114: hosts leave out names, numbers, deltas, announcements, or contradict themselves.
#[test]
fn what_hosts_send_instead() {
    let text = ["text Saturn."];
    for name in [
        "no_names_no_numbers",
        "final_ids_differ",
        "content_index_counts_deltas",
        "deltas_without_announcement",
        "repaired_done_appended",
    ] {
        assert_eq!(stream(name)[..1], text, "{name}");
    }
    let both = [
        "Function call_1 - point {\"az\":1}",
        "Function call_2 - clouds {\"hour\":2}",
    ];
    assert_eq!(stream("arguments_only_when_done"), both);
    assert_eq!(
        stream("interleaved_calls"),
        [
            "Function call_a - point {\"az\":1}",
            "Function call_b - clouds {\"hour\":2}"
        ]
    );
    let done = ["text Saturn.", "Function call_1 - clouds {}"];
    assert_eq!(stream("items_only_when_done"), done);
    assert_eq!(stream("final_ids_differ"), done);
    assert_eq!(
        stream("only_completed"),
        ["thinking |Short.|Encrypted=rs_1:gAAAz==", done[0], done[1]]
    );
    assert_eq!(stream("split_surrogates"), ["text Look 😀!"]);
    assert_eq!(stream("unknown_events"), ["text [DONE] \u{2028} is text"]);
    assert_eq!(stream("empty_answer"), [""; 0]);
}

fn events(events: &[Value]) -> Vec<u8> {
    let frames = events.iter().map(|event| format!("data: {event}\n\n"));
    frames.collect::<String>().into_bytes()
}

fn completed(output: Value) -> Value {
    json!({"type": "response.completed", "response": {"status": "completed", "output": output}})
}

#[test]
fn calls_wait_for_their_name_and_get_an_id() {
    let call = json!({"type": "function_call", "name": "f", "arguments": "{\"a\":1}"});
    let late = events(&[
        json!({"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{\"a\":"}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "1}"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": call}),
        completed(json!([call])),
    ]);
    let script = script(&heard(&late).unwrap());
    assert_eq!(script.len(), 1, "{script:?}");
    assert!(script[0].starts_with("Function call_") && script[0].ends_with("- f {\"a\":1}"));
    assert_eq!(
        script,
        self::script(&heard(&late).unwrap()),
        "the same every time"
    );
    let nameless = events(&[
        json!({"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{}"}),
        completed(json!([])),
    ]);
    assert_eq!(heard(&nameless).unwrap_err().kind, Kind::Upstream);
}

/// Row 51: arguments in the announcement count once, whether they are repeated or not.
#[test]
fn arguments_in_the_announcement() {
    let announced = |arguments: &str| {
        let item = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": arguments});
        json!({"type": "response.output_item.added", "output_index": 0, "item": item})
    };
    let delta = json!({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "delta": "{\"a\":1}"});
    let silent = events(&[announced("{\"a\":1}"), completed(json!([]))]);
    let repeated = events(&[announced("{\"a\":1}"), delta, completed(json!([]))]);
    for stream in [silent, repeated] {
        assert_eq!(
            script(&heard(&stream).unwrap()),
            ["Function c - f {\"a\":1}"]
        );
    }
}

/// Row 99, 115 and §2.3.
#[test]
fn why_answers_end() {
    let end = |name: &str| {
        let answer = heard(&fixture("stream", name)).unwrap();
        (answer.finish.unwrap(), answer.native_finish)
    };
    let expected = |reason, native: &str| (reason, native.to_owned());
    assert_eq!(end("text.sse"), expected(FinishReason::End, "completed"));
    assert_eq!(
        end("max_output.sse"),
        expected(FinishReason::MaxOutput, "max_output_tokens")
    );
    assert_eq!(
        end("content_filter.sse"),
        expected(FinishReason::Refusal, "content_filter")
    );
    assert_eq!(
        end("refusal.sse"),
        expected(FinishReason::Refusal, "completed")
    );
    let odd =
        json!({"output": [], "status": "incomplete", "incomplete_details": {"reason": "moon"}});
    let answer = heard_whole(odd.to_string().as_bytes()).unwrap();
    assert_eq!(
        answer.finish,
        Some(FinishReason::MaxOutput),
        "no normal end"
    );
}

/// Rows 71, 72, 73, 110: what is no end, or an error.
#[test]
fn failures_are_failures() {
    let kind = |name: &str| {
        let error = heard(&fixture("stream", &format!("{name}.sse"))).unwrap_err();
        assert!(!error.message.contains("sk-test"), "{error}");
        error.kind
    };
    assert_eq!(kind("bad_truncated"), Kind::Truncated);
    assert_eq!(kind("bad_truncated_with_done"), Kind::Truncated);
    assert_eq!(kind("bad_error_nested"), Kind::Upstream);
    assert_eq!(kind("bad_error_flat"), Kind::RateLimit);
    assert_eq!(kind("bad_failed_error_outside"), Kind::ContextTooLong);
    assert_eq!(kind("bad_failed_first"), Kind::Upstream);
    assert_eq!(kind("bad_not_json"), Kind::Upstream);
    for (event, expected) in [
        (
            json!({"type": "response.failed", "response": {"status": "failed"}}),
            Kind::Upstream,
        ),
        (
            json!({"type": "response.cancelled", "response": {"status": "cancelled"}}),
            Kind::Upstream,
        ),
        (
            json!({"type": "response.failed", "response": {"error": {"code": "invalid_prompt", "message": "m"}}}),
            Kind::BadRequest,
        ),
        (
            json!({"error": {"message": "m", "code": "model_not_found"}}),
            Kind::NotFound,
        ),
        (json!([1]), Kind::Upstream),
    ] {
        assert_eq!(
            heard(&events(std::slice::from_ref(&event)))
                .unwrap_err()
                .kind,
            expected,
            "{event}"
        );
    }
}

#[test]
fn whole_answers_that_are_none() {
    let error = |name: &str| heard_whole(&fixture("response", name)).unwrap_err();
    let failed = error("bad_failed.json");
    assert_eq!(
        (failed.kind, failed.retry),
        (Kind::RateLimit, Retry::OtherAccount)
    );
    assert!(!failed.message.contains("sk-test"));
    assert_eq!(error("bad_in_progress.json").kind, Kind::Upstream);
    assert_eq!(error("bad_error_with_200.json").kind, Kind::Overloaded);
    assert_eq!(error("bad_not_a_response.json").kind, Kind::Upstream);
}

#[test]
fn a_whole_answer_says_what_its_stream_says() {
    let pairs = all(Dialect::OpenaiResponses, "stream");
    let mut compared = 0;
    for (name, stream) in pairs {
        let Ok(streamed) = heard(&stream) else {
            continue;
        };
        let text = String::from_utf8(stream).unwrap();
        let last = text
            .lines()
            .rev()
            .find(|line| line.starts_with("data: {"))
            .unwrap();
        let event: Value = serde_json::from_str(&last[6..]).unwrap();
        let whole = heard_whole(event["response"].to_string().as_bytes()).unwrap();
        // Interleaved calls come in the order they began, whatever the final order.
        assert_eq!(script(&streamed), script(&whole), "{name}");
        assert_eq!(streamed.usage, whole.usage, "{name}");
        assert_eq!(streamed.finish, whole.finish, "{name}");
        compared += 1;
    }
    assert!(compared > 15);
}

/// Rows 34 to 39: counts are disjoint, and add up to what the upstream said.
#[test]
fn counts() {
    let answer = heard_whole(&fixture("response", "full.json")).unwrap();
    let usage = answer.usage;
    assert_eq!(
        (usage.input, usage.cache_read, usage.cache_write),
        (Some(200), Some(600), Some(100))
    );
    assert_eq!((usage.output, usage.reasoning), (Some(40), Some(30)));
    assert_eq!(
        (usage.total_input(), usage.total_output(), usage.total()),
        (900, 70, 970)
    );
    let none = heard_whole(&fixture("response", "no_usage_no_status.json")).unwrap();
    assert!(!none.usage.is_known());
}

#[test]
fn heads_sources_and_probabilities() {
    let answer = heard_whole(&fixture("response", "full.json")).unwrap();
    assert_eq!(answer.id.as_deref(), Some("resp_up1"));
    assert_eq!(answer.model.as_deref(), Some("upstream-model"));
    assert_eq!(answer.service_tier.as_deref(), Some("priority"));
    let AnswerPart::Text {
        citations,
        logprobs,
        ..
    } = &answer.parts[1]
    else {
        panic!()
    };
    assert_eq!(
        citations[0].url.as_deref(),
        Some("https://sky.example/saturn")
    );
    assert_eq!((citations[0].start, citations[0].end), (Some(0), Some(6)));
    assert!(
        logprobs.as_deref().unwrap().contains("\"token\":\"Sat\"")
            || logprobs.as_deref().unwrap().contains("\"token\": \"Sat\"")
    );
    let AnswerPart::Reasoning { opaque, .. } = &answer.parts[0] else {
        panic!()
    };
    assert_eq!(opaque[0].kind, OpaqueKind::Encrypted);
    assert!(matches!(
        &answer.parts[4],
        AnswerPart::ToolCall {
            kind: ToolKind::Custom,
            ..
        }
    ));
}
