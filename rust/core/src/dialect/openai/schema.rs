//! JSON schemas for hosts that want `properties` on every object (bug row 8).

use crate::json::{Node, Tape};

/// Members that hold one schema.
const ONE: [&str; 8] = [
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
];
/// Members that hold a list of schemas.
const LIST: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
/// Members that hold schemas by name: the names are data, not keywords.
const NAMED: [&str; 5] = [
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "dependentSchemas",
];

/// The schema with an empty `properties` wherever an object has none; everything else byte-identical.
pub(in crate::dialect) fn with_properties(schema: &str) -> String {
    let mut tape = Tape::new();
    let mut out = String::with_capacity(schema.len() + 32);
    let mut gaps = Vec::new();
    if let Ok(root) = tape.parse(schema) {
        find_gaps(root, &mut gaps);
    }
    gaps.sort_unstable();
    let mut from = 0;
    for (at, is_empty) in gaps {
        out.push_str(&schema[from..at]);
        out.push_str(if is_empty {
            r#""properties":{}"#
        } else {
            r#""properties":{},"#
        });
        from = at;
    }
    out.push_str(&schema[from..]);
    out
}

/// Positions directly behind the opening brace of object schemas without `properties`. Depth is bounded by the parser.
fn find_gaps(schema: Node<'_>, gaps: &mut Vec<(usize, bool)>) {
    let is_object = schema.get("type").is_some_and(|kind| kind.is("object"));
    if is_object && schema.find("properties").is_none() {
        gaps.push((schema.span().start + 1, schema.entries().next().is_none()));
    }
    for (key, value) in schema.members() {
        if ONE.contains(&&*key) {
            find_gaps(value, gaps);
        } else if LIST.contains(&&*key) {
            value.items().for_each(|item| find_gaps(item, gaps));
        } else if NAMED.contains(&&*key) {
            value
                .members()
                .for_each(|(_, inner)| find_gaps(inner, gaps));
        }
    }
}
