//! HTTP/2: chosen by ALPN, and shared by streams.

use bytes::Bytes;
use fastproxy_upstream::{Status, StopCause};

use crate::support::{Attempt, TestSink, client, h2_upstream, respond};

#[tokio::test]
async fn streams_share_one_connection() {
    let (upstream, settings) = h2_upstream(|_, (request, mut stream)| async move {
        assert_eq!(request.uri().path(), "/v1/chat");
        assert_eq!(request.uri().host(), Some("upstream.test"));
        assert!(request.headers().contains_key("authorization"));
        respond(&mut stream, "text a\ndone\n", true);
    });
    let client = client();
    let _endpoint = client.endpoint(&settings).unwrap();
    for round in 0..2 {
        let attempt = || Attempt {
            client: client.clone(),
            settings: settings.clone(),
            ..Attempt::of(&upstream)
        };
        let (mut first, mut second, mut third) =
            (TestSink::new(), TestSink::new(), TestSink::new());
        let outcome = attempt().run(&mut first).await;
        assert_eq!(
            (outcome.status, outcome.reused_connection),
            (Status::Completed, round > 0),
            "{:?}",
            outcome.error
        );
        let both = tokio::join!(attempt().run(&mut third), attempt().run(&mut second));
        assert!(both.0.reused_connection && both.1.reused_connection);
        assert_eq!(second.text(), "a\ndone\n");
        assert_eq!(both.1.upstream_request_id.as_deref(), Some("req_h2"));
    }
    assert_eq!(upstream.connections(), 1);
}

/// A burst at an origin known for HTTP/2 opens as few connections as it needs.
#[tokio::test]
async fn a_burst_does_not_open_a_connection_each() {
    let (upstream, settings) = h2_upstream(|_, (_, mut stream)| async move {
        respond(&mut stream, "text a\ndone\n", true);
    });
    let client = client();
    let _endpoint = client.endpoint(&settings).unwrap();
    let mut burst = tokio::task::JoinSet::new();
    let attempt = || Attempt {
        client: client.clone(),
        settings: settings.clone(),
        ..Attempt::of(&upstream)
    };
    attempt().run(&mut TestSink::new()).await;
    for _ in 0..150 {
        let attempt = attempt();
        burst.spawn(async move { attempt.run(&mut TestSink::new()).await });
    }
    let outcomes = burst.join_all().await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.status == Status::Completed)
    );
    assert!(
        upstream.connections() <= 2,
        "{} connections",
        upstream.connections()
    );
}

/// A stream nobody reads stops at its window; the others of the connection go on.
#[tokio::test]
async fn a_stalled_stream_holds_up_no_other() {
    let (upstream, settings) = h2_upstream(|number, (_, mut stream)| async move {
        let mut sending = respond(&mut stream, "text a\n", false);
        if number > 0 {
            sending
                .send_data(Bytes::from_static(b"done\n"), true)
                .unwrap();
            return;
        }
        let line = Bytes::from("text b\n".repeat(1 << 20));
        sending.send_data(line, false).unwrap();
        std::future::poll_fn(|cx| sending.poll_reset(cx))
            .await
            .unwrap();
    });
    let client = client();
    let _endpoint = client.endpoint(&settings).unwrap();
    let attempt = || Attempt {
        client: client.clone(),
        settings: settings.clone(),
        ..Attempt::of(&upstream)
    };
    let (mut stalled, first) = (TestSink::full_after(1), attempt());
    let (seen, stop) = (stalled.clone(), first.stop.clone());
    let others = async {
        seen.until_full().await;
        for _ in 0..3 {
            let outcome = attempt().run(&mut TestSink::new()).await;
            assert_eq!(
                (outcome.status, outcome.reused_connection),
                (Status::Completed, true)
            );
        }
        stop.fire(StopCause::ClientGone);
    };
    let (outcome, ()) = tokio::join!(first.run(&mut stalled), others);
    assert_eq!(outcome.status, Status::Cancelled);
    assert!(outcome.bytes_in <= 256 << 10, "{}", outcome.bytes_in);
}
