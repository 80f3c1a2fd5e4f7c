//! Histories that an upstream refused: results without calls, calls without results, turns in the wrong place.

use fastproxy_core::dialect::Dialect;
use serde_json::{Value, json};

use super::kit::{Call, Script, Talk, call, heard, pairs, sent, setup, text, told};

/// The conversation of a client whose two calls of one turn were answered, the second one first.
fn answered(client: Dialect, names: [&'static str; 2]) -> Talk {
    let other = Dialect::ALL
        .iter()
        .copied()
        .find(|other| *other != client)
        .unwrap();
    let script = Script::new(vec![
        text("I look."),
        call("call_a", names[0], json!({"n": 1})),
        call("call_b", names[1], json!({"n": 2})),
    ]);
    let answer = told(
        setup(other, client, false),
        script.bytes(other, false).as_bytes(),
    );
    let mut talk = Talk::new(client, "go");
    talk.keep(&answer);
    let calls = heard(client, &answer).calls;
    talk.answer(calls.iter().rev());
    talk
}

/// Calls and results as an upstream sees them: the id (or name) of each, per turn.
fn exchanges(upstream: Dialect, body: &Value) -> Vec<(String, Vec<String>)> {
    let key = match upstream {
        Dialect::Gemini => "contents",
        Dialect::OpenaiResponses => "input",
        _ => "messages",
    };
    let turns = body[key].as_array().unwrap().iter();
    turns
        .map(|turn| exchange(upstream, turn))
        .filter(|(_, said)| !said.is_empty())
        .collect()
}

fn exchange(upstream: Dialect, turn: &Value) -> (String, Vec<String>) {
    let list = |key: &str| turn[key].as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let role = turn["role"].as_str().unwrap_or_default().to_owned();
    match upstream {
        Dialect::OpenaiChat | Dialect::Ollama if role == "tool" => {
            let key = if upstream == Dialect::Ollama {
                "tool_name"
            } else {
                "tool_call_id"
            };
            (role, vec![word(&turn[key])])
        }
        Dialect::OpenaiChat => (
            role,
            list("tool_calls")
                .iter()
                .map(|call| word(&call["id"]))
                .collect(),
        ),
        Dialect::Ollama => {
            let calls = list("tool_calls");
            (
                role,
                calls
                    .iter()
                    .map(|call| word(&call["function"]["name"]))
                    .collect(),
            )
        }
        Dialect::OpenaiResponses => {
            let kind = turn["type"].as_str().unwrap_or_default();
            (
                kind.into(),
                turn["call_id"]
                    .as_str()
                    .map(Into::into)
                    .into_iter()
                    .collect(),
            )
        }
        Dialect::Anthropic => {
            let ids = list("content").into_iter().filter_map(|block| {
                let id = block.get("id").or(block.get("tool_use_id"))?;
                Some(word(id))
            });
            (role, ids.collect())
        }
        Dialect::Gemini => {
            let names = list("parts").into_iter().filter_map(|part| {
                let call = part.get("functionCall").or(part.get("functionResponse"))?;
                Some(word(&call["name"]))
            });
            (role, names.collect())
        }
    }
}

/// gemini-cli#16987, hermes-agent PR#93329: results of parallel calls split over turns, out of order, or dropped.
#[test]
fn parallel_results_did_not_match_their_calls() {
    for (upstream, client) in pairs() {
        let (body, _) = sent(client, upstream, &answered(client, ["look", "find"]).body());
        let place = format!("{client:?} to {upstream:?}: {body}");
        let said = exchanges(upstream, &body);
        let calls: Vec<_> = match upstream {
            // One item each.
            Dialect::OpenaiResponses => said[..2].iter().flat_map(|(_, ids)| ids.clone()).collect(),
            _ => said[0].1.clone(),
        };
        assert_eq!(calls.len(), 2, "parallel calls are one turn: {place}");
        let results: Vec<_> = match upstream {
            Dialect::OpenaiResponses => said[2..].iter().flat_map(|(_, ids)| ids.clone()).collect(),
            Dialect::OpenaiChat | Dialect::Ollama => {
                said[1..].iter().flat_map(|(_, ids)| ids.clone()).collect()
            }
            _ => {
                assert_eq!(said.len(), 2, "results are one turn: {place}");
                said[1].1.clone()
            }
        };
        assert_eq!(results, calls, "in call order: {place}");
        let text = body.to_string();
        let (first, second) = (text.find("result of look 1"), text.find("result of find 2"));
        assert!(
            first.is_some() && first < second,
            "each result is its own call's: {place}"
        );
    }
}

/// A second call of the same tool answered with the first one's result.
#[test]
fn two_calls_of_one_tool_exchanged_their_results() {
    for (upstream, client) in pairs() {
        // Without ids a client can only answer in call order; Ollama's has none to send back.
        if client == Dialect::Ollama {
            continue;
        }
        let (body, losses) = sent(client, upstream, &answered(client, ["look", "look"]).body());
        let text = body.to_string();
        let (first, second) = (text.find("result of look 1"), text.find("result of look 2"));
        assert!(
            first.is_some() && first < second,
            "{client:?} to {upstream:?}: {body}"
        );
        assert!(
            !losses
                .iter()
                .any(|loss| loss.starts_with("result_synthesised")),
            "{losses:?}"
        );
    }
}

/// `functionResponse.name` filled with the call's id: Gemini wants the name, found by the id.
#[test]
fn a_result_was_named_after_its_id() {
    for upstream in [Dialect::Gemini, Dialect::Ollama] {
        for (_, client) in pairs().filter(|pair| pair.0 == upstream) {
            let (body, _) = sent(client, upstream, &answered(client, ["look", "find"]).body());
            let named = exchanges(upstream, &body)
                .into_iter()
                .flat_map(|(_, names)| names);
            let named: Vec<_> = named.collect();
            assert_eq!(
                named,
                ["look", "find", "look", "find"],
                "{client:?} to {upstream:?}"
            );
        }
    }
}

/// oai-compatible-copilot#35: a call that was never answered, because the user broke in.
#[test]
fn a_call_without_a_result_was_refused() {
    for (upstream, client) in pairs() {
        let other = Dialect::ALL
            .iter()
            .copied()
            .find(|other| *other != client)
            .unwrap();
        let script = Script::new(vec![
            call("call_a", "look", json!({"n": 1})),
            call("call_b", "find", json!({"n": 2})),
        ]);
        let answer = told(
            setup(other, client, false),
            script.bytes(other, false).as_bytes(),
        );
        let mut talk = Talk::new(client, "go");
        talk.keep(&answer);
        talk.answer(&heard(client, &answer).calls[1..]);
        talk.ask("never mind");
        let (body, losses) = sent(client, upstream, &talk.body());
        let place = format!("{client:?} to {upstream:?}: {losses:?} {body}");
        let all: Vec<_> = exchanges(upstream, &body)
            .into_iter()
            .flat_map(|(_, said)| said)
            .collect();
        if upstream != Dialect::Ollama {
            assert_eq!((all.len(), &all[..2]), (4, &all[2..]), "{place}");
            assert!(
                losses
                    .iter()
                    .any(|loss| loss.starts_with("result_synthesised")),
                "{place}"
            );
        }
        assert!(body.to_string().contains("never mind"), "{place}");
    }
}

/// CLIProxyAPI#497: a result whose call was cut from the history.
#[test]
fn an_orphan_result_was_sent_on() {
    let lost = Call {
        id: "call_gone".into(),
        name: "look".into(),
        arguments: json!({"n": 9}),
    };
    for (upstream, client) in pairs() {
        let mut talk = Talk::new(client, "go");
        talk.answer([&lost]);
        talk.ask("on");
        let body = talk.body();
        let outcome = super::kit::prepare(client, upstream, &body, &super::kit::target("v"), None);
        let place = format!("{client:?} to {upstream:?}");
        match outcome {
            // The vendors of these dialects refuse it as well.
            Err(error) => {
                assert_eq!(
                    error.source,
                    fastproxy_core::error::Source::Client,
                    "{place}"
                );
                assert!(error.pointer.is_some(), "{place}: {error}");
            }
            Ok(prepared) => {
                let sent: Value = serde_json::from_slice(&prepared.body).unwrap();
                assert!(exchanges(upstream, &sent).is_empty(), "{place}: {sent}");
                assert!(!prepared.loss.entries().is_empty(), "{place}: {sent}");
            }
        }
    }
}

/// Zoo-Code PR#1705: pictures between the results; they must stand together and first.
#[test]
fn pictures_stood_between_results() {
    let png = "iVBORw0KGgoAAAANSUhEUg==";
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}},
            {"id": "b", "type": "function", "function": {"name": "find", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{png}")}}]},
        {"role": "tool", "tool_call_id": "b", "content": "2"}]});
    let (sent_body, _) = sent(Dialect::OpenaiChat, Dialect::Anthropic, &body);
    let content = sent_body["messages"][2]["content"].as_array().unwrap();
    let kinds: Vec<_> = content
        .iter()
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["tool_result", "tool_result", "image"]);
}

/// Antigravity-Manager PR#3219: Claude Code says system text in the middle; Gemini has no such role.
#[test]
fn system_text_in_the_middle_was_refused_or_moved() {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "first"}, {"role": "assistant", "content": "second"},
        {"role": "system", "content": "third"}, {"role": "user", "content": "fourth"}]});
    for (upstream, client) in pairs().filter(|pair| pair.1 == Dialect::Anthropic) {
        let (body, _) = sent(client, upstream, &body);
        let text = body.to_string();
        let places: Vec<_> = ["first", "second", "third", "fourth"]
            .iter()
            .map(|word| {
                text.find(word)
                    .unwrap_or_else(|| panic!("{upstream:?}: {text}"))
            })
            .collect();
        assert!(places.is_sorted(), "in place: {upstream:?} {text}");
        if upstream == Dialect::Gemini {
            let roles = body["contents"].as_array().unwrap().iter();
            assert!(
                roles
                    .clone()
                    .all(|turn| turn["role"] == "user" || turn["role"] == "model")
            );
        }
    }
}

/// bifrost#2765, litellm#7094: empty blocks sent on, and null content that broke a join.
#[test]
fn nothing_was_sent_as_something() {
    let body = json!({"model": "m", "messages": [
        {"role": "system", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "go"}]},
        {"role": "assistant", "content": null},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "on"}]});
    for upstream in [Dialect::Anthropic, Dialect::Gemini] {
        let (body, _) = sent(Dialect::OpenaiChat, upstream, &body);
        let text = body.to_string();
        assert!(
            !text.contains("\"text\":\"\"") && !text.contains("[]"),
            "{upstream:?} {text}"
        );
        assert!(
            !text.contains("\"content\":\"\"") && !text.contains("null"),
            "{upstream:?} {text}"
        );
    }
}

/// new-api: arguments of the history that are not JSON.
#[test]
fn broken_arguments_in_the_history_broke_the_request() {
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{\"n\": "}}]},
        {"role": "tool", "tool_call_id": "a", "content": "1"}]});
    for (upstream, client) in pairs().filter(|pair| pair.1 == Dialect::OpenaiChat) {
        let (sent, losses) = sent(client, upstream, &body);
        let text = sent.to_string();
        assert!(
            text.contains("{\\\"n\\\": "),
            "the text is kept: {upstream:?} {text}"
        );
        let is_reported = losses
            .iter()
            .any(|loss| loss.starts_with("args_invalid_json"));
        assert_eq!(
            is_reported,
            upstream != Dialect::OpenaiResponses,
            "{upstream:?} {losses:?}"
        );
    }
}

/// Busbar: a second request that returns what the proxy put into its answer must be taken by the vendor itself.
#[test]
fn the_proxys_own_fields_came_back_and_were_refused() {
    for client in [
        Dialect::OpenaiChat,
        Dialect::OpenaiResponses,
        Dialect::Anthropic,
        Dialect::Gemini,
    ] {
        let (body, losses) = sent(client, client, &answered(client, ["look", "find"]).body());
        let text = body.to_string();
        for word in [
            "fp1.",
            "fastproxy",
            "provider_specific",
            "reasoning_details",
        ] {
            assert!(!text.contains(word), "{client:?}: {text}");
        }
        assert!(
            losses.iter().all(|loss| loss.starts_with("opaque_")),
            "{client:?}: {losses:?}"
        );
    }
}
