//! One attempt at one upstream: send, read, transcode, deliver.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use fastproxy_core::error::{Error, Kind, Retry, Source};
use fastproxy_core::transcode::Report;

use crate::body::Body;
use crate::call::Call;
use crate::client::{Client, Progress, Reply};
use crate::delivery::Delivery;
use crate::error::Failure;
use crate::outcome::{Outcome, RetryClass, Status, Tally};
use crate::refusal::{self, DecodeError};
use crate::sink::{Header, Sink};
use crate::sniff::{Expect, Looks, look};
use crate::stop::{Stop, StopCause};
use crate::timeouts::{Clock, Due, Keepalive, Timeouts};

/// As much is transcoded before it is pushed, however much there is: a bound of memory per stream.
const MAX_BATCH: usize = 64 << 10;
/// How much of a body that is not an answer is read to find out what it says.
const MAX_ODD_BODY: usize = 64 << 10;

/// What an exchange drives: the core's transcoder, or a double of it in tests.
pub trait Answer: Send {
    /// More bytes of a 2xx body. `Err` leaves in `out` what was complete before the error.
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error>;
    /// The body ended properly.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error>;
    /// Append the client's error event.
    fn abort(&mut self, error: &Error, out: &mut Vec<u8>);
    /// Append what keeps a waiting client connected.
    fn keepalive(&mut self, out: &mut Vec<u8>);
    /// Whether something of the answer has been decoded.
    fn has_content(&self) -> bool;
    /// Whether the answer is complete.
    fn is_complete(&self) -> bool;
    /// Whether the client gets a stream or one body.
    fn is_stream(&self) -> bool;
    /// What was seen.
    fn report(&self) -> Report;
}

/// One attempt at one upstream.
pub struct Exchange<A> {
    /// The request.
    pub call: Call,
    /// Turns the answer into the client's bytes.
    pub answer: A,
    /// What a 2xx body must be.
    pub expect: Expect,
    /// Reads error answers of this upstream (`codec(dialect).decode_error`).
    pub decode_error: DecodeError,
    /// Response headers for the client; the status is 200.
    pub head: Vec<Header>,
    /// Limits of time.
    pub timeouts: Timeouts,
    /// When to keep a silent stream alive.
    pub keepalive: Keepalive,
    /// Keep everything back until the first content, so that a failure before it can be retried unseen.
    pub hold_back: bool,
    /// Largest answer, content coding removed.
    pub max_response_bytes: u64,
    /// Ends it from outside.
    pub stop: Stop,
}

/// Why an attempt ended before its proper end.
#[derive(Debug)]
pub(crate) enum End {
    Failed(Failure),
    Stopped(StopCause),
    /// The sink said that the client is gone.
    ClientGone,
    /// The client took nothing for too long.
    ClientStalled,
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What one look at the upstream's body brought.
enum Read {
    /// Bytes were transcoded; more may follow.
    More,
    /// The answer is complete, or the body ended properly.
    End,
    /// The body is not what was asked for; these are its first bytes.
    Odd(Looks, Bytes),
}

/// What ended a wait.
enum Event<T> {
    Done(T),
    Due(Due),
    Stopped(StopCause),
}

impl<A: Answer> Exchange<A> {
    /// Run the attempt to its end. Dropping the future ends it at once: the upstream's connection is closed.
    pub async fn run(self, client: &Client, sink: &mut dyn Sink) -> Outcome {
        let Self { call, answer, expect, decode_error, head, timeouts, keepalive, hold_back, .. } = self;
        let clock = Clock::new(timeouts, keepalive, answer.is_stream());
        let delivery = Delivery::new(sink, head, self.stop.clone(), hold_back);
        let tally = Tally::default();
        let limit = self.max_response_bytes;
        let mut attempt = Attempt { answer, delivery, clock, stop: self.stop, tally, expect, limit };
        let end = match attempt.send(client, &call).await {
            Ok(reply) => attempt.receive(reply, &decode_error).await,
            Err(end) => Err(end),
        };
        attempt.conclude(end).await
    }
}

/// An exchange under way.
struct Attempt<'s, A> {
    answer: A,
    delivery: Delivery<'s>,
    clock: Clock,
    stop: Stop,
    tally: Tally,
    expect: Expect,
    limit: u64,
}

impl<A: Answer> Attempt<'_, A> {
    async fn send(&mut self, client: &Client, call: &Call) -> Result<Reply, End> {
        let timeouts = *self.clock.timeouts();
        let mut progress = Progress::default();
        let result = {
            let mut sending = pin!(client.send(call, &timeouts, &mut progress));
            loop {
                match wait(&self.stop, &mut self.clock, |cx| sending.as_mut().poll(cx)).await {
                    Event::Done(result) => break result.map_err(End::Failed),
                    Event::Stopped(cause) => break Err(End::Stopped(cause)),
                    Event::Due(due) => {
                        if let Err(end) = self.attend(due).await {
                            break Err(end);
                        }
                    }
                }
            }
        };
        self.tally.progress = progress;
        result
    }

    async fn receive(&mut self, reply: Reply, decode_error: &DecodeError) -> Result<(), End> {
        let Reply { status, headers, body, sent_at } = reply;
        self.tally.note_head(status, &headers, self.clock.elapsed());
        self.clock.await_body(sent_at);
        if !(200..=299).contains(&status) {
            let mut reading = pin!(refusal::read(status, &headers, body, decode_error));
            return Err(self.finish_with(reading.as_mut()).await);
        }
        match self.relay(body).await? {
            None => Ok(()),
            Some((looks, body, first)) => {
                let mut reading = pin!(odd_answer(looks, body, first, status, decode_error));
                Err(self.finish_with(reading.as_mut()).await)
            }
        }
    }

    /// Relay a 2xx body to its end. Gives it back when it is not what was asked for.
    async fn relay(&mut self, mut body: Body) -> Result<Option<(Looks, Body, Bytes)>, End> {
        loop {
            let Self { answer, delivery, clock, stop, tally, expect, limit } = self;
            let read = |cx: &mut Context<'_>| poll_read(cx, &mut body, answer, &mut delivery.out, tally, *expect, *limit);
            match wait(stop, clock, read).await {
                Event::Stopped(cause) => return Err(End::Stopped(cause)),
                Event::Due(due) => self.attend(due).await?,
                Event::Done(read) => {
                    self.clock.note_read();
                    self.tally.note_content(self.answer.has_content(), &self.clock);
                    match read? {
                        Read::Odd(looks, first) => return Ok(Some((looks, body, first))),
                        Read::More => self.delivery.deliver(&self.answer, &mut self.clock).await?,
                        Read::End => {
                            body.release();
                            self.delivery.deliver(&self.answer, &mut self.clock).await?;
                            return Ok(None);
                        }
                    }
                }
            }
        }
    }

    /// Deal with what the clock found.
    async fn attend(&mut self, due: Due) -> Result<(), End> {
        let limits = self.clock.timeouts();
        let failure = match due {
            Due::Early | Due::Keepalive => {
                return self.delivery.keep_alive(&mut self.answer, &mut self.clock).await;
            }
            Due::Total => Failure::too_slow("the whole exchange took", limits.total),
            Due::FirstByte => Failure::too_slow("the upstream sent nothing for", limits.first_byte),
            Due::Idle => Failure::too_slow("the upstream was silent for", limits.idle),
        };
        let has_answer = self.tally.upstream_status.is_some();
        let class = if has_answer { RetryClass::HeldBack } else { failure.class };
        Err(End::Failed(Failure { class, ..failure }))
    }

    /// Wait for a failure to be read in full.
    async fn finish_with(&mut self, mut reading: Pin<&mut (impl Future<Output = Failure> + Send)>) -> End {
        loop {
            match wait(&self.stop, &mut self.clock, |cx| reading.as_mut().poll(cx)).await {
                Event::Done(failure) => return End::Failed(failure),
                Event::Stopped(cause) => return End::Stopped(cause),
                Event::Due(due) => {
                    if let Err(end) = self.attend(due).await {
                        return end;
                    }
                }
            }
        }
    }

    async fn conclude(mut self, end: Result<(), End>) -> Outcome {
        let (status, failure) = match end {
            Ok(()) => (Status::Completed, None),
            Err(End::Stopped(StopCause::ClientGone) | End::ClientGone) => {
                (Status::Cancelled, Some(cancelled("the client left")))
            }
            Err(End::ClientStalled) => (Status::Cancelled, Some(cancelled("the client stopped reading"))),
            Err(End::Failed(failure)) => (Status::Failed, Some(failure)),
            Err(End::Stopped(cause)) => (Status::Failed, Some(stopped(cause))),
        };
        let mut class = failure.as_ref().map_or(RetryClass::Never, |failure| failure.class);
        let mut error = failure.map(|failure| failure.error);
        if let Some(error) = &mut error {
            error.upstream_status = error.upstream_status.or(self.tally.upstream_status);
        }
        let status = match &error {
            Some(error) if status == Status::Failed && self.delivery.is_started => {
                self.delivery.abort(&mut self.answer, error).await;
                class = RetryClass::Never;
                Status::AbortedMidStream
            }
            _ => status,
        };
        let is_document = status == Status::Completed && !self.answer.is_stream();
        let body = is_document.then(|| std::mem::take(&mut self.delivery.out));
        let bytes_out = body.as_ref().map_or(self.delivery.bytes_out, |body| body.len() as u64);
        self.tally.outcome(status, error, class, body, bytes_out, self.answer.report(), self.clock.elapsed())
    }
}

/// Wait for `work`, for something to be due, or for the end from outside.
async fn wait<T>(stop: &Stop, clock: &mut Clock, mut work: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Event<T> {
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

/// Transcode everything that is there, up to a batch.
fn poll_read(
    cx: &mut Context<'_>,
    body: &mut Body,
    answer: &mut impl Answer,
    out: &mut Vec<u8>,
    tally: &mut Tally,
    expect: Expect,
    limit: u64,
) -> Poll<Result<Read, Failure>> {
    let mut batch = 0;
    while batch < MAX_BATCH {
        let chunk = match body.poll_chunk(cx) {
            Poll::Pending if batch > 0 => break,
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure)),
            Poll::Ready(Ok(None)) => return Poll::Ready(answer.finish(out).map(|()| Read::End).map_err(held_back)),
            Poll::Ready(Ok(Some(chunk))) => chunk,
        };
        batch += chunk.len();
        tally.bytes_in += chunk.len() as u64;
        if tally.bytes_in > limit {
            let message = format!("the upstream's answer is larger than {limit} bytes");
            return Poll::Ready(Err(Failure::answer(Kind::Upstream, message)));
        }
        if !tally.is_sniffed {
            match look(expect, &chunk) {
                Looks::Blank => {}
                Looks::Right => tally.is_sniffed = true,
                odd => return Poll::Ready(Ok(Read::Odd(odd, chunk))),
            }
        }
        if let Err(error) = answer.feed(&chunk, out) {
            return Poll::Ready(Err(held_back(error)));
        }
        if answer.is_complete() {
            return Poll::Ready(answer.finish(out).map(|()| Read::End).map_err(held_back));
        }
    }
    Poll::Ready(Ok(Read::More))
}

/// A 2xx body that is no answer: what it says, if it says something.
async fn odd_answer(looks: Looks, mut body: Body, first: Bytes, status: u16, decode: &DecodeError) -> Failure {
    if looks == Looks::Page {
        return Failure::answer(Kind::Upstream, "the upstream answered with a web page instead of an answer");
    }
    let mut bytes = BytesMut::from(first);
    let limit = MAX_ODD_BODY.max(bytes.len());
    let _whole_or_not = body.collect(limit, &mut bytes).await;
    held_back(decode(status, &bytes))
}

/// A transcoder's error: the answer had begun.
fn held_back(error: Error) -> Failure {
    let class = if error.retry == Retry::Never { RetryClass::Never } else { RetryClass::HeldBack };
    Failure { error, class }
}

fn cancelled(message: &str) -> Failure {
    Failure { error: Error::new(Kind::Cancelled, Source::Client, message), class: RetryClass::Never }
}

fn stopped(cause: StopCause) -> Failure {
    let (kind, message) = match cause {
        StopCause::Deadline => (Kind::Timeout, "the request's deadline passed"),
        StopCause::Shutdown | StopCause::ClientGone => (Kind::Overloaded, "the proxy is shutting down"),
    };
    let mut error = Error::new(kind, Source::Proxy, message);
    error.retry = Retry::Never;
    Failure { error, class: RetryClass::Never }
}
