//! Bodies that are cut, coded, huge or early (U15, U16, U30, U37 to U39).

use std::io::Write as _;

use fastproxy_core::error::Kind;
use fastproxy_upstream::{Outcome, RetryClass, Status};

use crate::support::{
    Attempt, Lines, TestSink, Upstream, chunk, chunked_head, message, with_length,
};

/// Run against an upstream that sends exactly this and closes.
async fn answered(answer: Lines, response: Vec<u8>) -> (Outcome, TestSink) {
    let upstream = Upstream::start(move |mut connection| {
        let response = response.clone();
        async move {
            connection.request().await.unwrap();
            connection.write(response).await;
        }
    });
    let mut sink = TestSink::new();
    let outcome = Attempt {
        answer,
        ..Attempt::of(&upstream)
    }
    .run(&mut sink)
    .await;
    (outcome, sink)
}

#[tokio::test]
async fn cut_bodies_are_never_complete() {
    for (head, body) in [
        ("content-length: 100", "{\"a\":1}"),
        ("transfer-encoding: chunked", "7\r\n{\"a\":1}\r\n"),
        ("transfer-encoding: chunked", "7\r\n{\"a\""),
        ("transfer-encoding: chunked", "7\r\n{\"a\":1}garbage"),
        ("transfer-encoding: chunked", "fffffffffffffffff\r\n{}"),
        ("transfer-encoding: chunked", "-1\r\n{}"),
    ] {
        let response = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
        let (outcome, _) = answered(Lines::document(), response.into_bytes()).await;
        assert_eq!(
            (outcome.status, outcome.class),
            (Status::Failed, RetryClass::HeldBack),
            "{body}"
        );
        assert_eq!(outcome.error.unwrap().kind, Kind::Truncated, "{body}");
        assert_eq!(outcome.body, None);
    }
}

#[tokio::test]
async fn chunk_extensions_and_trailers_are_tolerated() {
    let body = "c;name=value\r\ntext a\ndone\n\r\n0\r\nx-trailer: 1\r\n\r\n";
    let (outcome, sink) = answered(
        Lines::stream(),
        format!("{}{body}", chunked_head()).into_bytes(),
    )
    .await;
    assert_eq!(
        (outcome.status, sink.text().as_str()),
        (Status::Completed, "a\ndone\n")
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn coded_answers_are_decoded() {
    let (outcome, sink) = answered(Lines::stream(), coded("gzip", &gzip(b"text a\ndone\n"))).await;
    assert_eq!(
        (outcome.status, sink.text().as_str()),
        (Status::Completed, "a\ndone\n")
    );
    let (outcome, _) = answered(Lines::document(), coded("identity", b"{}")).await;
    assert_eq!(outcome.body.as_deref(), Some(b"{}".as_slice()));
}

#[tokio::test]
async fn wrong_codings_are_errors() {
    for response in [
        coded("gzip", b"text a\ndone\n"),
        coded("x-unheard-of", b"{}"),
        coded("gzip", &gzip(b"{}")[..12]),
    ] {
        let (outcome, sink) = answered(Lines::document(), response).await;
        assert_eq!((outcome.status, sink.status()), (Status::Failed, None));
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_cut() {
    let zeros = vec![b'0'; 16 << 20];
    let (outcome, _) = answered(Lines::document(), coded("gzip", &gzip(&zeros))).await;
    assert_eq!(outcome.status, Status::Failed);
    assert!(outcome.bytes_in < 10 << 20, "{}", outcome.bytes_in);
}

#[tokio::test]
async fn answers_are_bounded() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection.write(chunked_head()).await;
        while connection.write(chunk(&"x".repeat(10_000))).await {}
    });
    let attempt = Attempt {
        max_response_bytes: 1 << 20,
        ..Attempt::of(&upstream)
    };
    let outcome = attempt.run(&mut TestSink::new()).await;
    assert_eq!(
        (outcome.status, outcome.error.as_ref().unwrap().kind),
        (Status::Failed, Kind::Upstream)
    );
    assert!(message(&outcome).contains("larger than 1048576"));
    assert!(outcome.bytes_in < (1 << 20) + (64 << 10));
}

#[tokio::test]
async fn one_event_of_ten_megabytes_passes() {
    let event = format!("text {}\ndone\n", "y".repeat(10 << 20));
    let (outcome, sink) = answered(
        Lines::stream(),
        with_length("200 OK", "", &event).into_bytes(),
    )
    .await;
    assert_eq!(
        (outcome.status, sink.len()),
        (Status::Completed, (10 << 20) + 6)
    );
}

/// An upstream that has made up its mind before it has read everything.
#[tokio::test]
async fn an_answer_may_come_before_the_upload_ends() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.head().await.unwrap();
        connection
            .write(with_length(
                "413 Content Too Large",
                "",
                "{\"error\":\"large\"}",
            ))
            .await;
        connection.closed().await;
    });
    let attempt = Attempt {
        body: vec![b' '; 32 << 20],
        ..Attempt::of(&upstream)
    };
    let outcome = attempt.run(&mut TestSink::new()).await;
    assert_eq!(
        (outcome.upstream_status, message(&outcome)),
        (Some(413), "{\"error\":\"large\"}")
    );
    assert_eq!(outcome.class, RetryClass::Never);
}

/// FIN after the answer, while still reading.
#[tokio::test]
async fn a_half_closed_upstream_has_answered() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection
            .write(with_length("200 OK", "", "text a\ndone\n"))
            .await;
        connection.half_close().await;
        connection.closed().await;
    });
    let mut sink = TestSink::new();
    let outcome = Attempt::of(&upstream).run(&mut sink).await;
    assert_eq!(
        (outcome.status, sink.text().as_str()),
        (Status::Completed, "a\ndone\n")
    );
}

/// Reset because the request's body was never read (U11).
#[tokio::test]
async fn a_reset_before_the_headers_is_ambiguous() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.head().await.unwrap();
    });
    let attempt = Attempt {
        body: vec![b' '; 1 << 20],
        ..Attempt::of(&upstream)
    };
    let outcome = attempt.run(&mut TestSink::new()).await;
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Failed, RetryClass::Ambiguous)
    );
    assert_eq!(outcome.error.unwrap().kind, Kind::Unreachable);
}
