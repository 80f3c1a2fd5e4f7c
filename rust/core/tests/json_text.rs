//! Strings: escapes decoded, pairs joined across pieces, and what is written read back by `serde_json`.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/documents.rs"]
#[expect(dead_code, reason = "only its strings are used here")]
mod documents;

use fastproxy_core::json::{Joiner, Tape, unescape, write};
use proptest::prelude::*;
use serde_json::Value;

/// What somebody takes for the end of a line.
const BREAKS: [char; 5] = ['\u{85}', '\u{2028}', '\u{2029}', '\n', '\r'];

/// Decode a JSON string the long way: to UTF-16 units, then to text with U+FFFD for lone halves.
fn reference(inner: &str) -> String {
    let mut units = Vec::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            continue;
        }
        units.push(match chars.next().unwrap() {
            'u' => {
                let hex: String = chars.by_ref().take(4).collect();
                u16::from_str_radix(&hex, 16).unwrap()
            }
            'b' => 8,
            't' => 9,
            'n' => 10,
            'f' => 12,
            'r' => 13,
            other => other as u16,
        });
    }
    String::from_utf16_lossy(&units)
}

/// The places where an upstream may cut the inner text of a string: between characters and escapes.
fn seams(inner: &str) -> Vec<usize> {
    let mut seams = Vec::new();
    let mut at = 0;
    while at < inner.len() {
        seams.push(at);
        at += match &inner.as_bytes()[at..] {
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => inner[at..].chars().next().unwrap().len_utf8(),
        };
    }
    seams.push(inner.len());
    seams
}

fn join<'p>(pieces: impl IntoIterator<Item = &'p str>) -> String {
    let mut joiner = Joiner::default();
    let mut text = String::new();
    for piece in pieces {
        text.push_str(&joiner.join(piece));
    }
    text.push_str(joiner.finish().unwrap_or_default());
    assert!(joiner.is_empty());
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn escapes_are_decoded(string in documents::string()) {
        let inner = &string[1..string.len() - 1];
        prop_assert_eq!(unescape(inner), reference(inner));
        if let Ok(theirs) = serde_json::from_str::<String>(&string) {
            prop_assert_eq!(unescape(inner), theirs);
        }
    }

    #[test]
    fn pieces_join_to_the_whole_at_every_seam(string in documents::string()) {
        let inner = &string[1..string.len() - 1];
        let (whole, seams) = (reference(inner), seams(inner));
        prop_assert_eq!(join(seams.windows(2).map(|pair| &inner[pair[0]..pair[1]])), &*whole);
        for &at in &seams {
            prop_assert_eq!(join([&inner[..at], "", &inner[at..]]), &*whole);
        }
    }

    #[test]
    fn what_is_written_is_read_back(text in any::<String>()) {
        let mut out = Vec::new();
        write::string(&mut out, &text);
        let json = String::from_utf8(out).unwrap();
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), &*text);
        prop_assert!(!json.contains(BREAKS));
        let mut tape = Tape::new();
        prop_assert_eq!(tape.parse(&json).unwrap().as_str().unwrap(), text);
    }

    #[test]
    fn raw_json_keeps_its_value_on_one_line(text in any::<String>(), breaks in "[\u{85}\u{2028}\u{2029}\u{84}\u{2027}é€]{0,8}") {
        let value = Value::from(vec![text, breaks]);
        let mut out = Vec::new();
        let pretty = serde_json::to_string_pretty(&value).unwrap().replace("\n ", "\r\n ");
        write::raw(&mut out, &pretty);
        let json = String::from_utf8(out).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
        prop_assert!(!json.contains(BREAKS));
    }

    #[test]
    fn numbers_are_written_in_full(number in any::<u64>()) {
        let mut out = Vec::new();
        write::number(&mut out, number);
        prop_assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
    }
}

#[test]
fn a_pair_cut_in_two_is_one_character() {
    let mut tape = Tape::new();
    let mut joiner = Joiner::default();
    let mut text = String::new();
    for event in [
        "\"a\\ud83d\"",
        "\"\"",
        "\"\\ude00b\"",
        "\"\\ud83d\"",
        "\"x\"",
    ] {
        text.push_str(&tape.parse(event).unwrap().as_piece(&mut joiner).unwrap());
    }
    assert_eq!(text, "a😀b\u{fffd}x");
    assert!(tape.parse("1").unwrap().as_piece(&mut joiner).is_none());
}

#[test]
fn lone_halves_become_replacement_characters() {
    for (inner, expected) in [
        ("\\ud83d", "\u{fffd}"),
        ("\\ude00", "\u{fffd}"),
        ("\\ude00\\ud83d", "\u{fffd}\u{fffd}"),
        ("\\ud83d\\ud83d\\ude00", "\u{fffd}😀"),
        ("\\ud83dx\\ude00", "\u{fffd}x\u{fffd}"),
        ("\\ud83d\\n", "\u{fffd}\n"),
        ("\\uD83D\\uDE00", "😀"),
        ("\\u0000", "\0"),
        ("\\uFFFF", "\u{ffff}"),
    ] {
        assert_eq!(unescape(inner), expected, "{inner}");
        assert_eq!(
            join(seams(inner).windows(2).map(|pair| &inner[pair[0]..pair[1]])),
            expected
        );
    }
}

#[test]
fn control_characters_and_line_breaks_are_escaped() {
    let mut out = Vec::new();
    let text =
        "\0\u{1f}\u{7f}\"\\/\n\r\t\u{8}\u{c}\u{85}\u{2028}\u{2029}\u{84}\u{86}\u{2027}\u{202a}";
    write::escaped(&mut out, text);
    let expected = "\\u0000\\u001f\u{7f}\\\"\\\\/\\n\\r\\t\\u0008\\u000c\\u0085\\u2028\\u2029\u{84}\u{86}\u{2027}\u{202a}";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn escapes_at_every_offset() {
    for length in 0..40 {
        for special in [
            "\"", "\\", "\n", "\u{1}", "\u{2028}", "\u{85}", "é", "€", "",
        ] {
            for tail in ["", "a", "0123456789abcdef"] {
                let text = format!("{}{special}{tail}", "x".repeat(length));
                let mut out = Vec::new();
                write::string(&mut out, &text);
                assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            }
        }
    }
}

#[test]
fn objects_and_arrays() {
    let mut out = Vec::new();
    write::object(&mut out, |object| {
        object.str("s", "a\"b");
        object.opt_str("none", None);
        object.opt_str("some", Some("x"));
        object.u64("n", 0);
        object.opt_u64("m", Some(u64::MAX));
        object.bool("t", true);
        object.bool("f", false);
        object.null("z");
        object.raw("r", "{\"x\": [1.0]}");
        object.opt_raw("q", None);
        object.object("o", |inner| inner.u64("k\n", 1));
        object.array("a", |array| {
            assert!(array.is_empty());
            array.str("e");
            array.raw("2.50");
            array.object(|_| {});
            assert!(!array.is_empty());
            write::array(array.item(), |_| {});
        });
    });
    let expected = concat!(
        r#"{"s":"a\"b","some":"x","n":0,"m":18446744073709551615,"t":true,"f":false,"z":null,"#,
        r#""r":{"x": [1.0]},"o":{"k\n":1},"a":["e",2.50,{},[]]}"#
    );
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}
