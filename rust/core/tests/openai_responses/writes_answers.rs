//! Answers for clients.

use fastproxy_core::dialect::{ClientTool, Dialect};
use fastproxy_core::ir::{Answer, AnswerPart, FinishReason, OwnedCitation, ToolKind, Usage};
use serde_json::{Value, json};

use super::grammar::read;
use super::kit::{encode_cx, losses, run, setup, told};

fn text(text: &str) -> AnswerPart {
    AnswerPart::Text {
        text: text.into(),
        citations: Vec::new(),
        logprobs: None,
        opaque: Vec::new(),
    }
}

fn call(id: &str, arguments: &str) -> AnswerPart {
    AnswerPart::ToolCall {
        id: id.into(),
        name: "f".into(),
        namespace: None,
        kind: ToolKind::Function,
        arguments: arguments.into(),
        opaque: Vec::new(),
    }
}

fn answer(parts: Vec<AnswerPart>, finish: FinishReason) -> Answer {
    Answer {
        parts,
        finish: Some(finish),
        native_finish: "native".into(),
        usage: Usage {
            input: Some(3),
            output: Some(4),
            ..Usage::default()
        },
        ..Answer::default()
    }
}

fn kinds(body: &Value) -> Vec<&str> {
    let items = body["output"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect()
}

#[test]
fn texts_that_follow_each_other_are_one_message() {
    let parts = vec![text("a"), text("b"), call("c", "{}"), text("d")];
    let (body, _) = told(&answer(parts, FinishReason::ToolUse), &encode_cx());
    assert_eq!(kinds(&body), ["message", "function_call", "message"]);
    assert_eq!(body["output"][0]["content"].as_array().unwrap().len(), 2);
    assert_eq!(
        body["output"][2]["content"][0]["text"], "d",
        "order is kept"
    );
}

#[test]
fn ids_are_made_of_the_requests_and_stable() {
    let parts = || vec![text("a"), call("toolu_1", ""), call("toolu_2", "{}")];
    let (body, _) = told(&answer(parts(), FinishReason::ToolUse), &encode_cx());
    assert_eq!(body["id"], "resp_77");
    let ids: Vec<_> = body["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    assert_eq!(ids, ["msg_77_0", "fc_77_1", "fc_77_2"]);
    assert_eq!(
        body["output"][1]["call_id"], "toolu_1",
        "pairs the call, whatever its form"
    );
    assert_eq!(body["output"][1]["arguments"], "{}", "clients parse it");
    assert_eq!(
        body,
        told(&answer(parts(), FinishReason::ToolUse), &encode_cx()).0
    );
}

/// §2.3, rows 99 and 115.
#[test]
fn why_answers_end() {
    for (finish, status, reason, is_lossy) in [
        (FinishReason::End, "completed", None, false),
        (FinishReason::ToolUse, "completed", None, false),
        (FinishReason::StopSequence, "completed", None, false),
        (FinishReason::Pause, "completed", None, true),
        (FinishReason::BadToolCall, "completed", None, true),
        (
            FinishReason::MaxOutput,
            "incomplete",
            Some("max_output_tokens"),
            false,
        ),
        (
            FinishReason::ContextFull,
            "incomplete",
            Some("max_output_tokens"),
            true,
        ),
        (
            FinishReason::Refusal,
            "incomplete",
            Some("content_filter"),
            false,
        ),
        (
            FinishReason::Recitation,
            "incomplete",
            Some("content_filter"),
            true,
        ),
    ] {
        let (body, loss) = told(&answer(vec![text("a")], finish), &encode_cx());
        assert_eq!(body["status"], status, "{finish:?}");
        assert_eq!(
            body["incomplete_details"]["reason"].as_str(),
            reason,
            "{finish:?}"
        );
        assert_eq!(body["output"][0]["status"], status, "{finish:?}");
        assert_eq!(
            losses(&loss).contains(&("stop_approximated", "status".into())),
            is_lossy,
            "{finish:?}"
        );
    }
    let words = AnswerPart::Refusal { text: "no".into() };
    let (body, _) = told(&answer(vec![words], FinishReason::Refusal), &encode_cx());
    assert_eq!(
        body["status"], "completed",
        "the model's own words are a normal end"
    );
    assert_eq!(
        body["output"][0]["content"],
        json!([{"type": "refusal", "refusal": "no"}])
    );
}

/// §2.9: an empty answer is well-formed; a blocked one holds nothing.
#[test]
fn empty_answers() {
    let (empty, _) = told(&answer(vec![text("")], FinishReason::End), &encode_cx());
    assert_eq!(empty["output"][0]["content"][0]["text"], "");
    let (blocked, _) = told(&answer(vec![], FinishReason::Refusal), &encode_cx());
    assert_eq!(blocked["output"], json!([]));
}

#[test]
fn sources_probabilities_and_counts() {
    let source = |url: Option<&str>, span: Option<u64>| OwnedCitation {
        url: url.map(Into::into),
        start: span,
        end: span.map(|start| start + 2),
        ..OwnedCitation::default()
    };
    let part = AnswerPart::Text {
        text: "äöü!".into(),
        citations: vec![
            source(Some("https://a"), None),
            source(Some("https://b"), Some(1)),
            source(None, None),
        ],
        logprobs: Some(r#"{"token":"ä","logprob":-1}"#.into()),
        opaque: Vec::new(),
    };
    let (body, loss) = told(&answer(vec![part], FinishReason::End), &encode_cx());
    let content = &body["output"][0]["content"][0];
    let spans: Vec<_> = content["annotations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["start_index"].clone(), a["end_index"].clone()))
        .collect();
    assert_eq!(
        spans,
        [(json!(0), json!(4)), (json!(1), json!(3))],
        "in characters"
    );
    assert_eq!(content["logprobs"][0]["token"], "ä");
    assert!(losses(&loss).contains(&("field_dropped", "annotations".into())));
    assert_eq!(
        body["usage"],
        json!({"input_tokens": 3, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 7})
    );
    let silent = Answer {
        usage: Usage::default(),
        ..answer(vec![text("a")], FinishReason::End)
    };
    let (body, loss) = told(&silent, &encode_cx());
    assert_eq!(body["usage"], Value::Null);
    assert!(losses(&loss).contains(&("usage_unknown", "usage".into())));
}

#[test]
fn pictures_and_what_has_no_form() {
    let picture = |mime: &str| AnswerPart::Media {
        mime: mime.into(),
        data: "QUJD".into(),
    };
    let native = AnswerPart::Native {
        kind: "server_tool_use".into(),
        raw: "{}".into(),
    };
    let parts = vec![picture("image/webp"), picture("audio/wav"), native];
    let (body, loss) = told(&answer(parts, FinishReason::End), &encode_cx());
    assert_eq!(kinds(&body), ["image_generation_call"]);
    assert_eq!(body["output"][0]["result"], "QUJD");
    assert_eq!(
        losses(&loss),
        [
            ("media_dropped", "output".into()),
            ("field_dropped", "output".into())
        ]
    );
}

/// An answer of the vendor's own tools survives the IR lane between equal dialects.
#[test]
fn own_items_survive() {
    let mut setup = setup(Dialect::OpenaiResponses, Dialect::OpenaiResponses, false);
    setup.is_raw = false;
    let (out, end) = run(setup, &super::kit::fixture("response", "hosted.json"));
    end.unwrap();
    let body: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        body["id"], "resp_up1",
        "whoever looks it up there must find it"
    );
    assert_eq!(body["output"][0]["action"]["query"], "saturn");
    assert_eq!(
        kinds(&body),
        ["web_search_call", "image_generation_call", "message"]
    );
}

/// Codex takes calls only with the name and namespace that it offered, and the free text of its custom tools bare.
#[test]
fn names_come_back_as_the_client_knows_them() {
    let mut setup = setup(Dialect::OpenaiChat, Dialect::OpenaiResponses, true);
    for (sent, name, namespace, kind) in [
        ("archive__find", "find", Some("archive"), ToolKind::Function),
        ("patch", "patch", None, ToolKind::Custom),
    ] {
        let tool = ClientTool {
            name: name.into(),
            namespace: namespace.map(Into::into),
            kind,
        };
        setup.names.insert(sent, tool);
    }
    let chunk = |delta: Value, finish: Value| {
        format!(
            "data: {}\n\n",
            json!({"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        )
    };
    let call = |index: u64, name: &str, arguments: &str| json!({"tool_calls": [{"index": index, "id": format!("c{index}"), "function": {"name": name, "arguments": arguments}}]});
    let stream = [
        chunk(call(0, "archive__find", "{\"year\":1}"), Value::Null),
        chunk(call(1, "patch", "{\"input\":\"*** a\\n"), Value::Null),
        chunk(
            json!({"tool_calls": [{"index": 1, "function": {"arguments": "\\\"b\\\"\"}"}}]}),
            Value::Null,
        ),
        chunk(json!({}), json!("tool_calls")),
        "data: [DONE]\n\n".to_owned(),
    ];
    let (out, end) = run(setup, stream.concat().as_bytes());
    end.unwrap();
    let items = read(&out).items;
    assert_eq!(items[0]["name"], "find");
    assert_eq!(items[0]["namespace"], "archive");
    assert_eq!(items[1]["type"], "custom_tool_call");
    assert_eq!(items[1]["input"], "*** a\n\"b\"");
    assert!(items[1]["id"].as_str().unwrap().starts_with("ctc_"));
}
