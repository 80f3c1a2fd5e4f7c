//! The client's half of an exchange: the trait that a server implements, and what an attempt does with it (what is held
//! back, when the response starts, one push per upstream read).

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use fastproxy_core::error::Error;
use tokio::time::{Instant, timeout_at};

use crate::attempt::End;
use crate::exchange::Answer;
use crate::stop::Stop;
use crate::timeouts::Clock;

/// The output buffer keeps at most this much between pushes: open streams are many and mostly silent.
const KEPT_CAPACITY: usize = 8 << 10;
/// How long a last push may wait for a client before the response is closed.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// What became of bytes handed to a [`Sink`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// Taken; more may follow at once.
    Accepted,
    /// Taken, but nothing may be pushed until [`Sink::poll_ready`] says so.
    Full,
    /// The client is gone; the bytes are lost and nothing more need be pushed.
    Closed,
}

/// The response towards one client.
///
/// Bytes are lent, not given: the one implementation that matters copies them into a Python `bytes` object, so that the
/// exchange can keep one output buffer for the whole stream.
pub trait Sink: Send {
    /// Status and headers; called once, right before the first push.
    fn start(&mut self, status: u16, headers: &[Header]) -> Push;

    /// Take these bytes.
    fn push(&mut self, bytes: &[u8]) -> Push;

    /// After [`Push::Full`]: ready with true when pushing is allowed again, with false when the client is gone.
    ///
    /// Only the waker of the last call need be woken.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool>;
}

/// A header line towards the client: name and value.
pub type Header = (Vec<u8>, Vec<u8>);

/// The client's half of an exchange.
pub(crate) struct Delivery<'s> {
    sink: &'s mut dyn Sink,
    status: u16,
    head: Vec<Header>,
    stop: Stop,
    /// Bytes for the client that have not been pushed.
    pub(crate) out: Vec<u8>,
    pub(crate) bytes_out: u64,
    /// Whether the client has seen the response begin.
    pub(crate) is_started: bool,
    /// Whether the sink has taken all it can for now.
    is_full: bool,
}

impl<'s> Delivery<'s> {
    pub(crate) fn new(sink: &'s mut dyn Sink, head: Vec<Header>, stop: Stop) -> Self {
        let out = Vec::new();
        Self {
            sink,
            status: 200,
            head,
            stop,
            out,
            bytes_out: 0,
            is_started: false,
            is_full: false,
        }
    }

    /// Begin with this status, and with these headers besides.
    pub(crate) fn tell(&mut self, status: u16, more: Vec<Header>) {
        self.status = status;
        self.head.extend(more);
    }

    /// Push what one upstream read made. Without `may_start`, an answer that has not begun stays held back.
    pub(crate) async fn deliver(&mut self, may_start: bool, clock: &mut Clock) -> Result<(), End> {
        if self.out.is_empty() || !(self.is_started || may_start) {
            return Ok(());
        }
        self.start(clock).await?;
        self.push(clock).await
    }

    /// Keep the client waiting; starts the response if it has not begun.
    pub(crate) async fn keep_alive(
        &mut self,
        answer: &mut impl Answer,
        clock: &mut Clock,
    ) -> Result<(), End> {
        self.start(clock).await?;
        answer.keepalive(&mut self.out);
        if !self.out.is_empty() {
            self.push(clock).await?;
        }
        clock.note_keepalive();
        Ok(())
    }

    /// Push the dialect's error event, after whatever was complete before the error. The client may be slow or gone:
    /// then it is dropped, and the abnormal close that follows says as much.
    pub(crate) async fn abort(&mut self, answer: &mut impl Answer, error: &Error) {
        answer.abort(error, &mut self.out);
        if self.out.is_empty() {
            return;
        }
        let deadline = Instant::now() + LAST_WAIT;
        if self.is_full && self.ready(deadline, None).await.is_err() {
            return;
        }
        self.bytes_out += self.out.len() as u64;
        if self.sink.push(&self.out) == Push::Full {
            // An abnormal close may overtake bytes that the server has not taken yet.
            let _gone = self.ready(deadline, None).await;
        }
    }

    async fn start(&mut self, clock: &mut Clock) -> Result<(), End> {
        if self.is_started {
            return Ok(());
        }
        self.is_started = true;
        let push = self.sink.start(self.status, &self.head);
        self.settle(push, clock).await
    }

    async fn push(&mut self, clock: &mut Clock) -> Result<(), End> {
        self.bytes_out += self.out.len() as u64;
        let push = self.sink.push(&self.out);
        self.out.clear();
        if self.out.capacity() > KEPT_CAPACITY {
            self.out = Vec::new();
        }
        clock.note_push();
        self.settle(push, clock).await
    }

    /// Wait until the sink takes more. Nothing is read from the upstream meanwhile: that is the backpressure.
    async fn settle(&mut self, push: Push, clock: &mut Clock) -> Result<(), End> {
        match push {
            Push::Accepted => return Ok(()),
            Push::Closed => return Err(End::ClientGone),
            Push::Full => self.is_full = true,
        }
        let stop = self.stop.clone();
        self.ready(clock.stall_deadline(), Some(&stop)).await?;
        clock.forgive_upstream();
        clock.note_push();
        Ok(())
    }

    /// Wait until the sink takes more; with `stop`, at most until that fires.
    async fn ready(&mut self, deadline: Instant, stop: Option<&Stop>) -> Result<(), End> {
        let sink = &mut *self.sink;
        let ready = poll_fn(|cx| {
            if let Some(Poll::Ready(cause)) = stop.map(|stop| stop.poll_fired(cx)) {
                return Poll::Ready(Err(End::Stopped(cause)));
            }
            sink.poll_ready(cx).map(|is_open| {
                if is_open {
                    Ok(())
                } else {
                    Err(End::ClientGone)
                }
            })
        });
        timeout_at(deadline, ready)
            .await
            .map_err(|_| End::ClientStalled)??;
        self.is_full = false;
        Ok(())
    }
}
