//! Message bodies, by length or in chunks, in pieces of any size and without copying.

use super::HttpError;

/// What is left of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// This many bytes of a body of known length.
    Length(u64),
    /// The first digit of a chunk's size.
    FirstDigit,
    /// More digits, or what ends them.
    Size(u64),
    /// An extension behind the size, which is skipped.
    Extension(u64),
    /// The line feed behind the size.
    SizeFeed(u64),
    /// This many bytes of the chunk.
    Data(u64),
    /// The line end behind a chunk's data.
    DataReturn,
    DataFeed,
    /// The beginning of a line behind the last chunk.
    TrailerStart,
    /// The rest of such a line.
    Trailer,
    TrailerFeed,
    /// The line feed of the empty line at the very end.
    LastFeed,
    /// Nothing.
    Done,
}

/// Largest chunk: what fits in 60 bits, more than any disk holds.
const SIZE_LIMIT: u64 = 1 << 60;

impl Body {
    /// No body at all.
    pub const EMPTY: Self = Self { state: State::Done };

    /// A body of this many bytes.
    pub fn of_length(length: u64) -> Self {
        Self {
            state: if length == 0 {
                State::Done
            } else {
                State::Length(length)
            },
        }
    }

    /// A body in chunks.
    pub fn chunked() -> Self {
        Self {
            state: State::FirstDigit,
        }
    }

    /// Whether its end has been read.
    pub fn is_done(self) -> bool {
        self.state == State::Done
    }

    /// The next piece of payload. It and the framing before it are taken off `input`; `None` when `input` holds no
    /// more of this body (bytes behind its end are left there).
    pub fn next<'b>(&mut self, input: &mut &'b [u8]) -> Result<Option<&'b [u8]>, HttpError> {
        loop {
            if let State::Length(left) | State::Data(left) = self.state {
                return Ok(self.payload(left, input));
            }
            if self.is_done() {
                return Ok(None);
            }
            let Some((&byte, rest)) = input.split_first() else {
                return Ok(None);
            };
            *input = rest;
            self.state = self.state.framing(byte)?;
        }
    }

    fn payload<'b>(&mut self, left: u64, input: &mut &'b [u8]) -> Option<&'b [u8]> {
        if input.is_empty() {
            return None;
        }
        let length = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        let (piece, rest) = input.split_at(length);
        *input = rest;
        let left = left - length as u64;
        self.state = match self.state {
            State::Length(_) if left == 0 => State::Done,
            State::Length(_) => State::Length(left),
            _ if left == 0 => State::DataReturn,
            _ => State::Data(left),
        };
        Some(piece)
    }
}

impl State {
    /// The state behind one byte of framing.
    fn framing(self, byte: u8) -> Result<Self, HttpError> {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        Ok(match (self, byte, digit) {
            (Self::FirstDigit, _, Some(digit)) => Self::Size(digit),
            (Self::Size(size), _, Some(digit)) if size < SIZE_LIMIT / 16 => {
                Self::Size(size * 16 + digit)
            }
            (Self::Size(size) | Self::Extension(size), b'\r', _) => Self::SizeFeed(size),
            (Self::Size(size), b';' | b' ' | b'\t', _) => Self::Extension(size),
            (Self::Extension(size), _, _) if byte != b'\n' => Self::Extension(size),
            (Self::SizeFeed(0) | Self::TrailerFeed, b'\n', _) => Self::TrailerStart,
            (Self::SizeFeed(size), b'\n', _) => Self::Data(size),
            (Self::DataReturn, b'\r', _) => Self::DataFeed,
            (Self::DataFeed, b'\n', _) => Self::FirstDigit,
            (Self::TrailerStart, b'\r', _) => Self::LastFeed,
            (Self::Trailer, b'\r', _) => Self::TrailerFeed,
            (Self::TrailerStart | Self::Trailer, _, _) if byte != b'\n' => Self::Trailer,
            (Self::LastFeed, b'\n', _) => Self::Done,
            _ => return Err(HttpError::Chunk),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Payload, what was left behind the body, and whether the end was seen.
    fn read(mut body: Body, pieces: &[&[u8]]) -> Result<(Vec<u8>, usize, bool), HttpError> {
        let (mut payload, mut left) = (Vec::new(), 0);
        for piece in pieces {
            let mut input = *piece;
            while let Some(found) = body.next(&mut input)? {
                payload.extend_from_slice(found);
            }
            left += input.len();
        }
        Ok((payload, left, body.is_done()))
    }

    #[test]
    fn chunks_at_every_cut() {
        let wire = b"5\r\nhello\r\n0C;name=v\r\n, wide world\r\n0\r\nx-trailer: 1\r\n\r\nnext";
        for cut in 0..wire.len() {
            let (a, b) = wire.split_at(cut);
            let (payload, left, done) = read(Body::chunked(), &[a, b]).expect("good chunks");
            assert_eq!(payload, b"hello, wide world", "cut {cut}");
            assert!(done);
            // what follows the end is never consumed, wherever the cut is
            assert_eq!(left, 4, "cut {cut}");
        }
    }

    #[test]
    fn a_cut_body_is_not_done() {
        for wire in ["5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", ""] {
            let (_, _, done) = read(Body::chunked(), &[wire.as_bytes()]).expect("a good start");
            assert!(!done, "{wire:?}");
        }
        assert!(!read(Body::of_length(3), &[b"ab"]).expect("a good start").2);
        assert_eq!(
            read(Body::of_length(3), &[b"ab", b"cd"]),
            Ok((b"abc".to_vec(), 1, true))
        );
        assert!(Body::of_length(0).is_done());
    }

    #[test]
    fn refuses_bad_framing() {
        for wire in [
            "\r\n",
            "g\r\n",
            "5\nhello",
            "5\r\nhelloX",
            "5\r\nhello\nx",
            "0\r\n\n",
            "1234567890123456\r\n",
        ] {
            assert_eq!(
                read(Body::chunked(), &[wire.as_bytes()]),
                Err(HttpError::Chunk),
                "{wire:?}"
            );
        }
    }
}
