//! The pure part of fastproxy: bytes in, bytes out.
//!
//! No sockets, no async runtime, no Python. Everything here is a plain value with `feed` and `finish`, so that every
//! stream can be tested at every byte split and every decoder can be fuzzed.

pub mod coding;
pub mod context;
pub mod dialect;
pub mod envelope;
pub mod error;
pub mod ir;
pub mod json;
pub mod ledger;
pub mod loss;
pub mod media;
pub mod redact;
pub mod response_store;
mod shelf;
pub mod sse;
pub mod transcode;
