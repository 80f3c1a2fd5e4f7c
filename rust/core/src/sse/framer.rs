//! Cutting a stream into frames.

use std::mem;
use std::ops::{ControlFlow, Range};

use memchr::memchr2;

use super::lines::{BOM, Lines};
use crate::error::Error;

/// Largest single event accepted by default: images and encrypted reasoning reach megabytes.
pub const DEFAULT_EVENT_LIMIT: usize = 32 << 20;
/// Buffers that a large event has grown beyond this are given back after it.
pub(crate) const KEPT_CAPACITY: usize = 64 << 10;

/// Everything from the end of the frame before to the end of this one (its blank line included).
///
/// The `raw` of all frames, one after the other, is the stream as it came.
#[derive(Clone, Debug)]
pub struct Frame<'f> {
    /// The bytes as received.
    pub raw: &'f [u8],
    /// Event name; empty when there is none.
    pub name: &'f str,
    /// Joined data; `None` for frames of comments, ids, retries or blank lines only.
    pub data: Option<&'f str>,
    /// Where the data stands in `raw`, when it is one line.
    pub span: Option<Range<usize>>,
    /// `raw` begins with a byte order mark (only the first frame may): see [`Frame::without_bom`].
    pub has_bom: bool,
    /// The frame lacked its blank line (end of the stream).
    pub is_unterminated: bool,
}

impl<'f> Frame<'f> {
    /// `raw` as it may be relayed: some SDKs lose the first event of a stream that begins with a byte order mark.
    pub fn without_bom(&self) -> &'f [u8] {
        if self.has_bom {
            &self.raw[BOM.len()..]
        } else {
            self.raw
        }
    }
}

/// What is done with a frame; `Break` ends the reading.
pub type OnFrame<'o> = dyn FnMut(Frame<'_>) -> Result<ControlFlow<()>, Error> + 'o;

/// Cuts a byte stream into frames, fed in pieces of any size. Frames that lie whole in one piece are not copied.
///
/// Frames do not depend on how the stream was cut, and each is delivered as soon as its last byte is there. The work
/// is linear in the bytes, however small the pieces are. After an `Err` or a `Break` the framer reads no more.
#[derive(Debug)]
pub struct SseFramer {
    limit: usize,
    lines: Lines,
    /// What earlier pieces brought of a frame that is not complete yet.
    held: Vec<u8>,
    is_done: bool,
}

impl Default for SseFramer {
    fn default() -> Self {
        Self::new(DEFAULT_EVENT_LIMIT)
    }
}

impl SseFramer {
    /// A framer that refuses frames of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            lines: Lines::new(),
            held: Vec::new(),
            is_done: false,
        }
    }

    /// `on` is called for every complete frame and may stop the feeding (`Break`): the rest of `bytes` is then dropped.
    /// `Err`: a frame over the limit, data that is not UTF-8, or what `on` returned.
    pub fn feed(&mut self, bytes: &[u8], on: &mut OnFrame<'_>) -> Result<(), Error> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_done {
            let step = if self.held.is_empty() {
                self.begin(rest, on)
            } else {
                self.resume(rest, on)
            };
            match step {
                Ok(taken) => rest = &rest[taken..],
                Err(error) => {
                    self.is_done = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// End of stream: a last frame without its blank line is delivered.
    pub fn finish(&mut self, on: &mut OnFrame<'_>) -> Result<(), Error> {
        if mem::replace(&mut self.is_done, true) || self.held.is_empty() {
            return Ok(());
        }
        let held = mem::take(&mut self.held);
        let is_unterminated = !self.lines.end(&held);
        self.deliver(&held, is_unterminated, on)
    }

    /// A frame starts with `bytes`. How many of them were taken.
    fn begin(&mut self, bytes: &[u8], on: &mut OnFrame<'_>) -> Result<usize, Error> {
        let end = self.lines.advance(bytes);
        let taken = end.unwrap_or(bytes.len());
        self.check_size(taken)?;
        match end {
            Some(end) => self.deliver(&bytes[..end], false, on)?,
            None => self.held.extend_from_slice(bytes),
        }
        Ok(taken)
    }

    /// `bytes` go on with the held frame. One line of them is taken over: what comes after the frame is not copied.
    fn resume(&mut self, bytes: &[u8], on: &mut OnFrame<'_>) -> Result<usize, Error> {
        let length = memchr2(b'\n', b'\r', bytes).map_or(bytes.len(), |at| at + 1);
        let before = self.held.len();
        self.held.extend_from_slice(&bytes[..length]);
        let end = self.lines.advance(&self.held);
        self.check_size(end.unwrap_or(self.held.len()))?;
        let Some(end) = end else { return Ok(length) };
        let mut held = mem::take(&mut self.held);
        self.deliver(&held[..end], false, on)?;
        if held.capacity() <= KEPT_CAPACITY {
            held.clear();
            self.held = held;
        }
        Ok(end - before)
    }

    fn check_size(&self, size: usize) -> Result<(), Error> {
        if size <= self.limit {
            return Ok(());
        }
        // Not `Kind::TooLarge`: that is a request's.
        let message = format!("an event of the stream is larger than {} bytes", self.limit);
        Err(Error::malformed(message))
    }

    fn deliver(
        &mut self,
        raw: &[u8],
        is_unterminated: bool,
        on: &mut OnFrame<'_>,
    ) -> Result<(), Error> {
        let lines = &self.lines;
        let span = lines.data.clone().filter(|_| !lines.is_joined());
        let value = match &span {
            Some(span) => Some(&raw[span.clone()]),
            None => lines.is_joined().then_some(&lines.joined[..]),
        };
        let data = value
            .map(|value| text(value, is_unterminated))
            .transpose()?;
        let name = text(&raw[lines.name.clone()], is_unterminated)?;
        let has_bom = lines.has_bom(raw);
        let flow = on(Frame {
            raw,
            name,
            data,
            span,
            has_bom,
            is_unterminated,
        })?;
        self.is_done |= flow.is_break();
        self.lines.reset(KEPT_CAPACITY);
        Ok(())
    }
}

/// A stream that ends inside a character was cut short; anything else that is not UTF-8 was never right.
pub(crate) fn text(bytes: &[u8], is_unterminated: bool) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|error| match error.error_len() {
        None if is_unterminated => Error::truncated("the stream ended inside a character"),
        _ => Error::malformed("the stream holds an event that is not UTF-8"),
    })
}
