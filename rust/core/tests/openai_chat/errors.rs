//! Errors of upstreams, and ours in Chat's words.

use fastproxy_core::error::{Error, Kind, Retry, Source};
use serde_json::{Value, json};

use crate::kit::{chat, fixture, names};

fn read(name: &str) -> Error {
    let value: Value = serde_json::from_slice(&fixture("error", &format!("{name}.json"))).unwrap();
    let status = u16::try_from(value["status"].as_u64().unwrap()).unwrap();
    let body = value["body"]
        .as_str()
        .map_or_else(|| value["body"].to_string(), Into::into);
    chat().decode_error(status, body.as_bytes())
}

#[test]
fn every_body_is_understood() {
    let expected = [
        (
            "azure_content_filter",
            Kind::BadRequest,
            Retry::Never,
            "The response was filtered.",
        ),
        (
            "bad_request",
            Kind::BadRequest,
            Retry::Never,
            "Invalid type for 'messages[0].content'.",
        ),
        (
            "context_length",
            Kind::ContextTooLong,
            Retry::Never,
            "This model's maximum context length is 8192 tokens.",
        ),
        (
            "deepseek_balance",
            Kind::Billing,
            Retry::OtherAccount,
            "Insufficient Balance",
        ),
        (
            "fastapi_detail",
            Kind::Unprocessable,
            Retry::Never,
            "body.messages: Field required",
        ),
        (
            "gemini_face",
            Kind::RateLimit,
            Retry::SameAfter(34_400),
            "Resource has been exhausted",
        ),
        (
            "html",
            Kind::Upstream,
            Retry::OtherAccount,
            "the upstream answered with status 502 and no reason",
        ),
        (
            "insufficient_quota",
            Kind::Billing,
            Retry::OtherAccount,
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        (
            "invalid_api_key",
            Kind::Auth,
            Retry::OtherAccount,
            "Incorrect API key provided: [redacted] You can find your API key at https://[host]/account/api-keys.",
        ),
        (
            "llama_cpp_context",
            Kind::ContextTooLong,
            Retry::Never,
            "the request exceeds the available context size",
        ),
        (
            "model_not_found",
            Kind::NotFound,
            Retry::OtherAccount,
            "The model `gpt-none` does not exist.",
        ),
        (
            "nothing",
            Kind::Timeout,
            Retry::OtherAccount,
            "the upstream answered with status 504 and no reason",
        ),
        (
            "openrouter_raw",
            Kind::RateLimit,
            Retry::SameAfter(7_000),
            "vendor/m is temporarily rate-limited",
        ),
        (
            "overloaded",
            Kind::Overloaded,
            Retry::OtherAccount,
            "The engine is currently overloaded.",
        ),
        (
            "plain_text",
            Kind::Upstream,
            Retry::OtherAccount,
            "upstream connect error to [host]",
        ),
        // The wait stands in the text only: texts are not read.
        (
            "rate_limit",
            Kind::RateLimit,
            Retry::OtherAccount,
            "Rate limit reached for gpt-x in organization org-test on tokens per min. Please try again in 20s.",
        ),
        (
            "server_error",
            Kind::Upstream,
            Retry::OtherAccount,
            "The server had an error while processing your request.",
        ),
        (
            "text_member",
            Kind::NotFound,
            Retry::OtherAccount,
            "model \"x\" not found, try pulling it first",
        ),
        (
            "too_large",
            Kind::TooLarge,
            Retry::Never,
            "Request too large for model on tokens per minute",
        ),
        (
            "vllm_flat",
            Kind::BadRequest,
            Retry::Never,
            "max_tokens must be at least 1",
        ),
    ];
    for (name, kind, retry, message) in expected {
        let error = read(name);
        assert_eq!(
            (error.kind, error.retry, error.message.as_str()),
            (kind, retry, message),
            "{name}"
        );
        assert_eq!(
            error.source == Source::Client,
            retry == Retry::Never,
            "{name}"
        );
        assert!(error.upstream_status.is_some());
    }
    assert_eq!(
        names("error").len(),
        expected.len(),
        "every fixture has its expectation"
    );
}

#[test]
fn places_and_codes_are_kept() {
    let error = read("bad_request");
    assert_eq!(
        (error.pointer.as_deref(), error.code.as_deref()),
        (Some("/messages/0/content"), Some("invalid_type"))
    );
    let (status, body) = chat().encode_error(&error, "req_1");
    let value: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, 400);
    assert_eq!(
        value["error"],
        json!({"message": "Invalid type for 'messages[0].content'. (at /messages/0/content)", "type": "invalid_request_error", "param": "messages[0].content", "code": "invalid_type"})
    );
}

#[test]
fn the_operators_secrets_stay_here() {
    let error = read("invalid_api_key");
    let (_, body) = chat().encode_error(&error, "req_9");
    let text = String::from_utf8(body).unwrap();
    assert!(
        !text.contains("API key") && !text.contains("invalid_api_key") && text.contains("req_9"),
        "{text}"
    );
    let leaky = Error::new(
        Kind::Upstream,
        Source::Upstream,
        "dial https://10.1.2.3:99/x with sk-test-0123456789",
    );
    let text = String::from_utf8(chat().encode_error(&leaky, "r").1).unwrap();
    assert!(
        !text.contains("10.1.2.3") && !text.contains("sk-test"),
        "{text}"
    );
}

#[test]
fn waits_are_read_from_fields_and_bounded() {
    let wait = |body: &str| chat().decode_error(429, body.as_bytes()).retry_after_ms;
    let cases = [
        (
            r#"{"error":{"message":"x","retry_after":2.5}}"#,
            Some(2_500),
        ),
        (
            r#"{"error":{"message":"x"},"retry_after_ms":150}"#,
            Some(150),
        ),
        (
            r#"{"error":{"message":"x","metadata":{"retry_after_seconds":3}}}"#,
            Some(3_000),
        ),
        (
            r#"{"error":{"message":"x","metadata":{"headers":{"retry-after-ms":"40"}}}}"#,
            Some(40),
        ),
        (r#"{"error":{"message":"x","retry_after":-1}}"#, None),
        (
            r#"{"error":{"message":"x","retry_after":9e99}}"#,
            Some(86_400_000),
        ),
        (r#"{"error":{"message":"x","retry_after":"soon"}}"#, None),
        (r#"{"error":"try again in 20s"}"#, None),
    ];
    for (body, expected) in cases {
        assert_eq!(wait(body), expected, "{body}");
    }
}
