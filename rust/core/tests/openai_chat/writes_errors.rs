//! Our errors in Chat's words, whatever they were made of.

use fastproxy_core::dialect::EventEncoder;
use fastproxy_core::error::{Error, Kind, Source};
use serde_json::{Value, json};

use crate::kit::{chat, encode_cx};

/// (kind, whose fault) → status, type, code.
#[test]
fn our_errors_in_chats_words() {
    let cases = [
        (
            Kind::BadRequest,
            Source::Client,
            400,
            "invalid_request_error",
            None,
        ),
        (
            Kind::ContextTooLong,
            Source::Client,
            400,
            "invalid_request_error",
            Some("context_length_exceeded"),
        ),
        (
            Kind::Auth,
            Source::Client,
            401,
            "invalid_request_error",
            Some("invalid_api_key"),
        ),
        (
            Kind::Billing,
            Source::Client,
            429,
            "insufficient_quota",
            Some("insufficient_quota"),
        ),
        (
            Kind::Permission,
            Source::Client,
            403,
            "permission_error",
            Some("permission_denied"),
        ),
        (
            Kind::NotFound,
            Source::Client,
            404,
            "invalid_request_error",
            Some("model_not_found"),
        ),
        (
            Kind::Method,
            Source::Client,
            405,
            "invalid_request_error",
            Some("method_not_supported"),
        ),
        (
            Kind::RequestTimeout,
            Source::Client,
            408,
            "invalid_request_error",
            Some("request_timeout"),
        ),
        (
            Kind::Conflict,
            Source::Client,
            409,
            "invalid_request_error",
            Some("conflict"),
        ),
        (
            Kind::TooLarge,
            Source::Client,
            413,
            "invalid_request_error",
            Some("request_too_large"),
        ),
        (
            Kind::MediaType,
            Source::Client,
            415,
            "invalid_request_error",
            Some("unsupported_media_type"),
        ),
        (
            Kind::Unprocessable,
            Source::Client,
            422,
            "invalid_request_error",
            None,
        ),
        (
            Kind::RateLimit,
            Source::Client,
            429,
            "rate_limit_error",
            Some("rate_limit_exceeded"),
        ),
        (
            Kind::Overloaded,
            Source::Proxy,
            503,
            "server_error",
            Some("service_unavailable"),
        ),
        (
            Kind::Upstream,
            Source::Upstream,
            502,
            "server_error",
            Some("upstream_error"),
        ),
        (
            Kind::Unreachable,
            Source::Upstream,
            502,
            "server_error",
            Some("upstream_error"),
        ),
        (
            Kind::Truncated,
            Source::Upstream,
            502,
            "server_error",
            Some("upstream_error"),
        ),
        (
            Kind::Timeout,
            Source::Upstream,
            504,
            "server_error",
            Some("timeout"),
        ),
        (
            Kind::Internal,
            Source::Proxy,
            500,
            "server_error",
            Some("internal_error"),
        ),
        (
            Kind::Cancelled,
            Source::Proxy,
            499,
            "server_error",
            Some("cancelled"),
        ),
        // The operator's trouble is not the client's.
        (
            Kind::Auth,
            Source::Upstream,
            502,
            "server_error",
            Some("upstream_error"),
        ),
        (
            Kind::Permission,
            Source::Upstream,
            502,
            "server_error",
            Some("upstream_error"),
        ),
        (
            Kind::Billing,
            Source::Upstream,
            503,
            "server_error",
            Some("upstream_error"),
        ),
    ];
    for (kind, source, status, word, code) in cases {
        let (found, body) = chat().encode_error(&Error::new(kind, source, "why"), "req_1");
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(found, status, "{kind:?} {source:?}");
        assert_eq!(value["error"]["type"], word, "{kind:?} {source:?}");
        assert_eq!(value["error"]["code"].as_str(), code, "{kind:?} {source:?}");
        assert_eq!(value["error"]["param"], Value::Null);
    }
    assert!(
        Kind::ALL
            .iter()
            .all(|kind| cases.iter().any(|case| case.0 == *kind))
    );
}

#[test]
fn any_bytes_are_an_error_and_never_a_panic() {
    let deep = "[".repeat(500);
    let raws: Vec<Vec<u8>> = vec![
        b"\xff\xfe".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        br#"{"error":{"metadata":{"raw":"{\"error\":{\"metadata\":{\"raw\":\"{}\"}}}"}}}"#.to_vec(),
        br#"{"error":{"code":99999999999,"message":7,"type":[]}}"#.to_vec(),
        deep.into_bytes(),
        b"a".repeat(100_000),
    ];
    for body in raws {
        for status in [
            400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529, 599,
        ] {
            let error = chat().decode_error(status, &body);
            assert!(
                error.message.len() <= 2_000 && !error.message.is_empty(),
                "{status}"
            );
            let (_, encoded) = chat().encode_error(&error, "r");
            assert!(serde_json::from_slice::<Value>(&encoded).is_ok());
        }
    }
}

#[test]
fn codes_of_other_dialects_are_translated() {
    let code = |kind, native: &str| {
        let error = Error::new(kind, Source::Upstream, "x").with_code(native);
        let value: Value = serde_json::from_slice(&chat().encode_error(&error, "r").1).unwrap();
        value["error"]["code"].as_str().map(str::to_owned)
    };
    let rate = Some("rate_limit_exceeded".to_owned());
    assert_eq!(code(Kind::RateLimit, "rate_limit_error"), rate);
    assert_eq!(code(Kind::RateLimit, "RESOURCE_EXHAUSTED"), rate);
    assert_eq!(code(Kind::BadRequest, "invalid_request_error"), None);
    let own = Some("unsupported_parameter".to_owned());
    assert_eq!(code(Kind::BadRequest, "unsupported_parameter"), own);
}

#[test]
fn errors_and_keepalives() {
    let mut encoder: Box<dyn EventEncoder> = chat().stream_encoder(&encode_cx());
    let mut out = Vec::new();
    encoder.keepalive(&mut out);
    assert_eq!(out, b": keepalive\n\n");
    out.clear();
    let error = Error::new(
        Kind::Truncated,
        Source::Upstream,
        "cut at https://up.example/v1",
    );
    encoder.abort(&error, &mut out);
    let text = String::from_utf8(out).unwrap();
    let payload = text
        .strip_prefix("data: ")
        .unwrap()
        .strip_suffix("\n\n")
        .unwrap();
    let value: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(
        value,
        json!({"error": {"message": "cut at https://[host]/v1", "type": "server_error", "param": null, "code": "upstream_error"}})
    );
}
