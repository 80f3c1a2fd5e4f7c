//! JSON Schema → the subset. References are put in place, unions become `anyOf`, constants enums; what the subset cannot
//! say is told in the description, so that the model at least reads it. Only schemas are walked: a property that is
//! called `default` is a property.

use std::borrow::Cow;

use crate::json::write::{self, Object};
use crate::json::{Node, Tape};

/// References followed into each other: a schema that contains itself ends here, as any object.
const MAX_REFERENCES: usize = 8;
/// Bytes that a lowered schema may have: references multiply.
const MAX_BYTES: usize = 256 << 10;

/// A schema in the subset, and whether anything was narrowed. `None`: it is no JSON object.
pub(in crate::dialect::gemini) fn lower(schema: &str, tape: &mut Tape) -> Option<(String, bool)> {
    let root = tape.parse(schema).ok().filter(|root| root.is_object())?;
    let mut lowering = Lowering {
        root,
        references: 0,
        is_narrowed: false,
    };
    let mut out = Vec::with_capacity(schema.len() + 16);
    lowering.schema(root, &mut out);
    Some((
        String::from_utf8(out).unwrap_or_default(),
        lowering.is_narrowed,
    ))
}

struct Lowering<'a> {
    root: Node<'a>,
    references: usize,
    is_narrowed: bool,
}

impl<'a> Lowering<'a> {
    fn schema(&mut self, schema: Node<'a>, out: &mut Vec<u8>) {
        let Some(target) = schema.text("$ref") else {
            return self.object(schema, out);
        };
        self.is_narrowed = true;
        let found = self.find(&target);
        match found.filter(|_| self.references < MAX_REFERENCES && out.len() < MAX_BYTES) {
            Some(inner) => {
                self.references += 1;
                self.schema(inner, out);
                self.references -= 1;
            }
            None => write::object(out, |o| o.str("type", "OBJECT")),
        }
    }

    /// What `#/$defs/name` stands for.
    fn find(&self, target: &str) -> Option<Node<'a>> {
        let path = target.strip_prefix('#')?;
        path.split('/').skip(1).try_fold(self.root, |node, step| {
            node.get(&step.replace("~1", "/").replace("~0", "~"))
        })
    }

    fn object(&mut self, schema: Node<'a>, out: &mut Vec<u8>) {
        if !schema.is_object() {
            // `true` and `false`: anything, nothing.
            self.is_narrowed = true;
            write::object(out, |_| {});
            return;
        }
        let mut notes: Vec<String> = Vec::new();
        write::object(out, |o| {
            let kind = self.kind(schema, o);
            for (key, value) in schema.members() {
                self.member(&key, value, &kind, &mut notes, o);
            }
            if kind == "array" && schema.get("items").is_none() {
                o.object("items", |_| {});
            }
            self.properties(schema, o);
            let said = schema.text("description").unwrap_or_default();
            let text = described(&said, &notes);
            if !text.is_empty() {
                o.str("description", &text);
            }
        });
        self.is_narrowed |= !notes.is_empty();
    }

    /// Write `type` and `nullable`; the type in JSON Schema's word.
    fn kind(&mut self, schema: Node<'a>, o: &mut Object<'_>) -> Cow<'a, str> {
        let Some(node) = schema.get("type") else {
            let is_object = schema.get("properties").is_some();
            if is_object {
                o.str("type", "OBJECT");
            }
            return if is_object { "object" } else { "" }.into();
        };
        let mut words: Vec<_> = match node.as_str() {
            Some(word) => vec![word],
            None => node.items().filter_map(Node::as_str).collect(),
        };
        let is_nullable = words.len() > 1 && words.iter().any(|word| word == "null");
        if is_nullable {
            words.retain(|word| word != "null");
            o.bool("nullable", true);
        }
        if words.len() > 1 {
            self.is_narrowed = true;
            o.array("anyOf", |list| {
                for word in &words {
                    list.object(|o| o.str("type", &word.to_ascii_uppercase()));
                }
            });
            return "".into();
        }
        let word = words.pop().unwrap_or_default();
        if !word.is_empty() {
            o.str("type", &word.to_ascii_uppercase());
        }
        word
    }

    fn member(
        &mut self,
        key: &str,
        value: Node<'a>,
        kind: &str,
        notes: &mut Vec<String>,
        o: &mut Object<'_>,
    ) {
        match key {
            "type" | "description" | "properties" | "required" | "allOf" | "$defs"
            | "definitions" | "$schema" | "$id" | "$comment" => {}
            "title" | "nullable" | "minItems" | "maxItems" | "minimum" | "maximum"
            | "minLength" | "maxLength" | "minProperties" | "maxProperties" | "pattern"
            | "example" | "default" | "propertyOrdering" => o.raw(key, value.raw()),
            "format" if is_format(value) => o.raw(key, value.raw()),
            "items" if value.is_object() => self.schema(value, o.key("items")),
            "anyOf" | "oneOf" => o.array("anyOf", |list| {
                value
                    .items()
                    .for_each(|inner| self.schema(inner, list.item()));
            }),
            "enum" => write_values(&value.items().collect::<Vec<_>>(), kind, notes, o),
            "const" => write_values(&[value], kind, notes, o),
            "examples" => {
                if let Some(first) = value.items().next() {
                    o.raw("example", first.raw());
                }
            }
            // Objects are closed in effect: the model sees which properties there are.
            "additionalProperties" if value.as_bool() == Some(false) => {}
            _ => notes.push(format!("{key}: {}", value.raw())),
        }
    }

    /// Properties, those of `allOf` among them; only what is a property can be required.
    fn properties(&mut self, schema: Node<'a>, o: &mut Object<'_>) {
        let mut all: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        let mut required: Vec<Cow<'a, str>> = Vec::new();
        self.collect(schema, 0, &mut all, &mut required);
        if !all.is_empty() {
            o.object("properties", |o| {
                for (name, inner) in &all {
                    self.schema(*inner, o.key(name));
                }
            });
        }
        let before = required.len();
        required.retain(|name| all.iter().any(|(known, _)| known == name));
        self.is_narrowed |= required.len() < before;
        if !required.is_empty() {
            o.array("required", |list| {
                for name in &required {
                    list.str(name);
                }
            });
        }
    }

    fn collect(
        &mut self,
        schema: Node<'a>,
        depth: usize,
        all: &mut Vec<(Cow<'a, str>, Node<'a>)>,
        required: &mut Vec<Cow<'a, str>>,
    ) {
        for (name, inner) in schema.get("properties").into_iter().flat_map(Node::members) {
            match all.iter_mut().find(|(known, _)| *known == name) {
                Some(known) => known.1 = inner,
                None => all.push((name, inner)),
            }
        }
        for name in schema.get("required").into_iter().flat_map(Node::items) {
            if let Some(name) = name.as_str().filter(|name| !required.contains(name)) {
                required.push(name);
            }
        }
        for part in schema.get("allOf").into_iter().flat_map(Node::items) {
            self.is_narrowed = true;
            let target = part.text("$ref").and_then(|target| self.find(&target));
            if depth < MAX_REFERENCES {
                self.collect(target.unwrap_or(part), depth + 1, all, required);
            }
        }
    }
}

/// An enum of strings; others are told in words.
fn write_values(values: &[Node<'_>], kind: &str, notes: &mut Vec<String>, o: &mut Object<'_>) {
    if values.iter().all(|node| node.is_string()) && !values.is_empty() {
        if kind.is_empty() {
            o.str("type", "STRING");
        }
        o.array("enum", |list| {
            for value in values {
                list.raw(value.raw());
            }
        });
        return;
    }
    let list: Vec<_> = values.iter().map(|value| value.raw()).collect();
    notes.push(format!("one of: {}", list.join(", ")));
}

fn described(said: &str, notes: &[String]) -> String {
    let said = (!said.is_empty()).then(|| said.to_owned());
    let notes = (!notes.is_empty()).then(|| format!("({})", notes.join("; ")));
    let parts: Vec<_> = said.into_iter().chain(notes).collect();
    parts.join(" ")
}

fn is_format(value: Node<'_>) -> bool {
    const FORMATS: [&str; 6] = ["float", "double", "int32", "int64", "enum", "date-time"];
    FORMATS.iter().any(|format| value.is(format))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn lowered(schema: &Value) -> (Value, bool) {
        let (text, is_narrowed) = lower(&schema.to_string(), &mut Tape::new()).unwrap();
        (serde_json::from_str(&text).unwrap(), is_narrowed)
    }

    #[test]
    fn the_subset_is_all_that_is_left() {
        let (value, is_narrowed) = lowered(&json!({
            "$schema": "s", "type": "object", "additionalProperties": false,
            "properties": {
                "default": {"type": ["string", "null"], "format": "uri"},
                "n": {"type": "integer", "exclusiveMinimum": 0, "description": "count"},
                "k": {"const": "a"},
                "p": {"$ref": "#/$defs/point"},
                "list": {"type": "array"},
                "u": {"oneOf": [{"type": "string"}, {"type": "number"}]}
            },
            "required": ["n", "gone", "n"],
            "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}}}}
        }));
        assert!(is_narrowed);
        assert_eq!(
            value,
            json!({
                "type": "OBJECT",
                "properties": {
                    "default": {"type": "STRING", "nullable": true, "description": "(format: \"uri\")"},
                    "n": {"type": "INTEGER", "description": "count (exclusiveMinimum: 0)"},
                    "k": {"type": "STRING", "enum": ["a"]},
                    "p": {"type": "OBJECT", "properties": {"x": {"type": "NUMBER"}}},
                    "list": {"type": "ARRAY", "items": {}},
                    "u": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]}
                },
                "required": ["n"]
            })
        );
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        let (value, is_narrowed) = lowered(&json!({
            "$ref": "#/$defs/tree",
            "$defs": {"tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}, "right": {"$ref": "#/$defs/tree"}}}}
        }));
        assert!(is_narrowed);
        assert!(value.to_string().len() < 2 * MAX_BYTES);
        assert_eq!(value["properties"]["left"]["type"], "OBJECT");
    }

    #[test]
    fn parts_of_all_of_are_one_object() {
        let (value, _) = lowered(&json!({"allOf": [
            {"properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "string"}}}], "type": "object"}));
        assert_eq!(value["required"], json!(["a"]));
        assert_eq!(value["properties"]["b"]["type"], "STRING");
    }
}
