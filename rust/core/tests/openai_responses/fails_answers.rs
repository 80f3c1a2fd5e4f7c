//! Answers that fail, or keep a client waiting.

use fastproxy_core::dialect::openai_responses::Responses;
use fastproxy_core::dialect::{Codec, EventEncoder};
use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::ir::{Delta, PartKind, Piece, Start};
use fastproxy_core::loss::LossReport;
use serde_json::Value;

use super::grammar::read;
use super::kit::encode_cx;

fn begun(out: &mut Vec<u8>) -> Box<dyn EventEncoder> {
    let mut encoder = Responses.stream_encoder(&encode_cx());
    let mut loss = LossReport::new();
    let deltas = [
        Delta::Start(Start::default()),
        Delta::PartStart {
            part: 0,
            kind: PartKind::Text,
        },
        Delta::Piece {
            part: 0,
            piece: Piece::Text("half"),
        },
    ];
    for delta in &deltas {
        encoder.delta(delta, &mut loss, out);
    }
    encoder
}

/// Rows 70, 71 and §1.2: nested and flat in one, then `response.failed` with the error in it.
#[test]
fn a_stream_that_fails_says_so_in_both_shapes() {
    let mut out = Vec::new();
    let mut encoder = begun(&mut out);
    let error = Error::new(
        Kind::RateLimit,
        Source::Upstream,
        "slow down, sk-test-1234567890",
    );
    encoder.abort(&error, &mut out);
    let reader = read(std::str::from_utf8(&out).unwrap());
    assert!(reader.is_failed);
    let failed = reader.last.unwrap();
    assert_eq!(failed["error"]["code"], "rate_limit_exceeded");
    assert!(
        !failed["error"]["message"]
            .as_str()
            .unwrap()
            .contains("sk-test")
    );
    let length = out.len();
    encoder.abort(&error, &mut out);
    encoder.delta(&Delta::End, &mut LossReport::new(), &mut out);
    assert_eq!(out.len(), length, "nothing comes after the end");
}

#[test]
fn a_stream_that_never_began_has_only_its_error() {
    let mut out = Vec::new();
    let error = Error::new(Kind::Internal, Source::Proxy, "secret detail");
    Responses
        .stream_encoder(&encode_cx())
        .abort(&error, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("event: error\n") && !text.contains("response.failed"));
    assert!(!text.contains("secret"));
}

#[test]
fn a_client_is_kept_waiting_by_comments() {
    let mut out = Vec::new();
    let mut encoder = begun(&mut out);
    let length = out.len();
    encoder.keepalive(&mut out);
    encoder.delta(&Delta::Keepalive, &mut LossReport::new(), &mut out);
    assert_eq!(&out[length..], b": keepalive\n\n: keepalive\n\n");
}

#[test]
fn errors_before_the_answer_are_those_of_chat() {
    let error = Error::client("wrong")
        .at("/input/3/content/0")
        .with_code("odd");
    let (status, body) = Responses.encode_error(&error, "req_1");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, 400);
    let said = &body["error"];
    assert!(said["message"].as_str().unwrap().starts_with("wrong"));
    assert_eq!(said["type"], "invalid_request_error");
    assert_eq!(said["param"], "input[3].content[0]");
    assert_eq!(said["code"], "odd");
}
