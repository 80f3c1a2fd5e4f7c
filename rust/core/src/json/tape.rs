//! The tape: parsing and validation.

use bytes::Bytes;
use thiserror::Error;

use super::node::Node;

/// Containers that may be open at once; deeper input is refused (stack safety of whoever walks it, and of clients).
pub const MAX_DEPTH: usize = 128;
/// Objects with more members than this have their keys checked for duplicates through a sorted list.
const SMALL_OBJECT: usize = 12;

/// What a tape record stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number; its text is kept as sent.
    Number,
    /// A string without escapes.
    Plain,
    /// A string with at least one escape.
    Escaped,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One value: where it stands in the text and where its next sibling stands on the tape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) next: u32,
    pub(crate) kind: Kind,
}

/// Why a text is not JSON that we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JsonErrorKind {
    /// Grammar.
    #[error("invalid JSON")]
    Syntax,
    /// The text ends inside a value.
    #[error("JSON ends early")]
    Eof,
    /// More than [`MAX_DEPTH`] containers open.
    #[error("JSON is nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// The same key twice in one object: two readers could disagree on which counts (request smuggling by JSON).
    #[error("duplicate key in JSON object")]
    DuplicateKey,
    /// Not UTF-8.
    #[error("JSON is not valid UTF-8")]
    Utf8,
    /// Longer than offsets can tell (4 GiB).
    #[error("JSON is too large")]
    TooLarge,
}

/// A parse error and the byte offset where it was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at byte {at}")]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Byte offset in the text.
    pub at: usize,
}

/// A reusable list of records. Parsing into a used tape allocates only when the text is larger than any before.
#[derive(Debug, Default)]
pub struct Tape {
    records: Vec<Record>,
    open: Vec<u32>,
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parse one JSON value with nothing but white space around it. Duplicate keys are not looked for.
    pub fn parse<'t>(&'t mut self, text: &'t str) -> Result<Node<'t>, JsonError> {
        self.run(text, false)?;
        Ok(Node::new(text, &self.records, 0))
    }

    /// Like [`Tape::parse`], and refuse duplicate keys at any level: for what clients send.
    pub fn parse_strict<'t>(&'t mut self, text: &'t str) -> Result<Node<'t>, JsonError> {
        self.run(text, true)?;
        Ok(Node::new(text, &self.records, 0))
    }

    fn run(&mut self, text: &str, strict: bool) -> Result<(), JsonError> {
        self.records.clear();
        self.open.clear();
        if text.len() > (u32::MAX - 1) as usize {
            return Err(JsonError {
                kind: JsonErrorKind::TooLarge,
                at: 0,
            });
        }
        Parser {
            text,
            bytes: text.as_bytes(),
            at: 0,
            tape: self,
            strict,
        }
        .document()
    }
}

struct Parser<'p> {
    text: &'p str,
    bytes: &'p [u8],
    at: usize,
    tape: &'p mut Tape,
    strict: bool,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<(), JsonError> {
        self.space();
        self.value()?;
        while let Some(&container) = self.tape.open.last() {
            self.space();
            if self.tape.records[container as usize].kind == Kind::Array {
                self.array_step(container)?;
            } else {
                self.object_step(container)?;
            }
        }
        self.space();
        if self.at < self.bytes.len() {
            self.fail(JsonErrorKind::Syntax)
        } else {
            Ok(())
        }
    }

    /// After `[`, after an element: an element, a comma and an element, or the end.
    fn array_step(&mut self, container: u32) -> Result<(), JsonError> {
        if self.peek() == Some(b']') {
            self.close(container);
            return Ok(());
        }
        if self.is_empty(container) {
            return self.value();
        }
        self.expect(b',')?;
        self.space();
        self.value()
    }

    fn object_step(&mut self, container: u32) -> Result<(), JsonError> {
        if self.peek() == Some(b'}') {
            if self.strict {
                self.refuse_duplicates(container)?;
            }
            self.close(container);
            return Ok(());
        }
        if !self.is_empty(container) {
            self.expect(b',')?;
            self.space();
        }
        if self.peek() != Some(b'"') {
            return self.unexpected();
        }
        self.string()?;
        self.space();
        self.expect(b':')?;
        self.space();
        self.value()
    }

    fn value(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.open(Kind::Object),
            Some(b'[') => self.open(Kind::Array),
            Some(b't') => self.word("true", Kind::True),
            Some(b'f') => self.word("false", Kind::False),
            Some(b'n') => self.word("null", Kind::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.unexpected(),
        }
    }

    fn open(&mut self, kind: Kind) -> Result<(), JsonError> {
        if self.tape.open.len() >= MAX_DEPTH {
            return self.fail(JsonErrorKind::Depth);
        }
        self.tape.open.push(self.tape.records.len() as u32);
        self.push(kind, self.at, 0);
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, container: u32) {
        self.at += 1;
        let next = self.tape.records.len() as u32;
        let record = &mut self.tape.records[container as usize];
        record.end = self.at as u32;
        record.next = next;
        self.tape.open.pop();
    }

    /// Every string record spans its quotes.
    fn string(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.at += 1;
        let mut kind = Kind::Plain;
        loop {
            self.at += plain_length(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    self.escape()?;
                }
                _ => return self.unexpected(),
            }
        }
        self.at += 1;
        self.push(kind, start, self.at);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                        return self.unexpected();
                    }
                    self.at += 1;
                }
            }
            _ => return self.unexpected(),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        self.push(Kind::Number, start, self.at);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            self.unexpected()
        } else {
            Ok(())
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), JsonError> {
        let start = self.at;
        word.bytes().try_for_each(|byte| self.expect(byte))?;
        self.push(kind, start, self.at);
        Ok(())
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.tape.records.len() as u32 + 1;
        self.tape.records.push(Record {
            start: start as u32,
            end: end as u32,
            next,
            kind,
        });
    }

    fn is_empty(&self, container: u32) -> bool {
        self.tape.records.len() as u32 == container + 1
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        self.unexpected()
    }

    fn unexpected(&self) -> Result<(), JsonError> {
        let eof = self.at >= self.bytes.len();
        self.fail(if eof {
            JsonErrorKind::Eof
        } else {
            JsonErrorKind::Syntax
        })
    }

    fn fail(&self, kind: JsonErrorKind) -> Result<(), JsonError> {
        Err(JsonError { kind, at: self.at })
    }

    fn refuse_duplicates(&self, container: u32) -> Result<(), JsonError> {
        let records = &self.tape.records;
        let mut keys = Vec::new();
        let mut at = container as usize + 1;
        while at < records.len() {
            let key = records[at];
            let inner = &self.text[key.start as usize + 1..key.end as usize - 1];
            let name = if key.kind == Kind::Plain {
                inner.into()
            } else {
                super::unescape(inner)
            };
            if keys.len() < SMALL_OBJECT && keys.contains(&name) {
                return self.fail(JsonErrorKind::DuplicateKey);
            }
            keys.push(name);
            at = records[at + 1].next as usize;
        }
        if keys.len() > SMALL_OBJECT {
            keys.sort_unstable();
            if keys.windows(2).any(|pair| pair[0] == pair[1]) {
                return self.fail(JsonErrorKind::DuplicateKey);
            }
        }
        Ok(())
    }
}

/// Bytes up to the next quote, backslash or control character. Eight at a time: long strings (base64 images,
/// encrypted reasoning) are most of the bytes of a large request.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGHS;
    let mut length = 0;
    for chunk in bytes.chunks_exact(8) {
        let Ok(eight) = chunk.try_into() else { break };
        let word = u64::from_le_bytes(eight);
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let hit = quote | backslash | control;
        if hit != 0 {
            return length + (hit.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let special = |b: &u8| *b == b'"' || *b == b'\\' || *b < 0x20;
    let rest = &bytes[length..];
    length + rest.iter().position(special).unwrap_or(rest.len())
}

/// A parsed text that owns its bytes: what a client request is from arrival to the last attempt.
#[derive(Debug)]
pub struct Doc {
    text: Bytes,
    tape: Tape,
}

impl Doc {
    /// Parse strictly (duplicate keys refused). The bytes are kept without a copy.
    pub fn parse(text: Bytes) -> Result<Self, JsonError> {
        let mut tape = Tape::new();
        let as_str = std::str::from_utf8(&text).map_err(|e| JsonError {
            kind: JsonErrorKind::Utf8,
            at: e.valid_up_to(),
        })?;
        tape.run(as_str, true)?;
        Ok(Self { text, tape })
    }

    /// The text as sent.
    pub fn bytes(&self) -> &Bytes {
        &self.text
    }

    /// The outermost value.
    pub fn root(&self) -> Node<'_> {
        // The bytes were checked in `parse` and are immutable: this check costs about 1 µs per 20 KB (ASCII) and
        // saves an `unsafe`.
        Node::new(
            std::str::from_utf8(&self.text).unwrap_or(""),
            &self.tape.records,
            0,
        )
    }
}
