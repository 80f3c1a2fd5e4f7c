//! Ending an exchange from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// Why an exchange is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StopCause {
    /// The client left: nothing more is sent to it.
    ClientGone = 1,
    /// We are shutting down: the client is sent its dialect's error event.
    Shutdown = 2,
    /// The client's deadline passed: the client is sent its dialect's error event.
    Deadline = 3,
}

/// Ends one exchange; clones end the same one. The first cause wins.
///
/// Its own type because a cancellation token has no cause, and because a token of the whole process would make every
/// stream take one lock per event.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    cause: AtomicU8,
    notify: Notify,
}

impl Stop {
    /// A handle that has not been fired.
    pub fn new() -> Self {
        Self::default()
    }

    /// End the exchange. May be called from any thread; later calls do nothing.
    pub fn fire(&self, cause: StopCause) {
        let first =
            self.0
                .cause
                .compare_exchange(0, cause as u8, Ordering::AcqRel, Ordering::Acquire);
        if first.is_ok() {
            self.0.notify.notify_one();
        }
    }

    /// The cause, once fired.
    pub fn cause(&self) -> Option<StopCause> {
        match self.0.cause.load(Ordering::Acquire) {
            1 => Some(StopCause::ClientGone),
            2 => Some(StopCause::Shutdown),
            3 => Some(StopCause::Deadline),
            _ => None,
        }
    }

    /// Resolves when fired. One waiter at a time.
    pub async fn fired(&self) -> StopCause {
        loop {
            if let Some(cause) = self.cause() {
                return cause;
            }
            self.0.notify.notified().await;
        }
    }
}
