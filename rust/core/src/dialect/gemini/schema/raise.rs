//! The subset → JSON Schema: types in lower case, `nullable` as a type, `propertyOrdering` as the order of properties,
//! `example` as an example. What is JSON Schema already stays what it is.

use std::borrow::Cow;

use super::super::spelling::{self, get};
use crate::json::Node;
use crate::json::write::{self, Array, Object};

/// Raise a schema.
pub(in crate::dialect::gemini) fn raise(schema: Node<'_>) -> String {
    let mut out = Vec::with_capacity(schema.raw().len() + 16);
    write_schema(schema, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

fn write_schema(schema: Node<'_>, out: &mut Vec<u8>) {
    if !schema.is_object() {
        write::raw(out, schema.raw());
        return;
    }
    let is_nullable = get(schema, "nullable").and_then(Node::as_bool) == Some(true);
    write::object(out, |o| {
        write_type(schema, is_nullable, o);
        for (key, value) in schema.members() {
            if !value.is_null() {
                write_member(&canonical(&key), schema, value, is_nullable, o);
            }
        }
    });
}

/// The name in JSON Schema of a member in either spelling.
fn canonical(key: &str) -> Cow<'_, str> {
    const KNOWN: [&str; 11] = [
        "anyOf",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "minProperties",
        "maxProperties",
        "propertyOrdering",
        "additionalProperties",
        "prefixItems",
        "oneOf",
    ];
    match key {
        "ref" => "$ref".into(),
        "defs" => "$defs".into(),
        _ => KNOWN
            .into_iter()
            .find(|known| spelling::is_spelt(key, known))
            .unwrap_or(key)
            .into(),
    }
}

fn write_type(schema: Node<'_>, is_nullable: bool, o: &mut Object<'_>) {
    let Some(kind) = get(schema, "type") else {
        return;
    };
    let Some(word) = kind.as_str() else {
        return o.raw("type", kind.raw());
    };
    let word = word.to_ascii_lowercase();
    if word == "type_unspecified" {
        return;
    }
    if is_nullable && word != "null" {
        o.array("type", |list| {
            list.str(&word);
            list.str("null");
        });
    } else {
        o.str("type", &word);
    }
}

fn write_member(
    key: &str,
    schema: Node<'_>,
    value: Node<'_>,
    is_nullable: bool,
    o: &mut Object<'_>,
) {
    match key {
        "type" | "nullable" | "propertyOrdering" => {}
        // Says only that there is an enum.
        "format" if value.is("enum") => {}
        "example" => o.array("examples", |list| list.raw(value.raw())),
        "properties" => o.object(key, |o| {
            for (name, property) in ordered(schema, value) {
                write_schema(property, o.key(&name));
            }
        }),
        "$defs" => o.object(key, |o| {
            for (name, inner) in value.members() {
                write_schema(inner, o.key(&name));
            }
        }),
        "items" | "additionalProperties" | "not" => write_schema(value, o.key(key)),
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => o.array(key, |list| {
            spelling::each(value).for_each(|inner| write_schema(inner, list.item()));
            let is_typed = get(schema, "type").is_some();
            if is_nullable && !is_typed && key == "anyOf" {
                list.object(|o| o.str("type", "null"));
            }
        }),
        "enum" if is_nullable => o.array(key, |list| write_enum(value, list)),
        "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties" => {
            match spelling::whole(value) {
                Some(count) => o.u64(key, count),
                None => o.raw(key, value.raw()),
            }
        }
        _ => o.raw(key, value.raw()),
    }
}

/// A value that may be null is one of those named, or null.
fn write_enum(values: Node<'_>, list: &mut Array<'_>) {
    values.items().for_each(|value| list.raw(value.raw()));
    if !values.items().any(Node::is_null) {
        list.raw("null");
    }
}

/// Properties in the order that is asked for; those that it does not name follow.
fn ordered<'a>(schema: Node<'a>, properties: Node<'a>) -> Vec<(Cow<'a, str>, Node<'a>)> {
    let mut members: Vec<_> = properties.members().collect();
    let order: Vec<_> = get(schema, "propertyOrdering")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(Node::as_str)
        .collect();
    let place = |name: &str| order.iter().position(|n| n == name).unwrap_or(order.len());
    members.sort_by_key(|(name, _)| place(name));
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;

    fn raised(schema: &str) -> String {
        raise(Tape::new().parse(schema).unwrap())
    }

    #[test]
    fn types_orders_and_nulls_are_said_in_json_schema() {
        let schema = r#"{"type":"OBJECT","property_ordering":["b","a"],"required":["a"],
            "properties":{"a":{"type":"STRING","nullable":true,"enum":["x"],"format":"enum","example":"x"},
            "type":{"type":"ARRAY","minItems":"2","items":{"type":"INTEGER","format":"int64"}},
            "b":{"any_of":[{"type":"NUMBER"},{"type":"BOOLEAN"}],"nullable":true}}}"#;
        let expected = r#"{"type":"object","required":["a"],"properties":{"b":{"anyOf":[{"type":"number"},{"type":"boolean"},{"type":"null"}]},"a":{"type":["string","null"],"enum":["x",null],"examples":["x"]},"type":{"type":"array","minItems":2,"items":{"type":"integer","format":"int64"}}}}"#;
        assert_eq!(raised(schema), expected);
    }

    #[test]
    fn json_schema_stays_what_it_is() {
        for schema in [
            r#"{"type":"object","properties":{"nullable":{"type":["string","null"]}},"additionalProperties":false}"#,
            r##"{"$defs":{"a":{"const":1}},"$ref":"#/$defs/a"}"##,
            "{}",
            "true",
        ] {
            assert_eq!(raised(schema), schema);
        }
    }
}
