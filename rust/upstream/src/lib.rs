//! Everything that talks to upstreams: connections, one attempt, and its delivery to one client.
//!
//! | to… | see |
//! |---|---|
//! | run one attempt | [`exchange`]: [`Exchange`], [`Answer`]; [`outcome`]: [`Outcome`] |
//! | implement the client's side | [`sink`]: [`Sink`], [`Push`] |
//! | end an attempt from outside | [`stop`]: [`Stop`] |
//! | pass a body on, both ways | [`inflow`]: [`inflow::inflow`]; [`passage`]: [`Passage`] |
//! | make a small call | [`client`]: [`Client::fetch`] |
//! | describe an upstream and a request | [`endpoint`]: [`EndpointSettings`]; [`call`]: [`Call`] |
//! | limit time | [`timeouts`]: [`Timeouts`], [`Keepalive`] |
//! | read retry hints | [`retry_after`] |
//! | resolve names in tests | [`dns`]: [`Lookups`] |
//!
//! # Cancel safety
//!
//! Dropping any future of this crate closes the upstream's HTTP/1.1 connection, or resets the HTTP/2 stream, at once.
//! Nothing else is lost: connections are only shared between requests once an answer was read to its end.

pub mod call;
pub mod client;
pub mod dns;
pub mod endpoint;
pub mod error;
pub mod exchange;
pub mod inflow;
pub mod outcome;
pub mod passage;
pub mod retry_after;
pub mod sink;
pub mod stop;
pub mod timeouts;

mod attempt;
mod body;
mod connect;
mod h1;
mod h2;
mod io;
mod link;
mod pool;
mod proxy;
mod refusal;
mod tls;
mod unsaid;

pub use call::{Call, path_segment};
pub use client::{Client, ClientSettings, Fetched};
pub use dns::Lookups;
pub use endpoint::{Endpoint, EndpointSettings};
pub use error::SettingsError;
pub use exchange::{Answer, Exchange};
pub use inflow::{Feeder, Inflow};
pub use outcome::{Outcome, RetryClass, Status};
pub use passage::Passage;
pub use sink::{Header, Push, Sink};
pub use stop::{Stop, StopCause};
pub use timeouts::{Keepalive, Timeouts};
