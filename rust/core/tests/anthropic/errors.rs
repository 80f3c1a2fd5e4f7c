//! Errors in both directions.

use fastproxy_core::dialect::Codec;
use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::error::{Error, Kind, Retry, Source};
use serde_json::Value;

use super::fixture;

fn read(name: &str) -> Error {
    let value: Value = serde_json::from_slice(&fixture("error", name)).unwrap();
    let status = u16::try_from(value["status"].as_u64().unwrap()).unwrap();
    let body = value["body"]
        .as_str()
        .map_or_else(|| value["body"].to_string(), Into::into);
    let error = Anthropic.decode_error(status, body.as_bytes());
    assert_eq!(error.upstream_status, Some(status));
    error
}

#[test]
fn every_upstream_error_has_its_kind_and_its_culprit() {
    let (client, upstream) = (Source::Client, Source::Upstream);
    for (name, kind, source) in [
        ("invalid_request", Kind::BadRequest, client),
        ("context_too_long", Kind::ContextTooLong, client),
        ("auth", Kind::Auth, upstream),
        ("billing", Kind::Billing, upstream),
        ("permission", Kind::Permission, upstream),
        ("not_found", Kind::NotFound, upstream),
        ("too_large", Kind::TooLarge, client),
        ("rate_limit", Kind::RateLimit, upstream),
        ("api_error", Kind::Upstream, upstream),
        ("timeout", Kind::Timeout, upstream),
        ("overloaded", Kind::Overloaded, upstream),
        ("in_band", Kind::Overloaded, upstream),
        ("html", Kind::Upstream, upstream),
        ("nothing", Kind::Overloaded, upstream),
        ("foreign_shape", Kind::BadRequest, client),
    ] {
        let error = read(&format!("{name}.json"));
        assert_eq!((error.kind, error.source), (kind, source), "{name}");
        assert_eq!(error.retry == Retry::Never, source == client, "{name}");
    }
    assert_eq!(read("foreign_shape.json").message, "model is required");
    let long = read("context_too_long.json");
    assert_eq!(
        long.code.as_deref(),
        Some("prompt_too_long"),
        "the type is no code"
    );
    assert!(
        !read("html.json").message.contains("10.0.0.7"),
        "no page is shown"
    );
}

fn written(error: &Error) -> (u16, Value) {
    let (status, body) = Anthropic.encode_error(error, "req_1");
    (status, serde_json::from_slice(&body).unwrap())
}

#[test]
fn every_kind_has_a_status_and_a_type() {
    for kind in Kind::ALL {
        for source in [Source::Client, Source::Upstream, Source::Proxy] {
            let (status, body) = written(&Error::new(kind, source, "why"));
            assert!((400..600).contains(&status));
            assert_eq!(body["type"], "error");
            assert_eq!(body["request_id"], "req_1");
            let word = body["error"]["type"].as_str().unwrap();
            assert!(
                word.ends_with("_error") || word == "request_too_large",
                "{word}"
            );
        }
    }
    let upstream = |kind| written(&Error::new(kind, Source::Upstream, "x"));
    assert_eq!(upstream(Kind::Overloaded).0, 529);
    assert_eq!(
        upstream(Kind::Overloaded).1["error"]["type"],
        "overloaded_error"
    );
    assert_eq!(upstream(Kind::Timeout).0, 504);
    assert_eq!(upstream(Kind::Truncated).0, 502);
    let budget = written(&Error::new(Kind::Billing, Source::Proxy, "over budget"));
    assert_eq!(
        (budget.0, budget.1["error"]["type"].as_str()),
        (402, Some("billing_error"))
    );
}

/// Row 116: the operator's key is not the client's.
#[test]
fn the_operators_credentials_are_not_the_clients() {
    let (status, body) = written(&read("auth.json"));
    assert_eq!(
        (status, body["error"]["type"].as_str()),
        (502, Some("api_error"))
    );
    assert!(!body.to_string().contains("sk-test"), "{body}");
    assert!(
        !read("auth.json").message.contains("sk-test"),
        "not in our own logs either"
    );
    let (status, body) = written(&Error::new(Kind::Auth, Source::Client, "no key"));
    assert_eq!(
        (status, body["error"]["type"].as_str()),
        (401, Some("authentication_error"))
    );
}

#[test]
fn messages_name_the_place_and_have_an_end() {
    let error = Error::client("must be a string").at("/messages/0/role");
    let (status, body) = written(&error);
    assert_eq!(status, 400);
    assert_eq!(
        body["error"]["message"],
        "must be a string (at /messages/0/role)"
    );
    let long = format!("{{\"error\":{{\"message\":\"{}\"}}}}", "ü".repeat(5000));
    let error = Anthropic.decode_error(500, long.as_bytes());
    assert!(
        (1000..=2000).contains(&error.message.len()),
        "a page is cut"
    );
    let own = written(&Error::new(Kind::Internal, Source::Proxy, "index 3 of map"));
    assert_eq!(own.1["error"]["message"], "internal error");
}

#[test]
fn any_bytes_are_an_error() {
    for body in [
        &b"\xff\xfe"[..],
        b"null",
        b"[]",
        b"{}",
        b"{\"error\":null}",
        b"\xEF\xBB\xBF{\"error\":\"x\"}",
    ] {
        let error = Anthropic.decode_error(503, body);
        assert_eq!(error.kind, Kind::Overloaded);
        assert!(!error.message.is_empty());
    }
}
