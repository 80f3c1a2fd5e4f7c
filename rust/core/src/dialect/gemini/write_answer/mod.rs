//! Deltas → an answer for a client. A whole answer is written by the encoder of streams, fed once.

mod encoder;
mod frame;
mod parts;
mod sources;

pub(super) use encoder::StreamEncoder;

use crate::dialect::EncodeContext;
use crate::ir::{Answer, Delta};
use crate::loss::LossReport;

/// Write a whole answer.
pub(super) fn response(
    answer: &Answer,
    cx: &EncodeContext,
    loss: &mut LossReport,
    out: &mut Vec<u8>,
) {
    let mut encoder = StreamEncoder::whole(cx);
    answer.replay(&mut |delta: Delta<'_>| encoder.take(&delta, loss, out));
}
