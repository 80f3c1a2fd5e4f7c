//! An attempt under way: send, read, transcode, deliver.

use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use fastproxy_core::error::{Error, Kind, Retry, Source};
use tokio::time::timeout;

use crate::body::Body;
use crate::call::Call;
use crate::client::{Client, Progress, Reply};
use crate::error::Failure;
use crate::exchange::{Answer, Exchange};
use crate::link::Step;
use crate::outcome::{Ending, Outcome, RetryClass, Status, Tally};
use crate::refusal;
use crate::sink::{Delivery, Sink};
use crate::stop::{Stop, StopCause};
use crate::timeouts::{Clock, Due, Event, wait};
use crate::unsaid::Unsaid;

/// As much of an error answer is read.
const MAX_REFUSAL: usize = 1 << 20;
/// And for so long.
const REFUSAL_TIME: Duration = Duration::from_secs(10);

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
}

/// An exchange under way.
pub(crate) struct Attempt<'s, A> {
    answer: A,
    delivery: Delivery<'s>,
    clock: Clock,
    stop: Stop,
    tally: Tally,
    hold_back: bool,
    limit: u64,
}

impl<'s, A: Answer> Attempt<'s, A> {
    pub(crate) fn new(exchange: Exchange<A>, sink: &'s mut dyn Sink) -> (Self, Call) {
        let Exchange {
            call,
            answer,
            head,
            timeouts,
            keepalive,
            hold_back,
            max_response_bytes,
            stop,
        } = exchange;
        let clock = Clock::new(timeouts, keepalive, answer.is_stream());
        let delivery = Delivery::new(sink, head, stop.clone());
        let tally = Tally::default();
        (
            Self {
                answer,
                delivery,
                clock,
                stop,
                tally,
                hold_back,
                limit: max_response_bytes,
            },
            call,
        )
    }

    pub(crate) async fn run(mut self, client: &Client, call: Call) -> Outcome {
        let unsaid = Unsaid::of(&call);
        let sent = self.send(client, &call).await;
        // A stream may last for minutes: it need not keep its request.
        drop(call);
        let end = match sent {
            Ok(reply) => self.receive(reply).await,
            Err(end) => Err(end),
        };
        self.conclude(end, &unsaid).await
    }

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

    async fn receive(&mut self, reply: Reply) -> Result<(), End> {
        let Reply {
            status,
            headers,
            body,
            sent_at,
        } = reply;
        self.tally.note_head(status, &headers, self.clock.elapsed());
        self.clock.await_body(sent_at);
        if (200..=299).contains(&status) {
            // Its values are slices of the first read buffer.
            drop(headers);
            return self.relay(body).await;
        }
        let bytes = self.read_refusal(body).await?;
        if self.answer.withheld(status, &bytes, &mut self.delivery.out) {
            return self.deliver().await;
        }
        Err(End::Failed(refusal::classify(
            status,
            &headers,
            &bytes,
            &self.answer,
        )))
    }

    /// As much of an error answer as comes. A body that breaks off or dawdles is used as far as it came: the status
    /// alone says enough.
    async fn read_refusal(&mut self, mut body: Body) -> Result<Vec<u8>, End> {
        let mut bytes = Vec::new();
        {
            let mut reading = pin!(timeout(REFUSAL_TIME, body.collect(MAX_REFUSAL, &mut bytes)));
            loop {
                match wait(&self.stop, &mut self.clock, |cx| reading.as_mut().poll(cx)).await {
                    Event::Done(_whole_or_not) => break,
                    Event::Stopped(cause) => return Err(End::Stopped(cause)),
                    Event::Due(due) => self.attend(due).await?,
                }
            }
        }
        Ok(bytes)
    }

    /// Relay a 2xx body to its end.
    async fn relay(&mut self, mut body: Body) -> Result<(), End> {
        loop {
            let Self {
                answer,
                delivery,
                clock,
                stop,
                tally,
                limit,
                ..
            } = self;
            let read = |cx: &mut Context<'_>| {
                poll_read(cx, &mut body, answer, &mut delivery.out, tally, *limit)
            };
            match wait(stop, clock, read).await {
                Event::Stopped(cause) => return Err(End::Stopped(cause)),
                Event::Due(due) => self.attend(due).await?,
                Event::Done(read) => {
                    let is_over = self.clock.note_read();
                    self.tally
                        .note_content(self.answer.has_content(), &self.clock);
                    let is_end = matches!(read?, Read::End);
                    if is_end {
                        body.release();
                        return self.deliver().await;
                    }
                    self.deliver().await?;
                    if is_over {
                        self.attend(Due::Total).await?;
                    }
                }
            }
        }
    }

    /// Push what there is, unless the answer has no content yet or is not a stream at all.
    async fn deliver(&mut self) -> Result<(), End> {
        if !self.answer.is_stream() {
            return Ok(());
        }
        let may_start = !self.hold_back || self.answer.has_content() || self.answer.is_complete();
        self.delivery.deliver(may_start, &mut self.clock).await
    }

    /// Deal with what the clock found.
    async fn attend(&mut self, due: Due) -> Result<(), End> {
        let limits = self.clock.timeouts();
        let failure = match due {
            Due::Early | Due::Keepalive => {
                return self
                    .delivery
                    .keep_alive(&mut self.answer, &mut self.clock)
                    .await;
            }
            Due::Total => Failure::too_slow("the whole exchange took", limits.total),
            Due::FirstByte => Failure::too_slow("the upstream sent nothing for", limits.first_byte),
            Due::Idle => Failure::too_slow("the upstream was silent for", limits.idle),
        };
        let has_answer = self.tally.upstream_status.is_some();
        let class = if has_answer {
            RetryClass::HeldBack
        } else {
            failure.class
        };
        Err(End::Failed(Failure { class, ..failure }))
    }

    async fn conclude(mut self, end: Result<(), End>, unsaid: &Unsaid) -> Outcome {
        let (status, failure) = match end {
            Ok(()) => (Status::Completed, None),
            Err(End::Stopped(StopCause::ClientGone) | End::ClientGone) => {
                (Status::Cancelled, Some(cancelled("the client left")))
            }
            Err(End::ClientStalled) => (
                Status::Cancelled,
                Some(cancelled("the client stopped reading")),
            ),
            Err(End::Failed(failure)) => (Status::Failed, Some(failure)),
            Err(End::Stopped(cause)) => (Status::Failed, Some(stopped(cause))),
        };
        let mut class = failure
            .as_ref()
            .map_or(RetryClass::Never, |failure| failure.class);
        let mut error = failure.map(|failure| failure.error);
        if let Some(error) = &mut error {
            error.upstream_status = error.upstream_status.or(self.tally.upstream_status);
            unsaid.mask(error);
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
        let bytes_out = body
            .as_ref()
            .map_or(self.delivery.bytes_out, |body| body.len() as u64);
        let ending = Ending {
            status,
            error,
            class,
            body,
            bytes_out,
        };
        self.tally
            .outcome(ending, self.answer.report(), self.clock.elapsed())
    }
}

/// Transcode what one read brings.
fn poll_read(
    cx: &mut Context<'_>,
    body: &mut Body,
    answer: &mut impl Answer,
    out: &mut Vec<u8>,
    tally: &mut Tally,
    limit: u64,
) -> Poll<Result<Read, Failure>> {
    let step = ready!(body.poll(cx, &mut |piece| {
        tally.bytes_in += piece.len() as u64;
        if tally.bytes_in > limit {
            let message = format!("the upstream's answer is larger than {limit} bytes");
            return Err(Failure::answer(Kind::Upstream, message));
        }
        answer.feed(piece, out).map_err(Failure::begun)
    }))?;
    if step != Step::End && !answer.is_complete() {
        return Poll::Ready(Ok(Read::More));
    }
    Poll::Ready(
        answer
            .finish(out)
            .map(|()| Read::End)
            .map_err(Failure::begun),
    )
}

fn cancelled(message: &str) -> Failure {
    Failure {
        error: Error::new(Kind::Cancelled, Source::Client, message),
        class: RetryClass::Never,
    }
}

fn stopped(cause: StopCause) -> Failure {
    let (kind, message) = match cause {
        StopCause::Deadline => (Kind::Timeout, "the request's deadline passed"),
        StopCause::Shutdown | StopCause::ClientGone => {
            (Kind::Overloaded, "the proxy is shutting down")
        }
    };
    let mut error = Error::new(kind, Source::Proxy, message);
    error.retry = Retry::Never;
    Failure {
        error,
        class: RetryClass::Never,
    }
}
