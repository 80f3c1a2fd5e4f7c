//! Finding the next byte of a string that needs care, eight at a time: long strings (base64 images, encrypted
//! reasoning, source files) are most of the bytes of a large request. Writing 16 KB of prose takes 2.5 µs so, and 7.1 µs
//! byte by byte; source text, with an escape every ten bytes, 6.5 instead of 9.7.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bit of every byte of `word` that equals `byte`. Bytes above the first hit may be wrong.
fn equal(word: u64, byte: u8) -> u64 {
    let x = word ^ (ONES * u64::from(byte));
    x.wrapping_sub(ONES) & !x & HIGHS
}

/// The same for quotes, backslashes and control characters.
fn ends_plain(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    equal(word, b'"') | equal(word, b'\\') | control
}

/// Bytes of JSON text up to the next quote, backslash or control character.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let is_end = |byte: u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    length(bytes, ends_plain, is_end)
}

/// Bytes of text that can be written into a JSON string as they are: up to the next of the above, or to the first
/// byte of a character that might be a Unicode line break (0xC2 or 0xE2, which differ in one bit).
pub(super) fn writable_length(bytes: &[u8]) -> usize {
    let ends = |word| ends_plain(word) | equal(word & (ONES * 0xDF), 0xC2);
    let is_end = |byte: u8| byte == b'"' || byte == b'\\' || byte < 0x20 || byte & 0xDF == 0xC2;
    length(bytes, ends, is_end)
}

/// Bytes of JSON text that can stand in one line of an event: up to a line end, or the first byte of a character as
/// above.
pub(super) fn line_length(bytes: &[u8]) -> usize {
    let ends = |word| equal(word, b'\n') | equal(word, b'\r') | equal(word & (ONES * 0xDF), 0xC2);
    let is_end = |byte: u8| byte == b'\n' || byte == b'\r' || byte & 0xDF == 0xC2;
    length(bytes, ends, is_end)
}

#[inline]
fn length(bytes: &[u8], ends: impl Fn(u64) -> u64, is_end: impl Fn(u8) -> bool) -> usize {
    let mut length = 0;
    while let Some(eight) = bytes[length..].first_chunk() {
        let hits = ends(u64::from_le_bytes(*eight));
        if hits != 0 {
            return length + (hits.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let rest = &bytes[length..];
    length
        + rest
            .iter()
            .position(|byte| is_end(*byte))
            .unwrap_or(rest.len())
}
