//! Exchanges, fetches and the pool against upstreams that are scripted byte by byte. Loopback only.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the tests share stands outside of #[test] functions"
)]

mod support;

mod backpressure;
mod cancel;
mod connecting;
mod delivery;
mod fetching;
mod heads;
mod http2;
mod http2_endings;
mod passing;
mod payload;
mod proxies;
mod refusals;
mod retry_hints;
mod reuse;
mod timers;
mod tls;
mod transcoding;
