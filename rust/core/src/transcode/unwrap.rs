//! Free text out of a function's arguments.
//!
//! A custom tool (one free text as input) goes to dialects without such tools as a function with the single property
//! `input`. Its arguments come back as `{"input":"…"}` in pieces; the client is owed the text, as it comes.

use crate::json::{Joiner, Tape, unescape};

/// What stands before the text, white space apart.
const OPENING: &str = r#"{"input":""#;
/// Opening with white space: more than this is not the form we asked for.
const MAX_OPENING: usize = 256;

/// One per call.
#[derive(Debug)]
pub(super) enum Unwrapper {
    /// Not yet inside the string.
    Before(String),
    /// Inside; holds the beginning of an escape.
    Inside(String, Joiner),
    /// Behind the closing quote.
    After,
    /// Not our form: kept whole.
    Other(String),
}

impl Default for Unwrapper {
    fn default() -> Self {
        Self::Before(String::new())
    }
}

impl Unwrapper {
    /// More of the arguments; the text that is certain so far.
    pub(super) fn feed(&mut self, json: &str) -> String {
        match self {
            Self::Before(held) => {
                held.push_str(json);
                let held = std::mem::take(held);
                self.open(held)
            }
            Self::Inside(held, joiner) => {
                let text = std::mem::take(held) + json;
                let (out, next) = inside(&text, *joiner);
                *self = next;
                out
            }
            Self::After => String::new(),
            Self::Other(held) => {
                held.push_str(json);
                String::new()
            }
        }
    }

    /// The call is complete: what was held back.
    pub(super) fn finish(self) -> String {
        let held = match self {
            Self::Before(held) | Self::Other(held) => held,
            Self::Inside(held, mut joiner) => {
                return unescape(&held).into_owned() + joiner.finish().unwrap_or_default();
            }
            Self::After => return String::new(),
        };
        let mut tape = Tape::new();
        let input = tape
            .parse(&held)
            .ok()
            .and_then(|node| node.text("input"))
            .map(std::borrow::Cow::into_owned);
        // A model that did not keep to the form: what it wrote is all there is.
        input.unwrap_or(held)
    }

    fn open(&mut self, held: String) -> String {
        let mut expected = OPENING.chars().peekable();
        let mut rest = held.chars();
        for c in rest.by_ref() {
            if expected.peek() == Some(&c) {
                expected.next();
                if expected.peek().is_none() {
                    let (out, next) = inside(rest.as_str(), Joiner::default());
                    *self = next;
                    return out;
                }
            } else if !c.is_ascii_whitespace() {
                *self = Self::Other(held);
                return String::new();
            }
        }
        *self = if held.len() > MAX_OPENING {
            Self::Other(held)
        } else {
            Self::Before(held)
        };
        String::new()
    }
}

/// The text up to the closing quote, and the state behind it. An escape cut in two is kept for the next piece.
fn inside(text: &str, mut joiner: Joiner) -> (String, Unwrapper) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return (joiner.join(&text[..at]).into_owned(), Unwrapper::After),
            b'\\' => {
                let length = if bytes.get(at + 1) == Some(&b'u') {
                    6
                } else {
                    2
                };
                if at + length > bytes.len() {
                    break;
                }
                at += length;
                while !text.is_char_boundary(at) {
                    at += 1;
                }
            }
            _ => at += 1,
        }
    }
    let (sure, held) = text.split_at(at);
    (
        joiner.join(sure).into_owned(),
        Unwrapper::Inside(held.into(), joiner),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(json: &str, cut: usize) -> String {
        let (head, tail) = json.split_at(cut);
        let mut unwrapper = Unwrapper::default();
        unwrapper.feed(head) + &unwrapper.feed(tail) + &unwrapper.finish()
    }

    #[test]
    fn every_split_gives_the_same_text() {
        let cases = [
            (
                r#"{"input":"*** Begin\n\"x\" \\ \u00e9 \ud83d\ude00 é"}"#,
                "*** Begin\n\"x\" \\ é 😀 é",
            ),
            (r#" { "input" : "a" } "#, "a"),
            (r#"{"input":""}"#, ""),
            (r#"{"text":"a","input":"b"}"#, "b"),
            ("plain words", "plain words"),
        ];
        for (json, text) in cases {
            for cut in (0..=json.len()).filter(|cut| json.is_char_boundary(*cut)) {
                assert_eq!(run(json, cut), text, "{json} at {cut}");
            }
        }
    }
}
