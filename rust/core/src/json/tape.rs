//! The tape: parsing and validation.

use super::error::{JsonError, JsonErrorKind};
use super::node::Node;
use super::scan::plain_length;

/// Containers that may be open at once; deeper input is refused (stack safety of whoever walks it, and of clients).
pub const MAX_DEPTH: usize = 128;

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

/// A reusable list of records. Parsing into a used tape allocates only when the text is larger than any before.
#[derive(Debug, Default)]
pub struct Tape {
    pub(super) records: Vec<Record>,
    open: Vec<u32>,
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty tape for about this many values.
    pub(super) fn with_capacity(values: usize) -> Self {
        Self {
            records: Vec::with_capacity(values),
            open: Vec::new(),
        }
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

    pub(super) fn run(&mut self, text: &str, strict: bool) -> Result<(), JsonError> {
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
            self.close(container);
            return if self.strict {
                self.refuse_duplicates(container)
            } else {
                Ok(())
            };
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

    fn refuse_duplicates(&self, object: u32) -> Result<(), JsonError> {
        let object = Node::new(self.text, &self.tape.records, object);
        let Some(key) = object.duplicate_key() else {
            return Ok(());
        };
        Err(JsonError {
            kind: JsonErrorKind::DuplicateKey,
            at: key.span().start,
        })
    }

    fn fail(&self, kind: JsonErrorKind) -> Result<(), JsonError> {
        Err(JsonError { kind, at: self.at })
    }
}
