//! Response heads that are wrong, hostile or merely unusual (U31, U40 to U42).

use fastproxy_core::error::Kind;
use fastproxy_upstream::{Lookups as _, Outcome, Status};

use crate::support::{Attempt, Names, TestSink, Upstream, chunk, message, with_length};

/// Run a stream against an upstream that sends exactly this.
async fn answered(response: String) -> (Outcome, String) {
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
    (outcome, sink.text())
}

fn assert_refused(outcome: &Outcome, text: &str) {
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!(outcome.error.as_ref().unwrap().kind, Kind::Upstream);
    assert!(message(outcome).contains(text), "{:?}", outcome.error);
}

#[tokio::test]
async fn redirects_are_refused() {
    let target = Upstream::start(|mut connection| async move {
        connection.request().await;
    });
    for status in [
        "301 Moved",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let location = format!("location: http://127.0.0.1:{}/\r\n", target.port());
        let (outcome, _) = answered(with_length(status, &location, "")).await;
        assert_refused(&outcome, "redirect refused");
    }
    assert_eq!(target.connections(), 0, "the key must go nowhere else");
}

#[tokio::test]
async fn informational_responses_are_skipped() {
    let body = chunk("text a\ndone\n");
    let response = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n\
         HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}0\r\n\r\n"
    );
    let (outcome, text) = answered(response).await;
    assert_eq!(
        (outcome.status, text.as_str()),
        (Status::Completed, "a\ndone\n")
    );
}

#[tokio::test]
async fn an_unasked_upgrade_is_an_error() {
    let head =
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    let (outcome, _) = answered(head.into()).await;
    assert_refused(&outcome, "switched protocols");
}

#[tokio::test]
async fn header_bombs_are_refused() {
    let many = (0..10_000)
        .map(|n| format!("x-{n}: 1\r\n"))
        .collect::<Vec<_>>()
        .concat();
    let long = format!("x-long: {}\r\n", "a".repeat(1 << 20));
    for headers in [many, long] {
        let (outcome, _) = answered(with_length("200 OK", &headers, "text a\ndone\n")).await;
        assert_refused(&outcome, "too large or too many");
    }
}

#[tokio::test]
async fn bad_header_lines_are_refused() {
    for headers in [
        "na me: x\r\n",
        "x: a\0b\r\n",
        ": empty\r\n",
        "x-fold: a\r\n b\r\n",
    ] {
        let (outcome, _) = answered(with_length("200 OK", headers, "text a\ndone\n")).await;
        assert_refused(&outcome, "not valid HTTP");
    }
}

#[tokio::test]
async fn conflicting_lengths_are_refused() {
    for headers in [
        "content-length: 3\r\ncontent-length: 4\r\n",
        "content-length: 12\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 12\r\n",
        "content-length: -1\r\n",
        "content-length: 1e3\r\n",
    ] {
        let (outcome, _) =
            answered(format!("HTTP/1.1 200 OK\r\n{headers}\r\ntext a\ndone\n")).await;
        assert_eq!(outcome.status, Status::Failed, "{headers}");
        assert_eq!(outcome.error.unwrap().kind, Kind::Upstream, "{headers}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "\u{15}\u{3}\u{1}\r\n\r\n",
    ] {
        let (outcome, _) = answered(bytes.into()).await;
        assert_refused(&outcome, "not valid HTTP");
    }
}

/// An old server ends its body by closing.
#[tokio::test]
async fn http_1_0_without_a_length_is_read_to_the_close() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection
            .write("HTTP/1.0 200 OK\r\n\r\ntext a\ndone\n")
            .await;
    });
    let mut sink = TestSink::new();
    let outcome = Attempt::of(&upstream).run(&mut sink).await;
    assert_eq!(
        (outcome.status, sink.text().as_str()),
        (Status::Completed, "a\ndone\n")
    );
}

/// The double of the resolver itself, which every other test leans on.
#[tokio::test]
async fn unknown_names_stay_unknown() {
    assert!(Names(Vec::new()).lookup("upstream.test").await.is_err());
}
