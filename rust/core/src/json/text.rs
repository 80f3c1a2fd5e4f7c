//! String escapes: decoding.

use std::borrow::Cow;

use memchr::memchr;

const REPLACEMENT: char = '\u{FFFD}';

/// Decode the escapes of a string's inner text that the tape has already validated. Lone surrogates become U+FFFD.
pub fn unescape(inner: &str) -> Cow<'_, str> {
    if memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut joiner = Joiner::default();
    let mut text = joiner.decode(inner);
    if joiner.high.is_some() {
        text.push(REPLACEMENT);
    }
    Cow::Owned(text)
}

/// Joins a text that arrives in JSON strings cut anywhere between UTF-16 units: some upstreams split an emoji into
/// `"\ud83d"` and `"\ude00"` of two events. One joiner per text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Joiner {
    high: Option<u16>,
}

impl Joiner {
    /// Whether nothing is held from the piece before.
    pub fn is_empty(self) -> bool {
        self.high.is_none()
    }

    /// Decode the next piece; half a pair at its end is kept for the piece after.
    pub fn join<'t>(&mut self, inner: &'t str) -> Cow<'t, str> {
        if inner.is_empty() || (self.is_empty() && memchr(b'\\', inner.as_bytes()).is_none()) {
            return Cow::Borrowed(inner);
        }
        Cow::Owned(self.decode(inner))
    }

    /// What a text that ended with half a pair still owes: U+FFFD.
    pub fn finish(&mut self) -> Option<&'static str> {
        self.high.take().map(|_| "\u{FFFD}")
    }

    fn decode(&mut self, inner: &str) -> String {
        let mut text = String::with_capacity(inner.len());
        let mut rest = inner;
        while !rest.is_empty() {
            let Some(at) = memchr(b'\\', rest.as_bytes()) else {
                self.plain(&mut text, rest);
                break;
            };
            if at > 0 {
                self.plain(&mut text, &rest[..at]);
            }
            rest = self.escape(&mut text, &rest[at + 1..]);
        }
        text
    }

    fn plain(&mut self, text: &mut String, piece: &str) {
        self.flush(text);
        text.push_str(piece);
    }

    fn flush(&mut self, text: &mut String) {
        if self.high.take().is_some() {
            text.push(REPLACEMENT);
        }
    }

    /// `rest` begins after the backslash.
    fn escape<'t>(&mut self, text: &mut String, rest: &'t str) -> &'t str {
        let Some(letter) = rest.bytes().next() else {
            return "";
        };
        if letter == b'u' {
            let unit = rest
                .get(1..5)
                .and_then(|hex| u16::from_str_radix(hex, 16).ok());
            self.unit(text, unit.unwrap_or(0xFFFD));
            return rest.get(5..).unwrap_or("");
        }
        self.flush(text);
        text.push(match letter {
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            other => char::from(other),
        });
        &rest[1..]
    }

    fn unit(&mut self, text: &mut String, unit: u16) {
        match (self.high.take(), unit) {
            (Some(high), 0xDC00..=0xDFFF) => {
                let code =
                    0x10000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(unit) - 0xDC00);
                text.push(char::from_u32(code).unwrap_or(REPLACEMENT));
            }
            (held, _) => {
                if held.is_some() {
                    text.push(REPLACEMENT);
                }
                match unit {
                    0xD800..=0xDBFF => self.high = Some(unit),
                    _ => text.push(char::from_u32(u32::from(unit)).unwrap_or(REPLACEMENT)),
                }
            }
        }
    }
}
