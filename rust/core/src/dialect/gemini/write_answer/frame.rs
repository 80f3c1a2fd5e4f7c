//! Where chunks go: events, elements of an array, or one body.

use crate::json::write::{self, Object};
use crate::sse::write_event;

/// How an answer is framed.
#[derive(Debug)]
pub(super) enum Frame {
    /// `data: {…}` and a blank line, nothing else: Google's SDKs are no readers of event streams.
    Events,
    /// `[{…},\n{…}]`; whether the array was begun.
    Array(bool),
    /// One body: parts are collected until the end.
    Whole(Vec<u8>),
}

impl Frame {
    /// Write one chunk.
    pub(super) fn chunk(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        match self {
            Self::Events => write_event(out, None, |out| write::object(out, fill)),
            Self::Array(is_begun) => {
                let lead: &[u8] = if std::mem::replace(is_begun, true) {
                    b",\n"
                } else {
                    b"["
                };
                out.extend_from_slice(lead);
                write::object(out, fill);
            }
            Self::Whole(_) => write::object(out, fill),
        }
    }

    /// Nothing follows.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if let Self::Array(is_begun) = self {
            let end: &[u8] = if *is_begun { b"]" } else { b"[]" };
            out.extend_from_slice(end);
        }
    }
}
