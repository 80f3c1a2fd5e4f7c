//! Connections that serve more than one request (U07, U43).

use std::sync::Arc;
use std::time::Duration;

use fastproxy_upstream::{ClientSettings, EndpointSettings, RetryClass, Status};
use tokio::sync::Notify;

use crate::support::{
    Attempt, Connection, Lines, TestSink, Upstream, chunk, chunked_head, client_with, message,
    with_length,
};

/// Answers every request with a small document.
async fn polite(mut connection: Connection) {
    while connection.request().await.is_some() {
        connection.write(with_length("200 OK", "", "{}")).await;
    }
}

/// A document from `url` through the client of `base`.
fn document(base: &Attempt) -> Attempt {
    Attempt {
        client: base.client.clone(),
        settings: base.settings.clone(),
        answer: Lines::document(),
        ..Attempt::at(&base.settings.base_url)
    }
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let upstream = Upstream::start(polite);
    let base = Attempt::of(&upstream);
    // Held, because idle connections live as long as their endpoint.
    let _endpoint = base.client.endpoint(&base.settings).unwrap();
    for round in 0..3 {
        let outcome = document(&base).run(&mut TestSink::new()).await;
        assert_eq!(
            (outcome.status, outcome.reused_connection),
            (Status::Completed, round > 0)
        );
    }
    assert_eq!((upstream.connections(), base.client.pooled()), (1, 1));
}

#[tokio::test]
async fn isolation_keeps_connections_apart() {
    let upstream = Upstream::start(polite);
    let base = Attempt::of(&upstream);
    let other = EndpointSettings {
        isolation: "account-2".into(),
        ..base.settings.clone()
    };
    let prefixed = EndpointSettings::new(format!("{}/prefix", base.settings.base_url));
    let _held =
        [&base.settings, &other, &prefixed].map(|settings| base.client.endpoint(settings).unwrap());
    for (settings, is_reused) in [
        (&base.settings, false),
        (&other, false),
        (&prefixed, true),
        (&other, true),
    ] {
        let attempt = Attempt {
            settings: settings.clone(),
            ..document(&base)
        };
        let outcome = attempt.run(&mut TestSink::new()).await;
        assert_eq!(outcome.reused_connection, is_reused);
    }
    assert_eq!(upstream.connections(), 2);
}

/// The request was read and the connection closed without an answer: on a reused connection that is how a keep-alive
/// timeout looks.
#[tokio::test]
async fn a_swallowed_request_is_sent_once_more() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection.write(with_length("200 OK", "", "{}")).await;
        if connection.index == 0 {
            connection.request().await.unwrap();
        }
    });
    let base = Attempt::of(&upstream);
    let _endpoint = base.client.endpoint(&base.settings).unwrap();
    assert_eq!(
        document(&base).run(&mut TestSink::new()).await.status,
        Status::Completed
    );
    let outcome = document(&base).run(&mut TestSink::new()).await;
    assert_eq!(
        (outcome.status, outcome.resent, outcome.reused_connection),
        (Status::Completed, true, false)
    );
    assert_eq!(upstream.connections(), 2);
}

#[tokio::test]
async fn only_once_and_never_on_a_fresh_connection() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.request().await.unwrap();
        if connection.index == 0 {
            connection.write(with_length("200 OK", "", "{}")).await;
            connection.request().await.unwrap();
        }
    });
    let base = Attempt::of(&upstream);
    let _endpoint = base.client.endpoint(&base.settings).unwrap();
    document(&base).run(&mut TestSink::new()).await;
    let resent = document(&base).run(&mut TestSink::new()).await;
    assert_eq!(
        (resent.status, resent.class, resent.resent),
        (Status::Failed, RetryClass::Ambiguous, true)
    );
    let fresh = document(&base).run(&mut TestSink::new()).await;
    assert_eq!(
        (fresh.status, fresh.class, fresh.resent),
        (Status::Failed, RetryClass::Ambiguous, false)
    );
    assert_eq!(upstream.connections(), 3);
    assert!(message(&fresh).contains("without an answer"));
}

/// One byte of an answer and the request has been processed.
#[tokio::test]
async fn a_begun_answer_is_not_asked_for_again() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.request().await.unwrap();
        connection.write(with_length("200 OK", "", "{}")).await;
        connection.request().await.unwrap();
        connection.write("HTTP/1.1 2").await;
    });
    let base = Attempt::of(&upstream);
    let _endpoint = base.client.endpoint(&base.settings).unwrap();
    document(&base).run(&mut TestSink::new()).await;
    let outcome = document(&base).run(&mut TestSink::new()).await;
    assert_eq!(
        (outcome.status, outcome.class, outcome.resent),
        (Status::Failed, RetryClass::Ambiguous, false)
    );
    assert_eq!(upstream.connections(), 1);
}

/// Response-queue poisoning: what follows the answer must never be read as the next one.
#[tokio::test]
async fn left_over_bytes_close_the_connection() {
    let upstream = Upstream::start(|mut connection| async move {
        connection.request().await.unwrap();
        let poison = with_length("200 OK", "", "{\"poison\":1}");
        connection
            .write(with_length("200 OK", "", "{}") + &poison)
            .await;
        connection.closed().await;
    });
    let base = Attempt::of(&upstream);
    let _endpoint = base.client.endpoint(&base.settings).unwrap();
    for _ in 0..2 {
        let outcome = document(&base).run(&mut TestSink::new()).await;
        assert_eq!(outcome.body.as_deref(), Some(b"{}".as_slice()));
        assert!(!outcome.reused_connection);
    }
}

/// The same, coming later: while the connection is idle.
#[tokio::test]
async fn late_left_over_bytes_close_the_connection() {
    let (go, sent) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (gate, done) = (Arc::clone(&go), Arc::clone(&sent));
    let upstream = Upstream::start(move |mut connection| {
        let (gate, done) = (Arc::clone(&gate), Arc::clone(&done));
        async move {
            connection.request().await.unwrap();
            connection.write(with_length("200 OK", "", "{}")).await;
            gate.notified().await;
            connection
                .write(with_length("200 OK", "", "{\"poison\":1}"))
                .await;
            done.notify_one();
            connection.closed().await;
        }
    });
    let base = Attempt::of(&upstream);
    let _endpoint = base.client.endpoint(&base.settings).unwrap();
    document(&base).run(&mut TestSink::new()).await;
    go.notify_one();
    sent.notified().await;
    let outcome = document(&base).run(&mut TestSink::new()).await;
    assert_eq!(outcome.body.as_deref(), Some(b"{}".as_slice()));
    assert_eq!(upstream.connections(), 2);
}

#[tokio::test]
async fn idle_connections_are_closed_in_time() {
    let closed = Arc::new(Notify::new());
    let seen = Arc::clone(&closed);
    let upstream = Upstream::start(move |mut connection| {
        let seen = Arc::clone(&seen);
        async move {
            connection.request().await.unwrap();
            connection.write(with_length("200 OK", "", "{}")).await;
            connection.closed().await;
            seen.notify_one();
        }
    });
    let settings = ClientSettings {
        idle_timeout: Duration::from_millis(50),
        ..ClientSettings::default()
    };
    let base = Attempt {
        client: client_with(settings),
        ..Attempt::of(&upstream)
    };
    let _endpoint = base.client.endpoint(&base.settings).unwrap();
    document(&base).run(&mut TestSink::new()).await;
    assert_eq!(base.client.pooled(), 1);
    tokio::time::timeout(crate::support::PATIENCE, closed.notified())
        .await
        .unwrap();
    assert_eq!(base.client.pooled(), 0);
}

/// The end of the body comes after the dialect's terminator: the client does not wait for it, the connection is saved.
#[tokio::test]
async fn the_rest_after_the_terminator_is_drained_aside() {
    let (go, again) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (gate, twice) = (Arc::clone(&go), Arc::clone(&again));
    let upstream = Upstream::start(move |mut connection| {
        let (gate, twice) = (Arc::clone(&gate), Arc::clone(&twice));
        async move {
            connection.request().await.unwrap();
            connection
                .write(format!("{}{}", chunked_head(), chunk("text a\ndone\n")))
                .await;
            gate.notified().await;
            connection.write(chunk("ping\n") + "0\r\n\r\n").await;
            connection.request().await.unwrap();
            twice.notify_one();
            connection
                .write(with_length("200 OK", "", "text b\ndone\n"))
                .await;
        }
    });
    let base = Attempt::of(&upstream);
    let (client, settings) = (base.client.clone(), base.settings.clone());
    let _endpoint = client.endpoint(&settings).unwrap();
    let mut sink = TestSink::new();
    let outcome = base.run(&mut sink).await;
    assert_eq!(
        (outcome.status, sink.text().as_str()),
        (Status::Completed, "a\ndone\n")
    );
    assert_eq!(client.pooled(), 0, "not back yet");
    go.notify_one();
    while client.pooled() == 0 {
        tokio::task::yield_now().await;
    }
    let outcome = Attempt {
        client,
        ..Attempt::of(&upstream)
    }
    .run(&mut TestSink::new())
    .await;
    again.notified().await;
    assert!(outcome.reused_connection);
}

#[tokio::test]
async fn idle_connections_are_bounded() {
    let upstream = Upstream::start(polite);
    let settings = ClientSettings {
        max_idle: 2,
        ..ClientSettings::default()
    };
    let base = Attempt {
        client: client_with(settings),
        ..Attempt::of(&upstream)
    };
    let _endpoint = base.client.endpoint(&base.settings).unwrap();
    let mut sinks: Vec<_> = (0..4).map(|_| TestSink::new()).collect();
    let [a, b, c, d] = sinks.as_mut_slice() else {
        unreachable!()
    };
    let runs = (
        document(&base).run(a),
        document(&base).run(b),
        document(&base).run(c),
        document(&base).run(d),
    );
    let _outcomes = tokio::join!(runs.0, runs.1, runs.2, runs.3);
    assert!(base.client.pooled() <= 2);
    assert!(base.client.pooled() >= 1);
}
