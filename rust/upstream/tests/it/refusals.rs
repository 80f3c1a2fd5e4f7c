//! Error answers (U17 to U27, the part of this layer).

use fastproxy_core::error::{Kind, Retry};
use fastproxy_upstream::{Outcome, RetryClass, Status};

use crate::support::{Attempt, TestSink, Upstream, chunk, message, with_length};

async fn answered(response: String) -> (Outcome, TestSink) {
    let upstream = Upstream::start(move |mut connection| {
        let response = response.clone();
        async move {
            connection.request().await.unwrap();
            connection.write(response).await;
            connection.closed().await;
        }
    });
    let mut sink = TestSink::new();
    let outcome = Attempt::of(&upstream).run(&mut sink).await;
    (outcome, sink)
}

#[tokio::test]
async fn a_complete_error_answer_is_safe_to_retry() {
    for (status, kind) in [
        ("401 Unauthorized", Kind::Auth),
        ("402 Payment Required", Kind::Billing),
        ("429 Too Many Requests", Kind::RateLimit),
        ("500 Internal Server Error", Kind::Upstream),
        ("529 Overloaded", Kind::Overloaded),
    ] {
        let (outcome, sink) = answered(with_length(status, "", "{\"error\":1}")).await;
        assert_eq!(
            (outcome.status, outcome.class),
            (Status::Failed, RetryClass::Safe),
            "{status}"
        );
        let error = outcome.error.unwrap();
        assert_eq!(
            (error.kind, error.retry, error.message.as_str()),
            (kind, Retry::OtherAccount, "{\"error\":1}")
        );
        assert_eq!(error.upstream_status, outcome.upstream_status);
        assert_eq!(sink.status(), None);
    }
}

#[tokio::test]
async fn the_clients_mistake_is_final() {
    let (outcome, _) = answered(with_length("400 Bad Request", "", "{}")).await;
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Failed, RetryClass::Never)
    );
    assert_eq!(outcome.error.unwrap().retry, Retry::Never);
}

#[tokio::test]
async fn the_stated_wait_is_kept() {
    let headers = "retry-after: 7\r\nx-request-id: req_7\r\n";
    let (outcome, _) = answered(with_length("429 Too Many Requests", headers, "{}")).await;
    assert_eq!(outcome.upstream_request_id.as_deref(), Some("req_7"));
    let error = outcome.error.unwrap();
    assert_eq!(
        (error.retry, error.retry_after_ms),
        (Retry::SameAfter(7000), Some(7000))
    );
}

#[tokio::test]
async fn a_page_of_an_intermediary_is_ambiguous() {
    let (outcome, _) = answered(with_length(
        "502 Bad Gateway",
        "content-type: text/html\r\n",
        "<html>",
    ))
    .await;
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Failed, RetryClass::Ambiguous)
    );
}

#[tokio::test]
async fn a_cut_error_body_still_counts_by_its_status() {
    let response = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 100\r\n\r\n{\"err";
    let upstream = Upstream::start(move |mut connection| async move {
        connection.request().await.unwrap();
        connection.write(response).await;
    });
    let outcome = Attempt::of(&upstream).run(&mut TestSink::new()).await;
    assert_eq!(
        (outcome.class, message(&outcome)),
        (RetryClass::Safe, "{\"err")
    );
}

#[tokio::test]
async fn an_endless_error_body_is_cut() {
    let upstream = Upstream::start(move |mut connection| async move {
        connection.request().await.unwrap();
        connection
            .write("HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        while connection.write(chunk(&"x".repeat(64 << 10))).await {}
    });
    let outcome = Attempt::of(&upstream).run(&mut TestSink::new()).await;
    assert_eq!(outcome.class, RetryClass::Safe);
    assert_eq!(message(&outcome).len(), 1 << 20);
}

#[tokio::test]
async fn the_key_and_the_host_are_never_repeated() {
    let upstream = Upstream::start(|mut connection| async move {
        let request = connection.request().await.unwrap();
        let body = format!("{request:?}");
        connection
            .write(with_length("400 Bad Request", "", &body))
            .await;
        connection.closed().await;
    });
    let outcome = Attempt::of(&upstream).run(&mut TestSink::new()).await;
    let message = outcome.error.unwrap().message;
    assert!(
        message.contains("[redacted]") && message.contains("[host]"),
        "{message}"
    );
    assert!(
        !message.contains("sk-test-1") && !message.contains("127.0.0.1"),
        "{message}"
    );
}
