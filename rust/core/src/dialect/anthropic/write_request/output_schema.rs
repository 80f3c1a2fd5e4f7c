//! The schema of a structured answer. The API compiles it to a grammar and takes a part of JSON Schema only: objects
//! must be closed (`additionalProperties: false`), bounds of numbers, texts and lists are refused, so are most formats.
//! What is refused moves into the description, where the model still reads it. A schema that is all this already is
//! sent as it is, byte for byte.

use std::borrow::Cow;

use crate::json::write::{self, Object};
use crate::json::{Node, Tape};

/// Formats of texts that the grammar knows.
const FORMATS: [&str; 9] = [
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
];
const UUID: &str = "uuid";
/// Keywords whose value is a map of schemas, a schema, a list of schemas.
const MAPS: [&str; 3] = ["properties", "$defs", "definitions"];
const SCHEMAS: [&str; 1] = ["items"];
const LISTS: [&str; 3] = ["anyOf", "allOf", "oneOf"];
/// Keywords that are sent as they are.
const KEPT: [&str; 10] = [
    "$ref", "$schema", "$id", "type", "title", "enum", "const", "default", "required", "examples",
];

/// A schema as it can be sent, and whether it had to be changed.
pub(super) fn lower<'a>(schema: &'a str, tape: &mut Tape) -> (Cow<'a, str>, bool) {
    let Ok(root) = tape.parse(schema) else {
        return (Cow::Borrowed(schema), false);
    };
    if is_plain(root) {
        return (Cow::Borrowed(schema), false);
    }
    let mut out = Vec::with_capacity(schema.len() + 256);
    rewrite(root, &mut out);
    let text = String::from_utf8(out).unwrap_or_default();
    (Cow::Owned(text), true)
}

/// Whether nothing in it has to be changed.
fn is_plain(schema: Node<'_>) -> bool {
    let is_closed = schema
        .get("additionalProperties")
        .is_some_and(|open| open.as_bool() == Some(false));
    (is_closed || !is_of_objects(schema))
        && schema.members().all(|(key, value)| match key.as_ref() {
            "additionalProperties" => is_closed,
            "oneOf" => false,
            key if MAPS.contains(&key) => value.members().all(|(_, schema)| is_plain(schema)),
            key if LISTS.contains(&key) => value.items().all(is_plain),
            key if SCHEMAS.contains(&key) => value.is_object() && is_plain(value),
            key => key == "description" || is_kept(key, value),
        })
}

fn is_of_objects(schema: Node<'_>) -> bool {
    let Some(kind) = schema.get("type") else {
        return schema.get("properties").is_some();
    };
    kind.is("object") || kind.items().any(|kind| kind.is("object"))
}

/// Whether the API takes this keyword with this value.
fn is_kept(key: &str, value: Node<'_>) -> bool {
    match key {
        "format" => value.is(UUID) || FORMATS.iter().any(|format| value.is(format)),
        "minItems" => value.as_u64().is_some_and(|least| least <= 1),
        key => KEPT.contains(&key),
    }
}

fn rewrite(schema: Node<'_>, out: &mut Vec<u8>) {
    if !schema.is_object() {
        // `true`: anything. `false` cannot be said.
        return write::raw(out, "{}");
    }
    let mut refused = Vec::new();
    write::object(out, |o| {
        for (key, value) in schema.members() {
            // Both at once cannot be said in one keyword.
            if key == "oneOf" && schema.get("anyOf").is_some() {
                refused.push(format!("oneOf: {}", value.raw()));
            } else {
                member(o, &key, value, &mut refused);
            }
        }
        if is_of_objects(schema) {
            if let Some(open) = schema.get("additionalProperties")
                && open.is_object()
            {
                refused.push(format!("additionalProperties: {}", open.raw()));
            }
            o.bool("additionalProperties", false);
        }
        describe(o, schema, &refused);
    });
}

fn member(o: &mut Object<'_>, key: &str, value: Node<'_>, refused: &mut Vec<String>) {
    match key {
        "additionalProperties" | "description" => {}
        key if MAPS.contains(&key) => o.object(key, |o| {
            for (name, schema) in value.members() {
                rewrite(schema, o.key(&name));
            }
        }),
        key if LISTS.contains(&key) => {
            let said = if key == "oneOf" { "anyOf" } else { key };
            o.array(said, |list| {
                for schema in value.items() {
                    rewrite(schema, list.item());
                }
            });
        }
        key if SCHEMAS.contains(&key) => rewrite(value, o.key(key)),
        key if is_kept(key, value) => o.raw(key, value.raw()),
        key => refused.push(format!("{key}: {}", value.raw())),
    }
}

fn describe(o: &mut Object<'_>, schema: Node<'_>, refused: &[String]) {
    let said = schema.text("description");
    if refused.is_empty() {
        o.opt_str("description", said.as_deref());
        return;
    }
    let rules = format!("Must satisfy {}.", refused.join(", "));
    match said {
        Some(said) => o.str("description", &format!("{said}\n\n{rules}")),
        None => o.str("description", &rules),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowered(schema: &str) -> (String, bool) {
        let (text, is_changed) = lower(schema, &mut Tape::new());
        (text.into_owned(), is_changed)
    }

    #[test]
    fn what_the_grammar_takes_is_sent_as_it_is() {
        let schema = r#"{ "type":"object", "properties":{"when":{"type":"string","format":"date-time"},
            "tags":{"type":"array","items":{"enum":["a"]},"minItems":1}}, "required":["when"], "additionalProperties":false}"#;
        assert_eq!(lowered(schema), (schema.to_owned(), false));
    }

    #[test]
    fn objects_are_closed_and_bounds_become_words() {
        let schema = r#"{"type":"object","description":"Of a city.","properties":{"description":{"type":"integer","minimum":1},
            "of":{"oneOf":[{"type":"string","format":"regex"},{"type":["object","null"],"properties":{}}]}},"maxProperties":2}"#;
        let expected = concat!(
            r#"{"type":"object","properties":{"description":{"type":"integer","description":"Must satisfy minimum: 1."},"#,
            r#""of":{"anyOf":[{"type":"string","description":"Must satisfy format: \"regex\"."},"#,
            r#"{"type":["object","null"],"properties":{},"additionalProperties":false}]}},"additionalProperties":false,"#,
            r#""description":"Of a city.\n\nMust satisfy maxProperties: 2."}"#
        );
        assert_eq!(lowered(schema), (expected.to_owned(), true));
    }
}
