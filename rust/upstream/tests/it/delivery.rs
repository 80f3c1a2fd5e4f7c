//! What the client sees, and when.

use std::sync::Arc;

use fastproxy_core::error::Kind;
use fastproxy_upstream::{RetryClass, Status, StopCause};
use tokio::sync::Notify;

use crate::support::{Attempt, Lines, TestSink, Upstream, chunk, chunked_head, with_length};

/// An upstream that sends these pieces, each once the one before has reached the sink, and then closes.
fn in_steps(pieces: Vec<String>) -> (Upstream, Arc<Notify>) {
    let go = Arc::new(Notify::new());
    let gate = Arc::clone(&go);
    let upstream = Upstream::start(move |mut connection| {
        let (pieces, gate) = (pieces.clone(), Arc::clone(&gate));
        async move {
            connection.request().await.unwrap();
            for piece in pieces {
                connection.write(piece).await;
                gate.notified().await;
            }
        }
    });
    (upstream, go)
}

#[tokio::test]
async fn nothing_goes_out_before_the_first_content() {
    let head = format!("{}{}", chunked_head(), chunk("role\nping\n"));
    let (upstream, go) = in_steps(vec![
        head,
        chunk("text a\ntext b\n"),
        chunk("done\n") + "0\r\n\r\n",
    ]);
    let mut sink = TestSink::new();
    let seen = sink.clone();
    let steps = async {
        go.notify_one();
        seen.until_text("b").await;
        assert_eq!(
            seen.pushes(),
            [b"role\na\nb\n"],
            "what was held back goes out with the first content"
        );
        go.notify_one();
    };
    let (outcome, ()) = tokio::join!(Attempt::of(&upstream).run(&mut sink), steps);
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Completed, RetryClass::Never)
    );
    assert_eq!(sink.status(), Some(200));
    assert_eq!(sink.text(), "role\na\nb\ndone\n");
    assert_eq!(outcome.bytes_out, sink.len() as u64);
    assert_eq!(outcome.upstream_request_id.as_deref(), Some("req_test"));
    assert!(outcome.headers_after <= outcome.content_after && outcome.content_after.is_some());
    assert_eq!(outcome.report.finish.as_deref(), Some("stop"));
}

#[tokio::test]
async fn one_read_is_one_push() {
    let events: String = (0..100).map(|n| chunk(&format!("text {n}\n"))).collect();
    let (upstream, go) = in_steps(vec![format!(
        "{}{events}{}0\r\n\r\n",
        chunked_head(),
        chunk("done\n")
    )]);
    go.notify_one();
    let mut sink = TestSink::new();
    let outcome = Attempt::of(&upstream).run(&mut sink).await;
    assert_eq!(outcome.status, Status::Completed);
    assert_eq!(sink.pushes().len(), 1, "a hundred chunks of one segment");
    assert_eq!(sink.text().lines().count(), 101);
}

#[tokio::test]
async fn without_hold_back_the_response_starts_with_the_first_output() {
    let (upstream, go) = in_steps(vec![
        format!("{}{}", chunked_head(), chunk("role\n")),
        String::new(),
    ]);
    let mut sink = TestSink::new();
    let seen = sink.clone();
    let attempt = Attempt {
        hold_back: false,
        ..Attempt::of(&upstream)
    };
    let steps = async {
        seen.until_text("role").await;
        go.notify_one();
        go.notify_one();
    };
    let (outcome, ()) = tokio::join!(attempt.run(&mut sink), steps);
    assert_eq!(outcome.status, Status::AbortedMidStream);
}

/// U12, U28: a failure before anything went out can be retried unseen.
#[tokio::test]
async fn a_failure_before_the_first_push_is_held_back() {
    for events in ["role\nfail\n", "text a\nfail\n", "role\n"] {
        let (upstream, go) = in_steps(vec![format!(
            "{}{}0\r\n\r\n",
            chunked_head(),
            chunk(events)
        )]);
        go.notify_one();
        let mut sink = TestSink::new();
        let outcome = Attempt::of(&upstream).run(&mut sink).await;
        assert_eq!(
            (outcome.status, outcome.class),
            (Status::Failed, RetryClass::HeldBack),
            "{events}"
        );
        assert_eq!(sink.status(), None);
        assert_eq!(outcome.error.unwrap().upstream_status, Some(200));
    }
}

/// U13, U14: after content comes the dialect's error event, and the outcome asks for an abnormal close.
#[tokio::test]
async fn a_failure_after_content_is_told_to_the_client() {
    let rest = [
        (
            chunk("text b\nfail\n"),
            "a\nb\nerror overloaded\n",
            Kind::Overloaded,
        ),
        (
            "0\r\n\r\n".to_owned(),
            "a\nerror truncated\n",
            Kind::Truncated,
        ),
        (String::new(), "a\nerror truncated\n", Kind::Truncated),
        ("zz\r\n".to_owned(), "a\nerror truncated\n", Kind::Truncated),
    ];
    for (rest, expected, kind) in rest {
        let head = format!("{}{}", chunked_head(), chunk("text a\n"));
        let (upstream, go) = in_steps(vec![head, rest]);
        let mut sink = TestSink::new();
        let seen = sink.clone();
        let steps = async {
            seen.until_text("a\n").await;
            // Once for the rest, once for the close.
            go.notify_one();
            tokio::task::yield_now().await;
            go.notify_one();
        };
        let (outcome, ()) = tokio::join!(Attempt::of(&upstream).run(&mut sink), steps);
        assert_eq!(
            (outcome.status, outcome.class),
            (Status::AbortedMidStream, RetryClass::Never)
        );
        assert_eq!(sink.text(), expected);
        assert_eq!(outcome.error.unwrap().kind, kind);
    }
}

#[tokio::test]
async fn a_document_stands_in_the_outcome() {
    let upstream = Upstream::start(|mut connection| async move {
        let (head, _) = connection.request().await.unwrap();
        assert!(head.starts_with("POST /v1/chat HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
        assert!(head.contains("user-agent: fastproxy/"), "{head}");
        connection
            .write(with_length(
                "200 OK",
                "x-ratelimit-remaining-tokens: 5\r\nset-cookie: a=b\r\n",
                "{}",
            ))
            .await;
    });
    let mut sink = TestSink::new();
    let attempt = Attempt {
        answer: Lines::document(),
        ..Attempt::of(&upstream)
    };
    let outcome = attempt.run(&mut sink).await;
    assert_eq!(outcome.status, Status::Completed);
    assert_eq!(outcome.body.as_deref(), Some(b"{}".as_slice()));
    assert_eq!((outcome.bytes_in, outcome.bytes_out), (2, 2));
    assert_eq!(sink.status(), None);
    let kept = [("x-ratelimit-remaining-tokens".to_owned(), "5".to_owned())];
    assert_eq!(outcome.upstream_headers, kept);
}

#[tokio::test]
async fn shutdown_and_deadline_are_told_to_the_client() {
    for (cause, event, kind) in [
        (StopCause::Shutdown, "error overloaded\n", Kind::Overloaded),
        (StopCause::Deadline, "error timeout\n", Kind::Timeout),
    ] {
        let (upstream, _go) = in_steps(vec![format!("{}{}", chunked_head(), chunk("text a\n"))]);
        let mut sink = TestSink::new();
        let seen = sink.clone();
        let attempt = Attempt::of(&upstream);
        let stop = attempt.stop.clone();
        let steps = async {
            seen.until_text("a\n").await;
            stop.fire(cause);
        };
        let (outcome, ()) = tokio::join!(attempt.run(&mut sink), steps);
        assert_eq!(
            (outcome.status, outcome.class),
            (Status::AbortedMidStream, RetryClass::Never)
        );
        assert_eq!(sink.text(), format!("a\n{event}"));
        assert_eq!(outcome.error.unwrap().kind, kind);
    }
}
