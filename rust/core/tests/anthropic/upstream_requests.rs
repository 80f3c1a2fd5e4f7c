//! IR → upstream: blocks, tools, names.

use std::borrow::Cow;

use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::dialect::{ClientContext, Codec, Dialect};
use fastproxy_core::ir::{
    CacheMarker, Content, MediaKind, MediaSource, Part, Role, ToolCall, ToolChoice, ToolKind,
    ToolMode, ToolResult,
};
use fastproxy_core::json::Doc;
use fastproxy_core::loss::LossReport;
use serde_json::{Value, json};

use super::build::{call, function, media, request, result, results, says, turn, user};
use super::{encoded, fixtures, losses, target};

/// What a client of this dialect says, its upstream understands as the same.
#[test]
fn every_fixture_survives_a_round_trip() {
    for (name, bytes) in fixtures("request") {
        let (cx, doc) = (ClientContext::default(), Doc::parse(bytes.into()).unwrap());
        let Ok(first) = Anthropic.decode_request(doc.root(), &cx) else {
            continue;
        };
        if name == "file_id.json" {
            let refused = Anthropic.encode_request(&first, &target(), &mut LossReport::new());
            let pointer = refused.unwrap_err().pointer;
            assert_eq!(pointer.as_deref(), Some("/messages/0/content/0"));
            continue;
        }
        let mut target = target();
        target.profile.mid_system = true;
        let (body, _) = encoded(&first, &target);
        let doc = super::doc(&body);
        let second = Anthropic
            .decode_request(doc.root(), &cx)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let (again, loss) = encoded(&second, &target);
        assert_eq!(again, body, "{name}");
        let serious: Vec<_> = losses(&loss)
            .into_iter()
            .filter(|l| l.0 != "id_rewritten")
            .collect();
        assert!(serious.is_empty(), "{name}: {serious:?}");
    }
}

#[test]
fn arguments_are_objects_whatever_they_were() {
    let contents = vec![
        call("a", "f", "{\"z\": 1.50, \"a\":[]}"),
        call("b", "f", ""),
        call("c", "f", "{\"cut"),
        Content::ToolCall(ToolCall {
            id: "d".into(),
            kind: ToolKind::Custom,
            name: "free".into(),
            namespace: None,
            arguments: "a \"b\"\n".into(),
            opaque: Vec::new(),
        }),
    ];
    let turns = vec![
        user("x"),
        turn(Role::Assistant, contents),
        results(&["a", "b", "c", "d"]),
    ];
    let mut report = LossReport::new();
    let raw = Anthropic
        .encode_request(&request(turns), &target(), &mut report)
        .unwrap()
        .body;
    let text = String::from_utf8(raw).unwrap();
    assert!(
        text.contains("\"input\":{\"z\": 1.50, \"a\":[]}"),
        "byte for byte: {text}"
    );
    assert!(text.contains("\"input\":{}") && text.contains(r#""input":{"_raw":"{\"cut"}"#));
    assert!(text.contains(r#""input":{"input":"a \"b\"\n"}"#));
    assert_eq!(losses(&report), [("args_invalid_json", "/messages/1")]);
}

#[test]
fn results_keep_their_media_and_their_failure() {
    let png = MediaSource::Inline {
        mime: "image/png".into(),
        data: "iVBORw0KGgoAAAANSUhEUg==".into(),
    };
    let contents = vec![Content::ToolResult(ToolResult {
        id: "a".into(),
        name: None,
        parts: vec![
            Content::Text("see".into()).into(),
            media(MediaKind::Image, png).into(),
        ],
        is_error: Some(true),
        pointer: "/r".into(),
    })];
    let assistant = turn(Role::Assistant, vec![call("a", "f", "{}")]);
    let turns = vec![user("x"), assistant, turn(Role::Tool, contents)];
    let (body, loss) = encoded(&request(turns), &target());
    let block = &body["messages"][2]["content"][0];
    assert_eq!(block["is_error"], true);
    assert_eq!(block["content"][1]["source"]["media_type"], "image/png");
    assert!(loss.is_empty());
}

#[test]
fn blank_results_go_as_strings_and_empty_ones_as_nothing() {
    let assistant = turn(
        Role::Assistant,
        vec![call("a", "f", ""), call("b", "f", "")],
    );
    let tool = turn(Role::Tool, vec![result("a", "\n"), result("b", "")]);
    let (body, loss) = encoded(&request(vec![user("x"), assistant, tool]), &target());
    assert_eq!(body["messages"][2]["content"][0]["content"], "\n");
    assert!(body["messages"][2]["content"][1].get("content").is_none());
    assert!(loss.is_empty());
}

#[test]
fn what_has_no_place_is_reported() {
    let native = Content::Native {
        pointer: "/n".into(),
        kind: "audio_blob".into(),
        raw: "{}".into(),
    };
    let sound = media(MediaKind::Audio, MediaSource::FileId("x".into()));
    let assistant = vec![Content::Refusal("I will not.".into()), native, sound];
    let mut named = user("hello");
    named.name = Some(Cow::Borrowed("bob"));
    let (body, loss) = encoded(
        &request(vec![named, turn(Role::Assistant, assistant), user("ok")]),
        &target(),
    );
    assert_eq!(body["messages"][1]["content"][0]["text"], "I will not.");
    let expected = [
        ("field_dropped", "/messages/0/name"),
        ("field_dropped", "/messages/1"),
        ("field_dropped", "/n"),
        ("media_dropped", "/messages/0/content/1"),
    ];
    assert_eq!(losses(&loss), expected);
    let sound = media(MediaKind::Audio, MediaSource::PlainText("x".into()));
    let request = request(vec![turn(Role::User, vec![sound])]);
    let error = Anthropic
        .encode_request(&request, &target(), &mut LossReport::new())
        .unwrap_err();
    assert_eq!(error.pointer.as_deref(), Some("/messages/0/content/1"));
}

fn with_tools(choice: Option<ToolChoice<'static>>, parallel: Option<bool>) -> (Value, LossReport) {
    let mut request = request(vec![user("x")]);
    request.tools = vec![
        function("f", "{\"type\":\"object\"}"),
        function("g.h", "{}"),
    ];
    request.tool_choice = choice;
    request.parallel_tool_calls = parallel;
    encoded(&request, &target())
}

#[test]
fn every_tool_choice() {
    let sequential = json!({"type": "auto", "disable_parallel_tool_use": true});
    let named = |body: &Value| json!({"type": "tool", "name": body["tools"][1]["name"]});
    assert_eq!(with_tools(None, None).0.get("tool_choice"), None);
    assert_eq!(with_tools(None, Some(true)).0.get("tool_choice"), None);
    assert_eq!(with_tools(None, Some(false)).0["tool_choice"], sequential);
    assert_eq!(
        with_tools(Some(ToolChoice::Auto), None).0["tool_choice"],
        json!({"type": "auto"})
    );
    assert_eq!(
        with_tools(Some(ToolChoice::None), Some(false)).0["tool_choice"],
        json!({"type": "none"})
    );
    assert_eq!(
        with_tools(Some(ToolChoice::Required), None).0["tool_choice"],
        json!({"type": "any"})
    );
    let (body, _) = with_tools(Some(ToolChoice::Named("g.h".into())), None);
    assert_eq!(
        body["tool_choice"],
        named(&body),
        "by the name that is sent"
    );
    let allowed = ToolChoice::Allowed {
        names: vec!["f".into()],
        required: true,
    };
    let (body, loss) = with_tools(Some(allowed), None);
    assert_eq!(
        (
            body["tools"].as_array().unwrap().len(),
            &body["tool_choice"]["type"]
        ),
        (1, &json!("any"))
    );
    assert_eq!(losses(&loss), [("field_dropped", "/tools/g.h")]);
    let (body, loss) = with_tools(Some(ToolChoice::Named("nobody".into())), None);
    assert_eq!(body["tool_choice"]["type"], "auto");
    assert!(losses(&loss).contains(&("tool_unsupported", "/tool_choice")));
}

/// Rows 19, 21, 95: schemas are repaired, and otherwise not touched.
#[test]
fn tools_of_every_kind() {
    let ordered = r#"{"type":"object","properties":{"zebra":{},"apple":{}},"required":["zebra"]}"#;
    let mut request = request(vec![user("x")]);
    let mut custom = function("free", "");
    custom.kind = ToolMode::Custom {
        format: Some("{\"type\":\"grammar\"}".into()),
    };
    let mut spaced = function("tool", ordered);
    spaced.namespace = Some("ns".into());
    let mut hosted = function("web_search", "");
    hosted.kind = ToolMode::Hosted {
        dialect: Dialect::OpenaiChat,
        raw: "{}".into(),
    };
    let union = function(
        "union",
        r#"{"type":"object","anyOf":[{"required":["a"]},{"required":["b"]}]}"#,
    );
    request.tools = vec![function("plain", ordered), custom, spaced, hosted, union];
    request
        .turns
        .push(turn(Role::Assistant, vec![call("1", "gone", "{}")]));
    request.turns.push(results(&["1"]));
    let mut loss = LossReport::new();
    let sent = Anthropic
        .encode_request(&request, &target(), &mut loss)
        .unwrap();
    let text = String::from_utf8(sent.body).unwrap();
    assert!(
        text.contains(&format!("\"input_schema\":{ordered}")),
        "{text}"
    );
    let body: Value = serde_json::from_str(&text).unwrap();
    super::api_rules::check(&body);
    let names: Vec<_> = body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["plain", "free", "ns__tool", "union"]);
    assert_eq!(sent.names.get("free").unwrap().kind, ToolKind::Custom);
    assert_eq!(
        sent.names.get("ns__tool").unwrap().namespace.as_deref(),
        Some("ns")
    );
    assert!(sent.names.get("plain").is_none());
    let expected = [
        ("field_dropped", "/tools/free"),
        ("id_rewritten", "/tools/tool"),
        ("tool_unsupported", "/tools/web_search"),
        ("schema_lowered", "/tools/union"),
    ];
    assert_eq!(losses(&loss), expected);
}

#[test]
fn a_schema_that_is_no_object_is_the_clients_mistake() {
    for schema in ["true", "{\"type\":\"array\"}", "[]"] {
        let mut request = request(vec![user("x")]);
        request.tools = vec![function("f", schema)];
        let error = Anthropic
            .encode_request(&request, &target(), &mut LossReport::new())
            .unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some("/tools/f"), "{schema}");
    }
}

#[test]
fn the_last_four_breakpoints_are_kept() {
    let marked = |text: &'static str, ttl: Option<u32>| Part {
        content: Content::Text(text.into()),
        cache: Some(CacheMarker { ttl }),
    };
    let mut system = says(Role::System, "");
    system.parts = vec![marked("s", Some(3600))];
    let mut user = user("");
    user.parts = ["a", "b", "c"].map(|text| marked(text, None)).into();
    let mut request = request(vec![system, user]);
    request.tools = vec![function("f", "{\"type\":\"object\"}")];
    request.tools[0].cache = Some(CacheMarker { ttl: None });
    let (body, loss) = encoded(&request, &target());
    assert!(
        body["tools"][0].get("cache_control").is_none(),
        "covered by the later ones"
    );
    assert_eq!(
        body["system"][0]["cache_control"],
        json!({"type": "ephemeral", "ttl": "1h"})
    );
    assert_eq!(
        body["messages"][0]["content"][2]["cache_control"],
        json!({"type": "ephemeral"})
    );
    assert_eq!(losses(&loss), [("field_dropped", "cache_control")]);
}
