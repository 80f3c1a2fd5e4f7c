//! A value on the tape.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use super::tape::{Kind, Record};
use super::text::{Joiner, unescape};

/// A number as it was sent: `1`, `1.0` and `1e0` stay what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'t>(pub &'t str);

impl Number<'_> {
    /// The value, or `None` when it has no finite double.
    pub fn as_f64(self) -> Option<f64> {
        self.0.parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// The value when it is a whole number from 0 to 2^64-1. `5.0` and `5e0` count as whole: some clients send them.
    pub fn as_u64(self) -> Option<u64> {
        if let Ok(value) = self.0.parse() {
            return Some(value);
        }
        let value = self.as_f64()?;
        #[expect(clippy::cast_sign_loss, reason = "checked on the same line")]
        (value >= 0.0 && value.fract() == 0.0 && value < 9.0e15).then_some(value as u64)
    }
}

/// A view of one value. Copying it is free.
#[derive(Clone, Copy, Debug)]
pub struct Node<'t> {
    text: &'t str,
    records: &'t [Record],
    at: u32,
}

impl<'t> Node<'t> {
    pub(crate) fn new(text: &'t str, records: &'t [Record], at: u32) -> Self {
        Self { text, records, at }
    }

    fn record(self) -> Record {
        self.records[self.at as usize]
    }

    fn sibling(self, at: u32) -> Self {
        Self { at, ..self }
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.record().kind
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        self.kind() == Kind::Array
    }

    /// Whether it is a string.
    pub fn is_string(self) -> bool {
        matches!(self.kind(), Kind::Plain | Kind::Escaped)
    }

    /// Byte range in the source text, quotes and brackets included.
    pub fn span(self) -> Range<usize> {
        let record = self.record();
        record.start as usize..record.end as usize
    }

    /// The source text of this value, exactly as sent.
    pub fn raw(self) -> &'t str {
        &self.text[self.span()]
    }

    /// The string's value; `None` when it is not a string. Lone surrogate escapes become U+FFFD.
    pub fn as_str(self) -> Option<Cow<'t, str>> {
        match self.kind() {
            Kind::Plain => Some(Cow::Borrowed(self.inner())),
            Kind::Escaped => Some(unescape(self.inner())),
            _ => None,
        }
    }

    /// Like [`Node::as_str`] for a text that is sent in pieces: a surrogate pair split between two pieces is joined.
    pub fn as_piece(self, joiner: &mut Joiner) -> Option<Cow<'t, str>> {
        match self.kind() {
            Kind::Plain if joiner.is_empty() => Some(Cow::Borrowed(self.inner())),
            Kind::Plain | Kind::Escaped => Some(joiner.join(self.inner())),
            _ => None,
        }
    }

    /// The string's source text between its quotes, escapes included; empty when it is not a string.
    pub fn inner(self) -> &'t str {
        if !self.is_string() {
            return "";
        }
        let span = self.span();
        &self.text[span.start + 1..span.end - 1]
    }

    /// Whether it is a string with exactly this value.
    pub fn is(self, value: &str) -> bool {
        let record = self.record();
        match record.kind {
            // The length first: looking for a member compares with keys of all lengths.
            Kind::Plain => {
                let (start, end) = (record.start as usize + 1, record.end as usize - 1);
                end - start == value.len() && self.text.as_bytes()[start..end] == *value.as_bytes()
            }
            Kind::Escaped => unescape(self.inner()) == value,
            _ => false,
        }
    }

    /// The boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// The number, as sent.
    pub fn as_number(self) -> Option<Number<'t>> {
        (self.kind() == Kind::Number).then(|| Number(self.raw()))
    }

    /// A whole, non-negative number.
    pub fn as_u64(self) -> Option<u64> {
        self.as_number().and_then(Number::as_u64)
    }

    /// The member with this key; `None` when it is absent, `null`, or this is not an object. Where absent and `null`
    /// differ, use [`Node::find`].
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.find(key).filter(|node| !node.is_null())
    }

    /// The member with this key, also when it is `null`. With duplicate keys (lenient parsing only): the first.
    pub fn find(self, key: &str) -> Option<Node<'t>> {
        let (mut at, end) = self.children(Kind::Object);
        while at < end {
            if self.sibling(at).is(key) {
                return Some(self.sibling(at + 1));
            }
            at = self.sibling(at + 1).record().next;
        }
        None
    }

    /// The string member with this key.
    pub fn text(self, key: &str) -> Option<Cow<'t, str>> {
        self.get(key)?.as_str()
    }

    /// The elements; none when it is not an array.
    pub fn items(self) -> impl Iterator<Item = Node<'t>> {
        let (mut at, end) = self.children(Kind::Array);
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let node = self.sibling(at);
                at = node.record().next;
                node
            })
        })
    }

    /// The members as (key, value); none when it is not an object.
    pub fn members(self) -> impl Iterator<Item = (Cow<'t, str>, Node<'t>)> {
        self.entries()
            .map(|(key, value)| (key.as_str().unwrap_or_default(), value))
    }

    /// The members with the key as a node, for its span.
    pub fn entries(self) -> impl Iterator<Item = (Node<'t>, Node<'t>)> {
        let (mut at, end) = self.children(Kind::Object);
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let (key, value) = (self.sibling(at), self.sibling(at + 1));
                at = value.record().next;
                (key, value)
            })
        })
    }

    fn children(self, kind: Kind) -> (u32, u32) {
        let record = self.record();
        if record.kind == kind {
            (self.at + 1, record.next)
        } else {
            (0, 0)
        }
    }

    /// JSON pointer (RFC 6901) of this value from the outermost one. Walks from the root: for error texts.
    pub fn pointer(self) -> String {
        let mut pointer = String::new();
        let mut node = self.sibling(0);
        while node.at != self.at {
            let holds = |child: Node<'t>| child.at <= self.at && self.at < child.record().next;
            if node.is_array() {
                let Some((index, child)) = node.items().enumerate().find(|(_, c)| holds(*c)) else {
                    break;
                };
                let _ = write!(pointer, "/{index}");
                node = child;
            } else {
                let Some((key, child)) = node.members().find(|(_, c)| holds(*c)) else {
                    break;
                };
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                node = child;
            }
        }
        pointer
    }
}
