//! Requests that said more, less, or something else than the client did.

use fastproxy_core::dialect::Dialect;
use fastproxy_core::error::Source;
use serde_json::{Value, json};

use super::kit::{Talk, asking, pairs, prepare, sent, target};

/// The members of a request that asks one question and nothing else.
fn members(upstream: Dialect) -> &'static [&'static str] {
    match upstream {
        Dialect::OpenaiChat => &["model", "messages", "max_completion_tokens"],
        // Nothing is to be kept there, and thinking must come back.
        Dialect::OpenaiResponses => &["model", "input", "max_output_tokens", "store", "include"],
        // The bound is required.
        Dialect::Anthropic => &["model", "messages", "max_tokens"],
        Dialect::Gemini => &["contents", "generationConfig"],
        Dialect::Ollama => &["model", "messages", "stream", "options"],
    }
}

/// Tools, safety settings, cache markers, temperatures, prompts that nobody asked for (CLIProxyAPI#4104 among others).
#[test]
fn something_was_added_that_nobody_asked_for() {
    for (upstream, client) in pairs() {
        let (body, _) = sent(client, upstream, &Talk::new(client, "hello there").bare());
        for key in body.as_object().unwrap().keys() {
            assert!(
                members(upstream).contains(&key.as_str()),
                "{client:?} to {upstream:?}: {key} in {body}"
            );
        }
        let mut options = body
            .get("generationConfig")
            .or(body.get("options"))
            .into_iter();
        let added = options.all(|options| {
            let keys = options.as_object().unwrap().keys();
            keys.clone()
                .all(|key| key == "maxOutputTokens" || key == "num_predict")
        });
        assert!(added, "{client:?} to {upstream:?}: {body}");
        assert_eq!(body.to_string().matches("hello there").count(), 1);
    }
}

/// bifrost#6132: the bound of output tokens was dropped on the way to Ollama.
#[test]
fn the_bound_of_tokens_was_dropped() {
    for (upstream, client) in pairs() {
        let bound = match client {
            Dialect::OpenaiChat | Dialect::Anthropic => json!({"max_tokens": 77}),
            Dialect::OpenaiResponses => json!({"max_output_tokens": 77}),
            Dialect::Gemini => json!({"generationConfig": {"maxOutputTokens": 77}}),
            Dialect::Ollama => json!({"options": {"num_predict": 77}}),
        };
        let (body, _) = sent(client, upstream, &asking(client, &bound));
        let at = match upstream {
            Dialect::OpenaiChat => "/max_completion_tokens",
            Dialect::OpenaiResponses => "/max_output_tokens",
            Dialect::Anthropic => "/max_tokens",
            Dialect::Gemini => "/generationConfig/maxOutputTokens",
            Dialect::Ollama => "/options/num_predict",
        };
        assert_eq!(
            body.pointer(at),
            Some(&json!(77)),
            "{client:?} to {upstream:?}: {body}"
        );
    }
}

/// Claude Code's `user_id` holds a device and an account; labels hold whatever their operator put there.
#[test]
fn who_asked_was_told_to_another_vendor() {
    let secret = "{\"device_id\":\"d-canary\",\"account_uuid\":\"a-canary\"}";
    for (upstream, client) in pairs() {
        let who = match client {
            Dialect::Anthropic => json!({"metadata": {"user_id": secret}}),
            Dialect::OpenaiChat | Dialect::OpenaiResponses => {
                json!({"user": secret, "safety_identifier": secret, "metadata": {"team": "m-canary"}})
            }
            Dialect::Gemini => json!({"labels": {"team": "m-canary"}}),
            Dialect::Ollama => continue,
        };
        let (body, losses) = sent(client, upstream, &asking(client, &who));
        let text = body.to_string();
        assert!(
            !text.contains("d-canary") && !text.contains("a-canary"),
            "{client:?} to {upstream:?}: {text}"
        );
        let is_told = losses.iter().any(|loss| {
            ["user", "metadata", "safety_identifier", "labels"]
                .iter()
                .any(|name| loss.contains(name))
        });
        assert!(
            is_told || text.contains("m-canary"),
            "{client:?} to {upstream:?}: {losses:?}"
        );
    }
}

/// What has no counterpart is reported under its name, never silently forgotten.
#[test]
fn fields_were_dropped_without_a_word() {
    let of_chat = [
        (
            "seed",
            json!(7),
            [Dialect::Anthropic, Dialect::OpenaiResponses].as_slice(),
        ),
        (
            "logit_bias",
            json!({"5": 1}),
            &[
                Dialect::Anthropic,
                Dialect::OpenaiResponses,
                Dialect::Gemini,
                Dialect::Ollama,
            ],
        ),
        ("logprobs", json!(true), &[Dialect::Anthropic]),
        (
            "presence_penalty",
            json!(0.5),
            &[Dialect::Anthropic, Dialect::OpenaiResponses],
        ),
        (
            "frequency_penalty",
            json!(0.5),
            &[Dialect::Anthropic, Dialect::OpenaiResponses],
        ),
        ("stop", json!(["x"]), &[Dialect::OpenaiResponses]),
        (
            "service_tier",
            json!("flex"),
            &[Dialect::Anthropic, Dialect::Ollama],
        ),
        (
            "prompt_cache_key",
            json!("k"),
            &[Dialect::Anthropic, Dialect::Gemini, Dialect::Ollama],
        ),
        (
            "prediction",
            json!({"type": "content", "content": "x"}),
            &[
                Dialect::Anthropic,
                Dialect::OpenaiResponses,
                Dialect::Gemini,
                Dialect::Ollama,
            ],
        ),
        (
            "never_heard_of",
            json!(1),
            &[
                Dialect::Anthropic,
                Dialect::OpenaiResponses,
                Dialect::Gemini,
                Dialect::Ollama,
            ],
        ),
    ];
    for (field, value, without) in of_chat {
        for (upstream, client) in pairs().filter(|pair| pair.1 == Dialect::OpenaiChat) {
            let (body, losses) = sent(client, upstream, &asking(client, &json!({field: value})));
            let is_told = losses.iter().any(|loss| loss.contains(field));
            assert_eq!(
                is_told,
                without.contains(&upstream),
                "{field} to {upstream:?}: {losses:?} {body}"
            );
        }
    }
}

/// A seed is a seed where there is one.
#[test]
fn a_seed_was_dropped_where_there_is_one() {
    let place = |dialect| match dialect {
        Dialect::OpenaiChat => Some("/seed"),
        Dialect::Gemini => Some("/generationConfig/seed"),
        Dialect::Ollama => Some("/options/seed"),
        _ => None,
    };
    for (upstream, client) in pairs() {
        let (Some(said), Some(wanted)) = (place(client), place(upstream)) else {
            continue;
        };
        let more = match said {
            "/seed" => json!({"seed": 7}),
            "/options/seed" => json!({"options": {"seed": 7}}),
            _ => json!({"generationConfig": {"seed": 7}}),
        };
        let (body, losses) = sent(client, upstream, &asking(client, &more));
        assert_eq!(
            body.pointer(wanted),
            Some(&json!(7)),
            "{client:?} to {upstream:?}: {body}"
        );
        assert!(losses.is_empty(), "{losses:?}");
    }
}

/// Asked for three answers, a client got one and no word about it.
#[test]
fn three_answers_became_one() {
    for (upstream, client) in pairs() {
        let more = match client {
            Dialect::OpenaiChat => json!({"n": 3}),
            Dialect::Gemini => json!({"generationConfig": {"candidateCount": 3}}),
            _ => continue,
        };
        let error =
            prepare(client, upstream, &asking(client, &more), &target("v"), None).unwrap_err();
        assert_eq!(
            (error.source, error.kind.status()),
            (Source::Client, 400),
            "{client:?} to {upstream:?}"
        );
        assert!(error.pointer.is_some());
    }
}

/// A file of one vendor's store means nothing to another; an address of an unknown kind is not dropped (bifrost#4402).
#[test]
fn media_that_cannot_be_carried_were_dropped() {
    let chat = |part: Value| json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "see"}, part]}]});
    let responses = |part: Value| json!({"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "see"}, part]}]});
    let anthropic = |block: Value| json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [block]}]});
    let asked = [
        (
            Dialect::OpenaiChat,
            chat(json!({"type": "file", "file": {"file_id": "file-1"}})),
        ),
        (
            Dialect::OpenaiResponses,
            responses(json!({"type": "input_file", "file_id": "file-1"})),
        ),
        (
            Dialect::OpenaiResponses,
            responses(json!({"type": "input_image", "file_id": "file-1"})),
        ),
        (
            Dialect::Anthropic,
            anthropic(json!({"type": "document", "source": {"type": "file", "file_id": "file_1"}})),
        ),
        (
            Dialect::Anthropic,
            anthropic(json!({"type": "image", "source": {"type": "file", "file_id": "file_1"}})),
        ),
    ];
    for (client, body) in &asked {
        for upstream in Dialect::ALL
            .iter()
            .copied()
            .filter(|upstream| upstream != client)
        {
            // Both APIs of OpenAI read the same store.
            let is_openai =
                |dialect| matches!(dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses);
            if is_openai(*client) && is_openai(upstream) {
                continue;
            }
            let outcome = prepare(*client, upstream, body, &target("v"), None);
            let error = outcome.map(|prepared| prepared.body).unwrap_err();
            assert_eq!(
                (error.source, error.kind.status()),
                (Source::Client, 400),
                "{client:?} to {upstream:?}"
            );
            assert!(
                error.pointer.is_some(),
                "{client:?} to {upstream:?}: {error}"
            );
        }
    }
    let bucket =
        chat(json!({"type": "image_url", "image_url": {"url": "gs://bucket/picture.png"}}));
    for upstream in [
        Dialect::OpenaiResponses,
        Dialect::Anthropic,
        Dialect::Gemini,
        Dialect::Ollama,
    ] {
        match prepare(Dialect::OpenaiChat, upstream, &bucket, &target("v"), None) {
            Ok(prepared) => {
                let text = String::from_utf8(prepared.body.to_vec()).unwrap();
                assert!(
                    text.contains("gs://bucket/picture.png"),
                    "{upstream:?}: {text}"
                );
            }
            Err(error) => assert_eq!(error.source, Source::Client, "{upstream:?}: {error}"),
        }
    }
}

/// A picture that is sent as one kind and is another: what its bytes say counts.
#[test]
fn a_picture_was_declared_as_what_it_is_not() {
    let jpeg = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA==";
    let body = json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{jpeg}")}}]}]});
    for upstream in [
        Dialect::Anthropic,
        Dialect::Gemini,
        Dialect::OpenaiResponses,
    ] {
        let (body, _) = sent(Dialect::OpenaiChat, upstream, &body);
        let text = body.to_string();
        assert!(
            text.contains("image/jpeg") && !text.contains("image/png"),
            "{upstream:?}: {text}"
        );
    }
}

/// litellm#12432: how hard to think was not passed on; nor may it be invented.
#[test]
fn the_effort_was_dropped() {
    let said = |client| match client {
        Dialect::OpenaiChat => json!({"reasoning_effort": "high"}),
        Dialect::OpenaiResponses => json!({"reasoning": {"effort": "high"}}),
        Dialect::Anthropic => {
            json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}})
        }
        Dialect::Gemini => {
            json!({"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}}})
        }
        Dialect::Ollama => json!({"think": "high"}),
    };
    for (upstream, client) in pairs() {
        let (body, _) = sent(client, upstream, &asking(client, &said(client)));
        let at = match upstream {
            Dialect::OpenaiChat => "/reasoning_effort",
            Dialect::OpenaiResponses => "/reasoning/effort",
            Dialect::Anthropic => "/output_config/effort",
            Dialect::Gemini => "/generationConfig/thinkingConfig/thinkingLevel",
            Dialect::Ollama => "/think",
        };
        let heard = body
            .pointer(at)
            .and_then(Value::as_str)
            .map(str::to_lowercase);
        let budget = body.pointer("/generationConfig/thinkingConfig/thinkingBudget");
        let is_high = heard.as_deref() == Some("high")
            || budget.is_some_and(|budget| *budget == json!(24_576));
        assert!(is_high, "{client:?} to {upstream:?}: {body}");
    }
}

/// Which tool to call, in everyone's words.
#[test]
fn the_choice_of_tools_was_dropped() {
    for (upstream, client) in pairs() {
        let choice = match client {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => json!("required"),
            Dialect::Anthropic => json!({"type": "any"}),
            Dialect::Gemini => Value::Null,
            Dialect::Ollama => continue,
        };
        let mut body = Talk::new(client, "go").body();
        if client == Dialect::Gemini {
            body["toolConfig"] = json!({"functionCallingConfig": {"mode": "ANY"}});
        } else {
            body["tool_choice"] = choice;
        }
        let (body, losses) = sent(client, upstream, &body);
        let is_said = match upstream {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => body["tool_choice"] == "required",
            Dialect::Anthropic => body["tool_choice"]["type"] == "any",
            Dialect::Gemini => body["toolConfig"]["functionCallingConfig"]["mode"] == "ANY",
            Dialect::Ollama => !losses.is_empty(),
        };
        assert!(is_said, "{client:?} to {upstream:?}: {losses:?} {body}");
    }
}
