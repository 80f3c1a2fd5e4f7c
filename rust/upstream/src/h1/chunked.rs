//! The chunked transfer coding (RFC 9112 §7.1), taken off in place.

/// Chunk extensions and trailers of one body: nobody sends them but to be a nuisance.
const MAX_OVERHEAD: usize = 16 << 10;
/// Digits of a chunk's size: 15 of them are a petabyte, and 17 would overflow.
const MAX_DIGITS: u8 = 15;

/// Not the chunked coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// How far a body has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chunked {
    state: State,
    /// Data left in the current chunk.
    left: u64,
    /// Digits of the current size.
    digits: u8,
    overhead: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the start of a trailer line, or of the last line.
    Line,
    Trailer,
    TrailerLf,
    LastLf,
    Done,
}

/// What [`Chunked::strip`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stripped {
    /// So many bytes of data now stand at the front.
    pub(crate) data: usize,
    /// So many bytes were looked at: fewer than there are only when the body ended before them.
    pub(crate) used: usize,
    /// Whether what follows the data is not the chunked coding.
    pub(crate) is_malformed: bool,
}

impl Chunked {
    /// Whether the body has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Move the data among `bytes` to their front. One piece per read is what the transcoder gets then, however small
    /// the chunks are (an upstream that writes an event per chunk fills a read with hundreds).
    pub(crate) fn strip(&mut self, bytes: &mut [u8]) -> Stripped {
        let (mut data, mut used) = (0, 0);
        while used < bytes.len() && !self.is_done() {
            if self.state == State::Data {
                let rest = bytes.len() - used;
                let count = usize::try_from(self.left).unwrap_or(rest).min(rest);
                bytes.copy_within(used..used + count, data);
                data += count;
                used += count;
                self.left -= count as u64;
                if self.left == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            if self.step(bytes[used]).is_err() {
                return Stripped {
                    data,
                    used,
                    is_malformed: true,
                };
            }
            used += 1;
        }
        Stripped {
            data,
            used,
            is_malformed: false,
        }
    }

    /// One byte that is not data.
    fn step(&mut self, byte: u8) -> Result<(), Malformed> {
        self.state = match (self.state, byte) {
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(byte)?,
            (State::Size, b';' | b' ' | b'\t') if self.digits > 0 => State::Extension,
            (State::Size | State::Extension, b'\r') if self.digits > 0 => State::SizeLf,
            (State::Extension, byte) if byte != b'\n' => self.skip(State::Extension)?,
            (State::SizeLf, b'\n') if self.left == 0 => State::Line,
            (State::SizeLf, b'\n') => State::Data,
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => {
                self.digits = 0;
                State::Size
            }
            (State::Line, b'\r') => State::LastLf,
            (State::Trailer, b'\r') => State::TrailerLf,
            (State::Line | State::Trailer, byte) if byte != b'\n' => self.skip(State::Trailer)?,
            (State::TrailerLf, b'\n') => State::Line,
            (State::LastLf, b'\n') => State::Done,
            _ => return Err(Malformed),
        };
        Ok(())
    }

    fn digit(&mut self, byte: u8) -> Result<State, Malformed> {
        let value = (byte as char).to_digit(16).ok_or(Malformed)?;
        // Leading zeros are digits too: a size may not go on for ever.
        if self.digits == MAX_DIGITS {
            return Err(Malformed);
        }
        self.digits += 1;
        self.left = self.left * 16 + u64::from(value);
        Ok(State::Size)
    }

    fn skip(&mut self, state: State) -> Result<State, Malformed> {
        self.overhead += 1;
        if self.overhead > MAX_OVERHEAD {
            Err(Malformed)
        } else {
            Ok(state)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Strip `coded` in pieces of `size`: the data, what is left over, and whether it was all right.
    fn stripped(coded: &[u8], size: usize) -> (Vec<u8>, Vec<u8>, bool) {
        let mut body = Chunked::default();
        let (mut data, mut over) = (Vec::new(), Vec::new());
        for piece in coded.chunks(size) {
            let mut piece = piece.to_vec();
            let result = body.strip(&mut piece);
            data.extend_from_slice(&piece[..result.data]);
            if result.is_malformed {
                return (data, over, false);
            }
            over.extend_from_slice(&piece[result.used..]);
        }
        (data, over, body.is_done())
    }

    #[test]
    fn every_split_gives_the_same_data() {
        let coded = b"5\r\nhello\r\n1;a=b\r\n \r\n0006 \r\nwo\r\n\r\n\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\nextra";
        for size in 1..=coded.len() {
            let (data, over, is_done) = stripped(coded, size);
            assert_eq!(data, b"hello wo\r\n\r\n0123456789", "pieces of {size}");
            assert_eq!((over.as_slice(), is_done), (b"extra".as_slice(), true));
        }
    }

    #[test]
    fn data_before_an_error_is_kept() {
        for size in 1..20 {
            assert_eq!(
                stripped(b"2\r\nok\r\n2\r\nno!", size),
                (b"okno".to_vec(), Vec::new(), false)
            );
        }
    }

    #[test]
    fn what_is_not_chunked_is_malformed() {
        let long = format!("1;{}", "x".repeat(MAX_OVERHEAD + 1)).into_bytes();
        let zeros = [b'0'; 20];
        for coded in [
            b"\r\n".as_slice(),
            b";\r\n",
            b"g\r\n",
            b"-1\r\n",
            b"+1\r\n",
            b"0x1\r\n",
            b"1\n",
            b"1\ra",
            b"1\r\nab",
            b"1\r\na\n",
            b"0\r\na\n",
            b"0\r\n\n",
            b"ffffffffffffffff\r\n",
            b" 1\r\n",
            &zeros,
            &long,
        ] {
            let mut bytes = coded.to_vec();
            assert!(
                Chunked::default().strip(&mut bytes).is_malformed,
                "{}",
                coded.escape_ascii()
            );
        }
    }

    proptest! {
        #[test]
        fn any_chunks_in_any_pieces(data in vec(any::<u8>(), 0..500), sizes in vec(1..60usize, 1..20), piece in 1..90usize) {
            let (mut coded, mut rest) = (Vec::new(), data.as_slice());
            for size in sizes.iter().cycle() {
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                coded.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
                coded.extend_from_slice(chunk);
                coded.extend_from_slice(b"\r\n");
                rest = after;
                if chunk.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(stripped(&coded, piece), (data, Vec::new(), true));
        }

        #[test]
        fn anything_else_is_survived(bytes in vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'1'), Just(b'0'), any::<u8>()], 0..200)) {
            let mut body = Chunked::default();
            let mut rest = bytes.clone();
            let found = body.strip(&mut rest);
            prop_assert!(found.data <= found.used && found.used <= bytes.len());
        }
    }
}
