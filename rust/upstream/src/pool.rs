//! Idle and shared connections of one origin.
//!
//! hyper-util's pool is not used because it does not tell whether a connection was reused, which decides whether a
//! swallowed request may be sent again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::h1::H1;
use crate::h2::H2;
use crate::link::Link;

/// Idle and shared connections of one origin. No lock is held across an await.
#[derive(Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<H1>>,
    shared: Mutex<Vec<H2>>,
    speaks_h2: AtomicBool,
    /// Held while an HTTP/2 connection is opened, so that a burst opens one and not one each.
    pub(crate) dialing: tokio::sync::Mutex<()>,
}

impl Pool {
    /// A usable connection, newest first so that the surplus can time out.
    pub(crate) fn checkout(&self, idle_timeout: Duration) -> Option<Link> {
        if self.speaks_h2() {
            return self.checkout_shared(None);
        }
        loop {
            // The lock is not held while the connection is looked at.
            let mut connection = lock(&self.idle).pop()?;
            if connection.idle_since.elapsed() < idle_timeout && connection.is_usable() {
                return Some(Link::H1(connection));
            }
        }
    }

    /// A place on a shared connection; with `since`, only on one opened later than that.
    pub(crate) fn checkout_shared(&self, since: Option<Instant>) -> Option<Link> {
        let mut shared = lock(&self.shared);
        shared.retain(|connection| !connection.is_closed());
        let is_fresh = |connection: &&H2| since.is_none_or(|since| connection.opened() > since);
        shared
            .iter()
            .rev()
            .filter(is_fresh)
            .find_map(H2::place)
            .map(Link::H2)
    }

    /// Take back a connection whose answer was read to its end. Anything but a quiet, open connection is dropped.
    pub(crate) fn check_in(&self, mut connection: H1, max_idle: usize) {
        if !connection.is_usable() {
            return;
        }
        connection.is_reused = true;
        connection.idle_since = Instant::now();
        let mut idle = lock(&self.idle);
        if idle.len() < max_idle {
            idle.push(connection);
        }
    }

    /// Share a new HTTP/2 connection.
    pub(crate) fn share(&self, connection: H2) {
        self.speaks_h2.store(true, Ordering::Release);
        lock(&self.shared).push(connection);
    }

    /// Whether the origin was last seen to choose HTTP/2.
    pub(crate) fn speaks_h2(&self) -> bool {
        self.speaks_h2.load(Ordering::Acquire)
    }

    /// The origin chose HTTP/1.1.
    pub(crate) fn saw_h1(&self) {
        self.speaks_h2.store(false, Ordering::Release);
    }

    /// Drop what is too old or was closed by the other side.
    pub(crate) fn sweep(&self, idle_timeout: Duration) {
        let aged = std::mem::take(&mut *lock(&self.idle));
        let mut kept: Vec<H1> = aged
            .into_iter()
            .filter_map(|mut connection| {
                let is_kept =
                    connection.idle_since.elapsed() < idle_timeout && connection.is_usable();
                is_kept.then_some(connection)
            })
            .collect();
        let mut idle = lock(&self.idle);
        // What came back meanwhile is newer: it goes on top.
        kept.append(&mut idle);
        *idle = kept;
        drop(idle);
        lock(&self.shared)
            .retain(|connection| !connection.is_closed() && !connection.is_idle_for(idle_timeout));
    }

    /// How many connections are idle (HTTP/1.1) or shared (HTTP/2).
    pub(crate) fn len(&self) -> usize {
        lock(&self.idle).len() + lock(&self.shared).len()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
