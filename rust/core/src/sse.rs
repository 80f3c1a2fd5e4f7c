//! Server-sent events: bytes ↔ frames. (Interface; being written on branch `framer`.)
#![allow(
    clippy::unimplemented,
    missing_docs,
    unused_variables,
    clippy::missing_panics_doc
)]

use std::ops::{ControlFlow, Range};

use crate::error::Error;

/// Largest single event accepted by default: images and encrypted reasoning reach megabytes.
pub const DEFAULT_EVENT_LIMIT: usize = 32 << 20;

/// Everything from the end of the frame before to the end of this one (its blank line included).
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
    /// The frame lacked its blank line (end of the stream).
    pub is_unterminated: bool,
}

/// Cuts a byte stream into frames, fed in pieces of any size. Frames that lie whole in one piece are not copied.
#[derive(Debug, Default)]
pub struct SseFramer {}

impl SseFramer {
    pub fn new(limit: usize) -> Self {
        Self::default()
    }

    /// `on` is called for every complete frame and may stop the feeding (`Break`): the rest of `bytes` is then dropped.
    /// `Err`: a frame over the limit, data that is not UTF-8, or what `on` returned.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        on: &mut dyn FnMut(Frame<'_>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        unimplemented!()
    }

    /// End of stream: a last frame without its blank line is delivered.
    pub fn finish(
        &mut self,
        on: &mut dyn FnMut(Frame<'_>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        unimplemented!()
    }
}

/// Append one event in the only form that every measured client reads: LF, one space, one data line, a blank line.
/// `data` must be free of line breaks (JSON is).
pub fn write_event(out: &mut Vec<u8>, name: Option<&str>, data: impl FnOnce(&mut Vec<u8>)) {
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    data(out);
    out.extend_from_slice(b"\n\n");
}
