//! Clients' requests → IR.

use fastproxy_core::dialect::gemini::Gemini;
use fastproxy_core::dialect::{ClientContext, Codec};
use fastproxy_core::ir::{
    Content, MediaKind, MediaSource, OutputFormat, Role, ToolChoice, ToolMode, Visibility,
};
use serde_json::json;

use crate::kit::{asking, decode, doc};

#[test]
fn every_spelling_says_the_same() {
    let camel = json!({"systemInstruction": {"parts": [{"text": "s"}]},
        "contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}],
        "generationConfig": {"maxOutputTokens": 5, "topP": 0.5}});
    let snake = json!({"system_instruction": {"parts": {"text": "s"}},
        "contents": {"role": "user", "parts": {"inline_data": {"mime_type": "image/png", "data": "AA=="}}},
        "generation_config": {"max_output_tokens": "5", "top_p": 0.5}});
    let read = |body| {
        decode(&body, |request| {
            assert!(request.ext.is_empty());
            (
                format!("{:?}", request.turns.len()),
                request.max_output_tokens,
                format!("{:?}", request.sampling),
            )
        })
    };
    assert_eq!(read(camel), read(snake));
}

#[test]
fn results_without_ids_are_paired_by_name_and_order() {
    let call = |name: &str| json!({"functionCall": {"name": name, "args": {}}});
    let result = |name: &str, text: &str| json!({"functionResponse": {"name": name, "response": {"result": text}}});
    let body = asking(json!([
        {"role": "user", "parts": [{"text": "go"}]},
        {"role": "model", "parts": [call("a"), call("b"), call("a")]},
        {"role": "user", "parts": [result("b", "B"), result("a", "A1"), result("a", "A2"), {"text": "more"}]},
    ]));
    decode(&body, |request| {
        let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
        assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::User]);
        let calls: Vec<_> = request.turns[1]
            .parts
            .iter()
            .map(|part| match &part.content {
                Content::ToolCall(call) => call.id.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        let results: Vec<_> = request.turns[2]
            .parts
            .iter()
            .map(|part| match &part.content {
                Content::ToolResult(result) => result.id.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(results, [&*calls[1], &calls[0], &calls[2]]);
        assert!(calls[0] != calls[2] && calls.iter().all(|id| id.starts_with("call_")));
    });
}

#[test]
fn ids_of_calls_stay_when_the_conversation_grows() {
    let mut contents = vec![
        json!({"role": "user", "parts": [{"text": "go"}]}),
        json!({"role": "model", "parts": [{"functionCall": {"name": "a"}}]}),
    ];
    let id = |contents: &[serde_json::Value]| {
        decode(&asking(json!(contents)), |request| {
            match &request.turns[1].parts[0].content {
                Content::ToolCall(call) => call.id.to_string(),
                other => panic!("{other:?}"),
            }
        })
    };
    let before = id(&contents);
    contents.push(json!({"role": "user", "parts": [{"functionResponse": {"name": "a", "response": {"result": "x"}}}]}));
    contents.push(json!({"role": "model", "parts": [{"functionCall": {"name": "a"}}]}));
    assert_eq!(id(&contents), before);
}

#[test]
fn a_result_is_what_stands_under_its_one_documented_key() {
    for (response, text, is_error) in [
        (json!({"result": "plain"}), "plain", None),
        (json!({"output": [1, 2]}), "[1,2]", None),
        (json!({"error": "broken"}), "broken", Some(true)),
        (
            json!({"result": 1, "unit": "c"}),
            r#"{"result":1,"unit":"c"}"#,
            None,
        ),
        (json!({"temperature": 1}), r#"{"temperature":1}"#, None),
    ] {
        let body = asking(json!([
            {"role": "model", "parts": [{"functionCall": {"id": "1", "name": "f"}}]},
            {"role": "user", "parts": [{"functionResponse": {"id": "1", "response": response}}]},
        ]));
        decode(&body, |request| {
            let Content::ToolResult(result) = &request.turns[1].parts[0].content else {
                panic!("no result");
            };
            let Content::Text(said) = &result.parts[0].content else {
                panic!("no text");
            };
            assert_eq!((said.as_ref(), result.is_error), (text, is_error));
        });
    }
}

#[test]
fn thinking_is_what_is_marked_so_and_not_what_is_signed() {
    let body = asking(json!([
        {"role": "user", "parts": [{"text": "go"}]},
        {"role": "model", "parts": [{"text": "hm", "thought": true}, {"text": "Answer", "thoughtSignature": "c2ln"}]},
    ]));
    decode(&body, |request| {
        let parts = &request.turns[1].parts;
        assert!(
            matches!(&parts[0].content, Content::Reasoning(r) if r.text.as_deref() == Some("hm") && r.opaque.is_empty())
        );
        assert!(matches!(&parts[1].content, Content::Text(text) if text == "Answer"));
        assert!(
            matches!(&parts[2].content, Content::Reasoning(r) if r.opaque[0].origin == "native:gemini")
        );
    });
}

#[test]
fn thinking_config_says_budget_level_or_neither() {
    for (config, expected) in [
        (
            json!({"thinkingBudget": 0}),
            (Some(false), false, None, None),
        ),
        (
            json!({"thinkingBudget": -1}),
            (Some(true), true, None, None),
        ),
        (
            json!({"thinkingBudget": 512}),
            (Some(true), false, Some(512), None),
        ),
        (
            json!({"thinkingLevel": "HIGH"}),
            (None, false, None, Some("high")),
        ),
    ] {
        let body = json!({"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {"thinkingConfig": config}});
        decode(&body, |request| {
            let intent = request.reasoning.unwrap();
            let effort = intent.effort.map(fastproxy_core::ir::Effort::name);
            assert_eq!(
                (intent.enabled, intent.adaptive, intent.budget, effort),
                expected
            );
            assert_eq!(intent.visibility, None);
        });
    }
    let body = json!({"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {"thinkingConfig": {"includeThoughts": true}}});
    decode(&body, |request| {
        assert_eq!(
            request.reasoning.unwrap().visibility,
            Some(Visibility::Shown)
        );
    });
}

#[test]
fn tools_of_google_and_functions_stand_side_by_side() {
    let body = json!({"contents": [{"parts": [{"text": "x"}]}],
        "tools": [{"googleSearch": {}, "functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}]}, {"code_execution": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}}});
    decode(&body, |request| {
        assert_eq!(request.tool_choice, Some(ToolChoice::Named("f".into())));
        let hosted: Vec<_> = request
            .tools
            .iter()
            .filter_map(|tool| match &tool.kind {
                ToolMode::Hosted { raw, .. } => Some(raw.as_ref()),
                _ => None,
            })
            .collect();
        assert_eq!(hosted.len(), 2);
        assert!(hosted.contains(&r#"{"code_execution":{}}"#));
        let schema = request.tools.iter().find_map(|tool| match &tool.kind {
            ToolMode::Function { parameters, .. } => parameters.as_deref(),
            _ => None,
        });
        assert_eq!(
            schema,
            Some(r#"{"type":"object","properties":{"a":{"type":"string"}}}"#)
        );
    });
}

#[test]
fn media_of_every_kind() {
    let part = |mime: &str| json!({"inlineData": {"mimeType": mime, "data": "AA=="}});
    let body = asking(
        json!([{"parts": [part("image/png"), part("audio/wav"), part("video/mp4"), part("application/pdf"),
        {"fileData": {"fileUri": "gs://b/x", "mimeType": "image/png"}}]}]),
    );
    decode(&body, |request| {
        let kinds: Vec<_> = request.turns[0]
            .parts
            .iter()
            .map(|part| match &part.content {
                Content::Media(media) => (media.kind, matches!(media.source, MediaSource::Url(_))),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            (MediaKind::Image, false),
            (MediaKind::Audio, false),
            (MediaKind::Video, false),
            (MediaKind::File, false),
            (MediaKind::Image, true),
        ];
        assert_eq!(kinds, expected);
    });
}

#[test]
fn a_count_may_wrap_a_whole_request() {
    let inner = json!({"model": "models/x", "contents": [{"parts": [{"text": "count me"}]}], "tools": [{"functionDeclarations": [{"name": "f"}]}]});
    let body = doc(&json!({"generateContentRequest": inner}));
    let cx = ClientContext {
        count_only: true,
        ..ClientContext::default()
    };
    let request = Gemini.decode_request(body.root(), &cx).unwrap();
    assert_eq!((request.turns.len(), request.tools.len()), (1, 1));
    assert!(
        Gemini
            .decode_request(body.root(), &ClientContext::default())
            .is_err()
    );
}

#[test]
fn what_is_unknown_is_kept_and_the_native_is_for_its_vendor_only() {
    let body = json!({"contents": [{"parts": [{"newKind": 1}]}], "future": {"a": 1}, "safetySettings": [{"category": "x"}],
        "cachedContent": "cachedContents/1", "generationConfig": {"responseModalities": ["AUDIO"]}});
    decode(&body, |request| {
        let pointers: Vec<_> = request.ext.iter().map(|ext| ext.pointer.as_str()).collect();
        assert!(pointers.contains(&"/future") && pointers.contains(&"/safetySettings"));
        assert!(
            matches!(&request.turns[0].parts[0].content, Content::Native { kind, .. } if kind == "newKind")
        );
        assert_eq!(
            request.native_only.unwrap().pointer.as_deref(),
            Some("/generationConfig/responseModalities")
        );
    });
}

#[test]
fn a_schema_in_the_subset_becomes_one() {
    let body = json!({"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {"responseMimeType": "application/json",
        "responseSchema": {"type": "ARRAY", "items": {"type": "STRING", "nullable": true}}}});
    decode(&body, |request| {
        let Some(OutputFormat::Schema { schema, .. }) = request.output_format else {
            panic!("no schema");
        };
        assert_eq!(
            schema,
            r#"{"type":"array","items":{"type":["string","null"]}}"#
        );
    });
}
