//! Answers as bytes of HTTP/1.1.

use std::io::Write as _;

use super::ask::Ask;
use super::{chat, messages};
use crate::dialect::Dialect;
use crate::stamp::Stamp;

const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
    cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

/// The events of a stream as a dialect writes them; the deltas by what stands around their text.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) opening: Vec<String>,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) closing: Vec<String>,
}

/// A stream that is being answered.
#[derive(Debug)]
pub(super) struct Stream {
    ask: Ask,
    /// Deltas written.
    written: u32,
    /// What stands around the text of a delta, HTTP framing included.
    before: Vec<u8>,
    after: Vec<u8>,
    /// Everything behind the last delta.
    closing: Vec<u8>,
}

impl Stream {
    /// Append the head and all that comes before the first delta.
    pub(super) fn open(ask: Ask, serial: u64, out: &mut Vec<u8>) -> Self {
        let script = match ask.dialect {
            Dialect::OpenaiChat => chat::script(&ask, serial),
            Dialect::Anthropic => messages::script(&ask, serial),
        };
        out.extend_from_slice(STREAM_HEAD);
        if ask.plan.one_chunk {
            Self::in_one_chunk(ask, script, out)
        } else {
            Self::in_chunks(ask, &script, out)
        }
    }

    fn in_one_chunk(ask: Ask, script: Script, out: &mut Vec<u8>) -> Self {
        let (opening, closing) = (script.opening.concat(), script.closing.concat());
        let delta = script.before.len() + ask.plan.delta_text() + script.after.len();
        size(
            opening.len() + ask.plan.events as usize * delta + closing.len(),
            out,
        );
        out.extend_from_slice(opening.as_bytes());
        let closing = [closing.as_bytes(), b"\r\n0\r\n\r\n"].concat();
        Self {
            ask,
            written: 0,
            before: script.before.into(),
            after: script.after.into(),
            closing,
        }
    }

    fn in_chunks(ask: Ask, script: &Script, out: &mut Vec<u8>) -> Self {
        chunks(&script.opening, out);
        let (mut before, mut closing) = (Vec::new(), Vec::new());
        size(
            script.before.len() + ask.plan.delta_text() + script.after.len(),
            &mut before,
        );
        before.extend_from_slice(script.before.as_bytes());
        let after = [script.after.as_bytes(), b"\r\n"].concat();
        chunks(&script.closing, &mut closing);
        closing.extend_from_slice(b"0\r\n\r\n");
        Self {
            ask,
            written: 0,
            before,
            after,
            closing,
        }
    }

    /// Append the next delta, and the end behind the last one.
    pub(super) fn delta(&mut self, now: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.before);
        Stamp {
            number: self.written,
            at: now,
        }
        .write(self.ask.plan.delta_text(), out);
        out.extend_from_slice(&self.after);
        self.written += 1;
        if self.is_done() {
            out.extend_from_slice(&self.closing);
        }
    }

    /// Nanoseconds between deltas; 0 for a stream that is not paced.
    pub(super) fn interval(&self) -> u64 {
        self.ask.plan.interval * crate::clock::MICROSECOND
    }

    /// Everything has been appended.
    pub(super) fn is_done(&self) -> bool {
        self.written == self.ask.plan.events
    }
}

/// Append an answer that is not streamed.
pub(super) fn whole(ask: &Ask, serial: u64, now: u64, out: &mut Vec<u8>) {
    let mut text = Vec::new();
    Stamp { number: 0, at: now }.write(ask.plan.whole_text(), &mut text);
    let text = String::from_utf8_lossy(&text);
    let body = match ask.dialect {
        Dialect::OpenaiChat => chat::whole(ask, serial, &text),
        Dialect::Anthropic => messages::whole(ask, serial, &text),
    };
    json("200 OK", &body, out);
}

/// Append a refusal in the dialect.
pub(super) fn refusal(dialect: Dialect, message: &str, out: &mut Vec<u8>) {
    // serialising a string cannot fail
    let message = serde_json::to_string(message).unwrap_or_default();
    let body = match dialect {
        Dialect::OpenaiChat => chat::error(&message),
        Dialect::Anthropic => messages::error(&message),
    };
    json("400 Bad Request", &body, out);
}

/// Append an answer that is one JSON text.
pub(super) fn json(status: &str, body: &str, out: &mut Vec<u8>) {
    let length = body.len();
    // writing to memory cannot fail
    let _ = write!(
        out,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
}

fn chunks(events: &[String], out: &mut Vec<u8>) {
    for event in events {
        size(event.len(), out);
        out.extend_from_slice(event.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

fn size(length: usize, out: &mut Vec<u8>) {
    // writing to memory cannot fail
    let _ = write!(out, "{length:x}\r\n");
}
