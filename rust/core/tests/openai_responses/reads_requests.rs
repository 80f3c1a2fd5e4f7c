//! Client requests.

use fastproxy_core::ir::{
    Content, Effort, MediaKind, MediaSource, OutputFormat, Part, Role, ToolChoice, ToolKind,
    ToolMode, Visibility,
};
use serde_json::{Value, json};

use super::kit::{fixture, read};

fn body(name: &str) -> Value {
    serde_json::from_slice(&fixture("request", name)).unwrap()
}

/// A short script of one part.
fn script(part: &Part<'_>) -> String {
    match &part.content {
        Content::Text(text) => format!("text {text}"),
        Content::Refusal(text) => format!("refusal {text}"),
        Content::Media(media) => format!("{:?}", media.kind).to_lowercase(),
        Content::ToolCall(call) => format!("call {} {}", call.id, call.name),
        Content::ToolResult(result) => {
            let inner: Vec<_> = result.parts.iter().map(script).collect();
            format!("result {} {}", result.id, inner.join("+"))
        }
        Content::Reasoning(reasoning) => format!("thinking {}", reasoning.opaque.len()),
        Content::Native { kind, .. } => format!("native {kind}"),
    }
}

fn turns(body: &Value) -> Vec<(Role, Vec<String>)> {
    read(body, |request| {
        let turns = request.turns.iter();
        turns
            .map(|turn| (turn.role, turn.parts.iter().map(script).collect()))
            .collect()
    })
}

/// Rows 65, 107: what the model did in one go is one turn, whatever items it came in; outputs are another.
#[test]
fn items_become_turns() {
    let expected = [
        (Role::System, vec!["text You run an observatory."]),
        (Role::Developer, vec!["text Answer in English."]),
        (
            Role::User,
            vec!["text What do you see here?", "image", "image", "file"],
        ),
        (
            Role::Assistant,
            vec![
                "thinking 1",
                "text Let me point there.",
                "call call_1 point",
                "call call_2 clouds",
            ],
        ),
        (
            Role::Tool,
            vec![
                "result call_2 text none — clear",
                "result call_1 text Done:+image",
            ],
        ),
        (Role::Assistant, vec!["text It is Saturn."]),
        (Role::System, vec!["text The dome closes at five."]),
        (Role::User, vec!["text How long can we look?"]),
    ];
    let turns = turns(&body("full.json"));
    let turns: Vec<_> = turns
        .iter()
        .map(|(role, parts)| (*role, parts.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    assert_eq!(turns, expected);
}

#[test]
fn a_text_is_a_users_turn() {
    assert_eq!(
        turns(&body("minimal.json")),
        [(
            Role::User,
            vec!["text Which planet is up tonight?".to_owned()]
        )]
    );
}

#[test]
fn settings() {
    read(&body("full.json"), |request| {
        assert!(request.stream && request.stream_usage);
        assert_eq!(request.max_output_tokens, Some(900));
        assert_eq!(request.parallel_tool_calls, Some(false));
        let reasoning = request.reasoning.unwrap();
        assert_eq!(reasoning.effort, Some(Effort::High));
        assert_eq!(reasoning.visibility, Some(Visibility::Shown));
        assert_eq!(request.verbosity.as_deref(), Some("low"));
        assert!(matches!(
            &request.output_format,
            Some(OutputFormat::Schema { name: Some(name), strict: Some(true), .. }) if name == "sighting"
        ));
        assert_eq!(request.sampling.logprobs, Some(true));
        assert_eq!(request.sampling.top_logprobs, Some(2));
        assert_eq!(request.end_user.as_deref(), Some("observer-7"));
        assert_eq!(request.cache_key.as_deref(), Some("dome-7"));
        assert_eq!(request.service_tier.as_deref(), Some("flex"));
        assert_eq!(request.store, None, "kept by us, or by nobody");
        let mut ext: Vec<_> = request.ext.iter().map(|ext| ext.pointer.as_str()).collect();
        ext.sort_unstable();
        assert_eq!(
            ext,
            [
                "/include/2",
                "/max_tool_calls",
                "/tools/3/description",
                "/truncation"
            ]
        );
        assert!(request.native_only.is_none());
    });
}

#[test]
fn tools_are_flat_and_may_stand_in_namespaces() {
    read(&body("full.json"), |request| {
        let tools: Vec<_> = request
            .tools
            .iter()
            .map(|tool| {
                (
                    tool.namespace.as_deref(),
                    &*tool.name,
                    tool.pointer.as_str(),
                )
            })
            .collect();
        assert_eq!(
            tools,
            [
                (None, "point", "/tools/0"),
                (None, "clouds", "/tools/1"),
                (None, "macro", "/tools/2"),
                (Some("archive"), "find", "/tools/3/tools/0"),
                (None, "web_search", "/tools/4"),
            ]
        );
        let strict = |at: usize| match &request.tools[at].kind {
            ToolMode::Function { strict, .. } => *strict,
            _ => panic!(),
        };
        assert_eq!(
            (strict(0), strict(1), strict(3)),
            (Some(true), None, Some(false))
        );
        assert!(matches!(
            &request.tools[2].kind,
            ToolMode::Custom { format: Some(_) }
        ));
        assert!(matches!(&request.tools[4].kind, ToolMode::Hosted { .. }));
    });
}

#[test]
fn choices() {
    let choice = |choice: Value| {
        let body = json!({"model": "m", "input": "x", "tool_choice": choice});
        read(&body, |request| {
            let choice = request.tool_choice.clone();
            let choice = choice.map(|choice| format!("{choice:?}"));
            (choice, request.ext.len())
        })
    };
    let said = |choice: ToolChoice<'_>| (Some(format!("{choice:?}")), 0);
    assert_eq!(choice(json!("auto")), said(ToolChoice::Auto));
    assert_eq!(choice(json!("none")), said(ToolChoice::None));
    assert_eq!(choice(json!("required")), said(ToolChoice::Required));
    for kind in ["function", "custom"] {
        let named = json!({"type": kind, "name": "f"});
        assert_eq!(choice(named), said(ToolChoice::Named("f".into())));
    }
    let allowed = json!({"type": "allowed_tools", "mode": "required", "tools": [
        {"type": "function", "name": "f"}, {"type": "web_search"}]});
    let names = vec!["f".into(), "web_search".into()];
    let required = true;
    assert_eq!(
        choice(allowed),
        said(ToolChoice::Allowed { names, required })
    );
    for hosted in [
        json!({"type": "web_search"}),
        json!({"type": "mcp", "server_label": "s"}),
    ] {
        assert_eq!(choice(hosted), (None, 1), "only its vendor knows it");
    }
}

/// Row 31: results are paired on `call_id`, and on the item's id where a client sends that.
#[test]
fn results_are_paired_by_either_id() {
    read(&body("paired_by_item_id.json"), |request| {
        let ids: Vec<_> = request.turns[2]
            .parts
            .iter()
            .map(|part| match &part.content {
                Content::ToolResult(result) => result.id.as_ref(),
                _ => panic!(),
            })
            .collect();
        assert_eq!(ids, ["call_b", "call_a"]);
    });
    // Row 30: without an id there must be one open call.
    let body = json!({"model": "m", "input": [
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "output": "r"}]});
    assert_eq!(turns(&body)[1].1, ["result c1 text r"]);
}

#[test]
fn namespaces_kinds_and_arguments_are_kept() {
    read(&body("codex_second_turn.json"), |request| {
        let calls: Vec<_> = request.turns[4]
            .parts
            .iter()
            .filter_map(|part| match &part.content {
                Content::ToolCall(call) => Some(call),
                _ => None,
            })
            .collect();
        assert_eq!(calls[1].namespace.as_deref(), Some("archive"));
        assert_eq!(calls[2].kind, ToolKind::Custom);
        assert!(calls[2].arguments.contains("a \"quote\"\n"));
        assert_eq!(request.turns[5].parts.len(), 3, "outputs are one turn");
    });
}

#[test]
fn media_in_every_place() {
    read(&body("outputs_with_media.json"), |request| {
        let media = |part: &Part<'_>| match &part.content {
            Content::Media(media) => (
                media.kind,
                format!("{:?}", media.source),
                media.pointer.clone(),
            ),
            _ => panic!(),
        };
        let url = media(&request.turns[0].parts[1]);
        assert_eq!(url.0, MediaKind::File);
        assert!(url.1.contains("https://files.example/plate.pdf"));
        let Content::Media(bare) = &request.turns[0].parts[2].content else {
            panic!()
        };
        assert!(matches!(&bare.source, MediaSource::Inline { mime, .. } if mime == "text/plain"));
        let Content::ToolResult(result) = &request.turns[2].parts[0].content else {
            panic!()
        };
        let first = media(&result.parts[0]);
        assert_eq!(
            (first.0, first.2.as_str()),
            (MediaKind::Image, "/input/2/output/0")
        );
    });
    let odd = json!({"model": "m", "input": [{"role": "user", "content": [
        {"type": "input_image", "image_url": {"url": "https://a.example/x.png"}},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "input_video", "video_url": "https://a.example/x.mp4"},
        {"type": "hologram", "data": 1}]}]});
    assert_eq!(
        turns(&odd)[0].1,
        ["image", "image", "video", "native hologram"]
    );
}

#[test]
fn items_of_the_vendors_tools_are_kept_in_place() {
    assert_eq!(
        turns(&body("hosted_items.json"))
            .into_iter()
            .map(|(role, parts)| (role, parts.join("; ")))
            .collect::<Vec<_>>(),
        [
            (Role::User, "text Any comets?".to_owned()),
            (
                Role::Assistant,
                "native web_search_call; text One.; refusal I cannot say where.; image".to_owned()
            ),
            (Role::User, "native local_shell_call_output".to_owned()),
            (Role::User, "text Draw it.".to_owned()),
        ]
    );
}

/// Codex returns reasoning with `content: null`; open-weight hosts' clients return the text.
#[test]
fn thinking_comes_back_in_every_form() {
    let thinking = |item: Value| {
        let body = json!({"model": "m", "input": [{"role": "user", "content": "x"}, item]});
        read(&body, |request| match &request.turns[1].parts[0].content {
            Content::Reasoning(r) => (
                r.text.clone().map(std::borrow::Cow::into_owned),
                r.summary.join("/"),
                r.opaque
                    .iter()
                    .map(|o| format!("{} {}", o.origin, o.data))
                    .collect::<Vec<_>>(),
                r.id.as_deref().map(str::to_owned),
            ),
            _ => panic!(),
        })
    };
    let native = thinking(json!({"type": "reasoning", "id": "rs_1", "content": null,
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
        "encrypted_content": "gAAA"}));
    let state = vec!["native:openai_responses gAAA".to_owned()];
    assert_eq!(native, (None, "a/b".into(), state, Some("rs_1".into())));
    let open = thinking(
        json!({"type": "reasoning", "summary": [], "encrypted_content": null,
        "content": [{"type": "reasoning_text", "text": "one "}, {"type": "reasoning_text", "text": "two"}]}),
    );
    assert_eq!(open, (Some("one two".into()), String::new(), vec![], None));
}
