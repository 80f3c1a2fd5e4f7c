//! Mock and client over real sockets: right answers counted, wrong ones found.
#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    reason = "whatever is not as expected fails the test that asked"
)]

mod changed;
mod deltas;
mod direct;
mod ends;
mod legal;
mod relay;
mod runs;
mod whole;
