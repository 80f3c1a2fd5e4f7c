//! Frames as the framer delivered them, kept.

use std::ops::{ControlFlow, Range};

use fastproxy_core::error::Error;
use fastproxy_core::sse::{DEFAULT_EVENT_LIMIT, Frame, SseFramer};

/// A frame that owns what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) raw: Vec<u8>,
    pub(crate) name: String,
    pub(crate) data: Option<String>,
    pub(crate) span: Option<Range<usize>>,
    pub(crate) has_bom: bool,
    pub(crate) is_unterminated: bool,
}

impl From<Frame<'_>> for Kept {
    fn from(frame: Frame<'_>) -> Self {
        Self {
            raw: frame.raw.into(),
            name: frame.name.into(),
            data: frame.data.map(Into::into),
            span: frame.span,
            has_bom: frame.has_bom,
            is_unterminated: frame.is_unterminated,
        }
    }
}

/// Feed the pieces one by one; what was delivered, and how it ended.
pub(crate) fn read<'p>(
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<Kept>, Result<(), Error>) {
    read_limited(DEFAULT_EVENT_LIMIT, pieces)
}

/// The same with a limit.
pub(crate) fn read_limited<'p>(
    limit: usize,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<Kept>, Result<(), Error>) {
    let mut framer = SseFramer::new(limit);
    let mut kept = Vec::new();
    let mut on = |frame: Frame<'_>| {
        kept.push(frame.into());
        Ok(ControlFlow::Continue(()))
    };
    let end = pieces
        .into_iter()
        .try_for_each(|piece| framer.feed(piece, &mut on))
        .and_then(|()| framer.finish(&mut on));
    (kept, end)
}

#[allow(dead_code, reason = "not every test that reads frames cuts them")]
/// Cut `bytes` at these ascending places.
pub(crate) fn cut<'b>(bytes: &'b [u8], places: &[usize]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for &place in places {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces.push(&bytes[from..]);
    pieces
}
