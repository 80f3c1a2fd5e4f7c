//! Clients' requests.

use std::borrow::Cow;

use fastproxy_core::dialect::Dialect;
use fastproxy_core::ir::{
    CacheMarker, Content, Effort, MediaKind, MediaSource, OutputFormat, ReasoningIntent, Request,
    Role, ToolChoice, ToolKind, ToolMode,
};
use serde_json::json;

use crate::kit::{fixture, names, with_request};

pub(crate) fn read<T>(name: &str, then: impl FnOnce(&Request<'_>) -> T) -> T {
    let body = String::from_utf8(fixture("request", &format!("{name}.json"))).unwrap();
    with_request(Dialect::OpenaiChat, &body, then).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn ext(request: &Request<'_>) -> Vec<String> {
    request
        .ext
        .iter()
        .map(|field| field.pointer.clone())
        .collect()
}

#[test]
fn every_fixture_is_read() {
    for name in names("request") {
        read(name.trim_end_matches(".json"), |request| {
            assert!(!request.turns.is_empty(), "{name}");
        });
    }
}

#[test]
fn every_field_finds_its_place() {
    read("full", |request| {
        assert!(request.stream && request.stream_usage);
        assert_eq!(request.max_output_tokens, Some(900));
        assert_eq!(request.sampling.temperature.unwrap().0, "0.7");
        assert_eq!(
            request.sampling.logit_bias.as_deref(),
            Some("{\n    \"1734\": -100\n  }")
        );
        assert_eq!(request.sampling.stop, ["END", "\n\n"]);
        assert_eq!(
            (request.sampling.n, request.sampling.top_logprobs),
            (Some(1), Some(2))
        );
        assert_eq!(request.parallel_tool_calls, Some(false));
        let names = vec!["find_hut".into(), "get_weather".into()];
        assert_eq!(
            request.tool_choice,
            Some(ToolChoice::Allowed {
                names,
                required: false
            })
        );
        let intent = ReasoningIntent {
            effort: Some(Effort::Low),
            ..ReasoningIntent::default()
        };
        assert_eq!(request.reasoning, Some(intent));
        assert!(matches!(
            &request.output_format,
            Some(OutputFormat::Schema {
                strict: Some(true),
                ..
            })
        ));
        assert_eq!(request.end_user.as_deref(), Some("user-81"));
        assert_eq!(request.service_tier.as_deref(), Some("flex"));
        assert_eq!(request.cache_key.as_deref(), Some("hikers-1"));
        assert_eq!(request.store, Some(false));
        assert_eq!(ext(request), ["/prediction", "/web_search_options"]);
    });
}

#[test]
fn turns_keep_their_order_roles_and_parts() {
    read("full", |request| {
        use Role::{Assistant, Developer, System, Tool, User};
        let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
        assert_eq!(
            roles,
            [
                Developer, System, User, Assistant, Tool, Tool, System, Assistant, User
            ]
        );
        assert_eq!(
            request.turns[1].parts[1].cache,
            Some(CacheMarker { ttl: None })
        );
        assert_eq!(request.turns[2].name.as_deref(), Some("mara"));
        let Content::Media(image) = &request.turns[2].parts[1].content else {
            panic!()
        };
        assert_eq!(
            (image.kind, image.detail.as_deref()),
            (MediaKind::Image, Some("low"))
        );
        let MediaSource::Inline { mime, data } = &image.source else {
            panic!()
        };
        assert_eq!(mime, "image/png");
        assert!(matches!(data, Cow::Borrowed(_)), "images are not copied");
        assert_eq!(image.pointer, "/messages/2/content/1");
        let parts = &request.turns[3].parts;
        assert!(matches!(&parts[0].content, Content::Reasoning(r) if r.opaque.is_empty()));
        let Content::ToolCall(call) = &parts[2].content else {
            panic!()
        };
        assert_eq!(
            call.arguments, r#"{"near": "ridge",  "limit": 1}"#,
            "arguments stay the text they are"
        );
        assert!(
            matches!(&request.turns[7].parts[..], [part] if matches!(part.content, Content::Refusal(_)))
        );
        let ToolMode::Function { parameters, strict } = &request.tools[1].kind else {
            panic!()
        };
        assert!(parameters.is_some() && *strict == Some(true));
    });
}

#[test]
fn null_and_empty_are_absent() {
    read("nulls_are_absent", |request| {
        assert!(request.sampling.stop.is_empty() && request.sampling.temperature.is_none());
        assert_eq!(
            (request.max_output_tokens, request.tool_choice.clone()),
            (None, None)
        );
        assert_eq!(request.turns[1].parts.len(), 1, "only the call");
        assert_eq!(ext(request), [] as [&str; 0]);
    });
}

#[test]
fn legacy_functions_are_tools() {
    read("legacy_functions", |request| {
        let Content::ToolCall(call) = &request.turns[1].parts[0].content else {
            panic!()
        };
        let Content::ToolResult(result) = &request.turns[2].parts[0].content else {
            panic!()
        };
        assert_eq!(call.id, result.id, "paired by name");
        assert_eq!(
            request.tool_choice,
            Some(ToolChoice::Named("get_weather".into()))
        );
        assert_eq!(request.tools.len(), 1);
        assert_eq!(
            (request.max_output_tokens, request.sampling.stop.len()),
            (Some(64), 1)
        );
    });
}

#[test]
fn custom_and_hosted_tools() {
    read("custom_tool", |request| {
        assert!(matches!(
            &request.tools[0].kind,
            ToolMode::Custom { format: Some(_) }
        ));
        assert!(matches!(
            &request.tools[1].kind,
            ToolMode::Hosted {
                dialect: Dialect::OpenaiChat,
                ..
            }
        ));
        let Content::ToolCall(call) = &request.turns[1].parts[0].content else {
            panic!()
        };
        assert_eq!(call.kind, ToolKind::Custom);
        assert!(call.arguments.contains("A long title"));
    });
}

#[test]
fn unknown_parts_and_fields_are_kept() {
    read("unknown_parts", |request| {
        let Content::Native { pointer, kind, raw } = &request.turns[0].parts[0].content else {
            panic!()
        };
        assert_eq!(
            (pointer.as_str(), &**kind),
            ("/messages/0/content/0", "hologram")
        );
        assert!(raw.contains("\"id\": 1"));
        assert_eq!(
            request.turns[0].parts[1].cache,
            Some(CacheMarker { ttl: Some(3600) })
        );
        assert!(
            matches!(&request.turns[1].parts[2].content, Content::Native { kind, .. } if kind == "audio")
        );
        assert_eq!(ext(request), ["/messages/0/mood"]);
    });
}

#[test]
fn spellings_that_mean_the_same() {
    let base = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    let with = |field: &str, value: serde_json::Value| {
        let mut body = base.clone();
        body[field] = value;
        body.to_string()
    };
    let choice = |value| {
        with_request(Dialect::OpenaiChat, &with("tool_choice", value), |r| {
            r.tool_choice.clone().map(|c| format!("{c:?}"))
        })
    };
    assert_eq!(choice(json!("any")).unwrap().as_deref(), Some("Required"));
    assert_eq!(
        choice(json!({"type": "auto"})).unwrap().as_deref(),
        Some("Auto")
    );
    assert_eq!(
        choice(json!({"type": "web_search"})).unwrap(),
        None,
        "kept in ext"
    );
    let limit = |field, value| {
        with_request(Dialect::OpenaiChat, &with(field, value), |r| {
            r.max_output_tokens
        })
        .unwrap()
    };
    assert_eq!(
        limit("max_tokens", json!(-1)),
        None,
        "llama.cpp's and LM Studio's `no bound`"
    );
    assert_eq!(limit("max_tokens", json!(5.0)), Some(5));
    let top_k = |value| {
        with_request(Dialect::OpenaiChat, &with("top_k", value), |r| {
            r.sampling.top_k.map(|k| k.0.to_owned())
        })
        .unwrap()
    };
    assert_eq!(
        (
            top_k(json!(40)).as_deref(),
            top_k(json!(-1)),
            top_k(json!(0))
        ),
        (Some("40"), None, None)
    );
    let newer = r#"{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":5,"max_completion_tokens":9,"user":"a","safety_identifier":"b"}"#;
    with_request(Dialect::OpenaiChat, newer, |request| {
        assert_eq!(
            (request.max_output_tokens, request.end_user.as_deref()),
            (Some(9), Some("b"))
        );
        assert_eq!(ext(request), ["/max_tokens", "/user"]);
    })
    .unwrap();
}
