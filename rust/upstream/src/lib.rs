//! Everything that talks to upstreams.
#![allow(
    unused_variables,
    unused_mut,
    dead_code,
    clippy::unused_async,
    clippy::unimplemented
)]

pub mod call;
pub mod client;
pub mod endpoint;
pub mod error;
pub mod exchange;
pub mod outcome;
pub mod sink;
pub mod stop;
pub mod timeouts;
