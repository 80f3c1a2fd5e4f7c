//! The tape against `serde_json`: the same texts accepted, the same values read, and every span and pointer right.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/documents.rs"]
mod documents;

use std::collections::HashSet;

use bytes::Bytes;
use fastproxy_core::json::{Doc, JsonErrorKind, Kind, Node, Number, Tape};
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Grammar only: numbers of any size and lone surrogates pass, as they do with us.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn kind_of(text: &str) -> Result<Kind, JsonErrorKind> {
    Tape::new()
        .parse(text)
        .map(Node::kind)
        .map_err(|error| error.kind)
}

fn value(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::True | Kind::False => Value::Bool(node.as_bool().unwrap()),
        // Beyond a double: serde_json refuses it, and we keep the text.
        Kind::Number => serde_json::from_str(node.raw()).unwrap_or_else(|_| node.raw().into()),
        Kind::Plain | Kind::Escaped => Value::String(node.as_str().unwrap().into()),
        Kind::Array => Value::Array(node.items().map(value).collect()),
        Kind::Object => Value::Object(
            node.members()
                .map(|(key, node)| (key.into(), value(node)))
                .collect(),
        ),
    }
}

/// Every value in the text.
fn walk<'t>(node: Node<'t>, visit: &mut impl FnMut(Node<'t>)) {
    visit(node);
    node.items().for_each(|item| walk(item, visit));
    node.entries().for_each(|(_, member)| walk(member, visit));
}

fn has_duplicates(node: Node<'_>) -> bool {
    let mut found = false;
    walk(node, &mut |node| {
        let mut seen = HashSet::new();
        found |= !node.members().all(|(key, _)| seen.insert(key));
    });
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn generated_texts_are_accepted_and_read_alike(text in documents::document()) {
        prop_assert!(is_json(&text));
        let mut tape = Tape::new();
        let node = tape.parse(&text).unwrap();
        // `serde_json` refuses lone surrogates and numbers beyond a double.
        if let Ok(theirs) = serde_json::from_str::<Value>(&text) && !has_duplicates(node) {
            prop_assert_eq!(value(node), theirs);
        }
    }

    #[test]
    fn mutated_texts_are_accepted_and_refused_alike(text in documents::mutated(documents::document())) {
        let mut tape = Tape::new();
        let ours = tape.parse(&text);
        prop_assert_eq!(ours.is_ok(), is_json(&text), "{:?} {:?}", ours, text);
        if let Err(error) = ours {
            prop_assert!(error.at <= text.len());
            prop_assert_eq!(error.kind == JsonErrorKind::Eof, error.at == text.len());
        }
    }

    #[test]
    fn cut_texts_end_early(text in documents::document(), at in any::<prop::sample::Index>()) {
        let cut: String = text.trim().chars().take(at.index(text.trim().chars().count())).collect();
        let ours = kind_of(&cut);
        prop_assert_eq!(ours.is_ok(), is_json(&cut));
        if let Err(kind) = ours {
            prop_assert_eq!(kind, JsonErrorKind::Eof);
        }
    }

    #[test]
    fn strict_parsing_refuses_duplicates_and_nothing_else(text in documents::document()) {
        let mut tape = Tape::new();
        let has_duplicates = has_duplicates(tape.parse(&text).unwrap());
        let strict = Doc::parse(Bytes::from(text)).map(|_| ()).map_err(|error| error.kind);
        prop_assert_eq!(strict, if has_duplicates { Err(JsonErrorKind::DuplicateKey) } else { Ok(()) });
    }

    #[test]
    fn spans_and_pointers_lead_to_the_value(text in documents::document_without_duplicates()) {
        let mut tape = Tape::new();
        let root = tape.parse(&text).unwrap();
        let tree = value(root);
        walk(root, &mut |node| {
            assert_eq!(&text[node.span()], node.raw());
            assert_eq!(node.raw().trim(), node.raw());
            assert_eq!(tree.pointer(&node.pointer()), Some(&value(node)), "{text} {}", node.pointer());
            let mut alone = Tape::new();
            assert_eq!(value(alone.parse(node.raw()).unwrap()), value(node));
            for (key, member) in node.entries() {
                let name = key.as_str().unwrap();
                assert_eq!(node.find(&name).map(Node::span), Some(member.span()));
                assert_eq!(node.get(&name).is_none(), member.is_null());
                assert!(key.is(&name) && key.span().end <= member.span().start);
            }
        });
    }

    #[test]
    fn a_used_tape_reads_like_a_new_one(texts in prop::collection::vec(documents::mutated(documents::document()), 1..6)) {
        let mut used = Tape::new();
        for text in &texts {
            let mut new = Tape::new();
            prop_assert_eq!(used.parse(text).map(value), new.parse(text).map(value));
        }
    }

    #[test]
    fn whole_numbers_are_those_of_std(number in any::<u64>(), negative in any::<i64>(), double in any::<f64>()) {
        prop_assert_eq!(Number(&number.to_string()).as_u64(), Some(number));
        prop_assert_eq!(Number(&negative.to_string()).as_u64(), u64::try_from(negative).ok());
        let text = format!("{double:e}");
        prop_assert_eq!(Number(&text).as_f64(), Some(double).filter(|d| d.is_finite()));
    }
}

#[test]
fn grammar() {
    use JsonErrorKind::{Eof, Syntax};
    for (text, expected) in [
        ("", Err(Eof)),
        (" \n\t\r", Err(Eof)),
        ("null", Ok(Kind::Null)),
        (" true ", Ok(Kind::True)),
        ("nul", Err(Eof)),
        ("nulL", Err(Syntax)),
        ("nullx", Err(Syntax)),
        ("True", Err(Syntax)),
        ("NaN", Err(Syntax)),
        ("Infinity", Err(Syntax)),
        ("-Infinity", Err(Syntax)),
        ("-0", Ok(Kind::Number)),
        ("-", Err(Eof)),
        ("+1", Err(Syntax)),
        ("01", Err(Syntax)),
        ("1.", Err(Eof)),
        (".5", Err(Syntax)),
        ("1e", Err(Eof)),
        ("1e+", Err(Eof)),
        ("1E400", Ok(Kind::Number)),
        ("0x10", Err(Syntax)),
        ("1 2", Err(Syntax)),
        ("'a'", Err(Syntax)),
        ("\"a", Err(Eof)),
        ("\"a\u{7f}\u{2028}\"", Ok(Kind::Plain)),
        ("\"a\nb\"", Err(Syntax)),
        ("\"a\0b\"", Err(Syntax)),
        ("\"\\x41\"", Err(Syntax)),
        ("\"\\u12G4\"", Err(Syntax)),
        ("\"\\u12", Err(Eof)),
        ("\"\\ud800\"", Ok(Kind::Escaped)),
        ("[1,]", Err(Syntax)),
        ("[,1]", Err(Syntax)),
        ("[1 2]", Err(Syntax)),
        ("[1", Err(Eof)),
        ("]", Err(Syntax)),
        ("[}", Err(Syntax)),
        ("{\"a\":1,}", Err(Syntax)),
        ("{,}", Err(Syntax)),
        ("{a:1}", Err(Syntax)),
        ("{1:1}", Err(Syntax)),
        ("{\"a\" 1}", Err(Syntax)),
        ("{\"a\":}", Err(Syntax)),
        ("{\"a\":1", Err(Eof)),
        ("{\"a\":1]", Err(Syntax)),
        ("/**/1", Err(Syntax)),
        ("\u{feff}1", Err(Syntax)),
        ("\u{a0}1", Err(Syntax)),
        ("{\"a\":1,\"a\":2}", Ok(Kind::Object)),
    ] {
        assert_eq!(kind_of(text), expected, "{text:?}");
        assert_eq!(is_json(text), expected.is_ok(), "{text:?}");
    }
}
