//! The Gemini codec, called directly and through the pipeline.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod arrays;
mod errors;
mod kit;
mod opaque_state;
mod reads_answers;
mod reads_requests;
mod refuses_requests;
mod relays;
mod relays_requests;
mod writes_answers;
mod writes_requests;
