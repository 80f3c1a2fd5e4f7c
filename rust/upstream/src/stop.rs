//! Ending an exchange from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;

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
/// stream take one shared lock per event.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    cause: AtomicU8,
    waker: AtomicWaker,
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
            self.0.waker.wake();
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

    /// Ready once fired. The exchange is the one waiter.
    pub(crate) fn poll_fired(&self, cx: &mut Context<'_>) -> Poll<StopCause> {
        // Registered before looking, so that a cause set in between wakes.
        self.0.waker.register(cx.waker());
        self.cause().map_or(Poll::Pending, Poll::Ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_wins() {
        let stop = Stop::new();
        assert_eq!(stop.cause(), None);
        stop.clone().fire(StopCause::Shutdown);
        stop.fire(StopCause::ClientGone);
        assert_eq!(stop.cause(), Some(StopCause::Shutdown));
    }
}
