//! The ways in which HTTP/2 streams and connections end (U51).

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastproxy_core::error::Kind;
use fastproxy_upstream::{EndpointSettings, RetryClass, Status, StopCause};
use h2::Reason;
use tokio::sync::mpsc;

use crate::support::{
    Attempt, Identity, PATIENCE, TestSink, Upstream, assert_within, client, h2_upstream, message,
    respond,
};

#[tokio::test]
async fn a_refused_stream_did_nothing() {
    let (_upstream, settings) = h2_upstream(|number, (_, mut stream)| async move {
        match number {
            0 | 2 => stream.send_reset(Reason::REFUSED_STREAM),
            _ => drop(respond(&mut stream, "text a\ndone\n", true)),
        }
    });
    let client = client();
    let _endpoint = client.endpoint(&settings).unwrap();
    let attempt = || Attempt {
        client: client.clone(),
        settings: settings.clone(),
        ..Attempt::at(&settings.base_url)
    };
    let fresh = attempt().run(&mut TestSink::new()).await;
    assert_eq!(
        (fresh.status, fresh.class, fresh.resent),
        (Status::Failed, RetryClass::Safe, false)
    );
    assert_eq!(
        attempt().run(&mut TestSink::new()).await.status,
        Status::Completed
    );
    let resent = attempt().run(&mut TestSink::new()).await;
    assert_eq!(
        (resent.status, resent.resent),
        (Status::Completed, true),
        "{:?}",
        resent.error
    );
}

#[tokio::test]
async fn resets_before_the_headers() {
    for (reason, kind, class) in [
        (Reason::CANCEL, Kind::Unreachable, RetryClass::Ambiguous),
        (
            Reason::INTERNAL_ERROR,
            Kind::Unreachable,
            RetryClass::Ambiguous,
        ),
        (
            Reason::ENHANCE_YOUR_CALM,
            Kind::RateLimit,
            RetryClass::Ambiguous,
        ),
    ] {
        let (upstream, settings) = h2_upstream(move |_, (_, mut stream)| async move {
            stream.send_reset(reason);
        });
        let outcome = Attempt {
            settings,
            ..Attempt::of(&upstream)
        }
        .run(&mut TestSink::new())
        .await;
        assert_eq!(
            (outcome.status, outcome.class),
            (Status::Failed, class),
            "{reason:?}"
        );
        assert_eq!(outcome.error.unwrap().kind, kind, "{reason:?}");
    }
}

/// hyper ends a body without an error on CANCEL and NO_ERROR; it is a truncation all the same.
#[tokio::test]
async fn resets_in_the_middle_are_truncations() {
    for reason in [Reason::CANCEL, Reason::NO_ERROR, Reason::INTERNAL_ERROR] {
        let (go, mut gone) = mpsc::unbounded_channel::<()>();
        let gate = Arc::new(tokio::sync::Notify::new());
        let wait = Arc::clone(&gate);
        let (upstream, settings) = h2_upstream(move |_, (_, mut stream)| {
            let (wait, go) = (Arc::clone(&wait), go.clone());
            async move {
                let mut sending = respond(&mut stream, "text a\n", false);
                wait.notified().await;
                sending.send_reset(reason);
                go.send(()).unwrap();
            }
        });
        let mut sink = TestSink::new();
        let seen = sink.clone();
        let steps = async {
            seen.until_text("a\n").await;
            gate.notify_one();
            gone.recv().await;
        };
        let run = Attempt {
            settings,
            ..Attempt::of(&upstream)
        }
        .run(&mut sink);
        let (outcome, ()) = tokio::join!(run, steps);
        assert_eq!(outcome.status, Status::AbortedMidStream, "{reason:?}");
        assert_eq!(sink.text(), "a\nerror truncated\n");
    }
}

/// GOAWAY below our stream: it was not processed, and goes to a new connection.
#[tokio::test]
async fn goaway_sends_later_requests_elsewhere() {
    let identity = Identity::of("upstream.test");
    let upstream = Upstream::start_tls(identity.server(&[b"h2"]), |connection| async move {
        let index = connection.index;
        let mut connection = h2::server::handshake(connection.into_stream())
            .await
            .unwrap();
        while let Some(Ok((_, mut stream))) = connection.accept().await {
            respond(&mut stream, "text a\ndone\n", true);
            if index == 0 {
                connection.graceful_shutdown();
            }
        }
    });
    let settings = EndpointSettings {
        extra_ca: Some(identity.authority()),
        ..EndpointSettings::new(upstream.url())
    };
    let client = client();
    let _endpoint = client.endpoint(&settings).unwrap();
    for _ in 0..3 {
        let attempt = Attempt {
            client: client.clone(),
            settings: settings.clone(),
            ..Attempt::of(&upstream)
        };
        let outcome = attempt.run(&mut TestSink::new()).await;
        assert_eq!(outcome.status, Status::Completed, "{}", message(&outcome));
    }
    assert!(upstream.connections() >= 2);
}

/// Cancelling resets the one stream, within 100 ms; the connection lives on.
#[tokio::test]
async fn cancel_resets_the_stream() {
    let (told, resets) = mpsc::unbounded_channel();
    let resets = tokio::sync::Mutex::new(resets);
    let (upstream, settings) = h2_upstream(move |_, (_, mut stream)| {
        let told = told.clone();
        async move {
            let mut sending = respond(&mut stream, "text a\n", false);
            let reason = std::future::poll_fn(|cx| sending.poll_reset(cx))
                .await
                .unwrap();
            told.send((reason, Instant::now())).unwrap();
        }
    });
    let client = client();
    let _endpoint = client.endpoint(&settings).unwrap();
    assert_within(Duration::from_millis(100), async || {
        let attempt = Attempt {
            client: client.clone(),
            settings: settings.clone(),
            ..Attempt::of(&upstream)
        };
        let mut sink = TestSink::new();
        let (seen, stop) = (sink.clone(), attempt.stop.clone());
        let leave = async {
            seen.until_text("a\n").await;
            let left = Instant::now();
            stop.fire(StopCause::ClientGone);
            left
        };
        let (outcome, left) = tokio::join!(attempt.run(&mut sink), leave);
        assert_eq!(outcome.status, Status::Cancelled);
        let told = async { resets.lock().await.recv().await };
        let (reason, at) = tokio::time::timeout(PATIENCE, told).await.unwrap().unwrap();
        assert_eq!(reason, Reason::CANCEL);
        at.saturating_duration_since(left)
    })
    .await;
    let again = Attempt {
        client: client.clone(),
        settings: settings.clone(),
        ..Attempt::of(&upstream)
    };
    let stop = again.stop.clone();
    let mut sink = TestSink::new();
    let seen = sink.clone();
    let leave = async {
        seen.until_text("a\n").await;
        stop.fire(StopCause::ClientGone);
    };
    let (outcome, ()) = tokio::join!(again.run(&mut sink), leave);
    assert!(outcome.reused_connection);
    assert_eq!(upstream.connections(), 1);
}
