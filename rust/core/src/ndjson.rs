//! JSON objects, one a line: bytes ↔ frames, the form in which Ollama streams.
//!
//! Lines end with LF alone or CRLF, never at Unicode's other line breaks, which JSON strings may hold. Blank lines are
//! frames without data: they say nothing, and clients that parse every line die of them.

use std::mem;

use memchr::memchr;

use crate::error::Error;
use crate::sse::{BOM, Frame, KEPT_CAPACITY, OnFrame, text};

/// Cuts a stream into lines, with the limits and the promises of [`crate::sse::SseFramer`]: the frames do not depend on
/// how the stream was cut, and their `raw` bytes, one after the other, are the stream.
#[derive(Debug)]
pub struct LineFramer {
    limit: usize,
    /// What earlier pieces brought of a line that is not complete yet.
    held: Vec<u8>,
    is_first: bool,
    is_done: bool,
}

impl LineFramer {
    /// A framer that refuses lines of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            held: Vec::new(),
            is_first: true,
            is_done: false,
        }
    }

    /// `on` is called for every complete line and may stop the feeding (`Break`): the rest of `bytes` is then dropped.
    /// `Err`: a line over the limit, one that is not UTF-8, or what `on` returned.
    pub fn feed(&mut self, bytes: &[u8], on: &mut OnFrame<'_>) -> Result<(), Error> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_done {
            let end = memchr(b'\n', rest).map(|at| at + 1);
            let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            let step = self.take(piece, end.is_some(), on);
            self.is_done |= step.is_err();
            step?;
        }
        Ok(())
    }

    /// End of stream: a last line without its end is delivered, unless it was cut inside its object.
    pub fn finish(&mut self, on: &mut OnFrame<'_>) -> Result<(), Error> {
        if mem::replace(&mut self.is_done, true) || self.held.is_empty() {
            return Ok(());
        }
        let held = mem::take(&mut self.held);
        match held.trim_ascii_end().last() {
            Some(b'}') | None => self.deliver(&held, true, on),
            Some(_) => Err(Error::truncated("the stream ended inside a line")),
        }
    }

    fn take(&mut self, piece: &[u8], is_end: bool, on: &mut OnFrame<'_>) -> Result<(), Error> {
        if self.held.len() + piece.len() > self.limit {
            let message = format!("a line of the stream is larger than {} bytes", self.limit);
            return Err(Error::malformed(message));
        }
        if is_end && self.held.is_empty() {
            return self.deliver(piece, false, on);
        }
        self.held.extend_from_slice(piece);
        if !is_end {
            return Ok(());
        }
        let mut held = mem::take(&mut self.held);
        self.deliver(&held, false, on)?;
        if held.capacity() <= KEPT_CAPACITY {
            held.clear();
            self.held = held;
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        raw: &[u8],
        is_unterminated: bool,
        on: &mut OnFrame<'_>,
    ) -> Result<(), Error> {
        let has_bom = mem::replace(&mut self.is_first, false) && raw.starts_with(BOM);
        let start = if has_bom { BOM.len() } else { 0 };
        let end = raw.trim_ascii_end().len();
        let span = (end > start).then_some(start..end);
        let data = span
            .clone()
            .map(|span| text(&raw[span], is_unterminated))
            .transpose()?;
        let flow = on(Frame {
            raw,
            name: "",
            data,
            span,
            has_bom,
            is_unterminated,
        })?;
        self.is_done |= flow.is_break();
        Ok(())
    }
}

/// Append one line. `data` must be free of line breaks (what `json::write` makes is).
pub fn write_line(out: &mut Vec<u8>, data: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    data(out);
    debug_assert!(
        memchr::memchr2(b'\r', b'\n', &out[start..]).is_none(),
        "a line is one line"
    );
    out.push(b'\n');
}
