//! Schemas that an upstream refused, and enforcement that nobody asked for.

use fastproxy_core::dialect::{Dialect, Profile, Target};
use serde_json::{Value, json};

use super::kit::{asking, pairs, prepare, sent, target, tool};

/// The keywords of JSON Schema that Gemini's subset lacks, one schema for each thread.
fn refused_by_gemini() -> Vec<(&'static str, Value)> {
    let with = |property: Value| json!({"type": "object", "properties": {"a": property}});
    vec![
        (
            "required[0]: property is not defined",
            json!({"type": "object", "properties": {"a": {"type": "string"}},
            "required": ["gone", "a"]}),
        ),
        (
            "propertyNames",
            json!({"type": "object", "properties": {"a": {"type": "string"}},
            "propertyNames": {"pattern": "^a"}}),
        ),
        (
            "exclusiveMinimum",
            with(json!({"type": "number", "exclusiveMinimum": 0})),
        ),
        (
            "exclusiveMaximum",
            with(json!({"type": "number", "exclusiveMaximum": 9})),
        ),
        (
            "multipleOf",
            with(json!({"type": "number", "multipleOf": 5})),
        ),
        ("const", with(json!({"const": "one"}))),
        (
            "patternProperties",
            with(json!({"type": "object", "patternProperties": {"^x": {"type": "string"}}})),
        ),
        (
            "additionalProperties",
            with(json!({"type": "object", "additionalProperties": false})),
        ),
        (
            "$schema",
            json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x",
            "type": "object", "properties": {}}),
        ),
        (
            "$ref",
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}},
            "$defs": {"A": {"type": "object", "properties": {"again": {"$ref": "#/$defs/A"}}}}}),
        ),
        (
            "oneOf",
            with(json!({"oneOf": [{"type": "string"}, {"type": "null"}]})),
        ),
        (
            "allOf",
            with(json!({"allOf": [{"type": "string"}, {"minLength": 2}]})),
        ),
        ("not", with(json!({"not": {"type": "string"}}))),
        (
            "if",
            with(json!({"if": {"type": "string"}, "then": {"minLength": 1}, "else": {}})),
        ),
        ("type: list", with(json!({"type": ["string", "null"]}))),
        ("array without items", with(json!({"type": "array"}))),
    ]
}

/// Where a schema says something that the subset has no word for.
fn beyond_the_subset(schema: &Value, path: &str, found: &mut Vec<String>) {
    const WORDS: [&str; 22] = [
        "type",
        "format",
        "title",
        "description",
        "nullable",
        "enum",
        "maxItems",
        "minItems",
        "properties",
        "required",
        "minProperties",
        "maxProperties",
        "minLength",
        "maxLength",
        "pattern",
        "example",
        "anyOf",
        "propertyOrdering",
        "default",
        "items",
        "minimum",
        "maximum",
    ];
    for (key, value) in schema.as_object().unwrap() {
        if !WORDS.contains(&key.as_str()) {
            found.push(format!("{path}/{key}"));
        }
        match (key.as_str(), value) {
            ("type", Value::Array(_)) => found.push(format!("{path}/type is a list")),
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    beyond_the_subset(property, &format!("{path}/{name}"), found);
                }
            }
            ("items", items) => beyond_the_subset(items, &format!("{path}/items"), found),
            ("anyOf", Value::Array(several)) => {
                for one in several {
                    beyond_the_subset(one, &format!("{path}/anyOf"), found);
                }
            }
            ("required", Value::Array(names)) => {
                let known = &schema["properties"];
                let unknown = names
                    .iter()
                    .filter(|name| known.get(name.as_str().unwrap()).is_none());
                found.extend(unknown.map(|name| format!("{path}: required {name}")));
            }
            _ => {}
        }
    }
    if matches!(schema["type"].as_str(), Some("array" | "ARRAY")) && schema.get("items").is_none() {
        found.push(format!("{path}: no items"));
    }
}

/// Antigravity-Manager#187, vibeproxy#338, llmgateway#1763, gemini-balance PR#194, Antigravity-Manager#61.
#[test]
fn gemini_refused_the_words_of_json_schema() {
    let older = Target {
        model: "gemini-1.5-pro".into(),
        ..target("google")
    };
    let clients = Dialect::ALL
        .iter()
        .copied()
        .filter(|client| *client != Dialect::Gemini);
    for client in clients {
        for (name, schema) in refused_by_gemini() {
            let body = asking(client, &json!({"tools": [tool(client, "look", &schema)]}));
            let prepared = prepare(client, Dialect::Gemini, &body, &older, None).unwrap();
            let sent: Value = serde_json::from_slice(&prepared.body).unwrap();
            let function = &sent["tools"][0]["functionDeclarations"][0];
            let mut found = Vec::new();
            match (
                function.get("parameters"),
                function.get("parametersJsonSchema"),
            ) {
                (Some(lowered), None) => beyond_the_subset(lowered, "", &mut found),
                // An object without properties is refused; a function without parameters is not.
                (None, None) => {}
                _ => panic!("{name}: {function}"),
            }
            assert!(
                found.is_empty(),
                "{name} by {client:?}: {found:?} in {function}"
            );
        }
    }
}

/// CLIProxyAPI documents it: a property that is called like a keyword is data.
#[test]
fn properties_called_like_keywords_were_deleted() {
    let names = [
        "title",
        "default",
        "const",
        "not",
        "format",
        "$ref",
        "additionalProperties",
        "type",
    ];
    let properties: serde_json::Map<_, _> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "string"})))
        .collect();
    let schema = json!({"type": "object", "properties": properties, "required": names});
    for model in ["gemini-1.5-pro", "gemini-3-pro"] {
        let target = Target {
            model: model.into(),
            ..target("google")
        };
        let body = asking(
            Dialect::OpenaiChat,
            &json!({"tools": [tool(Dialect::OpenaiChat, "look", &schema)]}),
        );
        let prepared = prepare(Dialect::OpenaiChat, Dialect::Gemini, &body, &target, None).unwrap();
        let sent: Value = serde_json::from_slice(&prepared.body).unwrap();
        let function = &sent["tools"][0]["functionDeclarations"][0];
        let schema = function
            .get("parameters")
            .or(function.get("parametersJsonSchema"))
            .unwrap();
        for name in names {
            assert!(
                schema["properties"][name].is_object(),
                "{model} {name}: {schema}"
            );
        }
        assert_eq!(schema["required"].as_array().unwrap().len(), names.len());
    }
}

/// opencodex#270: Anthropic wants `required` without repetition.
#[test]
fn repeated_names_in_required_were_refused() {
    let schema =
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a", "a"]});
    for (_, client) in pairs().filter(|pair| pair.0 == Dialect::Anthropic) {
        let body = asking(client, &json!({"tools": [tool(client, "look", &schema)]}));
        let (sent, _) = sent(client, Dialect::Anthropic, &body);
        assert_eq!(
            sent["tools"][0]["input_schema"]["required"],
            json!(["a"]),
            "{client:?}"
        );
    }
}

/// mcp-server-gemini#8: Anthropic takes no union at the root.
#[test]
fn a_union_at_the_root_was_refused() {
    for word in ["anyOf", "oneOf", "allOf"] {
        let schema = json!({word: [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}]});
        for (_, client) in pairs().filter(|pair| pair.0 == Dialect::Anthropic) {
            let body = asking(client, &json!({"tools": [tool(client, "look", &schema)]}));
            let (sent, losses) = sent(client, Dialect::Anthropic, &body);
            let input = &sent["tools"][0]["input_schema"];
            assert_eq!(input["type"], "object", "{client:?} {word}: {input}");
            assert!(input.get(word).is_none(), "{client:?} {word}: {input}");
            let text = input["properties"].to_string();
            assert!(text.contains("\"a\"") && text.contains("\"b\""), "{input}");
            assert!(
                losses.iter().any(|loss| loss.starts_with("schema_lowered")),
                "{losses:?}"
            );
        }
    }
}

/// CLIProxyAPI#3165: hosts that refuse an object schema without `properties`.
#[test]
fn an_object_without_properties_was_refused() {
    let wants = Target {
        profile: Profile {
            schema_needs_properties: true,
            ..Profile::default()
        },
        ..target("host")
    };
    for upstream in [Dialect::OpenaiChat, Dialect::OpenaiResponses] {
        for (_, client) in pairs().filter(|pair| pair.0 == upstream) {
            let body = asking(
                client,
                &json!({"tools": [tool(client, "look", &json!({"type": "object"}))]}),
            );
            let prepared = prepare(client, upstream, &body, &wants, None).unwrap();
            let sent: Value = serde_json::from_slice(&prepared.body).unwrap();
            let tool = &sent["tools"][0];
            let schema = tool["function"]
                .get("parameters")
                .unwrap_or(&tool["parameters"]);
            assert_eq!(
                schema["properties"],
                json!({}),
                "{client:?} to {upstream:?}: {tool}"
            );
        }
    }
}

/// A schema that was not written for it must not be enforced; Responses enforces what does not say otherwise.
#[test]
fn strict_was_switched_on_unasked() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    for (upstream, client) in pairs() {
        let body = asking(client, &json!({"tools": [tool(client, "look", &schema)]}));
        let (sent, _) = sent(client, upstream, &body);
        let tool = &sent["tools"][0];
        let strict = tool.get("strict").or(tool["function"].get("strict"));
        match upstream {
            // Responses to Responses would be relayed; whoever else did not ask gets none.
            Dialect::OpenaiResponses => {
                assert_eq!(strict, Some(&json!(false)), "{client:?}: {tool}");
            }
            // A Responses client that says nothing means `true`.
            _ if client == Dialect::OpenaiResponses => {}
            _ => assert!(
                strict.is_none_or(|strict| *strict == json!(false)),
                "{client:?} {upstream:?}: {tool}"
            ),
        }
        let schema = tool["function"]
            .get("parameters")
            .or(tool.get("parameters"))
            .or(tool.get("input_schema"));
        if let Some(schema) = schema {
            assert!(
                schema.get("required").is_none(),
                "nothing is added: {schema}"
            );
            assert!(
                schema.get("additionalProperties").is_none(),
                "nothing is added: {schema}"
            );
        }
    }
}

/// bifrost#2347: another order of tools or keys is another prefix, and the prompt cache misses.
#[test]
fn tools_came_in_another_order() {
    let schema = json!({"type": "object", "properties": {"zeta": {"type": "string"}, "alpha": {"type": "string"}}});
    let names = ["zoo", "bar", "ant", "mid"];
    for (upstream, client) in pairs() {
        let tools: Vec<_> = names
            .iter()
            .map(|name| tool(client, name, &schema))
            .collect();
        let body = asking(client, &json!({ "tools": tools }));
        let first = prepare(client, upstream, &body, &target("v"), None).unwrap();
        let again = prepare(client, upstream, &body, &target("v"), None).unwrap();
        assert_eq!(first.body, again.body, "the same bytes twice");
        let text = String::from_utf8(first.body.to_vec()).unwrap();
        let places: Vec<_> = names
            .iter()
            .map(|name| text.find(&format!("\"{name}\"")).unwrap())
            .collect();
        assert!(places.is_sorted(), "{client:?} to {upstream:?}: {text}");
    }
}

/// The three fields of Gemini that hold a schema mean the same, in both spellings.
#[test]
fn a_schema_under_another_name_was_lost() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    for field in [
        "parameters",
        "parametersJsonSchema",
        "parameters_json_schema",
    ] {
        for declarations in ["functionDeclarations", "function_declarations"] {
            let body = asking(
                Dialect::Gemini,
                &json!({"tools": [{declarations: [{"name": "look", field: schema}]}]}),
            );
            for (upstream, client) in pairs().filter(|pair| pair.1 == Dialect::Gemini) {
                let (sent, _) = sent(client, upstream, &body);
                let text = sent["tools"][0].to_string();
                assert!(
                    text.contains("\"a\":{\"type\":\"string\"}"),
                    "{field} to {upstream:?}: {text}"
                );
            }
        }
    }
}
