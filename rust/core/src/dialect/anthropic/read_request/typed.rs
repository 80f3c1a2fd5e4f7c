//! Members of a client's JSON, read with their type. `null` is absent. Mistakes name the member.

use std::borrow::Cow;

use crate::error::Error;
use crate::ir::{CacheMarker, Ext};
use crate::json::{Node, Number};

/// The member has the wrong type or value.
pub(super) fn wrong(node: Node<'_>, key: &str, expected: &str) -> Error {
    Error::bad_request(node, format!("{key} must be {expected}"))
}

/// A member that must be there.
pub(super) fn need<'a>(object: Node<'a>, key: &str) -> Result<Node<'a>, Error> {
    object.get(key).ok_or_else(|| {
        Error::client(format!("{key} is required")).at(format!("{}/{key}", object.pointer()))
    })
}

/// A string that must be there.
pub(super) fn need_str<'a>(object: Node<'a>, key: &str) -> Result<Cow<'a, str>, Error> {
    let node = need(object, key)?;
    node.as_str().ok_or_else(|| wrong(node, key, "a string"))
}

/// A string that must be there and say something.
pub(super) fn need_name<'a>(object: Node<'a>, key: &str) -> Result<Cow<'a, str>, Error> {
    let text = need_str(object, key)?;
    if text.is_empty() {
        return Err(wrong(need(object, key)?, key, "a non-empty string"));
    }
    Ok(text)
}

/// A string.
pub(super) fn str<'a>(object: Node<'a>, key: &str) -> Result<Option<Cow<'a, str>>, Error> {
    object
        .get(key)
        .map(|node| node.as_str().ok_or_else(|| wrong(node, key, "a string")))
        .transpose()
}

/// A boolean.
pub(super) fn bool(object: Node<'_>, key: &str) -> Result<Option<bool>, Error> {
    object
        .get(key)
        .map(|node| node.as_bool().ok_or_else(|| wrong(node, key, "a boolean")))
        .transpose()
}

/// A whole number from 0 on.
pub(super) fn u64(object: Node<'_>, key: &str) -> Result<Option<u64>, Error> {
    object
        .get(key)
        .map(|node| {
            node.as_u64()
                .ok_or_else(|| wrong(node, key, "a whole number from 0 on"))
        })
        .transpose()
}

/// A number from 0 to 1, as sent.
pub(super) fn share<'a>(object: Node<'a>, key: &str) -> Result<Option<Number<'a>>, Error> {
    let Some(node) = object.get(key) else {
        return Ok(None);
    };
    node.as_number()
        .filter(|n| n.as_f64().is_some_and(|v| (0.0..=1.0).contains(&v)))
        .map(Some)
        .ok_or_else(|| wrong(node, key, "a number from 0 to 1"))
}

/// An object.
pub(super) fn object<'a>(object: Node<'a>, key: &str) -> Result<Option<Node<'a>>, Error> {
    match object.get(key) {
        Some(node) if !node.is_object() => Err(wrong(node, key, "an object")),
        found => Ok(found),
    }
}

/// An array.
pub(super) fn array<'a>(object: Node<'a>, key: &str) -> Result<Option<Node<'a>>, Error> {
    match object.get(key) {
        Some(node) if !node.is_array() => Err(wrong(node, key, "an array")),
        found => Ok(found),
    }
}

/// Keep a value that has no place in the IR.
pub(super) fn keep<'a>(node: Node<'a>, ext: &mut Vec<Ext<'a>>) {
    ext.push(Ext {
        pointer: node.pointer(),
        raw: Cow::Borrowed(node.raw()),
    });
}

/// Keep every member that is not known.
pub(super) fn keep_unknown<'a>(object: Node<'a>, known: &[&str], ext: &mut Vec<Ext<'a>>) {
    for (key, value) in object.members() {
        if !value.is_null() && !known.contains(&key.as_ref()) {
            keep(value, ext);
        }
    }
}

/// `cache_control`: a marker when it is one that we know, else kept.
pub(super) fn cache<'a>(
    block: Node<'a>,
    ext: &mut Vec<Ext<'a>>,
) -> Result<Option<CacheMarker>, Error> {
    let Some(control) = object(block, "cache_control")? else {
        return Ok(None);
    };
    let kind = need_str(control, "type")?;
    let ttl = match str(control, "ttl")?.as_deref() {
        None => None,
        Some("5m") => Some(300),
        Some("1h") => Some(3600),
        Some(_) => {
            keep(control, ext);
            return Ok(None);
        }
    };
    if kind != "ephemeral" {
        keep(control, ext);
        return Ok(None);
    }
    keep_unknown(control, &["type", "ttl"], ext);
    Ok(Some(CacheMarker { ttl }))
}
