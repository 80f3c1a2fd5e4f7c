//! One stream, from its first byte to its terminator.

use std::mem;

use memchr::memmem;

use super::{Expected, Found, Stage, frame};
use crate::fault::{Fault, excerpt};
use crate::stamp::Stamp;

/// Most bytes of one event.
const FRAME_LIMIT: usize = 8 << 20;

/// Checks one stream, fed in pieces of any size.
#[derive(Debug)]
pub struct StreamReader {
    expected: Expected,
    stage: Stage,
    /// Deltas so far: the number of the next one.
    deltas: u32,
    is_complete: bool,
    /// The beginning of a frame that was cut by the end of a piece.
    carry: Vec<u8>,
    known: KnownDelta,
}

/// What stands around the text of a delta that was read in full.
#[derive(Debug, Default)]
struct KnownDelta {
    before: Vec<u8>,
    after: Vec<u8>,
    /// The stage takes another one: the last event was a delta too.
    is_next: bool,
}

impl StreamReader {
    /// For a stream that begins.
    pub fn new(expected: Expected) -> Self {
        Self {
            expected,
            stage: Stage::first(expected.dialect),
            deltas: 0,
            is_complete: false,
            carry: Vec::new(),
            known: KnownDelta::default(),
        }
    }

    /// More of the body; `on_delta` is called for each delta, in order.
    pub fn feed(&mut self, bytes: &[u8], on_delta: &mut impl FnMut(Stamp)) -> Result<(), Fault> {
        if self.carry.is_empty() {
            let used = self.frames(bytes, on_delta)?;
            self.carry.extend_from_slice(&bytes[used..]);
        } else {
            let mut carry = mem::take(&mut self.carry);
            carry.extend_from_slice(bytes);
            let used = self.frames(&carry, on_delta)?;
            carry.drain(..used);
            self.carry = carry;
        }
        if self.carry.len() > FRAME_LIMIT {
            return Err(Fault::Grammar("an event of more than 8 MiB".to_owned()));
        }
        Ok(())
    }

    /// The body ended as HTTP says it should.
    pub fn finish(&self) -> Result<(), Fault> {
        if !self.carry.is_empty() {
            return Err(Fault::Truncated("within an event"));
        }
        if !self.is_complete {
            return Err(Fault::Truncated(
                "the body ended without the dialect's terminator",
            ));
        }
        Ok(())
    }

    /// Read all whole frames; how many bytes they are.
    fn frames(&mut self, bytes: &[u8], on_delta: &mut impl FnMut(Stamp)) -> Result<usize, Fault> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if let Some((stamp, length)) = self.known.read(rest, self.expected.plan.delta_text()) {
                self.delta(stamp, on_delta)?;
                at += length;
            } else if let Some(length) = frame::length(rest) {
                self.frame(&rest[..length], on_delta)?;
                at += length;
            } else {
                break;
            }
        }
        Ok(at)
    }

    fn frame(&mut self, bytes: &[u8], on_delta: &mut impl FnMut(Stamp)) -> Result<(), Fault> {
        let Some(event) = frame::read(bytes)? else {
            return Ok(());
        };
        if self.is_complete {
            return Err(Fault::Trailing(bytes.len()));
        }
        self.known.is_next = false;
        match self.stage.event(&event, &self.expected)? {
            Found::Delta(text) => {
                let stamp = self.stamp(&text)?;
                self.known.learn(bytes, text.as_bytes());
                self.delta(stamp, on_delta)?;
            }
            Found::TextEnd if self.deltas != self.expected.plan.events => {
                let expected = self.expected.plan.events;
                return Err(Fault::Count {
                    expected,
                    got: self.deltas,
                });
            }
            Found::End => self.is_complete = true,
            Found::TextEnd | Found::Other => {}
        }
        Ok(())
    }

    fn stamp(&self, text: &str) -> Result<Stamp, Fault> {
        let length = self.expected.plan.delta_text();
        Stamp::read(text.as_bytes(), length).ok_or_else(|| {
            let count = text.len() / length;
            let merged = text.len().is_multiple_of(length) && count > 1;
            if merged {
                Fault::Merged(count)
            } else {
                Fault::Text(excerpt(text))
            }
        })
    }

    fn delta(&mut self, stamp: Stamp, on_delta: &mut impl FnMut(Stamp)) -> Result<(), Fault> {
        if stamp.number != self.deltas {
            return Err(Fault::Order {
                expected: self.deltas,
                got: stamp.number,
            });
        }
        if stamp.at < self.expected.not_before {
            return Err(Fault::Stale);
        }
        self.deltas += 1;
        on_delta(stamp);
        Ok(())
    }
}

impl KnownDelta {
    /// Remember a frame by its text, which must stand in it once and as it is.
    fn learn(&mut self, frame: &[u8], text: &[u8]) {
        self.before.clear();
        self.after.clear();
        let found = memmem::find(frame, text);
        if let Some(at) = found.filter(|_| found == memmem::rfind(frame, text)) {
            self.before.extend_from_slice(&frame[..at]);
            self.after.extend_from_slice(&frame[at + text.len()..]);
            self.is_next = true;
        }
    }

    /// The stamp and the length of the first frame, if it is the same around another text.
    fn read(&self, bytes: &[u8], text: usize) -> Option<(Stamp, usize)> {
        let end = self.before.len() + text;
        let length = end + self.after.len();
        let frame = bytes.get(..length).filter(|_| self.is_next)?;
        if frame[..self.before.len()] != *self.before || frame[end..] != *self.after {
            return None;
        }
        Some((Stamp::read(&frame[self.before.len()..end], text)?, length))
    }
}
