//! The answer path of one attempt: upstream bytes in, client bytes out. (Interface; being written on main.)
#![allow(clippy::unimplemented, missing_docs, unused_variables)]

use crate::error::Error;
use crate::ir::Usage;
use crate::loss::Loss;

/// What an attempt's answer turned out to be.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub usage: Usage,
    pub finish: Option<String>,
    pub upstream_id: Option<String>,
    pub upstream_model: Option<String>,
    pub losses: Vec<Loss>,
    /// Characters of text, thinking and arguments seen: the basis of an estimate where the upstream counts nothing.
    pub output_chars: u64,
}

/// One per attempt; a retry starts with a fresh one.
#[derive(Debug)]
pub struct Transcoder {}

impl Transcoder {
    /// More bytes of a 2xx body (content coding removed). Client bytes are appended to `out`; `Err` leaves `out` with
    /// what was complete before the error. After an `Err`, only `abort` and `report` may be called.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        unimplemented!()
    }
    /// The upstream's body ended properly on the HTTP level.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        unimplemented!()
    }
    /// Append the client dialect's error event (streams only).
    pub fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        unimplemented!()
    }
    /// Append what keeps a waiting client connected.
    pub fn keepalive(&mut self, out: &mut Vec<u8>) {
        unimplemented!()
    }
    /// Whether something of the answer has been decoded: from here on a retry would be seen by the client.
    pub fn has_content(&self) -> bool {
        unimplemented!()
    }
    /// Whether the answer is complete and nothing more need be read.
    pub fn is_complete(&self) -> bool {
        unimplemented!()
    }
    /// Whether the client gets a stream (`text/event-stream`) or one body.
    pub fn is_stream(&self) -> bool {
        unimplemented!()
    }
    pub fn report(&self) -> Report {
        unimplemented!()
    }
}
