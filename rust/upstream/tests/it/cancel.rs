//! A client that leaves: the upstream's connection closes within 100 ms, as seen by the upstream.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fastproxy_upstream::{Status, StopCause};
use tokio::sync::Notify;

use crate::support::{Attempt, Lines, TestSink, Upstream, assert_within, chunk, chunked_head};

const SOON: Duration = Duration::from_millis(100);

/// An upstream that notes when its connection was closed.
struct Watched {
    upstream: Upstream,
    asked: Arc<Notify>,
    closed: Arc<(Mutex<Option<Instant>>, Notify)>,
}

impl Watched {
    /// It answers with `response` and then with nothing.
    fn sending(response: String) -> Self {
        let asked = Arc::new(Notify::new());
        let closed: Arc<(Mutex<Option<Instant>>, Notify)> = Arc::default();
        let (heard, gone) = (Arc::clone(&asked), Arc::clone(&closed));
        let upstream = Upstream::start(move |mut connection| {
            let (response, heard, gone) = (response.clone(), Arc::clone(&heard), Arc::clone(&gone));
            async move {
                connection.request().await.unwrap();
                heard.notify_one();
                connection.write(response).await;
                let at = connection.closed().await;
                *gone.0.lock().unwrap() = Some(at);
                gone.1.notify_one();
            }
        });
        Self {
            upstream,
            asked,
            closed,
        }
    }

    async fn closed_at(&self) -> Instant {
        tokio::time::timeout(crate::support::PATIENCE, self.closed.1.notified())
            .await
            .expect("never closed");
        self.closed.0.lock().unwrap().unwrap()
    }
}

#[tokio::test]
async fn before_the_headers() {
    for make in [Lines::stream, Lines::document] {
        assert_within(SOON, async || {
            let watched = Watched::sending(String::new());
            let attempt = Attempt {
                answer: make(),
                ..Attempt::of(&watched.upstream)
            };
            let stop = attempt.stop.clone();
            let mut sink = TestSink::new();
            let leave = async {
                watched.asked.notified().await;
                let left = Instant::now();
                stop.fire(StopCause::ClientGone);
                left
            };
            let (outcome, left) = tokio::join!(attempt.run(&mut sink), leave);
            assert_eq!((outcome.status, sink.status()), (Status::Cancelled, None));
            watched.closed_at().await.saturating_duration_since(left)
        })
        .await;
    }
}

#[tokio::test]
async fn in_the_middle_of_a_stream() {
    for room in [usize::MAX, 1] {
        assert_within(SOON, async || {
            let watched = Watched::sending(format!("{}{}", chunked_head(), chunk("text a\n")));
            let attempt = Attempt::of(&watched.upstream);
            let stop = attempt.stop.clone();
            // Also while it does not read.
            let mut sink = TestSink::full_after(room);
            let seen = sink.clone();
            let leave = async {
                seen.until_text("a").await;
                let left = Instant::now();
                stop.fire(StopCause::ClientGone);
                left
            };
            let (outcome, left) = tokio::join!(attempt.run(&mut sink), leave);
            assert_eq!(outcome.status, Status::Cancelled);
            assert_eq!(sink.text(), "a\n", "nothing is sent to a client that left");
            watched.closed_at().await.saturating_duration_since(left)
        })
        .await;
    }
}

#[tokio::test]
async fn when_the_sink_says_so() {
    assert_within(SOON, async || {
        let watched = Watched::sending(format!("{}{}", chunked_head(), chunk("text a\n")));
        let mut sink = TestSink::new();
        sink.leave();
        let outcome = Attempt::of(&watched.upstream).run(&mut sink).await;
        let left = Instant::now();
        assert_eq!(outcome.status, Status::Cancelled);
        watched.closed_at().await.saturating_duration_since(left)
    })
    .await;
}

#[tokio::test]
async fn by_dropping_the_exchange() {
    assert_within(SOON, async || {
        let watched = Watched::sending(String::new());
        let attempt = Attempt::of(&watched.upstream);
        let run = tokio::spawn(async move { attempt.run(&mut TestSink::new()).await });
        watched.asked.notified().await;
        let left = Instant::now();
        run.abort();
        watched.closed_at().await.saturating_duration_since(left)
    })
    .await;
}

#[tokio::test]
async fn a_client_that_left_before_the_start() {
    let watched = Watched::sending(String::new());
    let attempt = Attempt::of(&watched.upstream);
    attempt.stop.fire(StopCause::ClientGone);
    let outcome = attempt.run(&mut TestSink::new()).await;
    assert_eq!(outcome.status, Status::Cancelled);
    assert_eq!(watched.upstream.connections(), 0);
}
