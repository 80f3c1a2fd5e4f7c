//! Requests towards Chat upstreams: tools.

use fastproxy_core::dialect::{Dialect, Profile};
use fastproxy_core::ir::ToolKind;
use fastproxy_core::loss::Code;
use serde_json::{Value, json};

use crate::kit::{encode, target, target_with, with_request};
use crate::writes_requests::{asked, fixture_sent};

#[test]
fn names_are_made_to_fit_and_restored() {
    let sent = fixture_sent("json_mode", Profile::default());
    let names: Vec<_> = sent.body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names[0].starts_with("a_dotted_name_"), "{names:?}");
    assert!(names.iter().all(|name| name.len() <= 64), "{names:?}");
    let restored: Vec<_> = names
        .iter()
        .map(|name| sent.encoded.names.get(name).unwrap().name.clone())
        .collect();
    assert_eq!(restored, ["a.dotted/name".to_owned(), "n".repeat(80)]);
    assert!(sent.has(Code::IdRewritten));
    let again = fixture_sent("json_mode", Profile::default());
    assert_eq!(sent.body, again.body, "the same names in every request");
}

#[test]
fn namespaces_are_flattened_and_restored() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "tool_choice": {"type": "function", "function": {"name": "read"}},
        "tools": [{"type": "function", "function": {"name": "read"}}]});
    let sent = with_request(Dialect::OpenaiChat, &body.to_string(), |request| {
        let mut request = request.clone();
        request.tools[0].namespace = Some("files".into());
        encode(&request, &target())
    });
    let sent = sent.unwrap().unwrap();
    assert_eq!(sent.body["tools"][0]["function"]["name"], "files__read");
    assert_eq!(sent.body["tool_choice"]["function"]["name"], "files__read");
    let tool = sent.encoded.names.get("files__read").unwrap();
    assert_eq!(
        (tool.name.as_str(), tool.namespace.as_deref()),
        ("read", Some("files"))
    );
}

#[test]
fn custom_tools_become_functions_where_the_host_has_none() {
    let native = fixture_sent("custom_tool", Profile::default());
    assert_eq!(native.body["tools"][0]["type"], "custom");
    assert_eq!(
        native.body["messages"][1]["tool_calls"][0]["custom"]["name"],
        "apply_patch"
    );
    assert_eq!(native.body["tool_choice"]["type"], "custom");
    let lowered = fixture_sent(
        "custom_tool",
        Profile {
            custom_tools: false,
            ..Profile::default()
        },
    );
    let tool = &lowered.body["tools"][0]["function"];
    assert_eq!(tool["parameters"]["required"], json!(["input"]));
    let call = &lowered.body["messages"][1]["tool_calls"][0]["function"];
    let arguments: Value = serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(
        arguments["input"],
        "*** Begin\n-\"A long title\"\n+\"Title\"\n*** End"
    );
    assert_eq!(lowered.body["tool_choice"]["type"], "function");
    assert_eq!(
        lowered.encoded.names.get("apply_patch").unwrap().kind,
        ToolKind::Custom
    );
    assert_eq!(lowered.losses(), ["field_dropped /tools/0/format"]);
}

#[test]
fn hosted_tools_of_others_are_reported() {
    let sent = asked(
        json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "any"}}),
        Profile::default(),
    );
    assert_eq!(sent.body.get("tools"), None);
    assert_eq!(
        sent.losses(),
        ["tool_unsupported /tools/0", "field_dropped /tool_choice"]
    );
}

#[test]
fn schemas_stay_as_they_are_unless_the_host_cannot_live_with_them() {
    let schema = r#"{"type":"object" , "description":"\u00e9"}"#;
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],"tools":[{{"type":"function","function":{{"name":"f","parameters":{schema}}}}},{{"type":"function","function":{{"name":"g"}}}},
        {{"type":"function","function":{{"name":"h","parameters":{{"type":"object","properties":{{"type":{{"type":"object"}}}}}}}}}}]}}"#
    );
    let sent = |profile| {
        with_request(Dialect::OpenaiChat, &body, |request| {
            let sent = encode(request, &target_with(profile)).unwrap();
            String::from_utf8(sent.encoded.body).unwrap()
        })
        .unwrap()
    };
    let plain = sent(Profile::default());
    assert!(plain.contains(schema), "{plain}");
    assert!(
        plain.contains(r#"{"name":"g"}"#),
        "no schema is invented: {plain}"
    );
    let lowered = sent(Profile {
        schema_needs_properties: true,
        ..Profile::default()
    });
    assert!(
        lowered.contains(r#"{"properties":{},"type":"object" , "description""#),
        "{lowered}"
    );
    assert!(
        lowered.contains(r#""g","parameters":{"type":"object","properties":{}}"#),
        "{lowered}"
    );
    assert!(
        lowered.contains(
            r#"{"type":"object","properties":{"type":{"properties":{},"type":"object"}}}"#
        ),
        "{lowered}"
    );
}

#[test]
fn tools_keep_their_order() {
    let sent = fixture_sent("full", Profile::default());
    let names: Vec<_> = sent.body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"]["name"].clone())
        .collect();
    assert_eq!(names, ["find_hut", "get_weather", "ping"]);
    assert_eq!(sent.body["tools"][1]["function"]["strict"], true);
    assert_eq!(
        sent.body["tools"][0]["function"].get("strict"),
        None,
        "never switched on"
    );
}
