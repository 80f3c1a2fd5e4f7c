//! Clients' requests → IR: every field of both versions.

use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::dialect::{ClientContext, Codec};
use fastproxy_core::ir::{
    CacheMarker, Content, Effort, Media, MediaKind, MediaSource, OutputFormat, Request, Role,
    ToolChoice, ToolMode, Visibility,
};
use fastproxy_core::json::Doc;
use serde_json::{Value, json};

use super::{doc, fixture, fixtures, version};

fn read(name: &str, check: impl FnOnce(Request<'_>)) {
    let doc = Doc::parse(fixture("request", name).into()).unwrap();
    let request = Anthropic.decode_request(doc.root(), &ClientContext::default());
    check(request.unwrap());
}

fn body(more: &Value) -> Value {
    let mut body = json!({
        "model": "m", "max_tokens": 100,
        "messages": [{"role": "user", "content": "hi"}],
    });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

fn roles(request: &Request<'_>) -> Vec<Role> {
    request.turns.iter().map(|turn| turn.role).collect()
}

#[test]
fn every_fixture_reads_unless_it_is_bad() {
    for (name, bytes) in fixtures("request") {
        let doc = Doc::parse(bytes.into()).unwrap();
        let result = Anthropic.decode_request(doc.root(), &ClientContext::default());
        assert_eq!(
            result.is_err(),
            name.starts_with("bad_"),
            "{name}: {result:?}"
        );
    }
}

#[test]
fn a_full_request() {
    read("full.json", |request| {
        assert_eq!(request.model, "client-model");
        assert!(request.stream && request.stream_usage);
        assert_eq!(request.max_output_tokens, Some(4096));
        let wanted = [
            Role::System,
            Role::User,
            Role::Assistant,
            Role::Tool,
            Role::User,
        ];
        assert_eq!(roles(&request)[..5], wanted);
        let hour = CacheMarker { ttl: Some(3600) };
        assert_eq!(request.turns[0].parts[1].cache, Some(hour));
        assert_eq!(
            request.turns[1].parts[3].cache,
            Some(CacheMarker { ttl: None })
        );
        let Content::ToolCall(call) = &request.turns[2].parts[2].content else {
            panic!("{:?}", request.turns[2]);
        };
        assert!(
            call.arguments.contains('\n'),
            "arguments keep their bytes: {}",
            call.arguments
        );
        let Content::ToolResult(result) = &request.turns[3].parts[0].content else {
            panic!("{:?}", request.turns[3]);
        };
        assert_eq!(
            (result.id.as_ref(), result.is_error),
            ("toolu_a2", Some(false))
        );
        assert_eq!(result.pointer, "/messages/2/content/0");
        assert_eq!(
            request.turns[4].parts.len(),
            1,
            "the rest of the message with results"
        );
        assert_eq!(request.sampling.temperature.unwrap().0, "0.7");
        assert_eq!(request.sampling.top_k.unwrap().0, "40");
        assert_eq!(request.sampling.stop, ["###", "END"]);
        assert_eq!(request.tool_choice, Some(ToolChoice::Auto));
        assert_eq!(request.parallel_tool_calls, Some(false));
        assert_eq!(request.end_user.as_deref(), Some("user-7"));
        assert!(matches!(
            request.tools[0].kind,
            ToolMode::Function {
                strict: Some(true),
                ..
            }
        ));
        assert!(request.ext.is_empty(), "{:?}", request.ext);
    });
}

#[test]
fn claude_code_with_system_text_in_the_middle() {
    read("claude_code.json", |request| {
        let wanted = [
            Role::System,
            Role::User,
            Role::System,
            Role::Assistant,
            Role::Tool,
            Role::User,
        ];
        assert_eq!(roles(&request), wanted);
        let intent = request.reasoning.unwrap();
        assert_eq!((intent.enabled, intent.adaptive), (Some(true), true));
        assert_eq!(intent.effort, Some(Effort::Medium));
        assert_eq!(request.end_user, None, "a packed device id is no end user");
        let kept: Vec<_> = request.ext.iter().map(|ext| ext.pointer.as_str()).collect();
        let expected = [
            "/metadata/user_id",
            "/tools/1/eager_input_streaming",
            "/context_management",
        ];
        assert_eq!(kept, expected);
    });
}

#[test]
fn thinking_in_every_form() {
    read("thinking_history.json", |request| {
        let intent = request.reasoning.unwrap();
        assert_eq!((intent.enabled, intent.budget), (Some(true), Some(8000)));
        assert_eq!(intent.visibility, Some(Visibility::Shown));
        let Content::Reasoning(first) = &request.turns[1].parts[0].content else {
            panic!("thinking");
        };
        assert_eq!(first.opaque[0].origin, "native:anthropic");
        assert_eq!(first.opaque[0].data, "U2ln+/bmF0dXJl");
        assert!(first.text.as_deref().unwrap().contains("\n  keep"));
        let Content::Reasoning(unsigned) = &request.turns[3].parts[0].content else {
            panic!("thinking");
        };
        assert!(unsigned.opaque.is_empty());
    });
    read("between_tools.json", |request| {
        assert!(request.reasoning.unwrap().adaptive);
        assert_eq!(
            request.reasoning.unwrap().visibility,
            Some(Visibility::Hidden)
        );
        assert_eq!(request.ext[0].pointer, "/thinking/type");
    });
    read("thinking_off.json", |request| {
        assert_eq!(request.reasoning.unwrap().enabled, Some(false));
    });
    read("minimal.json", |request| {
        assert!(request.reasoning.is_none(), "unsaid is not off");
    });
}

#[test]
fn structured_output_in_both_spellings() {
    for (name, effort) in [
        ("structured.json", Some(Effort::XHigh)),
        ("beta_output_format.json", None),
    ] {
        read(name, |request| {
            let Some(OutputFormat::Schema {
                schema,
                name: None,
                strict: None,
                ..
            }) = &request.output_format
            else {
                panic!("{:?}", request.output_format);
            };
            assert!(schema.starts_with('{'));
            assert_eq!(request.reasoning.and_then(|intent| intent.effort), effort);
        });
    }
}

#[test]
fn documents_of_every_source() {
    read("documents.json", |request| {
        let sources: Vec<_> = request.turns[0]
            .parts
            .iter()
            .filter_map(|part| match &part.content {
                Content::Media(Media {
                    kind: MediaKind::File,
                    source,
                    ..
                }) => Some(source),
                _ => None,
            })
            .collect();
        assert!(matches!(sources[0], MediaSource::PlainText(text) if text == "line one\nline two"));
        assert!(matches!(sources[1], MediaSource::PlainText(text) if text == "chunk A\n\nchunk B"));
        assert!(matches!(sources[2], MediaSource::Url(_)));
        let native = &request.turns[0].parts[3].content;
        assert!(matches!(native, Content::Native { kind, pointer, .. }
            if kind == "search_result" && pointer == "/messages/0/content/3"));
        let kept: Vec<_> = request.ext.iter().map(|ext| ext.pointer.as_str()).collect();
        assert_eq!(
            kept,
            [
                "/messages/0/content/0/context",
                "/messages/0/content/0/citations"
            ]
        );
    });
}

#[test]
fn hosted_tools_and_their_blocks_stay_what_they_are() {
    read("hosted_tools.json", |request| {
        let hosted =
            |tool: &fastproxy_core::ir::Tool<'_>| matches!(tool.kind, ToolMode::Hosted { .. });
        assert_eq!(request.tools.iter().filter(|tool| hosted(tool)).count(), 2);
        let native =
            |part: &&fastproxy_core::ir::Part<'_>| matches!(part.content, Content::Native { .. });
        assert_eq!(request.turns[1].parts.iter().filter(native).count(), 2);
        assert_eq!(request.ext[0].pointer, "/messages/1/content/2/citations");
    });
}

#[test]
fn what_is_unknown_is_kept() {
    read("unknown_fields.json", |request| {
        assert_eq!(
            request.service_tier.as_deref(),
            Some("fast"),
            "speed is a tier elsewhere"
        );
        assert_eq!(request.cache, Some(CacheMarker { ttl: None }));
        let kept: Vec<_> = request.ext.iter().map(|ext| ext.pointer.as_str()).collect();
        assert_eq!(kept, ["/inference_geo", "/container", "/mcp_servers"]);
        assert!(
            matches!(&request.turns[0].parts[1].content, Content::Native { kind, .. } if kind == "hologram")
        );
    });
    let newer = [
        json!({"thinking": {"type": "dreaming"}}),
        json!({"output_config": {"effort": "heroic"}}),
        json!({"tool_choice": {"type": "best"}}),
        json!({"cache_control": {"type": "eternal"}}),
        json!({"output_config": {"format": {"type": "xml"}}}),
    ];
    for more in newer {
        let doc = doc(&body(&more));
        let request = Anthropic.decode_request(doc.root(), &ClientContext::default());
        assert_eq!(request.unwrap().ext.len(), 1, "{more}");
    }
}

#[test]
fn null_is_absent() {
    let nulls = json!({
        "system": null, "stream": null, "temperature": null, "thinking": null, "tools": null,
        "tool_choice": null, "metadata": null, "output_config": null, "stop_sequences": null,
        "service_tier": null, "cache_control": null, "unheard_of": null,
    });
    let doc = doc(&body(&nulls));
    let request = Anthropic
        .decode_request(doc.root(), &version("2026-10-21"))
        .unwrap();
    assert!(request.ext.is_empty() && request.sampling.temperature.is_none());
}

#[test]
fn a_count_needs_no_bound() {
    let mut body = body(&json!({}));
    body.as_object_mut().unwrap().remove("max_tokens");
    let doc = doc(&body);
    let error = Anthropic
        .decode_request(doc.root(), &ClientContext::default())
        .unwrap_err();
    assert_eq!(error.pointer.as_deref(), Some("/max_tokens"));
    let counting = ClientContext {
        count_only: true,
        ..ClientContext::default()
    };
    assert!(Anthropic.decode_request(doc.root(), &counting).is_ok());
}

#[test]
fn zero_tokens_and_a_prefilled_answer_are_allowed() {
    let more = json!({"max_tokens": 0, "messages": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
    ]});
    let doc = doc(&body(&more));
    let request = Anthropic
        .decode_request(doc.root(), &ClientContext::default())
        .unwrap();
    assert_eq!(request.max_output_tokens, Some(0));
    assert_eq!(request.turns.last().unwrap().role, Role::Assistant);
}

#[test]
fn ids_that_we_packed_come_back_as_their_issuer_knows_them() {
    read("odd_names.json", |request| {
        let Content::ToolCall(call) = &request.turns[1].parts[0].content else {
            panic!("a call");
        };
        assert_eq!(call.id, "functions.f:0");
        let Content::ToolResult(result) = &request.turns[2].parts[0].content else {
            panic!("a result");
        };
        assert_eq!(result.id, "functions.f:0");
    });
}
