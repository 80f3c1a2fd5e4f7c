//! JSON texts for property tests: any grammar, any spelling, any white space.

use proptest::prelude::*;

/// A JSON text; rarely a deep one.
pub(crate) fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "true", "false", "[]", "{ }", "\"\""])
            .prop_map(Into::into),
        number(),
        string(),
    ];
    let any = leaf.prop_recursive(6, 80, 8, |inner| {
        let member = (space(), string(), space(), inner.clone(), space());
        prop_oneof![
            prop::collection::vec((space(), inner, space()), 0..8).prop_map(|items| {
                let items: Vec<_> = items
                    .iter()
                    .map(|(a, item, b)| format!("{a}{item}{b}"))
                    .collect();
                format!("[{}]", items.join(","))
            }),
            prop::collection::vec(member, 0..8).prop_map(|members| {
                let one = |(a, key, b, value, c): &(_, String, _, String, _)| {
                    format!("{a}{key}{b}:{value}{c}")
                };
                let members: Vec<_> = members.iter().map(one).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    (space(), any, space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"))
}

/// A JSON text in which every object's keys differ.
pub(crate) fn document_without_duplicates() -> impl Strategy<Value = String> {
    document().prop_filter_map("duplicate keys", |text| {
        let mut tape = fastproxy_core::json::Tape::new();
        tape.parse_strict(&text).is_ok().then_some(text)
    })
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", "", " ", "\n", "\t", "\r\n  "])
}

fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,19})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?"
}

/// A JSON string with its quotes: plain text, every escape, half a surrogate pair now and then.
pub(crate) fn string() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..10).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[ -!#-\\[\\]-~]{0,12}",
        2 => any::<char>().prop_filter("plain", |c| *c >= ' ' && !"\"\\".contains(*c)).prop_map(Into::into),
        2 => prop::sample::select(vec!["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]).prop_map(Into::into),
        2 => any::<char>().prop_map(escaped),
        1 => (0xD800_u16..=0xDFFF).prop_map(|unit| format!("\\u{unit:04x}")),
    ]
}

/// A character in `\u` escapes.
fn escaped(c: char) -> String {
    let mut units = [0; 2];
    let units: Vec<_> = c
        .encode_utf16(&mut units)
        .iter()
        .map(|unit| format!("\\u{unit:04X}"))
        .collect();
    units.concat()
}

/// Change a text a little: take out, put in or replace some characters that matter.
pub(crate) fn mutated(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let letter = prop::sample::select(
        "{}[]\",:\\ \n\t09-+.eEtrufalsn/bx\u{1}\u{7f}\u{2028}é"
            .chars()
            .collect::<Vec<_>>(),
    );
    let change = (any::<prop::sample::Index>(), 0..3, letter);
    (text, prop::collection::vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (place, what, letter) in changes {
            let at = place.index(chars.len() + 1);
            match what {
                0 => chars.insert(at, letter),
                1 if at < chars.len() => chars[at] = letter,
                _ if at < chars.len() => drop(chars.remove(at)),
                _ => {}
            }
        }
        chars.into_iter().collect()
    })
}
