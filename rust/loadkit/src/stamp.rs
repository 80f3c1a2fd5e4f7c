//! The text of a delta: its number, the time it was written, and filler up to the planned length.
//!
//! `000042@000012345678901234 abc…`: only characters that no JSON writer escapes, so that the text survives every
//! transcoding and can be read back without knowing how the proxy writes its events.

/// Bytes of a stamp: six digits, `@`, eighteen digits, a space. The shortest text there is.
pub const LENGTH: usize = 26;

const NUMBER: usize = 6;
const TIME: usize = 18;
const FILLER: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";

/// What a delta's text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Which delta of its answer it is, from 0.
    pub number: u32,
    /// When the mock wrote it ([`crate::clock::now`]).
    pub at: u64,
}

impl Stamp {
    /// Append the text, `length` bytes of it.
    pub fn write(self, length: usize, out: &mut Vec<u8>) {
        digits(u64::from(self.number), NUMBER, out);
        out.push(b'@');
        digits(self.at, TIME, out);
        out.push(b' ');
        let mut rest = length.saturating_sub(LENGTH);
        while rest > 0 {
            let piece = rest.min(FILLER.len());
            out.extend_from_slice(&FILLER[..piece]);
            rest -= piece;
        }
    }

    /// Read a text back; `None` when it is anything else than one whole delta's text of this length.
    pub fn read(text: &[u8], length: usize) -> Option<Self> {
        if text.len() != length || length < LENGTH {
            return None;
        }
        let (head, rest) = text.split_at(LENGTH);
        let framed = head[NUMBER] == b'@' && head[LENGTH - 1] == b' ';
        let whole = rest
            .chunks(FILLER.len())
            .all(|piece| piece == &FILLER[..piece.len()]);
        if !framed || !whole {
            return None;
        }
        let number = value(&head[..NUMBER])?;
        let at = value(&head[NUMBER + 1..LENGTH - 1])?;
        Some(Self {
            number: number as u32,
            at,
        })
    }
}

fn digits(value: u64, width: usize, out: &mut Vec<u8>) {
    let from = out.len();
    out.resize(from + width, b'0');
    let mut rest = value;
    for digit in out[from..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

fn value(digits: &[u8]) -> Option<u64> {
    let mut value = 0;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stamp: Stamp, length: usize) -> Vec<u8> {
        let mut out = Vec::new();
        stamp.write(length, &mut out);
        out
    }

    #[test]
    fn reads_what_it_writes() {
        let stamp = Stamp {
            number: 42,
            at: 12_345_678_901_234,
        };
        assert_eq!(text(stamp, LENGTH), b"000042@000012345678901234 ");
        for length in [26, 27, 51, 52, 53, 2000] {
            let text = text(stamp, length);
            assert_eq!(text.len(), length);
            assert_eq!(Stamp::read(&text, length), Some(stamp));
        }
    }

    #[test]
    fn refuses_any_other_text() {
        let whole = text(Stamp { number: 7, at: 99 }, 40);
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] = b'?';
            assert_eq!(Stamp::read(&changed, 40), None, "byte {at} changed");
        }
        assert_eq!(Stamp::read(&whole[..39], 40), None);
        assert_eq!(Stamp::read(&[whole.as_slice(), &whole].concat(), 40), None);
        assert_eq!(Stamp::read(b"", 0), None);
    }
}
