//! IR → what an Ollama is sent: everything besides messages.

use fastproxy_core::dialect::{Dialect, Profile, Target};
use serde_json::{Value, json};

use super::kit::{chat, prepared, sent, sent_to, target};

fn from_chat(more: Value) -> (Value, Vec<(&'static str, String)>) {
    sent(Dialect::OpenaiChat, &chat(more))
}

#[test]
fn streaming_is_always_said() {
    assert_eq!(from_chat(json!({})).0["stream"], false);
    assert_eq!(from_chat(json!({"stream": true})).0["stream"], true);
}

#[test]
fn nothing_is_sent_that_was_not_asked_for() {
    let (body, losses) = from_chat(json!({}));
    let messages = json!([{"role": "user", "content": "hi"}]);
    assert_eq!(
        body,
        json!({"model": "up-model", "messages": messages, "stream": false})
    );
    assert!(losses.is_empty());
}

#[test]
fn sampling_stands_in_options() {
    let (body, losses) = from_chat(json!({
        "temperature": 0.5, "top_p": 0.9, "frequency_penalty": 1, "presence_penalty": -1, "seed": 7,
        "max_completion_tokens": 100, "stop": ["a", "b", "c", "d"], "logprobs": true, "top_logprobs": 3,
    }));
    assert_eq!(
        body["options"],
        json!({"temperature": 0.5, "top_p": 0.9, "frequency_penalty": 1, "presence_penalty": -1, "seed": 7,
            "num_predict": 100, "stop": ["a", "b", "c", "d"]})
    );
    assert_eq!(
        (&body["logprobs"], &body["top_logprobs"]),
        (&json!(true), &json!(3))
    );
    assert!(losses.is_empty(), "{losses:?}");
    let claude = json!({"model": "m", "max_tokens": 10, "top_k": 5, "messages": [{"role": "user", "content": "hi"}]});
    let (body, losses) = sent(Dialect::Anthropic, &claude);
    assert_eq!(body["options"], json!({"top_k": 5, "num_predict": 10}));
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn a_format_is_the_word_or_the_schema_alone() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let (body, losses) = from_chat(json!({"response_format": {"type": "json_object"}}));
    assert_eq!((&body["format"], losses.len()), (&json!("json"), 0));
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": true}});
    let (body, losses) = from_chat(json!({"response_format": format}));
    assert_eq!(body["format"], schema);
    assert_eq!(losses, [("field_dropped", "/response_format".into())]);
    let (body, _) = from_chat(json!({"response_format": {"type": "text"}}));
    assert!(body.get("format").is_none());
}

#[test]
fn an_effort_is_off_or_one_of_three_words() {
    for (effort, think, is_exact) in [
        ("none", json!(false), true),
        ("minimal", json!("low"), false),
        ("low", json!("low"), true),
        ("medium", json!("medium"), true),
        ("high", json!("high"), true),
        ("xhigh", json!("high"), false),
        ("max", json!("high"), false),
    ] {
        let (body, losses) = from_chat(json!({"reasoning_effort": effort}));
        assert_eq!(body["think"], think, "{effort}");
        assert_eq!(losses.is_empty(), is_exact, "{effort}: {losses:?}");
    }
}

#[test]
fn a_switch_and_a_budget_are_carried_and_adaptive_says_nothing() {
    let claude = |thinking: Value| {
        let body = json!({"model": "m", "max_tokens": 30_000, "thinking": thinking, "messages": [{"role": "user", "content": "hi"}]});
        sent(Dialect::Anthropic, &body)
    };
    assert_eq!(claude(json!({"type": "disabled"})).0["think"], false);
    let (body, losses) = claude(json!({"type": "enabled", "budget_tokens": 2048}));
    assert_eq!(body["think"], "low");
    assert!(
        losses.contains(&("value_clamped", "/thinking/budget_tokens".into())),
        "{losses:?}"
    );
    assert!(claude(json!({"type": "adaptive"})).0.get("think").is_none());
    assert_eq!(from_chat(json!({"enable_thinking": true})).0["think"], true);
}

#[test]
fn an_upstream_that_takes_no_effort_gets_none() {
    let profile = Profile {
        reasoning_effort: false,
        ..Profile::default()
    };
    let plain = Target {
        profile,
        ..target()
    };
    let body = chat(json!({"reasoning_effort": "high"}));
    let (body, losses) = sent_to(Dialect::OpenaiChat, &body, &plain);
    assert!(body.get("think").is_none());
    assert_eq!(losses, [("field_dropped", "/reasoning_effort".into())]);
    let (body, _) = sent_to(
        Dialect::OpenaiChat,
        &chat(json!({"reasoning_effort": "none"})),
        &plain,
    );
    assert_eq!(body["think"], false, "off is taken by every model");
}

#[test]
fn what_has_no_field_is_reported() {
    let (body, losses) = from_chat(json!({
        "logit_bias": {"1": 2}, "verbosity": "low", "prompt_cache_key": "k", "service_tier": "flex", "user": "u",
        "metadata": {"a": "b"}, "store": true, "parallel_tool_calls": false,
    }));
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    let paths: Vec<_> = losses.iter().map(|(_, path)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/logit_bias",
            "/verbosity",
            "/prompt_cache_key",
            "/service_tier",
            "/user",
            "/metadata",
            "/store",
            "/parallel_tool_calls"
        ]
    );
    assert!(losses.iter().all(|(code, _)| *code == "field_dropped"));
    assert!(
        from_chat(json!({"store": false})).1.is_empty(),
        "it never stores"
    );
}

#[test]
fn what_the_profile_forbids_is_not_sent() {
    let profile = Profile {
        forbidden: vec!["temperature".into(), "format".into(), "tools".into()],
        ..Profile::default()
    };
    let body = chat(
        json!({"temperature": 1, "seed": 1, "response_format": {"type": "json_object"},
        "tools": [{"type": "function", "function": {"name": "f"}}]}),
    );
    let target = Target {
        profile,
        ..target()
    };
    let (body, losses) = sent_to(Dialect::OpenaiChat, &body, &target);
    assert_eq!(body["options"], json!({"seed": 1}));
    assert!(body.get("format").is_none() && body.get("tools").is_none());
    assert_eq!(
        losses
            .iter()
            .filter(|(code, _)| *code == "param_forbidden")
            .count(),
        3
    );
}

fn tools(more: Value) -> (Value, Vec<(&'static str, String)>) {
    let mut body = json!({"tools": [
        {"type": "function", "function": {"name": "a", "description": "A.", "parameters": {"type": "object", "properties": {"x": {"type": "object"}}}}},
        {"type": "function", "function": {"name": "b"}},
    ]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    from_chat(body)
}

#[test]
fn tools_have_a_schema_that_templates_can_walk() {
    let (body, losses) = tools(json!({}));
    assert_eq!(
        body["tools"],
        json!([
            {"type": "function", "function": {"name": "a", "description": "A.", "parameters":
                {"type": "object", "properties": {"x": {"type": "object", "properties": {}}}}}},
            {"type": "function", "function": {"name": "b", "parameters": {"type": "object", "properties": {}}}},
        ])
    );
    assert!(losses.is_empty());
}

#[test]
fn a_choice_is_said_by_which_tools_are_sent() {
    let names = |choice: Value| {
        let (body, losses) = tools(json!({"tool_choice": choice}));
        let tools = body["tools"].as_array().cloned().unwrap_or_default();
        let names: Vec<_> = tools
            .iter()
            .map(|tool| tool["function"]["name"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), !losses.is_empty())
    };
    assert_eq!(names(json!("auto")), ("a b".into(), false));
    assert_eq!(names(json!("none")), (String::new(), false));
    assert_eq!(names(json!("required")), ("a b".into(), true));
    let named = json!({"type": "function", "function": {"name": "b"}});
    assert_eq!(names(named), ("b".into(), true));
    let allowed = |mode: &str| {
        json!({"type": "allowed_tools", "allowed_tools":
            {"mode": mode, "tools": [{"type": "function", "function": {"name": "a"}}]}})
    };
    assert_eq!(names(allowed("auto")), ("a".into(), false));
    assert_eq!(names(allowed("required")), ("a".into(), true));
}

#[test]
fn a_custom_tool_becomes_a_function_and_its_name_is_restored() {
    let body = chat(json!({"tools": [
        {"type": "custom", "custom": {"name": "sh", "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": ".*"}}}},
        {"type": "function", "function": {"name": "x", "strict": true}},
        {"type": "web_search"},
    ]}));
    let prepared = prepared(Dialect::OpenaiChat, &body, &target()).unwrap();
    let sent: Value = serde_json::from_slice(&prepared.body).unwrap();
    assert_eq!(
        sent["tools"][0]["function"]["parameters"]["required"],
        json!(["input"])
    );
    assert!(prepared.names.get("sh").is_some());
    let codes: Vec<_> = super::kit::losses(&prepared.loss);
    assert!(
        codes.contains(&("field_dropped", "/tools/0/format".into())),
        "{codes:?}"
    );
    assert!(
        codes.contains(&("field_dropped", "/tools/1/strict".into())),
        "{codes:?}"
    );
    assert!(
        codes.contains(&("tool_unsupported", "/tools/2".into())),
        "{codes:?}"
    );
    assert_eq!(sent["tools"].as_array().unwrap().len(), 2);
}
