//! IR → requests for Gemini.

use fastproxy_core::dialect::Dialect;
use serde_json::{Value, json};

use crate::kit::{from_chat, prepared};

fn said(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

#[test]
fn results_follow_their_calls_in_call_order() {
    let call = |id: &str, name: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{\"a\":1}"}});
    let (body, losses) = from_chat(
        "gemini-3-pro",
        &json!({"messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": null, "tool_calls": [call("c1", "f"), call("c2", "g"), call("c3", "f")]},
        {"role": "tool", "tool_call_id": "c2", "content": "plain"},
        {"role": "tool", "tool_call_id": "c1", "content": "{\"ok\":true}"}]}),
    );
    let parts = &body["contents"][2]["parts"];
    let ids: Vec<_> = parts
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["functionResponse"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["c1", "c2", "c3"]);
    assert_eq!(
        parts[0]["functionResponse"]["response"],
        json!({"ok": true})
    );
    assert_eq!(
        parts[1]["functionResponse"]["response"],
        json!({"result": "plain"})
    );
    assert_eq!(
        parts[2]["functionResponse"]["response"],
        json!({"error": "[no result recorded]"})
    );
    assert_eq!(parts[1]["functionResponse"]["name"], "g");
    assert!(losses.contains(&"result_synthesised /messages/1".into()));
}

#[test]
fn only_the_first_call_of_a_turn_gets_the_placeholder_and_only_for_newer_models() {
    let body = json!({"messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "I look", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "2", "type": "function", "function": {"name": "f", "arguments": "not json"}}]},
        {"role": "tool", "tool_call_id": "1", "content": ""}, {"role": "tool", "tool_call_id": "2", "content": ""}]});
    let (newer, losses) = from_chat("gemini-3-flash", &body);
    let parts = &newer["contents"][1]["parts"];
    assert_eq!(
        parts[1]["thoughtSignature"],
        "skip_thought_signature_validator"
    );
    assert!(
        parts[0].get("thoughtSignature").is_none() && parts[2].get("thoughtSignature").is_none()
    );
    assert_eq!(
        parts[2]["functionCall"]["args"],
        json!({"_raw": "not json"})
    );
    assert!(losses.contains(&"opaque_filled /messages/1".into()));
    assert!(losses.contains(&"args_invalid_json /messages/1".into()));
    let (older, _) = from_chat("gemini-2.5-flash", &body);
    assert!(!older.to_string().contains("thoughtSignature"));
}

#[test]
fn effort_is_a_level_or_a_budget() {
    for (effort, level, budget) in [
        ("none", "MINIMAL", 0),
        ("minimal", "MINIMAL", 1024),
        ("low", "LOW", 4096),
        ("high", "HIGH", 24_576),
        ("max", "HIGH", 32_768),
    ] {
        let body = json!({"messages": said("x"), "reasoning_effort": effort});
        let thinking =
            |model| from_chat(model, &body).0["generationConfig"]["thinkingConfig"].clone();
        assert_eq!(
            thinking("gemini-3-pro"),
            json!({"thinkingLevel": level}),
            "{effort}"
        );
        assert_eq!(
            thinking("gemini-2.5-pro"),
            json!({"thinkingBudget": budget}),
            "{effort}"
        );
    }
    let (body, _) = from_chat("gemini-3-pro", &json!({"messages": said("x")}));
    assert!(
        body.get("generationConfig").is_none(),
        "nothing is sent that was not asked for: {body}"
    );
}

#[test]
fn older_models_get_schemas_in_the_subset() {
    let body = json!({"messages": said("x"), "tools": [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": ["string", "null"], "minLength": 1}}, "additionalProperties": false, "required": ["a"]}}},
        {"type": "function", "function": {"name": "g", "parameters": {"type":"object","properties":{}}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "properties": {"b": {"const": 1}}}}}});
    let (newer, losses) = from_chat("gemini-2.5-flash", &body);
    let declared = &newer["tools"][0]["functionDeclarations"];
    assert_eq!(
        declared[0]["parametersJsonSchema"]["additionalProperties"],
        false
    );
    assert!(
        newer["generationConfig"]
            .get("responseJsonSchema")
            .is_some()
    );
    assert!(!losses.iter().any(|loss| loss.starts_with("schema_lowered")));
    let (older, losses) = from_chat("gemini-1.5-flash", &body);
    let declared = &older["tools"][0]["functionDeclarations"];
    assert_eq!(
        declared[0]["parameters"],
        json!({"type": "OBJECT",
        "properties": {"a": {"type": "STRING", "nullable": true, "minLength": 1}}, "required": ["a"]})
    );
    assert!(declared[1].get("parameters").is_none());
    assert_eq!(
        older["generationConfig"]["responseSchema"]["properties"]["b"]["description"],
        "(one of: 1)"
    );
    assert!(losses.contains(&"schema_lowered /response_format".into()));
}

#[test]
fn choices_are_modes() {
    let tool = |name: &str, strict: Value| json!({"type": "function", "function": {"name": name, "strict": strict}});
    let tools = json!([tool("f", Value::Null), tool("g", Value::Null)]);
    for (choice, config) in [
        (json!("auto"), json!({"mode": "AUTO"})),
        (json!("none"), json!({"mode": "NONE"})),
        (json!("required"), json!({"mode": "ANY"})),
        (
            json!({"type": "function", "function": {"name": "g"}}),
            json!({"mode": "ANY", "allowedFunctionNames": ["g"]}),
        ),
        (
            json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}}),
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
        ),
    ] {
        let (body, _) = from_chat(
            "gemini-3",
            &json!({"messages": said("x"), "tools": tools, "tool_choice": choice}),
        );
        assert_eq!(
            body["toolConfig"]["functionCallingConfig"], config,
            "{choice}"
        );
    }
    let strict = json!([tool("f", json!(true)), tool("g", json!(true))]);
    let (body, _) = from_chat("gemini-3", &json!({"messages": said("x"), "tools": strict}));
    assert_eq!(
        body["toolConfig"]["functionCallingConfig"],
        json!({"mode": "VALIDATED"})
    );
    let mixed = json!([tool("f", json!(true)), tool("g", Value::Null)]);
    let (body, losses) = from_chat("gemini-3", &json!({"messages": said("x"), "tools": mixed}));
    assert!(body.get("toolConfig").is_none());
    assert!(
        losses.iter().any(|loss| loss.ends_with("/strict")),
        "{losses:?}"
    );
}

#[test]
fn names_that_gemini_does_not_take_are_rewritten_and_restored() {
    let body = json!({"model": "m", "messages": said("x"), "tools": [{"type": "function", "function": {"name": "1-tool"}}, {"type": "function", "function": {"name": "ok.name:x"}}]});
    let error = prepared(Dialect::OpenaiChat, Dialect::Gemini, "gemini-3", &body);
    let Ok(prepared) = error else {
        panic!("{error:?}");
    };
    let sent: Value = serde_json::from_slice(&prepared.body).unwrap();
    let name = sent["tools"][0]["functionDeclarations"][0]["name"]
        .as_str()
        .unwrap();
    assert!(name.starts_with("_1-tool_"), "{name}");
    assert_eq!(prepared.names.get(name).unwrap().name, "1-tool");
    assert_eq!(
        sent["tools"][0]["functionDeclarations"][1]["name"],
        "ok.name:x"
    );
}

#[test]
fn addresses_that_google_cannot_read_are_refused() {
    let body = |url: &str| json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]});
    let sent = |url: &str| prepared(Dialect::OpenaiChat, Dialect::Gemini, "gemini-3", &body(url));
    let error = sent("https://example.com/a.png").unwrap_err();
    assert_eq!(error.pointer.as_deref(), Some("/messages/0/content/0"));
    let prepared = sent("gs://bucket/a.png?x").unwrap();
    let value: Value = serde_json::from_slice(&prepared.body).unwrap();
    let part = &value["contents"][0]["parts"][0]["fileData"];
    assert_eq!(
        part,
        &json!({"mimeType": "image/png", "fileUri": "gs://bucket/a.png?x"})
    );
}

#[test]
fn numbers_stay_in_range_and_conversations_begin_with_the_user() {
    let (body, losses) = from_chat(
        "gemini-3",
        &json!({"messages": [{"role": "assistant", "content": "Hi"}],
        "seed": 5_000_000_000_u64, "stop": ["a", "b", "c", "d"], "temperature": 1.5, "logprobs": true, "top_logprobs": 2}),
    );
    let config = &body["generationConfig"];
    assert!(config["seed"].as_u64().unwrap() < 1 << 31);
    assert_eq!(config["stopSequences"].as_array().unwrap().len(), 4);
    assert_eq!(
        (config["temperature"].as_f64(), config["logprobs"].as_u64()),
        (Some(1.5), Some(2))
    );
    assert_eq!(body["contents"][0]["role"], "user");
    assert!(
        losses.contains(&"value_clamped /seed".into())
            && losses.contains(&"default_filled /messages".into())
    );
}
