//! Server-sent events: where a frame ends, and what it says.

use std::borrow::Cow;

use crate::fault::Fault;

/// Name and data of one frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event<'f> {
    /// Empty when the frame has none.
    pub(super) name: &'f str,
    /// The data lines, joined.
    pub(super) data: Cow<'f, str>,
}

/// Bytes of the first frame, its blank line included; `None` while it is incomplete.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|at| match &bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// What a frame says; `None` for comments and other frames without data, which a client ignores.
pub(super) fn read(frame: &[u8]) -> Result<Option<Event<'_>>, Fault> {
    let text = str::from_utf8(frame).map_err(|_| Fault::Grammar("not UTF-8".to_owned()))?;
    let mut name = "";
    let mut data: Option<Cow<'_, str>> = None;
    for line in text.lines() {
        if let Some(value) = field(line, "event") {
            name = value;
        } else if let Some(value) = field(line, "data") {
            data = Some(match data {
                None => Cow::Borrowed(value),
                Some(earlier) => Cow::Owned(format!("{earlier}\n{value}")),
            });
        }
    }
    Ok(data.map(|data| Event { name, data }))
}

fn field<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let value = line.strip_prefix(name)?.strip_prefix(':')?;
    Some(value.strip_prefix(' ').unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_end_at_the_blank_line() {
        assert_eq!(length(b"data: 1\n\ndata: 2\n\n"), Some(9));
        assert_eq!(length(b"data: 1\r\n\r\nmore"), Some(11));
        assert_eq!(length(b": x\n\n"), Some(5));
        for partial in ["", "data: 1", "data: 1\n", "data: 1\r\n", "data: 1\r\n\r"] {
            assert_eq!(length(partial.as_bytes()), None, "{partial:?}");
        }
    }

    #[test]
    fn reads_what_sse_allows() {
        let event = |frame: &'static str| read(frame.as_bytes()).expect("UTF-8");
        assert_eq!(event(": comment\n\n"), None);
        assert_eq!(event("event: ping\n\n"), None);
        let both = event("event: a\nid: 4\ndata:{\"b\":\ndata: 1}\n\n").expect("has data");
        assert_eq!((both.name, both.data.as_ref()), ("a", "{\"b\":\n1}"));
        assert_eq!(
            event("data: [DONE]\r\n\r\n").expect("has data").data,
            "[DONE]"
        );
        assert!(matches!(read(b"data: \xff\n\n"), Err(Fault::Grammar(_))));
    }
}
