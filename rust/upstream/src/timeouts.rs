//! How long each part of an exchange may take, and the one timer that watches over all of it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::connect::deadline_after;
use crate::stop::{Stop, StopCause};

/// Limits of time. `Duration::MAX` means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name look-up, TCP, proxy and TLS together.
    pub connect: Duration,
    /// From the sent request to the first byte of the body.
    pub first_byte: Duration,
    /// Between two reads from the upstream; its comments and pings count.
    pub idle: Duration,
    /// The whole exchange.
    pub total: Duration,
    /// How long a client may take nothing while bytes wait for it.
    pub write_stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(300),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(1800),
            write_stall: Duration::from_secs(120),
        }
    }
}

/// When a silent stream says something to its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// After this long without output.
    pub after: Duration,
    /// And again each time this long has passed.
    pub interval: Duration,
    /// Start the response after this long even though no content has come, and keep it alive. From then on a failure
    /// can no longer be retried unseen, so it is off by default.
    pub early: Option<Duration>,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self {
            after: Duration::from_secs(10),
            interval: Duration::from_secs(10),
            early: None,
        }
    }
}

/// What the clock found to be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The whole exchange took too long.
    Total,
    /// No byte of the answer came in time.
    FirstByte,
    /// No further byte came in time.
    Idle,
    /// The response must start without content.
    Early,
    /// The client must hear something.
    Keepalive,
}

/// All deadlines of one exchange behind one tokio timer.
///
/// Reads and pushes only note the time. The timer stands at the earliest deadline it knew; when it fires, deadlines that
/// have moved meanwhile just move it. A stream of a thousand events a second so touches it once in ten seconds.
pub(crate) struct Clock {
    timeouts: Timeouts,
    keepalive: Keepalive,
    pub(crate) begun: Instant,
    total: Instant,
    /// When early keep-alives start the response; none for answers that are not streams.
    early: Option<Instant>,
    /// Deadline of the first byte, then none.
    first_byte: Option<Instant>,
    last_read: Option<Instant>,
    keepalive_at: Option<Instant>,
    sleep: Pin<Box<Sleep>>,
}

impl Clock {
    pub(crate) fn new(timeouts: Timeouts, keepalive: Keepalive, is_stream: bool) -> Self {
        let begun = Instant::now();
        let total = deadline_after(timeouts.total);
        let early = keepalive.early.filter(|_| is_stream).map(deadline_after);
        let mut clock = Self {
            timeouts,
            keepalive,
            begun,
            total,
            early,
            first_byte: None,
            last_read: None,
            keepalive_at: None,
            sleep: Box::pin(sleep_until(total)),
        };
        clock.arm();
        clock
    }

    /// The head of the answer came; its request was sent at this time.
    pub(crate) fn await_body(&mut self, sent_at: Instant) {
        self.first_byte = sent_at.checked_add(self.timeouts.first_byte);
        self.arm();
    }

    /// Bytes came from the upstream. Tells whether the whole exchange is over its time, which an upstream that never
    /// pauses would otherwise keep the timer from saying.
    pub(crate) fn note_read(&mut self) -> bool {
        let now = Instant::now();
        let is_first = self.last_read.is_none();
        self.last_read = Some(now);
        if is_first {
            self.first_byte = None;
            self.arm();
        }
        now >= self.total
    }

    /// The time spent waiting for the client is not the upstream's.
    pub(crate) fn forgive_upstream(&mut self) {
        if self.last_read.is_some() {
            self.last_read = Some(Instant::now());
        }
    }

    /// Something was pushed to the client.
    pub(crate) fn note_push(&mut self) {
        let is_first = self.keepalive_at.is_none();
        self.early = None;
        self.keepalive_at = Instant::now().checked_add(self.keepalive.after);
        if is_first {
            self.arm();
        }
    }

    /// A keep-alive was due.
    pub(crate) fn note_keepalive(&mut self) {
        self.early = None;
        self.keepalive_at = Instant::now().checked_add(self.keepalive.interval);
        self.arm();
    }

    /// Until when a client may take nothing.
    pub(crate) fn stall_deadline(&self) -> Instant {
        deadline_after(self.timeouts.write_stall)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Ready with what is due. Poll again after it was dealt with.
    pub(crate) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        while self.sleep.as_mut().poll(cx).is_ready() {
            let (at, due) = self.next();
            if at <= Instant::now() {
                return Poll::Ready(due);
            }
            self.sleep.as_mut().reset(at);
        }
        Poll::Pending
    }

    fn arm(&mut self) {
        let (at, _) = self.next();
        self.sleep.as_mut().reset(at);
    }

    /// The earliest deadline.
    fn next(&self) -> (Instant, Due) {
        let idle = self
            .last_read
            .and_then(|at| at.checked_add(self.timeouts.idle));
        let candidates = [
            (self.first_byte, Due::FirstByte),
            (idle, Due::Idle),
            (self.early, Due::Early),
            (self.keepalive_at, Due::Keepalive),
        ];
        let mut earliest = (self.total, Due::Total);
        for (at, due) in candidates {
            if let Some(at) = at.filter(|at| *at < earliest.0) {
                earliest = (at, due);
            }
        }
        earliest
    }
}

/// What ended a wait.
pub(crate) enum Event<T> {
    Done(T),
    Due(Due),
    Stopped(StopCause),
}

/// Wait for `work`, for something to be due, or for the end from outside.
pub(crate) async fn wait<T>(
    stop: &Stop,
    clock: &mut Clock,
    mut work: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Event<T> {
    poll_fn(|cx| {
        if let Poll::Ready(cause) = stop.poll_fired(cx) {
            return Poll::Ready(Event::Stopped(cause));
        }
        if let Poll::Ready(output) = work(cx) {
            return Poll::Ready(Event::Done(output));
        }
        clock.poll_due(cx).map(Event::Due)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn clock(early: Option<Duration>) -> Clock {
        let timeouts = Timeouts {
            first_byte: 20 * SECOND,
            idle: 8 * SECOND,
            total: 60 * SECOND,
            ..Timeouts::default()
        };
        let keepalive = Keepalive {
            after: 5 * SECOND,
            interval: 2 * SECOND,
            early,
        };
        Clock::new(timeouts, keepalive, true)
    }

    /// What is due next, and when, in seconds since the start.
    async fn due(clock: &mut Clock) -> (Due, u64) {
        let due = poll_fn(|cx| clock.poll_due(cx)).await;
        (due, clock.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_answer_the_total_counts() {
        assert_eq!(due(&mut clock(None)).await, (Due::Total, 60));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_byte_is_awaited_from_the_sending_on() {
        let mut clock = clock(None);
        tokio::time::advance(4 * SECOND).await;
        let sent_at = Instant::now();
        tokio::time::advance(3 * SECOND).await;
        clock.await_body(sent_at);
        assert_eq!(due(&mut clock).await, (Due::FirstByte, 24));
    }

    #[tokio::test(start_paused = true)]
    async fn every_read_moves_the_idle_deadline() {
        let mut clock = clock(None);
        for _ in 0..5 {
            assert!(!clock.note_read());
            tokio::time::advance(7 * SECOND).await;
        }
        assert_eq!(due(&mut clock).await, (Due::Idle, 36));
        tokio::time::advance(30 * SECOND).await;
        assert!(
            clock.note_read(),
            "an upstream that never pauses runs out of the total"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn keepalives_follow_the_last_push() {
        let mut clock = clock(None);
        clock.note_push();
        tokio::time::advance(3 * SECOND).await;
        clock.note_push();
        assert_eq!(due(&mut clock).await, (Due::Keepalive, 8));
        clock.note_keepalive();
        assert_eq!(due(&mut clock).await, (Due::Keepalive, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn early_keepalives_end_with_the_first_push() {
        let mut clock = clock(Some(3 * SECOND));
        assert_eq!(due(&mut clock).await, (Due::Early, 3));
        clock.note_keepalive();
        assert_eq!(due(&mut clock).await, (Due::Keepalive, 5));
        let mut clock = self::clock(Some(3 * SECOND));
        clock.note_push();
        assert_eq!(due(&mut clock).await, (Due::Keepalive, 5));
    }
}
