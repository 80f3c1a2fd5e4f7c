//! How a dialect cuts its streams into events: one framer for each way, the same frames from both.

use crate::error::Error;
use crate::ndjson::LineFramer;
use crate::sse::{OnFrame, SseFramer};

/// How a dialect cuts its streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    #[default]
    Events,
    /// One JSON object a line (`application/x-ndjson`).
    Lines,
}

/// Cuts a stream of either kind.
#[derive(Debug)]
pub enum Framer {
    /// Server-sent events.
    Events(SseFramer),
    /// Lines.
    Lines(LineFramer),
}

impl Framer {
    /// A framer that refuses frames of more than `limit` bytes.
    pub fn new(framing: Framing, limit: usize) -> Self {
        match framing {
            Framing::Events => Self::Events(SseFramer::new(limit)),
            Framing::Lines => Self::Lines(LineFramer::new(limit)),
        }
    }

    /// More of the stream: [`SseFramer::feed`], [`LineFramer::feed`].
    pub fn feed(&mut self, bytes: &[u8], on: &mut OnFrame<'_>) -> Result<(), Error> {
        match self {
            Self::Events(framer) => framer.feed(bytes, on),
            Self::Lines(framer) => framer.feed(bytes, on),
        }
    }

    /// End of stream: what came without its end is delivered.
    pub fn finish(&mut self, on: &mut OnFrame<'_>) -> Result<(), Error> {
        match self {
            Self::Events(framer) => framer.finish(on),
            Self::Lines(framer) => framer.finish(on),
        }
    }
}
