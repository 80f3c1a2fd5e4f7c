//! The path of one request: the client's body to the upstream's ([`ClientRequest::prepare`]), the upstream's answer to
//! the client's ([`Transcoder`]).
//!
//! Two lanes. Equal dialects take the *raw lane*: bytes are relayed, a [`crate::dialect::Relay`] reads along and
//! vouches for them. All others take the *IR lane*: decode → guard → (sequence) → encode. A body that has not the
//! form that was asked for (JSON where events were wanted, or the reverse) always takes the IR lane.

mod answer;
mod conversation;
mod embed_lane;
mod guard;
mod ir_lane;
mod media;
mod raw_lane;
mod request;
mod sequencer;
mod unwrap;

pub use answer::{Archive, Report, Setup, Transcoder};
pub use media::{Fetched, FetchedMedia, Wanted};
pub(crate) use request::splice;
pub(crate) use request::splice_into;
pub use request::{ClientRequest, Prepared, Routing};
