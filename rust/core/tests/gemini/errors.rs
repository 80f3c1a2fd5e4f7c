//! Errors in Google's form, both ways.

use fastproxy_core::dialect::Codec;
use fastproxy_core::dialect::gemini::Gemini;
use fastproxy_core::error::{Error, Kind, Retry, Source};
use serde_json::{Value, json};

fn read(status: u16, body: &Value) -> Error {
    Gemini.decode_error(status, body.to_string().as_bytes())
}

fn shown(error: &Error) -> (u16, Value) {
    let (status, body) = Gemini.encode_error(error, "req_1");
    (status, serde_json::from_slice(&body).unwrap())
}

#[test]
fn kinds_come_from_the_status_the_word_and_the_reason() {
    let body =
        |code: u16, word: &str| json!({"error": {"code": code, "message": "m", "status": word}});
    for (status, word, kind) in [
        (400, "INVALID_ARGUMENT", Kind::BadRequest),
        (400, "FAILED_PRECONDITION", Kind::Permission),
        (401, "UNAUTHENTICATED", Kind::Auth),
        (403, "PERMISSION_DENIED", Kind::Permission),
        (404, "NOT_FOUND", Kind::NotFound),
        (429, "RESOURCE_EXHAUSTED", Kind::RateLimit),
        (500, "INTERNAL", Kind::Upstream),
        (500, "UNAVAILABLE", Kind::Overloaded),
        (503, "UNAVAILABLE", Kind::Overloaded),
        (504, "DEADLINE_EXCEEDED", Kind::Timeout),
    ] {
        let error = read(status, &body(status, word));
        assert_eq!(
            (error.kind, error.upstream_status),
            (kind, Some(status)),
            "{word}"
        );
        assert_eq!(
            read(status, &json!([body(status, word)])).kind,
            kind,
            "in an array"
        );
    }
    let key = json!({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}});
    let error = read(400, &key);
    assert_eq!((error.kind, error.source), (Kind::Auth, Source::Upstream));
}

#[test]
fn a_file_that_is_gone_is_the_clients_mistake_not_the_accounts() {
    for message in [
        "You do not have permission to access the File abc or it may not exist.",
        "CachedContent not found (or permission denied)",
    ] {
        let body =
            json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": message}});
        let error = read(403, &body);
        assert_eq!(
            (error.kind, error.source),
            (Kind::BadRequest, Source::Client)
        );
        assert_eq!(shown(&error).1["error"]["message"], message);
    }
}

#[test]
fn a_retry_delay_is_a_hint_and_is_written_again() {
    let body = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow",
        "details": [{"violations": []}, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}]}});
    let error = read(429, &body);
    assert_eq!(
        (error.retry_after_ms, error.retry),
        (Some(34_400), Retry::SameAfter(34_400))
    );
    let (status, body) = shown(&error);
    assert_eq!(
        (status, &body["error"]["status"]),
        (429, &json!("RESOURCE_EXHAUSTED"))
    );
    let details = body["error"]["details"].as_array().unwrap();
    assert!(
        details
            .iter()
            .any(|detail| detail["retryDelay"] == "34.400s")
    );
    assert!(details.iter().any(|detail| detail["requestId"] == "req_1"));
}

#[test]
fn anything_is_an_error() {
    for body in [
        "",
        "<html>",
        "null",
        "[]",
        "[1]",
        "\"x\"",
        "{\"error\":null}",
        "{\"error\":\"words\"}",
        "{\"error\":{\"code\":\"x\"}}",
    ] {
        let error = Gemini.decode_error(500, body.as_bytes());
        assert_eq!(
            (error.kind, error.source),
            (Kind::Upstream, Source::Upstream),
            "{body}"
        );
        assert!(!error.message.is_empty());
    }
}

#[test]
fn a_clients_mistake_names_its_field() {
    let (status, body) =
        shown(&Error::client("text must be a string").at("/contents/0/parts/1/text"));
    assert_eq!(status, 400);
    let violation = &body["error"]["details"][0]["fieldViolations"][0];
    assert_eq!(violation["field"], "contents[0].parts[1].text");
    assert_eq!(body["error"]["status"], "INVALID_ARGUMENT");
    assert_eq!(body["error"]["code"], 400);
}

#[test]
fn every_kind_has_a_status_and_a_word_and_the_operators_keys_are_not_the_clients() {
    for kind in Kind::ALL {
        for source in [Source::Client, Source::Upstream, Source::Proxy] {
            let (status, body) = shown(&Error::new(kind, source, "what happened"));
            assert!((400..600).contains(&status), "{kind:?}");
            assert_eq!(body["error"]["code"], status);
            assert!(
                body["error"]["status"]
                    .as_str()
                    .is_some_and(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
            );
            if source == Source::Upstream
                && matches!(kind, Kind::Auth | Kind::Billing | Kind::Permission)
            {
                assert_eq!(status, 502);
            }
        }
    }
    let (_, body) = shown(&Error::new(
        Kind::Auth,
        Source::Upstream,
        "key sk-secret is wrong",
    ));
    assert!(!body.to_string().contains("sk-secret"));
}
