//! Typed reading of a client's fields. Every refusal names the place and the expectation.

use std::borrow::Cow;

use crate::error::Error;
use crate::ir::Ext;
use crate::json::{Kind, Node, Number};

pub(in crate::dialect) fn string<'a>(node: Node<'a>, name: &str) -> Result<Cow<'a, str>, Error> {
    node.as_str()
        .ok_or_else(|| Error::bad_request(node, format!("{name} must be a string")))
}

/// A string with something in it.
pub(in crate::dialect) fn filled<'a>(node: Node<'a>, name: &str) -> Result<Cow<'a, str>, Error> {
    let text = string(node, name)?;
    if text.trim().is_empty() {
        return Err(Error::bad_request(
            node,
            format!("{name} must not be empty"),
        ));
    }
    Ok(text)
}

pub(in crate::dialect) fn boolean(node: Node<'_>, name: &str) -> Result<bool, Error> {
    node.as_bool()
        .ok_or_else(|| Error::bad_request(node, format!("{name} must be a boolean")))
}

pub(in crate::dialect) fn object<'a>(node: Node<'a>, name: &str) -> Result<Node<'a>, Error> {
    match node.kind() {
        Kind::Object => Ok(node),
        _ => Err(Error::bad_request(
            node,
            format!("{name} must be an object"),
        )),
    }
}

pub(in crate::dialect) fn array<'a>(node: Node<'a>, name: &str) -> Result<Node<'a>, Error> {
    match node.kind() {
        Kind::Array => Ok(node),
        _ => Err(Error::bad_request(node, format!("{name} must be an array"))),
    }
}

/// A number in a range, kept as it was sent.
pub(in crate::dialect) fn number<'a>(
    node: Node<'a>,
    name: &str,
    min: f64,
    max: f64,
) -> Result<Number<'a>, Error> {
    let fits = |number: &Number<'_>| {
        number
            .as_f64()
            .is_some_and(|value| (min..=max).contains(&value))
    };
    node.as_number().filter(fits).ok_or_else(|| {
        Error::bad_request(node, format!("{name} must be a number from {min} to {max}"))
    })
}

/// A whole number, possibly negative, kept as it was sent.
pub(in crate::dialect) fn integer<'a>(node: Node<'a>, name: &str) -> Result<Number<'a>, Error> {
    let is_whole = |number: &Number<'_>| {
        number.0.parse::<i64>().is_ok() || number.as_f64().is_some_and(|value| value.fract() == 0.0)
    };
    node.as_number()
        .filter(is_whole)
        .ok_or_else(|| Error::bad_request(node, format!("{name} must be a whole number")))
}

/// A whole number in a range.
pub(in crate::dialect) fn count(
    node: Node<'_>,
    name: &str,
    min: u64,
    max: u64,
) -> Result<u64, Error> {
    node.as_u64()
        .filter(|value| (min..=max).contains(value))
        .ok_or_else(|| {
            let range = if max == u64::MAX {
                format!("of at least {min}")
            } else {
                format!("from {min} to {max}")
            };
            Error::bad_request(node, format!("{name} must be a whole number {range}"))
        })
}

/// A member that must be there.
pub(in crate::dialect) fn required<'a>(node: Node<'a>, key: &str) -> Result<Node<'a>, Error> {
    node.get(key).ok_or_else(|| {
        Error::client(format!("{key} is required")).at(format!("{}/{key}", node.pointer()))
    })
}

/// A field without a place in the IR. Empty ones say nothing: clients echo `annotations: []` and the like.
pub(in crate::dialect) fn keep<'a>(ext: &mut Vec<Ext<'a>>, at: &str, key: &str, node: Node<'a>) {
    let is_empty = match node.kind() {
        Kind::Null => true,
        Kind::Array => node.items().next().is_none(),
        _ => false,
    };
    if !is_empty {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        ext.push(Ext {
            pointer,
            raw: node.raw().into(),
        });
    }
}

/// Keep every member that is not in `known`.
pub(in crate::dialect) fn keep_unknown<'a>(
    ext: &mut Vec<Ext<'a>>,
    at: &str,
    node: Node<'a>,
    known: &[&str],
) {
    for (key, value) in node.members().filter(|(key, _)| !known.contains(&&**key)) {
        keep(ext, at, &key, value);
    }
}
