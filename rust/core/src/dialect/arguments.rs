//! Tool arguments: text in most dialects, an object in some.

use crate::ir::ToolKind;
use crate::json::{Tape, write};

/// How a call's arguments become an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dialect) enum Input<'a> {
    /// There are none: `{}`.
    Empty,
    /// They are an object, kept as they are.
    Object(&'a str),
    /// The free text of a custom tool: `{"input": "…"}`.
    Free(&'a str),
    /// Not an object, or not JSON: `{"_raw": "…"}`, so that nothing the model said is lost.
    Broken(&'a str),
}

impl<'a> Input<'a> {
    /// Decide.
    pub(in crate::dialect) fn of(kind: ToolKind, arguments: &'a str, tape: &mut Tape) -> Self {
        if kind == ToolKind::Custom {
            return Self::Free(arguments);
        }
        let text = arguments.trim();
        if text.is_empty() || text == "null" {
            return Self::Empty;
        }
        match tape.parse(text) {
            Ok(node) if node.is_object() => Self::Object(text),
            _ => Self::Broken(arguments),
        }
    }

    /// Write the object.
    pub(in crate::dialect) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Empty => out.extend_from_slice(b"{}"),
            Self::Object(json) => write::raw(out, json),
            Self::Free(text) => write::object(out, |o| o.str("input", text)),
            Self::Broken(text) => write::object(out, |o| o.str("_raw", text)),
        }
    }
}

/// An object of one member.
pub(in crate::dialect) fn member(key: &str, json: &str) -> String {
    let mut out = Vec::with_capacity(key.len() + json.len() + 5);
    write::object(&mut out, |o| o.raw(key, json));
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: ToolKind, arguments: &str) -> String {
        let mut out = Vec::new();
        Input::of(kind, arguments, &mut Tape::new()).write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn whatever_comes_becomes_an_object() {
        let function = ToolKind::Function;
        for (arguments, input) in [
            ("", "{}"),
            (" \n", "{}"),
            ("null", "{}"),
            (r#" {"b": 1.0, "a": 2} "#, r#"{"b": 1.0, "a": 2}"#),
            (r#"{"a":"#, r#"{"_raw":"{\"a\":"}"#),
            ("[1]", r#"{"_raw":"[1]"}"#),
            ("\"x\"", r#"{"_raw":"\"x\""}"#),
        ] {
            assert_eq!(written(function, arguments), input);
        }
        assert_eq!(written(ToolKind::Custom, "a\nb"), r#"{"input":"a\nb"}"#);
    }

    #[test]
    fn nesting_beyond_reason_is_kept_as_text() {
        let deep = format!("{}1{}", "{\"a\":".repeat(300), "}".repeat(300));
        assert!(matches!(
            Input::of(ToolKind::Function, &deep, &mut Tape::new()),
            Input::Broken(_)
        ));
    }
}
