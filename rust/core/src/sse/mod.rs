//! Server-sent events: bytes ↔ frames.
//!
//! The framer reads by the WHATWG stream grammar and takes what real upstreams make of it; the writer knows one form
//! only, the one that every client reads. One event is bounded by the framer's limit.

mod framer;
mod lines;
mod writer;

pub use framer::{DEFAULT_EVENT_LIMIT, Frame, OnFrame, SseFramer};
pub(crate) use framer::{KEPT_CAPACITY, text};
pub(crate) use lines::BOM;
pub use writer::write_event;
