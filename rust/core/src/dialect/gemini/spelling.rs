//! Members as protobuf's JSON form allows them: `camelCase` or `snake_case`, a list of one without its brackets, whole
//! numbers as strings. Google's API takes them all, and its own documentation uses them.

use std::borrow::Cow;

use crate::error::Error;
use crate::ir::Ext;
use crate::json::{Node, Number};

/// Whether `key` is this member, in either spelling.
pub(super) fn is_spelt(key: &str, camel: &str) -> bool {
    if key == camel {
        return true;
    }
    let mut rest = key.bytes();
    for byte in camel.bytes() {
        if byte.is_ascii_uppercase() && rest.next() != Some(b'_') {
            return false;
        }
        if rest.next() != Some(byte.to_ascii_lowercase()) {
            return false;
        }
    }
    rest.next().is_none()
}

/// The member with this `camelCase` name in either spelling; `null` is absent.
pub(super) fn get<'a>(object: Node<'a>, camel: &str) -> Option<Node<'a>> {
    entry(object, camel).map(|(_, value)| value)
}

/// The same with its key, for its span.
pub(super) fn entry<'a>(object: Node<'a>, camel: &str) -> Option<(Node<'a>, Node<'a>)> {
    let is_it = |key: Node<'a>| key.as_str().is_some_and(|key| is_spelt(&key, camel));
    object
        .entries()
        .find(|(key, value)| !value.is_null() && is_it(*key))
}

/// The elements of a list; a single object stands for a list of itself.
pub(super) fn each(list: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let single = (!list.is_array()).then_some(list);
    single.into_iter().chain(list.items())
}

fn wrong(node: Node<'_>, key: &str, expected: &str) -> Error {
    Error::bad_request(node, format!("{key} must be {expected}"))
}

/// A string.
pub(super) fn text<'a>(object: Node<'a>, key: &str) -> Result<Option<Cow<'a, str>>, Error> {
    get(object, key)
        .map(|node| node.as_str().ok_or_else(|| wrong(node, key, "a string")))
        .transpose()
}

/// A string that must be there and say something.
pub(super) fn need_text<'a>(object: Node<'a>, key: &str) -> Result<Cow<'a, str>, Error> {
    let found = text(object, key)?.filter(|text| !text.is_empty());
    found.ok_or_else(|| {
        Error::client(format!("{key} must be a non-empty string"))
            .at(format!("{}/{key}", object.pointer()))
    })
}

/// A boolean.
pub(super) fn boolean(object: Node<'_>, key: &str) -> Result<Option<bool>, Error> {
    get(object, key)
        .map(|node| node.as_bool().ok_or_else(|| wrong(node, key, "a boolean")))
        .transpose()
}

/// An object.
pub(super) fn object<'a>(object: Node<'a>, key: &str) -> Result<Option<Node<'a>>, Error> {
    match get(object, key) {
        Some(node) if !node.is_object() => Err(wrong(node, key, "an object")),
        found => Ok(found),
    }
}

/// A list of objects.
pub(super) fn objects<'a>(object: Node<'a>, key: &str) -> Result<Vec<Node<'a>>, Error> {
    let Some(list) = get(object, key) else {
        return Ok(Vec::new());
    };
    let elements: Vec<_> = each(list).collect();
    match elements.iter().find(|element| !element.is_object()) {
        Some(element) if list.is_array() => Err(wrong(
            *element,
            &format!("an element of {key}"),
            "an object",
        )),
        Some(_) => Err(wrong(list, key, "an array of objects")),
        None => Ok(elements),
    }
}

/// A list of strings.
pub(super) fn texts<'a>(object: Node<'a>, key: &str) -> Result<Vec<Cow<'a, str>>, Error> {
    let Some(list) = get(object, key) else {
        return Ok(Vec::new());
    };
    each(list)
        .map(|node| {
            node.as_str()
                .ok_or_else(|| wrong(node, &format!("an element of {key}"), "a string"))
        })
        .collect()
}

/// A number in a range, kept as it was sent.
pub(super) fn number<'a>(
    object: Node<'a>,
    key: &str,
    min: f64,
    max: f64,
) -> Result<Option<Number<'a>>, Error> {
    let Some(node) = get(object, key) else {
        return Ok(None);
    };
    let fits = |number: &Number<'_>| {
        number
            .as_f64()
            .is_some_and(|value| (min..=max).contains(&value))
    };
    let number = node.as_number().filter(fits);
    number
        .map(Some)
        .ok_or_else(|| wrong(node, key, &format!("a number from {min} to {max}")))
}

/// A whole number from `min` on. 64 bit numbers may come as strings.
pub(super) fn count(object: Node<'_>, key: &str, min: u64) -> Result<Option<u64>, Error> {
    let Some(node) = get(object, key) else {
        return Ok(None);
    };
    let value = whole(node).filter(|value| *value >= min);
    value
        .map(Some)
        .ok_or_else(|| wrong(node, key, &format!("a whole number of at least {min}")))
}

/// A whole number, as a number or as a string.
pub(super) fn whole(node: Node<'_>) -> Option<u64> {
    node.as_u64()
        .or_else(|| node.as_str().and_then(|text| text.parse().ok()))
}

/// Keep a value that has no place in the IR. Empty ones say nothing.
pub(super) fn keep<'a>(node: Node<'a>, ext: &mut Vec<Ext<'a>>) {
    let is_empty = node.is_null()
        || (node.is_array() && node.items().next().is_none())
        || (node.is_object() && node.entries().next().is_none());
    if !is_empty {
        ext.push(Ext {
            pointer: node.pointer(),
            raw: Cow::Borrowed(node.raw()),
        });
    }
}

/// Keep every member that is not known.
pub(super) fn keep_unknown<'a>(object: Node<'a>, known: &[&str], ext: &mut Vec<Ext<'a>>) {
    for (key, value) in object.members() {
        if !known.iter().any(|known| is_spelt(&key, known)) {
            keep(value, ext);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_one_member() {
        for (key, camel, is_it) in [
            ("inlineData", "inlineData", true),
            ("inline_data", "inlineData", true),
            ("inlinedata", "inlineData", false),
            ("inline_data_", "inlineData", false),
            ("inline", "inlineData", false),
            ("topP", "topP", true),
            ("top_p", "topP", true),
            ("parameters_json_schema", "parametersJsonSchema", true),
        ] {
            assert_eq!(is_spelt(key, camel), is_it, "{key}");
        }
    }
}
