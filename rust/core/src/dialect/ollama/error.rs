//! Errors, both ways: `{"error": "text"}`, in a stream as a line of its own.
//!
//! The status is all that tells kinds apart. Bodies are read tolerantly (gateways in front of an Ollama answer in
//! OpenAI's form or in HTML), with the reader that the hosts of that dialect need anyway.

use crate::dialect::openai::error::{self, Shown};
use crate::error::Error;
use crate::json::Node;
use crate::json::write;

/// Read an error answer; `body` may be anything.
pub(super) fn decode(status: u16, body: &[u8]) -> Error {
    error::decode(status, body)
}

/// Read an error that came inside a 200.
pub(super) fn in_band(root: Node<'_>) -> Error {
    error::in_band(root)
}

/// The HTTP status and the body.
pub(super) fn encode(error: &Error, request_id: &str) -> (u16, Vec<u8>) {
    let shown = Shown::new(error, request_id);
    let mut body = Vec::with_capacity(128);
    write::object(&mut body, |o| o.str("error", &shown.message));
    (shown.status, body)
}

/// The error as it stands in streams.
pub(super) fn write(out: &mut Vec<u8>, error: &Error, request_id: &str) {
    write::object(out, |o| {
        o.str("error", &Shown::new(error, request_id).message);
    });
}
