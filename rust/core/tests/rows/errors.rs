//! Failures that were told as something else, or that told too much.

use fastproxy_core::dialect::{Dialect, codec};
use fastproxy_core::error::{Kind, Source};
use serde_json::{Value, json};

use super::kit::{fixture, pairs, run, setup};

/// An error as each vendor says it.
fn said(upstream: Dialect, status: u16, word: &str, message: &str) -> Vec<u8> {
    let body = match upstream {
        Dialect::OpenaiChat | Dialect::OpenaiResponses => {
            json!({"error": {"message": message, "type": word, "param": null, "code": null}})
        }
        Dialect::Anthropic => json!({"type": "error", "error": {"type": word, "message": message}}),
        Dialect::Gemini => json!({"error": {"code": status, "message": message, "status": word}}),
        Dialect::Ollama => json!({ "error": message }),
    };
    body.to_string().into_bytes()
}

/// Status and words of each class in each dialect: OpenAI, Anthropic, Gemini.
const CLASSES: [(u16, [&str; 3]); 8] = [
    (
        400,
        [
            "invalid_request_error",
            "invalid_request_error",
            "INVALID_ARGUMENT",
        ],
    ),
    (
        403,
        ["permission_error", "permission_error", "PERMISSION_DENIED"],
    ),
    (404, ["not_found_error", "not_found_error", "NOT_FOUND"]),
    (
        413,
        [
            "invalid_request_error",
            "request_too_large",
            "INVALID_ARGUMENT",
        ],
    ),
    (
        429,
        ["rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"],
    ),
    (500, ["server_error", "api_error", "INTERNAL"]),
    (503, ["server_error", "overloaded_error", "UNAVAILABLE"]),
    (504, ["timeout", "timeout_error", "DEADLINE_EXCEEDED"]),
];

/// The word of a dialect, of those three.
fn word(dialect: Dialect, words: [&'static str; 3]) -> &'static str {
    match dialect {
        Dialect::Anthropic => words[1],
        Dialect::Gemini => words[2],
        _ => words[0],
    }
}

/// Every class keeps its status class and its message through every pair, and has the client's own words.
#[test]
fn an_error_became_another_one() {
    for (upstream, client) in pairs() {
        for (status, words) in CLASSES {
            let native = if (upstream, status) == (Dialect::Anthropic, 503) {
                529
            } else {
                status
            };
            let body = said(upstream, native, word(upstream, words), "the-reason");
            let error = codec(upstream).decode_error(native, &body);
            let (told, body) = codec(client).encode_error(&error, "req_1");
            let text = String::from_utf8(body).unwrap();
            let place = format!("{status} of {upstream:?} for {client:?}: {told} {text}");
            let expected: &[u16] = match status {
                503 if client == Dialect::Anthropic => &[529],
                // A failure of the upstream is a bad gateway to some, a server error to others.
                500 => &[500, 502],
                // The operator's credential may not do it: nothing that the client can mend by another key.
                403 => &[403, 502],
                _ => &[status],
            };
            assert!(expected.contains(&told), "{place}");
            assert!(text.contains("the-reason") || status == 403, "{place}");
            if client == Dialect::Gemini || client == Dialect::Anthropic {
                let said: Value = serde_json::from_str(&text).unwrap();
                let said = if client == Dialect::Gemini {
                    &said["error"]["status"]
                } else {
                    &said["error"]["type"]
                };
                let fits = *said == word(client, words) || matches!(status, 403 | 413 | 500);
                assert!(fits, "{place}");
            }
        }
    }
}

/// The operator's own bad key shown as the client's 401: agents log their user out.
#[test]
fn the_operators_bad_key_was_the_clients() {
    for (upstream, client) in pairs() {
        let words = [
            "invalid_request_error",
            "authentication_error",
            "UNAUTHENTICATED",
        ];
        let body = said(
            upstream,
            401,
            word(upstream, words),
            "Incorrect API key provided: sk-test-0123456789abcdef",
        );
        let error = codec(upstream).decode_error(401, &body);
        let (told, body) = codec(client).encode_error(&error, "req_1");
        let text = String::from_utf8(body).unwrap();
        assert!(
            matches!(told, 502 | 503),
            "{upstream:?} for {client:?}: {told} {text}"
        );
        assert!(
            !text.contains("sk-test-0123456789abcdef"),
            "{upstream:?} for {client:?}: {text}"
        );
    }
}

/// A wait that an upstream names in its body reaches the client, and a Gemini client in `RetryInfo`.
#[test]
fn the_time_to_wait_was_lost() {
    let body = json!({"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"}]}});
    let error = codec(Dialect::Gemini).decode_error(429, body.to_string().as_bytes());
    assert_eq!(
        (error.kind, error.retry_after_ms),
        (Kind::RateLimit, Some(17_500))
    );
    for upstream in [
        Dialect::OpenaiChat,
        Dialect::OpenaiResponses,
        Dialect::Anthropic,
        Dialect::Ollama,
    ] {
        let mut error =
            codec(upstream).decode_error(429, &said(upstream, 429, "rate_limit_error", "slow"));
        // What the pipeline takes from the header.
        error.retry_after_ms = Some(3_000);
        let (status, body) = codec(Dialect::Gemini).encode_error(&error, "req_1");
        let body: Value = serde_json::from_slice(&body).unwrap();
        let details = body["error"]["details"].as_array().unwrap();
        let info = details
            .iter()
            .find(|detail| detail["retryDelay"].is_string())
            .unwrap();
        assert_eq!(
            (status, &info["retryDelay"]),
            (429, &json!("3s")),
            "{upstream:?}"
        );
    }
}

/// An error object, or a web page, with status 200: never an answer.
#[test]
fn an_error_with_status_200_was_an_answer() {
    let page = b"<!DOCTYPE html><html><body>Bad gateway</body></html>".to_vec();
    for (upstream, client) in pairs() {
        let error = said(
            upstream,
            500,
            word(upstream, ["server_error", "api_error", "INTERNAL"]),
            "broken",
        );
        for body in [
            &error,
            &page,
            &b"{}".to_vec(),
            &b"null".to_vec(),
            &Vec::new(),
        ] {
            for stream in [false, true] {
                let mut sent = body.clone();
                if stream && upstream != Dialect::Ollama {
                    sent = [b"data: ".as_slice(), body, b"\n\n"].concat();
                }
                let (out, end, _) = run(setup(upstream, client, stream), &sent);
                let failure =
                    end.expect_err(&format!("{upstream:?} for {client:?}, {stream}: {out}"));
                assert_eq!(failure.source, Source::Upstream, "{failure}");
                assert!(
                    out.is_empty(),
                    "before the first word an error is a status: {out}"
                );
            }
        }
    }
}

/// An error in the middle of a stream, in each vendor's form: each client gets its own.
#[test]
fn an_error_in_the_stream_was_swallowed() {
    for (path, upstream) in [
        (
            "openai_chat/stream/error_mid_stream.sse",
            Dialect::OpenaiChat,
        ),
        ("anthropic/stream/bad_error_midway.sse", Dialect::Anthropic),
        ("gemini/stream/bad_error_midway.sse", Dialect::Gemini),
        ("ollama/stream/error_mid_stream.ndjson", Dialect::Ollama),
    ] {
        for (_, client) in pairs().filter(|pair| pair.0 == upstream) {
            let (out, end, _) = run(setup(upstream, client, true), &fixture(path));
            assert!(end.is_err(), "{path} for {client:?}");
            let last = out.lines().rev().find(|line| line.contains('{')).unwrap();
            assert!(last.contains("error"), "{path} for {client:?}: {last}");
            let ends = [
                "[DONE]",
                "message_stop",
                "response.completed",
                "\"done\":true",
                "\"finishReason\"",
            ];
            assert!(
                !ends.iter().any(|end| out.contains(end)),
                "{path} for {client:?}: {out}"
            );
        }
    }
}

/// OmniRoute#3044: the host's words stood in `metadata.raw`, the client read "Provider returned error".
#[test]
fn the_real_cause_was_hidden() {
    let fixture: Value =
        serde_json::from_slice(&fixture("openai_chat/error/openrouter_raw.json")).unwrap();
    let body = fixture["body"]
        .as_str()
        .map_or_else(|| fixture["body"].to_string(), Into::into);
    let status = u16::try_from(fixture["status"].as_u64().unwrap()).unwrap();
    let error = codec(Dialect::OpenaiChat).decode_error(status, body.as_bytes());
    assert!(
        error
            .message
            .contains("vendor/m is temporarily rate-limited"),
        "{error}"
    );
}
