//! What the tape refuses beyond the grammar, and what single values say.

use bytes::Bytes;
use fastproxy_core::error::{Error, Kind as ErrorKind, Source};
use fastproxy_core::json::{Doc, JsonErrorKind, Kind, MAX_DEPTH, Node, Number, Tape};

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let per_turn = open.matches(['[', '{']).count();
        let allowed = MAX_DEPTH / per_turn;
        let mut tape = Tape::new();
        assert!(tape.parse(&nested(open, "1", close, allowed)).is_ok());
        let error = tape
            .parse(&nested(open, "1", close, allowed + 1))
            .unwrap_err();
        assert_eq!(error.kind, JsonErrorKind::Depth);
        let endless = open.repeat(1_000_000);
        assert_eq!(tape.parse(&endless).unwrap_err().kind, JsonErrorKind::Depth);
    }
    let wide = format!("[{}1]", "[],".repeat(1000));
    assert!(Tape::new().parse(&wide).is_ok(), "siblings are not depth");
}

/// An object of `count` members whose last key is `last`.
fn object(count: usize, last: &str) -> String {
    let members: Vec<_> = (1..count).map(|at| format!("\"k{at}\":{at}")).collect();
    format!("{{{},\"{last}\":0}}", members.join(","))
}

#[test]
fn duplicate_keys_at_every_size_and_place() {
    for count in 2..40 {
        for duplicate in 1..count {
            let text = object(count, &format!("k{duplicate}"));
            for text in [text.clone(), format!("[{{\"x\":{text}}}]")] {
                let error = Tape::new().parse_strict(&text).unwrap_err();
                assert_eq!(error.kind, JsonErrorKind::DuplicateKey, "{text}");
                assert!(Tape::new().parse(&text).is_ok());
            }
        }
        assert!(Tape::new().parse_strict(&object(count, "other")).is_ok());
    }
}

#[test]
fn keys_are_compared_as_read_not_as_written() {
    for text in [
        "{\"model\":1,\"\\u006dodel\":2}",
        "{\"\\ud83d\\ude00\":1,\"😀\":2}",
        "{\"\":1,\"\":2}",
    ] {
        assert_eq!(
            Tape::new().parse_strict(text).unwrap_err().kind,
            JsonErrorKind::DuplicateKey
        );
    }
    assert!(
        Tape::new()
            .parse_strict("{\"a\":{\"a\":1},\"b\":{\"a\":1}}")
            .is_ok()
    );
}

#[test]
fn many_members_are_checked_in_reasonable_time() {
    let text = object(200_000, "k1");
    let start = std::time::Instant::now();
    assert!(Tape::new().parse_strict(&text).is_err());
    let spent = start.elapsed();
    assert!(
        spent.as_secs() < 10,
        "{spent:?}: a quadratic check would take minutes"
    );
}

#[test]
fn the_first_of_duplicates_counts_when_they_are_allowed() {
    let mut tape = Tape::new();
    let root = tape.parse("{\"a\":1,\"a\":2}").unwrap();
    assert_eq!(root.get("a").and_then(Node::as_u64), Some(1));
    assert_eq!(root.members().count(), 2);
}

#[test]
fn bytes_must_be_utf_8() {
    let error = Doc::parse(Bytes::from_static(b"{\"a\":\"\xFF\"}")).unwrap_err();
    assert_eq!((error.kind, error.at), (JsonErrorKind::Utf8, 6));
    let surrogate = Doc::parse(Bytes::from_static(b"\"\xED\xA0\x80\"")).unwrap_err();
    assert_eq!(surrogate.kind, JsonErrorKind::Utf8);
}

#[test]
fn errors_name_the_place_and_the_client() {
    let error = Doc::parse(Bytes::from_static(b"{\"a\": nul}")).unwrap_err();
    assert_eq!(error.to_string(), "invalid JSON at byte 9");
    let error = Error::from_json(error);
    assert_eq!(
        (error.kind, error.source),
        (ErrorKind::BadRequest, Source::Client)
    );
    let doc = Doc::parse(Bytes::from_static(b"{\"messages\":[{},{\"role/x\":7}]}")).unwrap();
    let role = doc
        .root()
        .get("messages")
        .unwrap()
        .items()
        .nth(1)
        .unwrap()
        .find("role/x")
        .unwrap();
    let error = Error::bad_request(role, "a role is a string");
    assert_eq!(error.pointer.as_deref(), Some("/messages/1/role~1x"));
    assert_eq!(
        error.to_string(),
        "a role is a string (at /messages/1/role~1x)"
    );
}

#[test]
fn null_is_absent_unless_asked_for() {
    let mut tape = Tape::new();
    let root = tape.parse("{\"a\":null,\"b\":\"x\"}").unwrap();
    assert!(root.get("a").is_none() && root.find("a").is_some_and(Node::is_null));
    assert_eq!(root.text("b").as_deref(), Some("x"));
    assert_eq!((root.text("a"), root.text("c")), (None, None));
}

#[test]
fn accessors_of_other_kinds_say_nothing() {
    let mut tape = Tape::new();
    let root = tape.parse("[null,true,1,\"a\",[2],{\"k\":3}]").unwrap();
    let items: Vec<_> = root.items().collect();
    for (at, node) in items.iter().enumerate() {
        assert_eq!(node.is_null(), at == 0);
        assert_eq!(node.as_bool().is_some(), at == 1);
        assert_eq!(node.as_number().is_some(), at == 2);
        assert_eq!(
            (node.is_string(), node.as_str().is_some()),
            (at == 3, at == 3)
        );
        assert_eq!(node.inner(), if at == 3 { "a" } else { "" });
        assert_eq!(
            (node.is_array(), node.items().count()),
            (at == 4, usize::from(at == 4))
        );
        assert_eq!(
            (node.is_object(), node.members().count()),
            (at == 5, usize::from(at == 5))
        );
        assert_eq!(node.get("k").is_some(), at == 5);
        assert_eq!(node.is("a"), at == 3);
    }
    assert_eq!(items[5].kind(), Kind::Object);
}

#[test]
fn numbers() {
    for (text, whole) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("7", Some(7)),
        ("5.0", Some(5)),
        ("5e0", Some(5)),
        ("1.5e1", Some(15)),
        ("1e2", Some(100)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("1e300", None),
        ("1e999", None),
        ("-1", None),
        ("0.5", None),
        ("1e-1", None),
    ] {
        assert_eq!(Number(text).as_u64(), whole, "{text}");
    }
    assert_eq!(Number("1e999").as_f64(), None);
    assert_eq!(Number("-2.5").as_f64(), Some(-2.5));
    let mut tape = Tape::new();
    let node = tape.parse("1.0").unwrap();
    assert_eq!(node.as_number(), Some(Number("1.0")), "kept as sent");
}

#[test]
fn plain_runs_of_every_length_end_at_the_right_byte() {
    for length in 0..40 {
        for end in ["\"", "\\n\"", "\u{1}", "é\"", "\u{7f}\""] {
            for fill in ["a", "\u{80}", "!", "#", "[", "]"] {
                let text = format!("\"{}{end}", fill.repeat(length));
                let expected = match end {
                    "\u{1}" => Err(JsonErrorKind::Syntax),
                    "\\n\"" => Ok(Kind::Escaped),
                    _ => Ok(Kind::Plain),
                };
                let found = Tape::new()
                    .parse(&text)
                    .map(Node::kind)
                    .map_err(|error| error.kind);
                assert_eq!(found, expected, "{text:?}");
            }
        }
    }
}
