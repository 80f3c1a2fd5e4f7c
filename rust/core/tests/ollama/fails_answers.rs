//! Errors, both ways.

use fastproxy_core::dialect::ollama::Ollama;
use fastproxy_core::dialect::{Codec, Dialect};
use fastproxy_core::error::{Error, Kind, Source};
use serde_json::{Value, json};

use super::kit::{fixture, fixture_json, lines, run, setup};

fn decoded(name: &str) -> Error {
    let fixture = fixture_json("error", name);
    let status = fixture["status"].as_u64().unwrap().try_into().unwrap();
    let body = fixture["body"]
        .as_str()
        .map_or_else(|| fixture["body"].to_string(), Into::into);
    Ollama.decode_error(status, body.as_bytes())
}

#[test]
fn the_status_tells_the_kind_and_the_text_is_kept() {
    for (name, kind, source, text) in [
        (
            "model_not_found.json",
            Kind::NotFound,
            Source::Upstream,
            "model 'llama9' not found",
        ),
        (
            "bad_request.json",
            Kind::BadRequest,
            Source::Client,
            "think value",
        ),
        (
            "no_tools.json",
            Kind::BadRequest,
            Source::Client,
            "does not support tools",
        ),
        (
            "busy.json",
            Kind::Overloaded,
            Source::Upstream,
            "server busy",
        ),
        (
            "runner_stopped.json",
            Kind::Upstream,
            Source::Upstream,
            "runner",
        ),
        (
            "unauthorized.json",
            Kind::Auth,
            Source::Upstream,
            "unauthorized",
        ),
        (
            "rate_limit.json",
            Kind::RateLimit,
            Source::Upstream,
            "usage limit",
        ),
        ("html.json", Kind::Upstream, Source::Upstream, "502"),
        ("openai_form.json", Kind::BadRequest, Source::Client, "bad"),
    ] {
        let error = decoded(name);
        assert_eq!((error.kind, error.source), (kind, source), "{name}");
        assert!(error.message.contains(text), "{name}: {}", error.message);
    }
}

#[test]
fn an_error_is_one_text() {
    let error = Error::client("top_p must be a number").at("/options/top_p");
    let (status, body) = Ollama.encode_error(&error, "req_1");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (status, body),
        (
            400,
            json!({"error": "top_p must be a number (at /options/top_p)"})
        )
    );
}

#[test]
fn an_operators_trouble_is_not_the_clients() {
    for kind in [Kind::Auth, Kind::Permission, Kind::Billing, Kind::Internal] {
        let error = Error::new(kind, Source::Upstream, "secret detail");
        let (status, body) = Ollama.encode_error(&error, "req_1");
        assert!(status >= 500, "{kind:?}: {status}");
        assert!(!String::from_utf8(body).unwrap().contains("secret"));
    }
    let error = Error::new(Kind::Auth, Source::Client, "no key");
    assert_eq!(Ollama.encode_error(&error, "req_1").0, 401);
}

#[test]
fn an_upstream_that_fails_midway_ends_other_dialects_streams_with_their_error() {
    for (client, mark) in [
        (Dialect::OpenaiChat, "data: {\"error\""),
        (Dialect::Anthropic, "event: error"),
        (Dialect::OpenaiResponses, "response.failed"),
    ] {
        let stream = fixture("stream", "error_mid_stream.ndjson");
        let (out, end, _) = run(setup(Dialect::Ollama, client, true, "chat"), &stream);
        assert!(end.is_err());
        assert!(out.contains(mark) && out.contains("CUDA"), "{out}");
        assert!(!out.contains("[DONE]"));
    }
}

#[test]
fn another_dialects_failure_ends_an_ollama_stream_with_an_error_line() {
    let stream = b"data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{\"message\":\"boom\"}}\n\n";
    let (out, end, _) = run(
        setup(Dialect::OpenaiChat, Dialect::Ollama, true, "chat"),
        stream,
    );
    assert!(end.is_err());
    let lines = lines(&out);
    assert_eq!(lines[0]["message"]["content"], "a");
    assert_eq!(lines[1], json!({"error": "boom"}));
}

#[test]
fn a_web_page_and_nothing_are_no_answers() {
    for body in [&b"<html></html>"[..], b"", b"  \n"] {
        for stream in [true, false] {
            let (out, end, _) = run(
                setup(Dialect::Ollama, Dialect::OpenaiChat, stream, "chat"),
                body,
            );
            assert!(end.is_err() && out.is_empty());
        }
    }
}
