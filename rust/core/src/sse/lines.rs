//! The lines of one frame: where they end and which fields they hold.

use std::ops::Range;

use memchr::memchr2;

/// Byte order mark: allowed once, at the start of a stream.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// How far a frame has been read, and what it says. Offsets count from the frame's first byte, so that the reading
/// goes on when the frame moves into another buffer, and no byte is looked at twice.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The frame is the stream's first.
    is_first: bool,
    /// Bytes looked at.
    at: usize,
    /// Where the current line starts.
    line: usize,
    /// The line that ended last was empty.
    is_blank: bool,
    /// How the line before ended. Outlives the frame.
    ending: Ending,
    /// Value of the last `event` field.
    pub(super) name: Range<usize>,
    /// Value of the first `data` field.
    pub(super) data: Option<Range<usize>>,
    /// All `data` values joined by LF; used only when there is more than one.
    pub(super) joined: Vec<u8>,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ending {
    /// LF or CRLF.
    #[default]
    Lf,
    /// CR, and the byte after it is not known yet: an LF would belong to it.
    Open,
    /// CR alone.
    Cr,
}

impl Lines {
    /// At the start of a stream.
    pub(super) fn new() -> Self {
        Self {
            is_first: true,
            ..Self::default()
        }
    }

    /// Whether `frame` begins with a byte order mark, and may.
    pub(super) fn has_bom(&self, frame: &[u8]) -> bool {
        self.is_first && frame.starts_with(BOM)
    }

    /// Read what is new in `frame`, which is the whole frame so far; `Some(end)` when its blank line is complete.
    ///
    /// A CR may be half a CRLF, so the byte after it decides. A blank line does not wait for that byte when the line
    /// before it ended with a CR alone: such a stream would be one event late all the time. In the mixed form
    /// `CR CRLF` the LF then makes a frame of its own, a blank one.
    pub(super) fn advance(&mut self, frame: &[u8]) -> Option<usize> {
        loop {
            if self.ending == Ending::Open {
                let has_lf = *frame.get(self.at)? == b'\n';
                self.at += usize::from(has_lf);
                self.ending = if has_lf { Ending::Lf } else { Ending::Cr };
            } else {
                let Some(found) = memchr2(b'\n', b'\r', &frame[self.at..]) else {
                    self.at = frame.len();
                    return None;
                };
                let end = self.at + found;
                self.at = end + 1;
                self.is_blank = !self.take_line(frame, end);
                if frame[end] == b'\n' {
                    self.ending = Ending::Lf;
                } else if self.ending != Ending::Cr || !self.is_blank {
                    self.ending = Ending::Open;
                    continue;
                }
            }
            self.line = self.at;
            if self.is_blank {
                return Some(self.at);
            }
        }
    }

    /// The stream ended within `frame`. Whether its blank line had come.
    pub(super) fn end(&mut self, frame: &[u8]) -> bool {
        if self.ending != Ending::Open {
            self.is_blank = false;
            self.take_line(frame, frame.len());
        }
        self.is_blank
    }

    /// Forget the frame; buffers that have grown beyond `kept` are given back.
    pub(super) fn reset(&mut self, kept: usize) {
        let mut joined = std::mem::take(&mut self.joined);
        if joined.capacity() > kept {
            joined = Vec::new();
        }
        joined.clear();
        *self = Self {
            joined,
            ending: self.ending,
            ..Self::default()
        };
    }

    /// Read the line from `self.line` to `end`; `false` when it is blank. Comments, `id`, `retry` and unknown fields
    /// say nothing to us.
    fn take_line(&mut self, frame: &[u8], end: usize) -> bool {
        let bom = if self.line == 0 && self.has_bom(frame) {
            BOM.len()
        } else {
            0
        };
        let line = &frame[self.line + bom..end];
        if let Some(length) = value_length(line, b"data") {
            self.take_data(frame, end - length..end);
        } else if let Some(length) = value_length(line, b"event") {
            self.name = end - length..end;
        }
        !line.is_empty()
    }

    /// Whether there was more than one `data` field.
    pub(super) fn is_joined(&self) -> bool {
        !self.joined.is_empty()
    }

    fn take_data(&mut self, frame: &[u8], value: Range<usize>) {
        let Some(first) = &self.data else {
            self.data = Some(value);
            return;
        };
        if !self.is_joined() {
            self.joined.extend_from_slice(&frame[first.clone()]);
        }
        self.joined.push(b'\n');
        self.joined.extend_from_slice(&frame[value]);
    }
}

/// How many bytes at the end of `line` are the value of `field`; `None` when the line is another field's. A field
/// may lack its colon, and its value the one space before it.
fn value_length(line: &[u8], field: &[u8]) -> Option<usize> {
    match line.strip_prefix(field)? {
        [] => Some(0),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value.len()),
        _ => None,
    }
}
