//! One attempt at one upstream: what it is made of.

use fastproxy_core::error::Error;
use fastproxy_core::transcode::{Report, Transcoder};

use crate::attempt::Attempt;
use crate::call::Call;
use crate::client::Client;
use crate::outcome::Outcome;
use crate::sink::{Header, Sink};
use crate::stop::Stop;
use crate::timeouts::{Keepalive, Timeouts};

/// One attempt at one upstream.
pub struct Exchange<A> {
    /// The request.
    pub call: Call,
    /// Turns the answer into the client's bytes.
    pub answer: A,
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

impl<A: Answer> Exchange<A> {
    /// Run the attempt to its end. Dropping the future ends it at once: the upstream's connection is closed.
    pub async fn run(self, client: &Client, sink: &mut dyn Sink) -> Outcome {
        let (attempt, call) = Attempt::new(self, sink);
        attempt.run(client, call).await
    }
}

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
    /// Read the upstream's error answer. `body` may be anything.
    fn decode_error(&self, status: u16, body: &[u8]) -> Error;
    /// Whether the error answer is an answer to this client (a refusal by a filter): then `out` holds it, complete.
    fn withheld(&mut self, _status: u16, _body: &[u8], _out: &mut Vec<u8>) -> bool {
        false
    }
}

impl Answer for Transcoder {
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.feed(bytes, out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.finish(out)
    }

    fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        self.abort(error, out);
    }

    fn keepalive(&mut self, out: &mut Vec<u8>) {
        self.keepalive(out);
    }

    fn has_content(&self) -> bool {
        self.has_content()
    }

    fn is_complete(&self) -> bool {
        self.is_complete()
    }

    fn is_stream(&self) -> bool {
        self.is_stream()
    }

    fn report(&self) -> Report {
        self.report()
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> Error {
        self.decode_error(status, body)
    }

    fn withheld(&mut self, status: u16, body: &[u8], out: &mut Vec<u8>) -> bool {
        self.withheld(status, body, out)
    }
}
