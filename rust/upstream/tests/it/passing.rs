//! Bodies that are passed on, both ways: bounded, in order, whole or visibly cut.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fastproxy_core::dialect::Dialect;
use fastproxy_core::error::Kind;
use fastproxy_upstream::inflow::inflow;
use fastproxy_upstream::{
    Call, Client, EndpointSettings, Exchange, Feeder, Inflow, Keepalive, Outcome, Passage, Status,
    Stop, Timeouts,
};
use http::Method;
use tokio::task::JoinHandle;

use crate::support::{
    PATIENCE, TestSink, Upstream, chunk, client, h2_upstream, respond, with_length,
};

fn start(client: Client, url: &str, inflow: Inflow, sink: &TestSink) -> JoinHandle<Outcome> {
    start_with(client, &EndpointSettings::new(url), inflow, sink)
}

fn start_with(
    client: Client,
    settings: &EndpointSettings,
    inflow: Inflow,
    sink: &TestSink,
) -> JoinHandle<Outcome> {
    let endpoint = client.endpoint(settings).unwrap();
    let call = Call::new(&endpoint, Method::POST, "/v1/files", Bytes::new()).unwrap();
    let exchange = Exchange {
        call: call.arriving(inflow),
        answer: Passage::of(Dialect::OpenaiChat),
        head: vec![(b"x-request-id".to_vec(), b"r".to_vec())],
        timeouts: Timeouts::default(),
        keepalive: Keepalive::default(),
        hold_back: false,
        max_response_bytes: 1 << 20,
        stop: Stop::new(),
    };
    let mut sink = sink.clone();
    tokio::spawn(async move { exchange.run(&client, &mut sink).await })
}

async fn ended(running: JoinHandle<Outcome>) -> Outcome {
    tokio::time::timeout(PATIENCE, running)
        .await
        .expect("the exchange hangs")
        .unwrap()
}

async fn feed_all(feeder: Feeder, pieces: &[&'static str]) {
    for piece in pieces {
        assert!(feeder.feed(Bytes::from_static(piece.as_bytes())).await);
    }
    feeder.end().await;
}

type Seen = Arc<Mutex<Vec<u8>>>;

/// An upstream that reads `expected` bytes behind the head, and answers then.
fn reading(expected: usize, answer: String) -> (Upstream, Seen) {
    let seen = Seen::default();
    let heard = Arc::clone(&seen);
    let upstream = Upstream::start(move |mut connection| {
        let (heard, answer) = (Arc::clone(&heard), answer.clone());
        async move {
            let Some(head) = connection.head().await else {
                return;
            };
            let body = connection.read(expected).await;
            heard
                .lock()
                .unwrap()
                .extend([head.as_bytes(), &body].concat());
            connection.write(answer).await;
            connection.closed().await;
        }
    });
    (upstream, seen)
}

fn text(seen: &Seen) -> String {
    String::from_utf8(seen.lock().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn a_body_of_known_length_goes_out_as_it_comes() {
    let answer = with_length(
        "201 Created",
        "content-type: image/png\r\nx-secret: 1\r\n",
        "PNG",
    );
    let (upstream, seen) = reading(8, answer);
    let (feeder, inflow) = inflow(Some(8));
    let sink = TestSink::new();
    let running = start(client(), &upstream.url(), inflow, &sink);
    feed_all(feeder, &["hell", "", "o th", ""]).await;
    let outcome = ended(running).await;
    assert_eq!(
        (outcome.status, outcome.upstream_status),
        (Status::Completed, Some(201))
    );
    assert_eq!((sink.status(), sink.text().as_str()), (Some(201), "PNG"));
    assert!(text(&seen).contains("content-length: 8\r\n"));
    assert!(text(&seen).ends_with("\r\n\r\nhello th"));
}

#[tokio::test]
async fn a_body_of_unknown_length_goes_out_in_chunks() {
    let expected = chunk("hell") + &chunk("o") + "0\r\n\r\n";
    let (upstream, seen) = reading(expected.len(), with_length("200 OK", "", "done"));
    let (feeder, inflow) = inflow(None);
    let sink = TestSink::new();
    let running = start(client(), &upstream.url(), inflow, &sink);
    feed_all(feeder, &["hell", "o"]).await;
    assert_eq!(ended(running).await.status, Status::Completed);
    assert!(text(&seen).contains("transfer-encoding: chunked\r\n"));
    assert!(text(&seen).ends_with(&format!("\r\n\r\n{expected}")));
}

#[tokio::test]
async fn a_body_that_is_broken_off_is_never_taken_for_whole() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.head().await;
        connection.closed().await;
    });
    for length in [Some(100), None] {
        let (feeder, inflow) = inflow(length);
        let sink = TestSink::new();
        let running = start(client(), &upstream.url(), inflow, &sink);
        assert!(feeder.feed(Bytes::from_static(b"half")).await);
        drop(feeder);
        let outcome = ended(running).await;
        assert_eq!(outcome.status, Status::Failed);
        assert_eq!(outcome.error.unwrap().kind, Kind::Cancelled);
        assert_eq!(sink.status(), None);
    }
}

#[tokio::test]
async fn a_refusal_comes_before_the_body_is_out() {
    let body = r#"{"error":{"message":"too big","type":"invalid_request_error"}}"#;
    let refusal = with_length("413 Payload Too Large", "", body);
    let upstream = Upstream::start(move |mut connection| {
        let refusal = refusal.clone();
        async move {
            connection.head().await;
            connection.write(refusal).await;
            connection.closed().await;
        }
    });
    let (feeder, inflow) = inflow(Some(1 << 30));
    let sink = TestSink::new();
    let running = start(client(), &upstream.url(), inflow, &sink);
    let outcome = ended(running).await;
    assert_eq!(outcome.error.map(|error| error.kind), Some(Kind::TooLarge));
    assert_eq!(sink.status(), None);
    assert!(
        !feeder.feed(Bytes::from_static(b"more")).await,
        "nobody takes more"
    );
}

#[tokio::test]
async fn an_upstream_that_does_not_read_stops_the_client() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.head().await;
        std::future::pending::<()>().await;
    });
    let (feeder, inflow) = inflow(None);
    let sink = TestSink::new();
    let running = start(client(), &upstream.url(), inflow, &sink);
    let piece = Bytes::from(vec![b'x'; 256 << 10]);
    let mut taken = 0;
    while tokio::time::timeout(Duration::from_millis(500), feeder.feed(piece.clone()))
        .await
        .is_ok()
    {
        taken += piece.len();
        assert!(taken < 64 << 20, "the queue has no bound");
    }
    running.abort();
}

#[tokio::test]
async fn a_body_goes_out_over_http2() {
    let (_upstream, settings) = h2_upstream(|_, (request, mut stream)| async move {
        let mut body = request.into_body();
        let mut received = Vec::new();
        while let Some(Ok(piece)) = body.data().await {
            received.extend_from_slice(&piece);
        }
        assert_eq!(received, b"hello");
        respond(&mut stream, "taken", true);
    });
    let (feeder, inflow) = inflow(None);
    let sink = TestSink::new();
    let running = start_with(client(), &settings, inflow, &sink);
    feed_all(feeder, &["hell", "o"]).await;
    assert_eq!(ended(running).await.status, Status::Completed);
    assert_eq!(sink.text(), "taken");
}
