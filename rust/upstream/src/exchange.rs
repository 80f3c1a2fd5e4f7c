//! One attempt at one upstream.

use fastproxy_core::error::Error;
use fastproxy_core::transcode::{Report, Transcoder};

use crate::call::Call;
use crate::client::Client;
use crate::outcome::Outcome;
use crate::sink::{Header, Sink};
use crate::stop::Stop;
use crate::timeouts::{Keepalive, Timeouts};

/// The part of [`Transcoder`] that an exchange drives.
pub trait Answer: Send {
    /// More bytes of a 2xx body.
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

/// Reads an upstream's error answer: status and body.
pub type DecodeError = Box<dyn Fn(u16, &[u8]) -> Error + Send + Sync>;

/// What a 2xx body must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Server-sent events.
    EventStream,
    /// One JSON document.
    Document,
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

impl<A: Answer> Exchange<A> {
    /// Run the attempt to its end.
    pub async fn run(self, client: &Client, sink: &mut dyn Sink) -> Outcome {
        unimplemented!()
    }
}

impl Answer for Transcoder {
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        Self::feed(self, bytes, out)
    }
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        Self::finish(self, out)
    }
    fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        Self::abort(self, error, out);
    }
    fn keepalive(&mut self, out: &mut Vec<u8>) {
        Self::keepalive(self, out);
    }
    fn has_content(&self) -> bool {
        Self::has_content(self)
    }
    fn is_complete(&self) -> bool {
        Self::is_complete(self)
    }
    fn is_stream(&self) -> bool {
        Self::is_stream(self)
    }
    fn report(&self) -> Report {
        Self::report(self)
    }
}
