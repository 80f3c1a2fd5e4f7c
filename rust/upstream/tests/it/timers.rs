//! Upstreams that take their time (U08 to U10, U38), and clients that are kept waiting.

use std::sync::Arc;
use std::time::Duration;

use fastproxy_core::error::Kind;
use fastproxy_upstream::{Keepalive, RetryClass, Status, Timeouts};
use tokio::sync::Notify;

use crate::support::{Attempt, Lines, TestSink, Upstream, chunk, chunked_head, message};

const SHORT: Duration = Duration::from_millis(40);

/// Answers with these bytes and then with nothing.
fn stalling(response: String) -> Upstream {
    Upstream::start(move |mut connection| {
        let response = response.clone();
        async move {
            connection.request().await.unwrap();
            connection.write(response).await;
            connection.closed().await;
        }
    })
}

#[tokio::test]
async fn no_headers() {
    let upstream = stalling(String::new());
    let timeouts = Timeouts {
        first_byte: SHORT,
        ..Timeouts::default()
    };
    let outcome = Attempt {
        timeouts,
        ..Attempt::of(&upstream)
    }
    .run(&mut TestSink::new())
    .await;
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Failed, RetryClass::Ambiguous)
    );
    assert_eq!(outcome.error.unwrap().kind, Kind::Timeout);
}

#[tokio::test]
async fn no_first_byte() {
    let upstream = stalling(chunked_head().into());
    let timeouts = Timeouts {
        first_byte: SHORT,
        ..Timeouts::default()
    };
    let outcome = Attempt {
        timeouts,
        ..Attempt::of(&upstream)
    }
    .run(&mut TestSink::new())
    .await;
    assert_eq!(
        (outcome.status, outcome.class),
        (Status::Failed, RetryClass::HeldBack)
    );
    assert!(
        message(&outcome).contains("sent nothing"),
        "{}",
        message(&outcome)
    );
}

#[tokio::test]
async fn silence_in_the_middle() {
    let upstream = stalling(format!("{}{}", chunked_head(), chunk("text a\n")));
    let timeouts = Timeouts {
        idle: SHORT,
        ..Timeouts::default()
    };
    let mut sink = TestSink::new();
    let outcome = Attempt {
        timeouts,
        ..Attempt::of(&upstream)
    }
    .run(&mut sink)
    .await;
    assert_eq!(outcome.status, Status::AbortedMidStream);
    assert_eq!(sink.text(), "a\nerror timeout\n");
}

/// Whether for an upstream that never pauses (U38) or one that dribbles (U10).
#[tokio::test]
async fn the_whole_takes_too_long() {
    for pieces in [1000, 1] {
        let upstream = Upstream::start(move |mut connection| async move {
            connection.request().await.unwrap();
            connection.write(chunked_head()).await;
            while connection.write(chunk(&"text a\n".repeat(pieces))).await {
                tokio::task::yield_now().await;
            }
        });
        let timeouts = Timeouts {
            total: Duration::from_millis(150),
            ..Timeouts::default()
        };
        let attempt = Attempt {
            timeouts,
            max_response_bytes: u64::MAX,
            ..Attempt::of(&upstream)
        };
        let mut sink = TestSink::new();
        let outcome = attempt.run(&mut sink).await;
        assert_eq!(outcome.status, Status::AbortedMidStream);
        assert_eq!(outcome.error.unwrap().kind, Kind::Timeout);
        assert!(sink.text().ends_with("error timeout\n"));
        assert!(
            outcome.duration < Duration::from_secs(5),
            "{:?}",
            outcome.duration
        );
    }
}

#[tokio::test]
async fn a_silent_stream_is_kept_alive() {
    let done = Arc::new(Notify::new());
    let gate = Arc::clone(&done);
    let upstream = Upstream::start(move |mut connection| {
        let gate = Arc::clone(&gate);
        async move {
            connection.request().await.unwrap();
            connection
                .write(format!("{}{}", chunked_head(), chunk("text a\n")))
                .await;
            gate.notified().await;
            connection
                .write(chunk("text b\ndone\n") + "0\r\n\r\n")
                .await;
        }
    });
    let keepalive = Keepalive {
        after: SHORT,
        interval: SHORT / 4,
        early: None,
    };
    let mut sink = TestSink::new();
    let seen = sink.clone();
    let waiting = async {
        seen.until_text(": wait\n: wait\n: wait\n").await;
        done.notify_one();
    };
    let run = Attempt {
        keepalive,
        ..Attempt::of(&upstream)
    }
    .run(&mut sink);
    let (outcome, ()) = tokio::join!(run, waiting);
    assert_eq!(outcome.status, Status::Completed);
    assert!(sink.text().starts_with("a\n: wait\n") && sink.text().ends_with("b\ndone\n"));
}

/// Before content, silence is not broken: the attempt could no longer be retried unseen.
#[tokio::test]
async fn nothing_is_kept_alive_before_the_first_content() {
    let upstream = stalling(format!("{}{}", chunked_head(), chunk("role\n")));
    let keepalive = Keepalive {
        after: SHORT / 8,
        interval: SHORT / 8,
        early: None,
    };
    let timeouts = Timeouts {
        idle: SHORT * 2,
        ..Timeouts::default()
    };
    let mut sink = TestSink::new();
    let outcome = Attempt {
        timeouts,
        keepalive,
        ..Attempt::of(&upstream)
    }
    .run(&mut sink)
    .await;
    assert_eq!(
        (outcome.status, outcome.class, sink.status()),
        (Status::Failed, RetryClass::HeldBack, None)
    );
}

/// Unless asked for: then the response starts, even before the upstream's headers.
#[tokio::test]
async fn early_keepalives_start_the_response() {
    for response in [String::new(), chunked_head().to_owned()] {
        let upstream = stalling(response);
        let keepalive = Keepalive {
            after: SHORT / 8,
            interval: SHORT / 8,
            early: Some(SHORT / 4),
        };
        let timeouts = Timeouts {
            first_byte: SHORT * 4,
            ..Timeouts::default()
        };
        let mut sink = TestSink::new();
        let outcome = Attempt {
            timeouts,
            keepalive,
            ..Attempt::of(&upstream)
        }
        .run(&mut sink)
        .await;
        assert_eq!(
            (outcome.status, outcome.class),
            (Status::AbortedMidStream, RetryClass::Never)
        );
        assert!(
            sink.text().starts_with(": wait\n: wait\n"),
            "{}",
            sink.text()
        );
        assert!(sink.text().ends_with("error timeout\n"));
    }
}

#[tokio::test]
async fn a_document_has_no_keepalives() {
    let upstream = stalling(String::new());
    let keepalive = Keepalive {
        after: SHORT / 8,
        interval: SHORT / 8,
        early: Some(SHORT / 8),
    };
    let timeouts = Timeouts {
        first_byte: SHORT * 2,
        ..Timeouts::default()
    };
    let attempt = Attempt {
        timeouts,
        keepalive,
        answer: Lines::document(),
        ..Attempt::of(&upstream)
    };
    let mut sink = TestSink::new();
    let outcome = attempt.run(&mut sink).await;
    assert_eq!((outcome.status, sink.status()), (Status::Failed, None));
}
