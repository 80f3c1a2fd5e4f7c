//! Requests for upstreams of this dialect.

use fastproxy_core::dialect::openai_responses::Responses;
use fastproxy_core::dialect::{CacheMarkers, Codec, Dialect, Profile, Target};
use fastproxy_core::ir::{Concept, Content, Fidelity, Role};
use fastproxy_core::loss::LossReport;
use fastproxy_core::transcode::Routing;
use serde_json::{Value, json};

use super::kit::{ORIGIN, asked, client, losses, prepared, read, sent, target, turn, written};

/// What an upstream is sent for a Chat client's body.
fn from_chat(body: Value) -> Value {
    sent(&prepared(
        &client(Dialect::OpenaiChat, &body),
        Dialect::OpenaiResponses,
        ORIGIN,
    ))
}

fn chat(extra: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// Unsaid is true here, and false everywhere else.
#[test]
fn strict_is_always_said() {
    let tool = |strict: Value| json!({"type": "function", "function": {"name": "f", "strict": strict, "parameters": {"type": "object"}}});
    for (said, expected) in [
        (Value::Null, false),
        (json!(false), false),
        (json!(true), true),
    ] {
        let body = from_chat(chat(json!({"tools": [tool(said)]})));
        assert_eq!(body["tools"][0]["strict"], expected);
        assert_eq!(body["tools"][0]["name"], "f", "flat");
    }
    let body = from_chat(chat(
        json!({"tools": [{"type": "function", "function": {"name": "f"}}]}),
    ));
    assert_eq!(
        body["tools"][0]["parameters"],
        json!({"type": "object", "properties": {}})
    );
}

#[test]
fn nothing_is_kept_there_and_state_comes_along() {
    let plain = from_chat(chat(json!({})));
    assert_eq!(plain["store"], false);
    assert_eq!(plain["include"], json!(["reasoning.encrypted_content"]));
    assert_eq!(
        plain.get("reasoning"),
        None,
        "nothing was said about thinking"
    );
    assert_eq!(from_chat(chat(json!({"store": true})))["store"], true);
    let off = from_chat(chat(json!({"reasoning_effort": "none"})));
    assert_eq!(off.get("include"), None);
    assert_eq!(off["reasoning"], json!({"effort": "none"}));
    let logprobs = from_chat(chat(json!({"logprobs": true, "top_logprobs": 3})));
    assert_eq!(logprobs["include"][1], "message.output_text.logprobs");
    assert_eq!(logprobs["top_logprobs"], 3);
}

/// Models that do not think refuse `include` ("Encrypted content is not supported with this model").
#[test]
fn what_a_profile_forbids_is_not_sent() {
    let forbidden = ["include", "store", "temperature"]
        .map(String::from)
        .to_vec();
    let profile = Profile {
        forbidden,
        ..Profile::default()
    };
    let body = json!({"model": "m", "input": "x", "temperature": 0.5});
    let target = Target {
        profile,
        ..target()
    };
    let (body, loss, _) = read(&body, |request| written(request, &target));
    for field in ["include", "store", "temperature"] {
        assert_eq!(body.get(field), None, "{field}");
    }
    assert_eq!(
        losses(&loss),
        [("param_forbidden", "/temperature".to_owned())]
    );
}

#[test]
fn what_this_dialect_cannot_say_is_reported() {
    let body = chat(
        json!({"stop": ["a"], "seed": 7, "frequency_penalty": 0.5, "presence_penalty": 0.5,
        "logit_bias": {"5": 1}, "top_k": 4, "max_tokens": 3}),
    );
    let request = client(Dialect::OpenaiChat, &body);
    let prepared = prepared(&request, Dialect::OpenaiResponses, ORIGIN);
    let body = sent(&prepared);
    for field in [
        "stop",
        "seed",
        "n",
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "top_k",
    ] {
        assert_eq!(body.get(field), None, "{field}");
    }
    assert_eq!(body["max_output_tokens"], 16, "the least that is accepted");
    let losses = losses(&prepared.loss);
    for path in [
        "/stop",
        "/seed",
        "/frequency_penalty",
        "/presence_penalty",
        "/logit_bias",
        "/top_k",
    ] {
        assert!(
            losses.contains(&("field_dropped", path.to_owned())),
            "{path}"
        );
    }
    assert!(losses.contains(&("value_clamped", "/max_output_tokens".to_owned())));
}

#[test]
fn a_turn_is_items_in_its_own_order() {
    let body = json!({"model": "m", "messages": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "Looking.", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{}"}},
            {"id": "c2", "type": "custom", "custom": {"name": "b", "input": "free"}}]},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
        {"role": "tool", "tool_call_id": "c1", "content": "one"}]});
    let items = from_chat(body)["input"].clone();
    let script: Vec<_> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            format!(
                "{} {}",
                item["type"].as_str().unwrap(),
                item["call_id"].as_str().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        script,
        [
            "message -",
            "message -",
            "function_call c1",
            "custom_tool_call c2",
            "function_call_output c1",
            "custom_tool_call_output c2"
        ]
    );
    assert_eq!(items[1]["content"][0]["type"], "output_text");
    assert_eq!(items[3]["input"], "free");
}

/// Hosts that count calls from 0 in every turn; ids that are too long.
#[test]
fn call_ids_are_short_and_used_once() {
    let long = "x".repeat(80);
    let call = |id: &str| json!({"role": "assistant", "tool_calls": [{"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "r"});
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"},
        call("call_0"), result("call_0"), call("call_0"), result("call_0"), call(&long), result(&long)]});
    let items = from_chat(body)["input"].clone();
    let items = items.as_array().unwrap();
    let ids: Vec<_> = items[1..]
        .iter()
        .map(|item| item["call_id"].as_str().unwrap())
        .collect();
    assert!(ids.iter().all(|id| id.len() <= 64), "{ids:?}");
    for pair in ids.chunks(2) {
        assert_eq!(pair[0], pair[1], "a call and its output");
    }
    assert!(ids[0] != ids[2] && ids[2] != ids[4]);
}

#[test]
fn breakpoints_where_the_host_knows_them() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}]}]});
    let request = client(Dialect::OpenaiChat, &body);
    let profile = Profile {
        cache_markers: CacheMarkers::Breakpoint,
        ..Profile::default()
    };
    let target = Target {
        profile,
        ..target()
    };
    let prepared = request
        .prepare(Dialect::OpenaiResponses, &target, &Routing::default())
        .unwrap();
    let part =
        json!({"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}});
    assert_eq!(sent(&prepared)["input"][0]["content"], json!([part]));
    assert!(prepared.loss.is_empty());
}

/// A request of this dialect survives its own encoder: what is sent reads as what was asked.
#[test]
fn own_requests_survive() {
    let body: Value = serde_json::from_slice(&super::kit::fixture("request", "full.json")).unwrap();
    let (body, _, names) = read(&body, |request| written(request, &target()));
    assert_eq!(
        names.get("archive__find").unwrap().namespace.as_deref(),
        Some("archive")
    );
    assert_eq!(
        body["tools"][4]["type"], "web_search",
        "its own hosted tools are kept"
    );
    assert_eq!(body["text"]["format"]["name"], "sighting");
    assert_eq!(body["input"][3]["encrypted_content"], "gAAAAABnative==");
    assert_eq!(body["input"][3]["id"], "rs_1");
    read(&body, |again| {
        assert_eq!(again.turns.len(), 8);
        assert_eq!(again.tools.len(), 5);
    });
}

#[test]
fn nothing_left_to_say_is_the_clients_error() {
    let native = Content::Native {
        pointer: "/messages/0/content/0".into(),
        kind: "hologram".into(),
        raw: "{}".into(),
    };
    let mut loss = LossReport::new();
    let result =
        Responses.encode_request(&asked(vec![turn(Role::User, native)]), &target(), &mut loss);
    assert_eq!(result.unwrap_err().pointer.as_deref(), Some("/messages/0"));
}

/// Every concept has a stand, and what is said to be unsupported says why.
#[test]
fn every_concept_has_a_stand() {
    for concept in Concept::ALL {
        match Responses.fidelity(*concept) {
            Fidelity::Exact(field) => assert!(!field.is_empty()),
            Fidelity::Lossy(field, _, why) => assert!(!field.is_empty() && !why.is_empty()),
            Fidelity::Unsupported(_, why) => assert!(!why.is_empty()),
        }
    }
}
