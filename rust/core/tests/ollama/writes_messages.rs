//! IR → what an Ollama is sent: the conversation.

use std::borrow::Cow;

use fastproxy_core::dialect::ollama::Ollama;
use fastproxy_core::dialect::{Codec, Dialect, Profile, Replay, Target};
use fastproxy_core::ir::{Content, Opaque, OpaqueKind, Reasoning, Request, Role, Turn};
use fastproxy_core::loss::LossReport;
use serde_json::{Value, json};

use super::kit::{ORIGIN, losses, prepared, sent, target};

fn messages(messages: Value) -> (Value, Vec<(&'static str, String)>) {
    let (mut body, losses) = sent(
        Dialect::OpenaiChat,
        &json!({"model": "m", "messages": messages}),
    );
    (body["messages"].take(), losses)
}

#[test]
fn turns_stand_where_they_stood() {
    let (sent, losses) = messages(json!([
        {"role": "system", "content": "one"},
        {"role": "user", "content": [{"type": "text", "text": "two"}, {"type": "text", "text": "three"}]},
        {"role": "developer", "content": "four"},
        {"role": "user", "content": "five"},
        {"role": "assistant", "content": "six"},
    ]));
    assert_eq!(
        sent,
        json!([
            {"role": "system", "content": "one"},
            {"role": "user", "content": "two\n\nthree"},
            {"role": "system", "content": "four"},
            {"role": "user", "content": "five"},
            {"role": "assistant", "content": "six"},
        ])
    );
    assert!(losses.is_empty());
}

#[test]
fn images_are_bare_base64_and_their_place_among_texts_is_reported() {
    let image = |data: &str| json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}});
    let text = |text: &str| json!({"type": "text", "text": text});
    let (sent, losses) =
        messages(json!([{"role": "user", "content": [text("a"), image("AAAA"), image("BBBB")]}]));
    assert_eq!(
        sent,
        json!([{"role": "user", "content": "a", "images": ["AAAA", "BBBB"]}])
    );
    assert!(losses.is_empty(), "{losses:?}");
    let (sent, losses) =
        messages(json!([{"role": "user", "content": [text("a"), image("AAAA"), text("b")]}]));
    assert_eq!(
        sent,
        json!([{"role": "user", "content": "a\n\nb", "images": ["AAAA"]}])
    );
    assert_eq!(losses, [("order_lost", "/messages/0".into())]);
}

#[test]
fn calls_carry_objects_and_results_carry_the_name() {
    let (sent, losses) = messages(json!([
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1.0}"}},
            {"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}}]},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
    ]));
    assert_eq!(
        sent[1]["tool_calls"],
        json!([
            {"id": "c1", "function": {"name": "f", "arguments": {"a": 1.0}}},
            {"id": "c2", "function": {"name": "g", "arguments": {}}},
        ])
    );
    assert_eq!(
        sent[2],
        json!({"role": "tool", "content": "one", "tool_name": "f", "tool_call_id": "c1"})
    );
    assert_eq!(
        sent[3],
        json!({"role": "tool", "content": "two", "tool_name": "g", "tool_call_id": "c2"}),
        "templates that show no ids tell results by their order"
    );
    assert!(losses.is_empty(), "nothing is lost: {losses:?}");
}

#[test]
fn arguments_that_are_no_object_are_wrapped() {
    let (sent, losses) = messages(json!([
        {"role": "user", "content": "x"},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":"}}]},
        {"role": "tool", "tool_call_id": "c", "content": ""},
    ]));
    assert_eq!(
        sent[1]["tool_calls"][0]["function"]["arguments"],
        json!({"_raw": "{\"a\":"})
    );
    assert_eq!(losses, [("args_invalid_json", "/messages/1".into())]);
}

#[test]
fn results_with_errors_and_images() {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "shot", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "is_error": true, "content": [
            {"type": "text", "text": "failed"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAAA="}}]}]},
    ]});
    let (sent, losses) = sent(Dialect::Anthropic, &body);
    assert_eq!(
        sent["messages"][2],
        json!({"role": "tool", "content": "[tool error] failed", "images": ["iVBORw0KGgoAAAA="], "tool_name": "shot", "tool_call_id": "t"})
    );
    assert_eq!(losses.len(), 1, "{losses:?}");
    assert_eq!(losses[0].0, "field_dropped");
}

#[test]
fn names_of_speakers_refusals_and_cache_marks_are_reported() {
    let (sent, losses) = messages(json!([
        {"role": "user", "name": "Ada", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "content": null, "refusal": "No."},
        {"role": "user", "content": "y"},
    ]));
    assert_eq!(sent[1], json!({"role": "assistant", "content": "No."}));
    assert_eq!(
        losses,
        [
            ("field_dropped", "/messages/0".into()),
            ("field_dropped", "/messages/0/name".into()),
            ("field_dropped", "/messages/1".into())
        ]
    );
}

#[test]
fn a_begun_answer_stays_the_last_message() {
    let (sent, losses) = messages(
        json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "Once"}]),
    );
    assert_eq!(sent[1], json!({"role": "assistant", "content": "Once"}));
    assert!(losses.is_empty());
}

/// An empty list of messages would only load the model.
#[test]
fn a_conversation_of_which_nothing_is_left_is_refused() {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": [{"type": "search_result", "source": "s", "title": "t", "content": []}]}]});
    let error = prepared(Dialect::Anthropic, &body, &target()).unwrap_err();
    assert_eq!(
        (error.kind.status(), error.pointer.as_deref()),
        (400, Some("/messages/0"))
    );
}

fn replayed(origin: &'static str, kind: OpaqueKind, replay: Replay) -> (Option<Value>, bool) {
    let reasoning = Reasoning {
        text: Some(Cow::Borrowed("hm")),
        opaque: vec![Opaque {
            origin: origin.into(),
            kind,
            data: "".into(),
        }],
        ..Reasoning::default()
    };
    let turn = |role, parts: Vec<Content<'static>>| Turn {
        role,
        name: None,
        parts: parts.into_iter().map(Into::into).collect(),
        pointer: "/messages/0".into(),
    };
    let request = Request {
        turns: vec![
            turn(
                Role::Assistant,
                vec![Content::Reasoning(reasoning), Content::Text("yes".into())],
            ),
            turn(Role::User, vec![Content::Text("more".into())]),
        ],
        ..Request::default()
    };
    let profile = Profile {
        replay_reasoning: replay,
        ..Profile::default()
    };
    let target = Target {
        profile,
        ..target()
    };
    let mut loss = LossReport::new();
    let encoded = Ollama.encode_request(&request, &target, &mut loss).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    let is_reported = losses(&loss) == [("opaque_dropped", "/messages/0".into())];
    assert_eq!(is_reported, !loss.is_empty());
    (body["messages"][0].get("thinking").cloned(), is_reported)
}

#[test]
fn thinking_goes_back_to_its_issuer_only() {
    use OpaqueKind::{Replay as Plain, Signature};
    let hm = Some(json!("hm"));
    assert_eq!(
        replayed(ORIGIN, Plain, Replay::IfIssued),
        (hm.clone(), false)
    );
    assert_eq!(replayed("other", Plain, Replay::IfIssued), (None, true));
    assert_eq!(replayed("other", Signature, Replay::IfIssued), (None, true));
    assert_eq!(replayed(ORIGIN, Plain, Replay::Never), (None, true));
    assert_eq!(replayed("other", Plain, Replay::Always), (hm, true));
}
