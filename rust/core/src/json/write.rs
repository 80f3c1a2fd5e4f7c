//! Writing JSON straight into a byte buffer: no value tree, no intermediate strings.
//!
//! U+2028, U+2029 and U+0085 are always escaped: readers that split lines the Unicode way (google-genai's
//! `iter_lines`) otherwise cut an event in two.

use super::scan::{line_length, writable_length};

/// The letter of the escape for each ASCII character that needs one: `u` for those without one of their own.
const LETTERS: [u8; 128] = {
    let mut letters = [0; 128];
    let mut control = 0;
    while control < 0x20 {
        letters[control] = b'u';
        control += 1;
    }
    letters[b'\n' as usize] = b'n';
    letters[b'\r' as usize] = b'r';
    letters[b'\t' as usize] = b't';
    letters[b'"' as usize] = b'"';
    letters[b'\\' as usize] = b'\\';
    letters
};
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Append `text` as a JSON string with its quotes.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Append `text` escaped for the inside of a JSON string.
pub fn escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let (mut from, mut at) = (0, 0);
    loop {
        at += writable_length(&bytes[at..]);
        let Some(&byte) = bytes.get(at) else { break };
        if let Some(&letter) = LETTERS.get(usize::from(byte)) {
            out.extend_from_slice(&bytes[from..at]);
            out.extend_from_slice(&[b'\\', letter]);
            if letter == b'u' {
                let low = usize::from(byte);
                out.extend_from_slice(&[b'0', b'0', HEX[low >> 4], HEX[low & 15]]);
            }
            at += 1;
            from = at;
        } else if let Some((replacement, length)) = line_break(&bytes[at..]) {
            out.extend_from_slice(&bytes[from..at]);
            out.extend_from_slice(replacement);
            at += length;
            from = at;
        } else {
            // The first of at least two bytes of a character that may stand as it is.
            at += 2;
        }
    }
    out.extend_from_slice(&bytes[from..]);
}

/// Append valid JSON text as it stands, on one line: the Unicode line breaks inside its strings are escaped, and line
/// ends, which can only stand between its tokens, become spaces.
pub fn raw(out: &mut Vec<u8>, json: &str) {
    let bytes = json.as_bytes();
    let (mut from, mut at) = (0, 0);
    loop {
        at += line_length(&bytes[at..]);
        let (replacement, length): (&[u8], usize) = match bytes.get(at) {
            None => break,
            Some(b'\n' | b'\r') => (b" ", 1),
            Some(_) => {
                let Some(found) = line_break(&bytes[at..]) else {
                    at += 2;
                    continue;
                };
                found
            }
        };
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(replacement);
        at += length;
        from = at;
    }
    out.extend_from_slice(&bytes[from..]);
}

fn line_break(bytes: &[u8]) -> Option<(&'static [u8], usize)> {
    match bytes {
        [0xE2, 0x80, 0xA8, ..] => Some((b"\\u2028", 3)),
        [0xE2, 0x80, 0xA9, ..] => Some((b"\\u2029", 3)),
        [0xC2, 0x85, ..] => Some((b"\\u0085", 2)),
        _ => None,
    }
}

/// Append a whole number.
pub fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Append an object; `fill` writes its members.
pub fn object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    fill(&mut Object { out, first: true });
    out.push(b'}');
}

/// Append an array; `fill` writes its elements.
pub fn array(out: &mut Vec<u8>, fill: impl FnOnce(&mut Array<'_>)) {
    out.push(b'[');
    fill(&mut Array { out, first: true });
    out.push(b']');
}

/// An object being written.
#[derive(Debug)]
pub struct Object<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl Object<'_> {
    /// Write the comma and the key; the caller writes exactly one value behind it.
    pub fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        string(self.out, key);
        self.out.push(b':');
        self.out
    }

    /// A string member.
    pub fn str(&mut self, key: &str, value: &str) {
        string(self.key(key), value);
    }

    /// A string member, when there is one.
    pub fn opt_str(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.str(key, value);
        }
    }

    /// A whole number.
    pub fn u64(&mut self, key: &str, value: u64) {
        number(self.key(key), value);
    }

    /// A whole number, when there is one.
    pub fn opt_u64(&mut self, key: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.u64(key, value);
        }
    }

    /// A boolean.
    pub fn bool(&mut self, key: &str, value: bool) {
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.key(key).extend_from_slice(word);
    }

    /// `null`.
    pub fn null(&mut self, key: &str) {
        self.key(key).extend_from_slice(b"null");
    }

    /// JSON text that is already valid.
    pub fn raw(&mut self, key: &str, json: &str) {
        raw(self.key(key), json);
    }

    /// JSON text that is already valid, when there is some.
    pub fn opt_raw(&mut self, key: &str, json: Option<&str>) {
        if let Some(json) = json {
            self.raw(key, json);
        }
    }

    /// Members that are already written, without the braces around them.
    pub fn members(&mut self, json: &str) {
        if json.is_empty() {
            return;
        }
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        raw(self.out, json);
    }

    /// An object member.
    pub fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) {
        object(self.key(key), fill);
    }

    /// An array member.
    pub fn array(&mut self, key: &str, fill: impl FnOnce(&mut Array<'_>)) {
        array(self.key(key), fill);
    }
}

/// An array being written.
#[derive(Debug)]
pub struct Array<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl Array<'_> {
    /// Write the comma; the caller writes exactly one value behind it.
    pub fn item(&mut self) -> &mut Vec<u8> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.out
    }

    /// A string element.
    pub fn str(&mut self, value: &str) {
        string(self.item(), value);
    }

    /// JSON text that is already valid.
    pub fn raw(&mut self, json: &str) {
        raw(self.item(), json);
    }

    /// An object element.
    pub fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        object(self.item(), fill);
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.first
    }
}
