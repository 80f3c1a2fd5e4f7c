//! What went wrong elsewhere.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod answers;
mod errors;
mod history;
mod kit;
mod requests;
mod schemas;
mod state;
