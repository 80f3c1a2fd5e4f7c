//! A client that reads slowly, or not at all (U52, C01, C02).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastproxy_upstream::{Status, StopCause, Timeouts};

use crate::support::{Attempt, TestSink, Upstream, chunk, chunked_head, message};

const LINES: usize = 400_000;

/// An upstream that writes as fast as it can, and counts what was taken from it.
fn flood() -> (Upstream, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let upstream = Upstream::start(move |mut connection| {
        let count = Arc::clone(&count);
        async move {
            connection.request().await.unwrap();
            connection.write(chunked_head()).await;
            for first in (0..LINES).step_by(1000) {
                let lines = (first..first + 1000)
                    .map(|n| {
                        format!(
                            "text {n:08}
"
                        )
                    })
                    .collect::<Vec<_>>()
                    .concat();
                if !connection.write(chunk(&lines)).await {
                    return;
                }
                count.fetch_add(lines.len(), Ordering::SeqCst);
            }
            connection.write(chunk("done\n") + "0\r\n\r\n").await;
            connection.closed().await;
        }
    });
    (upstream, taken)
}

#[tokio::test]
async fn a_full_sink_stops_the_upstream() {
    let (upstream, taken) = flood();
    let mut sink = TestSink::full_after(1);
    let seen = sink.clone();
    let slow_client = async {
        seen.until_full().await;
        // The upstream fills the sockets' buffers and then stands still.
        let mut last = usize::MAX;
        while last != taken.load(Ordering::SeqCst) {
            last = taken.load(Ordering::SeqCst);
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
        }
        assert!(
            last < 6 << 20,
            "{last} bytes taken from the upstream for a client that reads nothing"
        );
        assert!(seen.len() < 128 << 10, "{} bytes in one push", seen.len());
        while !seen.text().ends_with("done\n") {
            seen.release();
            tokio::task::yield_now().await;
        }
        seen.release();
    };
    let (outcome, ()) = tokio::join!(Attempt::of(&upstream).run(&mut sink), slow_client);
    assert_eq!(outcome.status, Status::Completed);
    assert!(!sink.is_violated(), "pushed while full");
    let text = sink.text();
    assert_eq!(text.lines().count(), LINES + 1);
    let in_order = text
        .lines()
        .take(LINES)
        .enumerate()
        .all(|(n, line)| line == format!("{n:08}"));
    assert!(in_order, "lines lost or swapped");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let (upstream, _) = flood();
    let timeouts = Timeouts {
        write_stall: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let attempt = Attempt {
        timeouts,
        ..Attempt::of(&upstream)
    };
    let mut sink = TestSink::full_after(1);
    let outcome = attempt.run(&mut sink).await;
    assert_eq!(
        (outcome.status, message(&outcome)),
        (Status::Cancelled, "the client stopped reading")
    );
    assert_eq!(sink.pushes().len(), 1);
}

#[tokio::test]
async fn a_waiting_client_that_leaves_is_noticed() {
    let (upstream, _) = flood();
    let mut sink = TestSink::full_after(1);
    let seen = sink.clone();
    let leave = async {
        seen.until_full().await;
        seen.leave();
    };
    let (outcome, ()) = tokio::join!(Attempt::of(&upstream).run(&mut sink), leave);
    assert_eq!(
        (outcome.status, message(&outcome)),
        (Status::Cancelled, "the client left")
    );
}

/// The error event of a shutdown waits for the client, within bounds, instead of jumping the queue or being lost.
#[tokio::test]
async fn a_waiting_client_is_still_told_of_the_shutdown() {
    let (upstream, _) = flood();
    let attempt = Attempt::of(&upstream);
    let stop = attempt.stop.clone();
    let mut sink = TestSink::full_after(1);
    let seen = sink.clone();
    let shutdown = async {
        seen.until_full().await;
        stop.fire(StopCause::Shutdown);
        tokio::task::yield_now().await;
        assert_eq!(seen.pushes().len(), 1);
        seen.release();
        seen.until_text("error overloaded\n").await;
        seen.release();
    };
    let (outcome, ()) = tokio::join!(attempt.run(&mut sink), shutdown);
    assert_eq!(outcome.status, Status::AbortedMidStream);
    assert!(!sink.is_violated());
}
