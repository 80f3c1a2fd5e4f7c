//! Answers that lost something on their way to a client of another dialect.

use fastproxy_core::dialect::Dialect;
use serde_json::{Value, json};

use super::kit::{
    Script, Stop, call, everywhere, fixture, folded, heard, pairs, run, setup, text, thought, told,
};

fn two_calls() -> Script {
    Script::new(vec![
        thought("Both at once."),
        text("I look."),
        call("call_a", "look", json!({"n": 1})),
        call("call_b", "look", json!({"n": 2})),
    ])
}

/// litellm#5231, sglang#39782, lmdeploy#3412, litellm#25561: merged, misnumbered, emptied, or lost calls.
#[test]
fn parallel_calls_were_merged_into_one() {
    everywhere(&two_calls(), |upstream, client, stream, heard| {
        let place = format!("{upstream:?} to {client:?}, stream {stream}: {heard:?}");
        let said: Vec<_> = heard
            .calls
            .iter()
            .map(|call| (call.name.as_str(), &call.arguments))
            .collect();
        let expected = [("look", &json!({"n": 1})), ("look", &json!({"n": 2}))];
        assert_eq!(said, expected, "{place}");
        let ids = (&heard.calls[0].id, &heard.calls[1].id);
        assert!(
            ids.0 != ids.1 && !ids.0.is_empty() && ids.0.len() <= 64,
            "{place}"
        );
        let is_plain = |id: &str| {
            id.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        };
        assert!(
            is_plain(ids.0) && is_plain(ids.1),
            "no state in ids: {place}"
        );
        if upstream != Dialect::Ollama {
            assert_eq!(
                (ids.0.as_str(), ids.1.as_str()),
                ("call_a", "call_b"),
                "{place}"
            );
        }
    });
}

/// litellm#34692, litellm#35663, ollama PR#7963: an agent that hears `stop` does not run the tool.
#[test]
fn a_call_ended_like_a_plain_answer() {
    everywhere(&two_calls(), |upstream, client, stream, heard| {
        let expected = match client {
            Dialect::OpenaiChat => "tool_calls",
            Dialect::OpenaiResponses => "completed",
            Dialect::Anthropic => "tool_use",
            Dialect::Gemini => "STOP",
            Dialect::Ollama => "stop",
        };
        assert_eq!(heard.stop, expected, "{upstream:?} {client:?} {stream}");
    });
}

/// CLIProxyAPI#425, litellm PR#29600: thinking that became text, or swallowed what came behind it.
#[test]
fn thinking_was_mixed_up_with_the_answer() {
    everywhere(&two_calls(), |upstream, client, stream, heard| {
        let place = format!("{upstream:?} {client:?} {stream} {heard:?}");
        assert_eq!(heard.text, "I look.", "{place}");
        assert_eq!(heard.thought, "Both at once.", "{place}");
    });
}

fn stop_word(client: Dialect, stop: Stop) -> &'static str {
    match (client, stop) {
        (Dialect::OpenaiChat | Dialect::Ollama, Stop::End) | (Dialect::Ollama, Stop::Filter) => {
            "stop"
        }
        (Dialect::OpenaiChat | Dialect::Ollama, Stop::Length) => "length",
        (Dialect::OpenaiChat, Stop::Filter) => "content_filter",
        (Dialect::OpenaiResponses, Stop::End) => "completed",
        (Dialect::OpenaiResponses, Stop::Length) => "incomplete max_output_tokens",
        (Dialect::OpenaiResponses, Stop::Filter) => "incomplete content_filter",
        (Dialect::Anthropic, Stop::End) => "end_turn",
        (Dialect::Anthropic, Stop::Length) => "max_tokens",
        (Dialect::Anthropic, Stop::Filter) => "refusal",
        (Dialect::Gemini, Stop::End) => "STOP",
        (Dialect::Gemini, Stop::Length) => "MAX_TOKENS",
        (Dialect::Gemini, Stop::Filter) => "SAFETY",
    }
}

/// new-api PR#1761, bifrost#4679: a cut or a filtered answer shown as a normal end.
#[test]
fn a_cut_or_filtered_answer_looked_finished() {
    for stop in [Stop::End, Stop::Length, Stop::Filter] {
        let script = Script::new(vec![text("Some words")]).ending(stop);
        everywhere(&script, |upstream, client, stream, heard| {
            // An Ollama has no word for a filter.
            if (upstream, stop) != (Dialect::Ollama, Stop::Filter) {
                let expected = stop_word(client, stop);
                assert_eq!(heard.stop, expected, "{upstream:?} {client:?} {stream}");
            }
        });
    }
}

/// A prompt that Gemini blocks has no candidate at all; clients saw an empty success, or a crash.
#[test]
fn a_blocked_prompt_was_an_empty_success() {
    for (stream, path) in [
        (false, "gemini/response/blocked_prompt.json"),
        (true, "gemini/stream/blocked_prompt.sse"),
    ] {
        for &client in Dialect::ALL
            .iter()
            .filter(|client| **client != Dialect::Gemini)
        {
            let answer = told(setup(Dialect::Gemini, client, stream), &fixture(path));
            let expected = stop_word(client, Stop::Filter);
            assert_eq!(heard(client, &answer).stop, expected, "{client:?} {stream}");
        }
    }
}

/// Anthropic's refusal has no text of its own, at times not even a block.
#[test]
fn a_refusal_was_a_normal_end() {
    for (stream, path) in [
        (false, "anthropic/response/refusal.json"),
        (true, "anthropic/stream/refusal_without_block.sse"),
    ] {
        for &client in Dialect::ALL
            .iter()
            .filter(|client| **client != Dialect::Anthropic)
        {
            let answer = told(setup(Dialect::Anthropic, client, stream), &fixture(path));
            let expected = stop_word(client, Stop::Filter);
            assert_eq!(heard(client, &answer).stop, expected, "{client:?} {stream}");
        }
    }
}

/// genkit#5412, dynamo PR#11030, omlx#1487, opik PR#5214, OmniRoute#632: counted twice, not at all, or in the wrong place.
#[test]
fn cached_tokens_were_counted_twice_or_not_at_all() {
    everywhere(&two_calls(), |upstream, client, stream, heard| {
        let knows_caches = upstream != Dialect::Ollama && client != Dialect::Ollama;
        let expected = Some((100, if knows_caches { 20 } else { 0 }, 42));
        assert_eq!(heard.counts, expected, "{upstream:?} {client:?} {stream}");
    });
}

/// new-api PR#5345: without counts the end never came, and Claude Code waited for it.
#[test]
fn an_answer_without_counts_never_ended() {
    let script = two_calls().without_counts();
    everywhere(&script, |upstream, client, stream, heard| {
        assert_eq!(heard.calls.len(), 2, "{upstream:?} {client:?} {stream}");
        assert!(!heard.stop.is_empty());
        assert!(
            heard.counts.is_none_or(|(input, ..)| input == 0),
            "{heard:?}"
        );
    });
}

/// An answer that says nothing must be a well-formed empty one.
#[test]
fn an_empty_answer_had_no_form() {
    everywhere(
        &Script::new(Vec::new()),
        |upstream, client, stream, heard| {
            let place = format!("{upstream:?} {client:?} {stream}");
            assert_eq!(heard.stop, stop_word(client, Stop::End), "{place}");
            assert!(heard.text.is_empty() && heard.calls.is_empty(), "{place}");
        },
    );
}

/// litellm#37299: a choice for each message item, of which clients read the first.
#[test]
fn the_plan_was_shown_and_the_answer_thrown_away() {
    let script = Script::new(vec![text("First a plan. "), text("Then the answer.")]);
    for upstream in [
        Dialect::OpenaiResponses,
        Dialect::Anthropic,
        Dialect::Gemini,
    ] {
        for (_, client) in pairs().filter(|pair| pair.0 == upstream) {
            for stream in [false, true] {
                let bytes = script.bytes(upstream, stream);
                let answer = told(setup(upstream, client, stream), bytes.as_bytes());
                let text = heard(client, &answer).text;
                assert_eq!(
                    text, "First a plan. Then the answer.",
                    "{upstream:?} {client:?}"
                );
            }
        }
    }
}

/// CLIProxyAPI#561: an answer whose first word is a call had no head.
#[test]
fn an_answer_that_began_with_a_call_had_no_head() {
    let script = Script::new(vec![call("call_a", "look", json!({}))]);
    everywhere(&script, |upstream, client, stream, heard| {
        let place = format!("{upstream:?} {client:?} {stream} {heard:?}");
        assert_eq!(heard.calls.len(), 1, "{place}");
        assert_eq!(heard.calls[0].arguments, json!({}), "{place}");
        assert_eq!(heard.text, "", "no empty text in front: {place}");
    });
}

/// No empty text block is opened in front of a call, nor a message item.
#[test]
fn an_empty_block_stood_before_the_call() {
    let script = Script::new(vec![call("call_a", "look", json!({"n": 1}))]);
    for (upstream, client) in pairs() {
        for stream in [false, true] {
            let bytes = script.bytes(upstream, stream);
            let answer = told(setup(upstream, client, stream), bytes.as_bytes());
            let place = format!("{upstream:?} {client:?} {stream}: {answer}");
            let kinds = match client {
                Dialect::Anthropic => &answer["content"],
                Dialect::OpenaiResponses => &answer["output"],
                _ => continue,
            };
            let kinds: Vec<_> = kinds
                .as_array()
                .unwrap()
                .iter()
                .map(|item| &item["type"])
                .collect();
            // State of the call rides behind it.
            assert!(
                matches!(
                    kinds[0].as_str(),
                    Some("tool_use" | "function_call" | "reasoning")
                ),
                "{place}"
            );
            assert!(
                !kinds.contains(&&json!("text")) && !kinds.contains(&&json!("message")),
                "{place}"
            );
        }
    }
}

/// Text that looks like framing: line separators of Unicode, and the word that ends a Chat stream.
#[test]
fn words_that_look_like_framing_ended_the_answer() {
    let words = "a\u{2028}b\u{2029}c\u{85}d [DONE] data: [DONE]\n\ndata: x";
    let script = Script::new(vec![
        text("a\u{2028}b\u{2029}c\u{85}d [DONE] data: [DONE]\n\ndata: x"),
        call("call_a", "look", json!({"n": words})),
    ]);
    everywhere(&script, |upstream, client, stream, heard| {
        let place = format!("{upstream:?} {client:?} {stream}");
        assert_eq!(heard.text, words, "{place}");
        assert_eq!(heard.calls[0].arguments["n"], words, "{place}");
    });
}

/// vllm PR#26208: arguments that are no JSON became a 500.
#[test]
fn broken_arguments_broke_the_answer() {
    let mut whole = two_calls().whole(Dialect::OpenaiChat);
    whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = json!("{\"n\": ");
    let (_, clients): (Vec<_>, Vec<_>) =
        pairs().filter(|pair| pair.0 == Dialect::OpenaiChat).unzip();
    for client in clients {
        let bytes = whole.to_string();
        let (out, end, losses) = run(setup(Dialect::OpenaiChat, client, false), bytes.as_bytes());
        end.unwrap();
        assert!(out.contains("look"), "{client:?}: {out}");
        let is_reported = losses
            .iter()
            .any(|loss| loss.code.name() == "args_invalid_json");
        // Responses takes arguments as text and so passes on what the model said.
        assert_eq!(
            is_reported,
            client != Dialect::OpenaiResponses,
            "{client:?}"
        );
    }
}

/// litellm#25321, LM Studio: arguments that came only with the last event of the call.
#[test]
fn arguments_that_came_late_were_lost() {
    let stream = fixture("openai_responses/stream/arguments_only_when_done.sse");
    for (_, client) in pairs().filter(|pair| pair.0 == Dialect::OpenaiResponses) {
        let answer = told(setup(Dialect::OpenaiResponses, client, true), &stream);
        let calls = heard(client, &answer).calls;
        assert!(!calls.is_empty());
        for call in calls {
            assert!(
                call.arguments.as_object().is_some_and(|it| !it.is_empty()),
                "{client:?} {call:?}"
            );
        }
    }
}

/// ollama PR#18332: a stream cut short was a success; CLIProxyAPI#1407: a Responses stream just stopped.
#[test]
fn half_an_answer_was_a_success() {
    for (upstream, client) in pairs() {
        let bytes = two_calls().bytes(upstream, true);
        let cut = match upstream {
            Dialect::Gemini => bytes.rfind("data: ").unwrap(),
            Dialect::Ollama => bytes.trim_end().rfind('\n').unwrap() + 1,
            _ => bytes.find("I look.").unwrap() + 40,
        };
        let (out, end, _) = run(setup(upstream, client, true), &bytes.as_bytes()[..cut]);
        assert!(end.is_err(), "{upstream:?} to {client:?}: {out}");
        let last = out.lines().rev().find(|line| line.contains('{')).unwrap();
        assert!(
            last.contains("error"),
            "{upstream:?} to {client:?} ends with {last}"
        );
        assert!(
            !out.contains("[DONE]")
                && !out.contains("message_stop")
                && !out.contains("response.completed")
        );
        if client == Dialect::OpenaiResponses {
            let body: Value = folded_failure(&out);
            assert_eq!(body["status"], "failed");
            assert!(body["error"]["message"].is_string(), "codex#24973: {body}");
        }
    }
}

/// The `response` of the event `response.failed`.
fn folded_failure(stream: &str) -> Value {
    let events = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    let mut events = events.map(|data| serde_json::from_str::<Value>(data).unwrap());
    let failed = events
        .find(|event| event["type"] == "response.failed")
        .unwrap();
    failed["response"].clone()
}

/// vllm PR#38227: ids in the events that were not the ids of the final answer.
#[test]
fn the_final_answer_had_other_ids_than_its_events() {
    for (upstream, client) in pairs().filter(|pair| pair.1 == Dialect::OpenaiResponses) {
        let bytes = two_calls().bytes(upstream, true);
        let (out, end, _) = run(setup(upstream, client, true), bytes.as_bytes());
        end.unwrap();
        let whole = folded(client, &out);
        let events = out.lines().filter_map(|line| line.strip_prefix("data: "));
        let done: Vec<Value> = events
            .map(|data| serde_json::from_str::<Value>(data).unwrap())
            .filter(|event| event["type"] == "response.output_item.done")
            .map(|event| event["item"].clone())
            .collect();
        assert_eq!(json!(done), whole["output"], "{upstream:?}");
    }
}
