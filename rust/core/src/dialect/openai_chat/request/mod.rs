//! Requests: a client's body → IR, IR → an upstream's body.

mod decode;
mod encode;

pub(super) use decode::decode;
pub(super) use encode::encode;
