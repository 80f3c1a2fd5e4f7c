//! The core's transcoder in the place of its double: what leaves an exchange is what the client's dialect says.

use fastproxy_core::dialect::{DecodeContext, Dialect, EncodeContext, NameMap, RelayContext};
use fastproxy_core::error::Kind;
use fastproxy_core::sse::DEFAULT_EVENT_LIMIT;
use fastproxy_core::transcode::{Setup, Transcoder};
use fastproxy_upstream::{
    Call, EndpointSettings, Exchange, Keepalive, Outcome, RetryClass, Status, Stop, Timeouts,
};
use http::Method;

use crate::support::{TestSink, Upstream, client, message, with_length};

const CHAT: &str = "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\
    \"delta\":{\"role\":\"assistant\",\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n\
    data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\
    \"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: [DONE]\n\n";

/// What a chat client gets from a chat upstream that sends this.
async fn chat(response: String, stream: bool, is_raw: bool) -> (Outcome, String) {
    let upstream = Upstream::start(move |mut connection| {
        let response = response.clone();
        async move {
            connection.request().await.unwrap();
            connection.write(response).await;
            connection.closed().await;
        }
    });
    let client = client();
    let endpoint = client
        .endpoint(&EndpointSettings::new(upstream.url()))
        .unwrap();
    let setup = Setup {
        client: Dialect::OpenaiChat,
        upstream: Dialect::OpenaiChat,
        stream,
        is_raw,
        decode: DecodeContext::default(),
        encode: EncodeContext {
            model: "m".into(),
            request_id: "req-1".into(),
            ..EncodeContext::default()
        },
        relay: RelayContext {
            model: "m".into(),
            ..RelayContext::default()
        },
        names: NameMap::default(),
        ledger: None,
        archive: None,
        event_limit: DEFAULT_EVENT_LIMIT,
    };
    let exchange = Exchange {
        call: Call::new(&endpoint, Method::POST, "/v1/chat/completions", "{}").unwrap(),
        answer: Transcoder::new(setup),
        head: vec![(b"content-type".to_vec(), b"text/event-stream".to_vec())],
        timeouts: Timeouts::default(),
        keepalive: Keepalive::default(),
        hold_back: true,
        max_response_bytes: 1 << 20,
        stop: Stop::new(),
    };
    let mut sink = TestSink::new();
    let outcome = exchange.run(&client, &mut sink).await;
    (outcome, sink.text())
}

#[tokio::test]
async fn the_raw_lane_relays_byte_for_byte() {
    let (outcome, text) = chat(with_length("200 OK", "", CHAT), true, true).await;
    assert_eq!(
        (outcome.status, text.as_str()),
        (Status::Completed, CHAT),
        "{:?}",
        outcome.error
    );
    assert_eq!(outcome.report.finish.as_deref(), Some("stop"));
}

#[tokio::test]
async fn the_ir_lane_says_the_same() {
    let (outcome, text) = chat(with_length("200 OK", "", CHAT), true, false).await;
    assert_eq!(outcome.status, Status::Completed, "{:?}", outcome.error);
    assert!(
        text.contains("\"content\":\"Hello\"") && text.ends_with("data: [DONE]\n\n"),
        "{text}"
    );
}

/// U14: an end without the dialect's own is not an end.
#[tokio::test]
async fn a_missing_terminator_is_an_error_event() {
    let cut = CHAT.split_inclusive("\n\n").next().unwrap();
    let (outcome, text) = chat(with_length("200 OK", "", cut), true, true).await;
    // The only content and the end came in one read: nothing had been delivered.
    assert_eq!(
        (outcome.status, outcome.class, text.as_str()),
        (Status::Failed, RetryClass::HeldBack, "")
    );
    assert_eq!(outcome.error.unwrap().kind, Kind::Truncated);
}

/// U29, U30, U44: status 200, and yet no answer.
#[tokio::test]
async fn an_error_object_or_a_page_with_status_200_is_a_failure() {
    let error = "{\"error\":{\"message\":\"Rate limit reached\",\"type\":\"rate_limit_error\",\"code\":\"rate_limit_exceeded\"}}";
    for stream in [true, false] {
        let (outcome, text) = chat(
            with_length("200 OK", "content-type: text/event-stream\r\n", error),
            stream,
            true,
        )
        .await;
        assert_eq!(
            (outcome.status, outcome.class, text.as_str()),
            (Status::Failed, RetryClass::HeldBack, "")
        );
        assert_eq!(outcome.error.unwrap().kind, Kind::RateLimit);
        let (outcome, _) = chat(
            with_length("200 OK", "", "<html><title>Login</title>"),
            stream,
            true,
        )
        .await;
        assert_eq!(
            (outcome.status, message(&outcome)),
            (Status::Failed, "the upstream answered with a web page")
        );
    }
}

#[tokio::test]
async fn error_answers_are_read_in_the_upstreams_dialect() {
    let error = "{\"error\":{\"message\":\"You exceeded your current quota\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}";
    let (outcome, _) = chat(with_length("429 Too Many Requests", "", error), true, true).await;
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Failed, RetryClass::Safe)
    );
    let error = outcome.error.unwrap();
    assert_eq!(
        (error.kind, error.upstream_status),
        (Kind::Billing, Some(429))
    );
}
