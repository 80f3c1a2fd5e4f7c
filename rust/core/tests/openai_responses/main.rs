//! The Responses codec: what fixtures decode to, what the encoders write and whether that is the whole grammar, what is
//! refused, what comes back.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests; JSON literals are passed as they are written"
)]

mod codex_loop;
mod echoes;
mod fails_answers;
mod grammar;
mod keeps_answers;
mod kit;
mod opaque_state;
mod properties;
mod reads_answers;
mod reads_elsewhere;
mod reads_requests;
mod refuses_requests;
mod relays;
mod relays_requests;
mod writes_answers;
mod writes_requests;
mod writes_thinking;
