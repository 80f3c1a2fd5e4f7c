//! The Ollama codec: what fixtures decode to, what the encoders write, what is refused, what is relayed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests; JSON literals are passed as they are written"
)]

mod fails_answers;
mod kit;
mod operations;
mod properties;
mod reads_answers;
mod reads_requests;
mod refuses_requests;
mod relays;
mod writes_answers;
mod writes_messages;
mod writes_requests;
