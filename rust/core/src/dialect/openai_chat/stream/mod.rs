//! Streams: chunks ↔ deltas. One-shot answers go through the same reader and the same field writers.

mod calls;
mod decode;
mod details;
mod encode;
mod frame;
mod parts;
mod reader;

pub(super) use decode::Decoder;
pub(super) use encode::Encoder;
pub(super) use reader::AnswerReader;
