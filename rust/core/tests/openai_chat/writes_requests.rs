//! Requests towards Chat upstreams: top-level fields, tools, media.

use fastproxy_core::dialect::{CacheMarkers, Dialect, Profile};
use fastproxy_core::error::Kind;
use fastproxy_core::ir::{Content, MediaKind, MediaSource, Request, Role};
use fastproxy_core::loss::Code;
use serde_json::{Value, json};

use crate::kit::{anthropic, encode, fixture, send, target, target_with};

pub(crate) fn fixture_sent(name: &str, profile: Profile) -> crate::kit::Sent {
    let body: Value = serde_json::from_slice(&fixture("request", &format!("{name}.json"))).unwrap();
    send(Dialect::OpenaiChat, &body, &target_with(profile))
}

/// An Anthropic request with these further fields.
pub(crate) fn asked(fields: Value, profile: Profile) -> crate::kit::Sent {
    let mut body = anthropic(json!([{"role": "user", "content": "x"}]));
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    send(Dialect::Anthropic, &body, &target_with(profile))
}

#[test]
fn nothing_is_added_that_was_not_asked_for() {
    let sent = fixture_sent("minimal", Profile::default());
    assert_eq!(
        sent.body,
        json!({"model": "up-model", "messages": [{"role": "user", "content": "Hello"}]})
    );
    assert!(sent.loss.is_empty() && sent.encoded.names.is_empty());
    let anthropic = asked(json!({}), Profile::default());
    assert_eq!(
        anthropic.body,
        json!({"model": "up-model", "messages": [{"role": "user", "content": "x"}], "max_completion_tokens": 100})
    );
}

#[test]
fn usage_is_asked_for_when_someone_wants_it() {
    let options = |want: bool, client: bool, can: bool| {
        let mut target = target_with(Profile {
            stream_usage: can,
            ..Profile::default()
        });
        target.want_usage = want;
        let body = json!({"model": "m", "stream": true, "stream_options": {"include_usage": client},
            "messages": [{"role": "user", "content": "x"}]});
        send(Dialect::OpenaiChat, &body, &target).body["stream_options"].clone()
    };
    assert_eq!(options(true, false, true), json!({"include_usage": true}));
    assert_eq!(options(false, true, true), json!({"include_usage": true}));
    assert_eq!(options(false, false, true), Value::Null);
    assert_eq!(options(true, true, false), Value::Null);
}

#[test]
fn bounds_and_stops_fit_the_upstream() {
    let fields = json!({"max_tokens": 9000, "stop_sequences": ["a", "b", "c", "d", "e"], "top_k": 5, "temperature": 0.3});
    let sent = asked(
        fields,
        Profile {
            legacy_max_tokens: true,
            max_output_tokens: Some(4096),
            ..Profile::default()
        },
    );
    assert_eq!(sent.body["max_tokens"], 4096);
    assert_eq!(sent.body.get("max_completion_tokens"), None);
    assert_eq!(sent.body["stop"], json!(["a", "b", "c", "d"]));
    assert_eq!(sent.body.get("top_k"), None);
    assert_eq!(sent.body["temperature"], 0.3);
    assert_eq!(
        sent.losses(),
        [
            "field_dropped /top_k",
            "value_clamped /stop",
            "value_clamped /max_tokens"
        ]
    );
}

#[test]
fn what_the_profile_forbids_is_left_out_and_reported() {
    let forbidden = [
        "temperature",
        "stop",
        "reasoning_effort",
        "tools",
        "max_completion_tokens",
        "response_format",
    ];
    let profile = Profile {
        forbidden: forbidden.map(Into::into).to_vec(),
        ..Profile::default()
    };
    let sent = fixture_sent("full", profile);
    for field in forbidden {
        assert_eq!(sent.body.get(field), None, "{field}");
        assert!(
            sent.losses().contains(&format!("param_forbidden /{field}")),
            "{field}: {:?}",
            sent.losses()
        );
    }
    assert_eq!(
        sent.body.get("tool_choice"),
        None,
        "without tools it is an error"
    );
    assert_eq!(sent.body["top_p"], 0.9);
}

#[test]
fn end_users_are_passed_on_only_as_plain_names() {
    let user = |id: &str| {
        let body =
            json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "user": id});
        let sent = send(Dialect::OpenaiChat, &body, &target());
        (sent.body.get("user").cloned(), sent.has(Code::FieldDropped))
    };
    assert_eq!(user("user-81"), (Some(json!("user-81")), false));
    assert_eq!(
        user(r#"{"device_id":"abc","account_uuid":""}"#),
        (None, true)
    );
    let long = format!("user_{}_account__session_1", "0".repeat(64));
    assert_eq!(user(&long), (None, true));
}

/// (what an Anthropic client says, what is sent, losses).
#[test]
fn formats_and_tiers() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let sent = asked(
        json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}, "service_tier": "standard_only"}),
        Profile::default(),
    );
    assert_eq!(
        sent.body["response_format"],
        json!({"type": "json_schema", "json_schema": {"name": "response", "schema": schema}})
    );
    assert_eq!(sent.body["service_tier"], "default");
    assert_eq!(
        sent.losses(),
        ["default_filled /response_format/json_schema/name"]
    );
}

#[test]
fn media_go_in_their_places() {
    let sent = asked(
        json!({"messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
            {"type": "image", "source": {"type": "url", "url": "https://pictures.example/a.png"}},
            {"type": "document", "title": "Map", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
            {"type": "document", "title": "Notes", "source": {"type": "text", "media_type": "text/plain", "data": "steep"}},
            {"type": "text", "text": "Look."}]}]}),
        Profile::default(),
    );
    assert_eq!(
        sent.messages()[0]["content"],
        json!([
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "Map"}},
            {"type": "text", "text": "[document: Notes]\nsteep"},
            {"type": "text", "text": "Look."}])
    );
}

#[test]
fn media_that_no_upstream_could_read_are_refused() {
    let refused = |kind, source| {
        let media = fastproxy_core::ir::Media {
            kind,
            source,
            name: None,
            detail: None,
            pointer: "/messages/0/content/1".into(),
        };
        let mut request = Request {
            model: "m".into(),
            ..Request::default()
        };
        let parts = vec![Content::Media(media).into()];
        request.turns.push(fastproxy_core::ir::Turn {
            role: Role::User,
            name: None,
            parts,
            pointer: "/messages/0".into(),
        });
        let error = encode(&request, &target()).err().expect("refused");
        (error.kind, error.pointer.unwrap())
    };
    let expected = (Kind::BadRequest, "/messages/0/content/1".to_owned());
    assert_eq!(
        refused(MediaKind::Image, MediaSource::FileId("file_1".into())),
        expected
    );
    assert_eq!(
        refused(
            MediaKind::File,
            MediaSource::Url("https://x.example/a.pdf".into())
        ),
        expected
    );
    assert_eq!(
        refused(
            MediaKind::Audio,
            MediaSource::Url("https://x.example/a.wav".into())
        ),
        expected
    );
}

#[test]
fn cache_breakpoints_are_said_in_the_hosts_words() {
    let body = json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}, {"type": "text", "text": "short"}]}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}]});
    let with = |cache_markers| {
        asked(
            body.clone(),
            Profile {
                cache_markers,
                ..Profile::default()
            },
        )
    };
    let unknown = with(CacheMarkers::Unknown);
    assert_eq!(unknown.messages()[0]["content"], "long\n\nshort");
    assert_eq!(
        unknown.losses(),
        ["field_dropped /messages/0", "field_dropped /tools/0"]
    );
    let control = with(CacheMarkers::CacheControl);
    assert_eq!(
        control.messages()[0]["content"][0]["cache_control"],
        json!({"type": "ephemeral", "ttl": "1h"})
    );
    assert_eq!(
        control.body["tools"][0]["cache_control"],
        json!({"type": "ephemeral"})
    );
    assert!(control.loss.is_empty());
    let breakpoint = with(CacheMarkers::Breakpoint);
    assert_eq!(
        breakpoint.messages()[0]["content"][0]["prompt_cache_breakpoint"],
        json!({"mode": "explicit"})
    );
    assert_eq!(breakpoint.losses(), ["field_dropped /tools/0"]);
}
