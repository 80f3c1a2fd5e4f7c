//! The benchmark's programs: a mock upstream and a load client that trusts no proxy.
//!
//! Both are one thread and one epoll loop, so that they are never what a measurement of a proxy finds slow. Every
//! delta carries its number and the time it was written (see [`stamp`]); the client demands each of them, in order,
//! in the grammar of its dialect, and a proper end. A proxy that drops, merges, reorders, caches or cuts therefore
//! fails instead of winning. Not shipped in the wheel.
#![cfg(target_os = "linux")]

pub mod clock;
pub mod dialect;
pub mod fault;
pub mod grammar;
pub mod histogram;
pub mod http;
pub mod load;
pub mod mock;
pub mod plan;
pub mod readiness;
pub mod stamp;
