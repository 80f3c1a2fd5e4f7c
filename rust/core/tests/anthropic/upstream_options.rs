//! IR → upstream: what is said once per request.

use fastproxy_core::dialect::Target;
use fastproxy_core::ir::{
    CacheMarker, Effort, OpaqueKind, OutputFormat, ReasoningIntent, Request, Role, Sampling,
    ToolChoice, Visibility,
};
use fastproxy_core::json::Number;
use serde_json::{Value, json};

use super::build::{call, function, request, results, thought, turn, user};
use super::{ORIGIN, encoded, losses, target};

fn hi() -> Request<'static> {
    request(vec![user("hi")])
}

fn manual() -> Target {
    let mut target = target();
    target.profile.adaptive_thinking = false;
    target
}

fn thinks(intent: ReasoningIntent, target: &Target) -> (Value, Vec<String>) {
    let mut request = hi();
    request.reasoning = Some(intent);
    let (body, loss) = encoded(&request, target);
    let codes = loss
        .entries()
        .iter()
        .map(|l| format!("{} {}", l.code.name(), l.path))
        .collect();
    (body, codes)
}

fn effort(effort: Effort) -> ReasoningIntent {
    ReasoningIntent {
        effort: Some(effort),
        ..ReasoningIntent::default()
    }
}

#[test]
fn a_bound_is_filled_in_and_clamped() {
    let mut request = hi();
    request.max_output_tokens = None;
    let (body, loss) = encoded(&request, &target());
    assert_eq!(body["max_tokens"], 4096);
    assert_eq!(losses(&loss), [("default_filled", "/max_tokens")]);
    let mut target = target();
    target.profile.max_output_tokens = Some(1000);
    let (body, loss) = encoded(&hi(), &target);
    assert_eq!(body["max_tokens"], 1000);
    assert_eq!(losses(&loss), [("value_clamped", "/max_tokens")]);
}

#[test]
fn sampling_is_clamped_dropped_or_forbidden() {
    let mut request = hi();
    request.stream = true;
    request.sampling = Sampling {
        temperature: Some(Number("1.7")),
        top_p: Some(Number("0.50")),
        top_k: Some(Number("3")),
        frequency_penalty: Some(Number("0.5")),
        presence_penalty: Some(Number("0.0")),
        logit_bias: Some("{}".into()),
        seed: Some(Number("1")),
        n: Some(1),
        stop: vec!["\n".into(), "END".into()],
        logprobs: Some(true),
        top_logprobs: Some(2),
    };
    let (body, loss) = encoded(&request, &target());
    assert_eq!(body["stream"], true);
    assert_eq!(body["temperature"], json!(1.0));
    assert_eq!((&body["top_p"], &body["top_k"]), (&json!(0.5), &json!(3)));
    assert_eq!(body["stop_sequences"], json!(["END"]));
    let dropped = [
        "/frequency_penalty",
        "/logit_bias",
        "/seed",
        "/logprobs",
        "/top_logprobs",
    ];
    let mut expected = vec![
        ("field_dropped", "/stop"),
        ("value_clamped", "/temperature"),
    ];
    expected.extend(dropped.map(|path| ("field_dropped", path)));
    assert_eq!(losses(&loss), expected);

    let newer = Target {
        version: Some("2026-10-21".into()),
        ..target()
    };
    let (body, loss) = encoded(&request, &newer);
    for key in ["temperature", "top_p", "top_k"] {
        assert!(body.get(key).is_none());
        let path = format!("/{key}");
        assert!(losses(&loss).contains(&("param_forbidden", &path)), "{key}");
    }
}

#[test]
fn parameters_that_the_profile_forbids_are_not_sent() {
    let mut target = target();
    target.profile.forbidden = [
        "top_p",
        "service_tier",
        "metadata",
        "thinking",
        "output_config",
        "stop_sequences",
    ]
    .map(Into::into)
    .into();
    let mut request = hi();
    request.sampling.top_p = Some(Number("0.9"));
    request.sampling.stop = vec!["x".into()];
    request.service_tier = Some("auto".into());
    request.end_user = Some("u1".into());
    request.reasoning = Some(effort(Effort::High));
    let (body, loss) = encoded(&request, &target);
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    assert!(
        losses(&loss)
            .iter()
            .all(|(code, _)| *code == "param_forbidden")
    );
}

#[test]
fn nothing_is_added_that_the_client_did_not_ask_for() {
    let (body, loss) = encoded(&hi(), &target());
    let expected = json!({"model": "upstream-model", "max_tokens": 2048, "messages": [
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ]});
    assert_eq!(body, expected);
    assert!(loss.is_empty());
    let shown = ReasoningIntent {
        visibility: Some(Visibility::Shown),
        ..ReasoningIntent::default()
    };
    let (body, codes) = thinks(shown, &target());
    assert!(body.get("thinking").is_none());
    assert_eq!(codes, ["field_dropped /reasoning"]);
}

#[test]
fn adaptive_models_take_an_effort() {
    for (word, sent, lossless) in [
        (Effort::Minimal, "low", false),
        (Effort::Low, "low", true),
        (Effort::High, "high", true),
        (Effort::XHigh, "xhigh", true),
        (Effort::Max, "max", true),
    ] {
        let (body, codes) = thinks(effort(word), &target());
        assert_eq!(body["thinking"], json!({"type": "adaptive"}));
        assert_eq!(body["output_config"], json!({"effort": sent}));
        assert_eq!(codes.is_empty(), lossless, "{codes:?}");
    }
    let budget = ReasoningIntent {
        enabled: Some(true),
        budget: Some(8000),
        visibility: Some(Visibility::Hidden),
        ..ReasoningIntent::default()
    };
    let (body, codes) = thinks(budget, &target());
    assert_eq!(
        body["thinking"],
        json!({"type": "adaptive", "display": "omitted"})
    );
    assert_eq!(body["output_config"]["effort"], "medium");
    assert_eq!(codes, ["value_clamped /reasoning"]);
    for target in [target(), manual()] {
        let (body, codes) = thinks(effort(Effort::Off), &target);
        assert_eq!(body["thinking"], json!({"type": "disabled"}));
        assert!(codes.is_empty());
    }
}

#[test]
fn older_models_take_a_budget_below_the_bound() {
    let (body, codes) = thinks(effort(Effort::High), &manual());
    assert_eq!(
        body["thinking"],
        json!({"type": "enabled", "budget_tokens": 1024})
    );
    assert_eq!(body["max_tokens"], 2048, "the client's bound stays");
    assert_eq!(codes, ["value_clamped /reasoning"]);

    let mut request = hi();
    request.reasoning = Some(effort(Effort::High));
    request.max_output_tokens = None;
    let (body, _) = encoded(&request, &manual());
    assert_eq!(body["thinking"]["budget_tokens"], Effort::High.budget());
    assert_eq!(
        body["max_tokens"],
        Effort::High.budget() + 4096,
        "ours grows"
    );

    request.max_output_tokens = Some(100);
    let (body, loss) = encoded(&request, &manual());
    assert_eq!(body["max_tokens"], 1124);
    assert!(losses(&loss).contains(&("value_clamped", "/max_tokens")));
}

#[test]
fn a_budget_rules_out_temperature_and_forced_tools() {
    let mut request = hi();
    request.max_output_tokens = Some(9000);
    request.reasoning = Some(effort(Effort::Low));
    request.sampling.temperature = Some(Number("0.2"));
    request.sampling.top_k = Some(Number("9"));
    request.sampling.top_p = Some(Number("0.95"));
    request.tools = vec![function("f", "{\"type\":\"object\"}")];
    request.tool_choice = Some(ToolChoice::Required);
    let (body, loss) = encoded(&request, &manual());
    assert_eq!(body["tool_choice"], json!({"type": "auto"}));
    assert_eq!(body["top_p"], json!(0.95));
    let expected = ["/tool_choice", "/temperature", "/top_k"].map(|path| ("param_forbidden", path));
    assert_eq!(losses(&loss), expected);
    let (body, _) = encoded(&request, &target());
    assert_eq!(
        body["tool_choice"],
        json!({"type": "any"}),
        "adaptive thinking allows it"
    );
}

/// Rows 84 and 86: a budget demands signed thinking in a tool loop; without it, thinking is left out.
#[test]
fn a_tool_loop_without_its_thinking_goes_on_without_thinking() {
    let looped = |origin| {
        let contents = vec![
            thought("t", origin, OpaqueKind::Signature),
            call("a", "f", "{}"),
        ];
        let mut request = request(vec![
            user("x"),
            turn(Role::Assistant, contents),
            results(&["a"]),
        ]);
        request.reasoning = Some(effort(Effort::Minimal));
        request
    };
    let (body, loss) = encoded(&looped("elsewhere"), &manual());
    assert!(body.get("thinking").is_none());
    let expected = [
        ("opaque_dropped", "/messages/1"),
        ("param_forbidden", "/reasoning"),
    ];
    assert_eq!(losses(&loss), expected);
    let (body, loss) = encoded(&looped(ORIGIN), &manual());
    assert_eq!(body["thinking"]["budget_tokens"], 1024);
    assert_eq!(body["messages"][1]["content"][0]["signature"], "c2lnbmVk");
    assert!(loss.is_empty());
}

#[test]
fn the_form_of_the_answer() {
    let schema = r#"{"type":"object","properties":{"b":{},"a":{}},"additionalProperties":false}"#;
    let format = |name: Option<&'static str>| OutputFormat::Schema {
        name: name.map(Into::into),
        description: None,
        schema: schema.into(),
        strict: name.map(|_| true),
    };
    for (format, sent, lossless) in [
        (format(None), Some(schema), true),
        (format(Some("n")), Some(schema), false),
        (OutputFormat::Json, None, false),
        (OutputFormat::Text, None, true),
    ] {
        let mut request = hi();
        request.output_format = Some(format);
        let (body, loss) = encoded(&request, &target());
        let expected = sent.map(|schema| serde_json::from_str::<Value>(schema).unwrap());
        assert_eq!(
            body["output_config"]["format"].get("schema"),
            expected.as_ref()
        );
        assert_eq!(loss.is_empty(), lossless);
    }
}

#[test]
fn tiers_users_and_what_has_no_counterpart() {
    for (tier, member, value) in [
        ("auto", "service_tier", json!("auto")),
        ("default", "service_tier", json!("standard_only")),
        ("standard_only", "service_tier", json!("standard_only")),
        ("fast", "speed", json!("fast")),
        ("flex", "service_tier", Value::Null),
    ] {
        let mut request = hi();
        request.service_tier = Some(tier.into());
        let (body, loss) = encoded(&request, &target());
        assert_eq!(body[member], value, "{tier}");
        assert_eq!(loss.is_empty(), !value.is_null());
    }
    let mut request = hi();
    request.end_user = Some("user_1_account_2_session_3".into());
    request.metadata = Some("{}".into());
    request.store = Some(true);
    request.cache_key = Some("k".into());
    request.verbosity = Some("low".into());
    request.cache = Some(CacheMarker { ttl: None });
    let (body, loss) = encoded(&request, &target());
    assert!(body.get("metadata").is_none() && body.get("cache_control").is_some());
    let expected = [
        "/user",
        "/metadata",
        "/store",
        "/prompt_cache_key",
        "/verbosity",
    ];
    assert_eq!(losses(&loss), expected.map(|path| ("field_dropped", path)));
    request.end_user = Some("user-1".into());
    assert_eq!(
        encoded(&request, &target()).0["metadata"]["user_id"],
        "user-1"
    );
}
