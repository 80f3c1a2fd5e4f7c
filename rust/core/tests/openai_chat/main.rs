//! The Chat codec, called directly: what fixtures decode to, what the encoders write, what is refused.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests; JSON literals are passed as they are written"
)]

mod answers;
mod completions;
mod errors;
mod kit;
mod properties;
mod reads_requests;
mod reads_streams;
mod reads_thinking;
mod reads_wholes;
mod refuses_requests;
mod relays;
mod relays_requests;
mod round_trips;
mod writes_answers;
mod writes_errors;
mod writes_history;
mod writes_requests;
mod writes_results;
mod writes_thinking;
mod writes_tools;
