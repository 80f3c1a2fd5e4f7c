//! A double of the server's side.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use fastproxy_upstream::{Header, Push, Sink};
use tokio::sync::Notify;

/// Takes everything, until it has taken as many pushes as it was made for; then it is full until released.
#[derive(Clone, Default)]
pub(crate) struct TestSink(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    started: Option<u16>,
    pushes: Vec<Vec<u8>>,
    /// Pushes after which it is full.
    room: Option<usize>,
    is_full: bool,
    is_gone: bool,
    /// A push came although it was full.
    is_violated: bool,
    waker: Option<Waker>,
}

impl TestSink {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Full after each `pushes` pushes.
    pub(crate) fn full_after(pushes: usize) -> Self {
        let sink = Self::default();
        sink.0.state.lock().unwrap().room = Some(pushes);
        sink
    }

    pub(crate) fn status(&self) -> Option<u16> {
        self.0.state.lock().unwrap().started
    }

    pub(crate) fn pushes(&self) -> Vec<Vec<u8>> {
        self.0.state.lock().unwrap().pushes.clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.pushes().concat()).unwrap()
    }

    pub(crate) fn len(&self) -> usize {
        self.0
            .state
            .lock()
            .unwrap()
            .pushes
            .iter()
            .map(Vec::len)
            .sum()
    }

    pub(crate) fn is_violated(&self) -> bool {
        self.0.state.lock().unwrap().is_violated
    }

    /// Take more.
    pub(crate) fn release(&self) {
        let mut state = self.0.state.lock().unwrap();
        state.is_full = false;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    /// The client is gone: the next push, or a waiting one, learns it.
    pub(crate) fn leave(&self) {
        self.0.state.lock().unwrap().is_gone = true;
        self.release();
    }

    /// Until `is_met`.
    pub(crate) async fn until(&self, is_met: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                let changed = self.0.changed.notified();
                if is_met(self) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(super::PATIENCE, waiting)
            .await
            .expect("the sink waits in vain");
    }

    /// Until it is full.
    pub(crate) async fn until_full(&self) {
        self.until(|sink| sink.0.state.lock().unwrap().is_full)
            .await;
    }

    /// Until it has been sent this.
    pub(crate) async fn until_text(&self, text: &str) {
        self.until(|sink| sink.text().contains(text)).await;
    }
}

impl Sink for TestSink {
    fn start(&mut self, status: u16, headers: &[Header]) -> Push {
        assert!(!headers.is_empty());
        let mut state = self.0.state.lock().unwrap();
        assert_eq!(state.started.replace(status), None, "started twice");
        if state.is_gone {
            Push::Closed
        } else {
            Push::Accepted
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Push {
        assert!(!bytes.is_empty());
        let mut state = self.0.state.lock().unwrap();
        assert!(state.started.is_some(), "pushed before the start");
        if state.is_gone {
            return Push::Closed;
        }
        state.is_violated |= state.is_full;
        state.pushes.push(bytes.to_vec());
        let count = state.pushes.len();
        state.is_full = state.room.is_some_and(|room| count.is_multiple_of(room));
        let push = if state.is_full {
            Push::Full
        } else {
            Push::Accepted
        };
        drop(state);
        self.0.changed.notify_waiters();
        push
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.0.state.lock().unwrap();
        if state.is_gone {
            return Poll::Ready(false);
        }
        if !state.is_full {
            return Poll::Ready(true);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
