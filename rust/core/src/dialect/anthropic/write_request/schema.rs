//! Tool schemas. The API wants an object at the root, without `anyOf`, `oneOf` or `allOf` there, and checks the whole as
//! draft 2020-12, where `required` must not name a property twice. A schema that is all this already is sent as it
//! is, byte for byte: the order of its properties decides prompt caches.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::unions;
use crate::error::Error;
use crate::json::{Node, Tape, write};

/// Schema of a tool without arguments.
pub(super) const EMPTY: &str = r#"{"type":"object","properties":{}}"#;

/// A schema as it can be sent, and what was narrowed.
#[derive(Debug)]
pub(super) struct Lowered<'a> {
    pub(super) schema: Cow<'a, str>,
    pub(super) loss: Option<String>,
}

/// Lower a schema. `pointer` is the tool's place in the client's request.
pub(super) fn lower<'a>(
    schema: &'a str,
    pointer: &str,
    tape: &mut Tape,
) -> Result<Lowered<'a>, Error> {
    let root = tape.parse(schema).ok().filter(|root| root.is_object());
    let Some(root) = root else {
        return Err(Error::client("the tool's schema must be an object").at(pointer));
    };
    let mut repeats = Vec::new();
    find_repeats(root, &mut repeats);
    if repeats.is_empty() {
        return lower_root(schema, root, pointer);
    }
    let text = without(schema, &repeats);
    let lowered = lower(&text, pointer, tape)?;
    Ok(Lowered {
        schema: Cow::Owned(lowered.schema.into_owned()),
        loss: lowered.loss,
    })
}

fn lower_root<'a>(schema: &'a str, root: Node<'_>, pointer: &str) -> Result<Lowered<'a>, Error> {
    let kind = root.get("type");
    let names_object = |kind: Node<'_>| kind.is("object") || kind.items().any(|k| k.is("object"));
    if !kind.is_none_or(names_object) {
        return Err(Error::client("the tool's schema must be of type object").at(pointer));
    }
    let is_there = |key: &&str| root.get(key).is_some();
    let unions: Vec<_> = unions::KEYWORDS.into_iter().filter(is_there).collect();
    if kind.is_some_and(Node::is_string) && unions.is_empty() {
        return Ok(Lowered {
            schema: Cow::Borrowed(schema),
            loss: None,
        });
    }
    let loss = if unions.is_empty() {
        kind.map(|_| "type of the root reduced to object".to_owned())
    } else {
        let unions = unions.join(", ");
        Some(format!("{unions} at the root merged into properties"))
    };
    Ok(Lowered {
        schema: Cow::Owned(rewritten(root)),
        loss,
    })
}

/// The root with `type: object` first and unions merged.
fn rewritten(root: Node<'_>) -> String {
    let merged = unions::merge(root);
    let mut out = Vec::new();
    write::object(&mut out, |o| {
        o.str("type", "object");
        for (key, value) in root.members() {
            let is_merged = matches!(key.as_ref(), "properties" | "required");
            if key != "type" && !is_merged && !unions::KEYWORDS.contains(&key.as_ref()) {
                o.raw(&key, value.raw());
            }
        }
        o.object("properties", |o| {
            for (name, variants) in &merged.properties {
                unions::write_property(o.key(name), variants);
            }
        });
        if !merged.required.is_empty() {
            o.array("required", |a| {
                merged.required.iter().for_each(|name| a.str(name));
            });
        }
    });
    String::from_utf8(out).unwrap_or_default()
}

/// Elements of `required` lists that repeat an earlier one, as ranges to cut. Walks schemas only: what stands below
/// `default`, `const`, `enum` or `examples` is data.
fn find_repeats(schema: Node<'_>, cuts: &mut Vec<Range<usize>>) {
    for (key, value) in schema.members() {
        match key.as_ref() {
            "required" => repeats_in(value, cuts),
            "default" | "const" | "enum" | "examples" | "example" => {}
            "properties" | "$defs" | "definitions" | "patternProperties" | "dependentSchemas" => {
                for (_, schema) in value.members() {
                    find_repeats(schema, cuts);
                }
            }
            _ if value.is_array() => value.items().for_each(|item| find_repeats(item, cuts)),
            _ => find_repeats(value, cuts),
        }
    }
}

fn repeats_in(required: Node<'_>, cuts: &mut Vec<Range<usize>>) {
    let mut seen: HashSet<Cow<'_, str>> = HashSet::new();
    let mut end = 0;
    for item in required.items() {
        if item.as_str().is_some_and(|name| !seen.insert(name)) {
            cuts.push(end..item.span().end);
        }
        end = item.span().end;
    }
}

fn without(text: &str, cuts: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for cut in cuts {
        out.push_str(&text[from..cut.start]);
        from = cut.end;
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowered(schema: &str) -> String {
        lower(schema, "/tools/0", &mut Tape::new())
            .unwrap()
            .schema
            .into_owned()
    }

    #[test]
    fn a_good_schema_is_not_touched() {
        let schema = r#"{ "properties": {"z": {"anyOf": [{}]}, "a": {}}, "type": "object" }"#;
        let lowered = lower(schema, "", &mut Tape::new()).unwrap();
        assert!(matches!(lowered.schema, Cow::Borrowed(same) if same == schema));
        assert!(lowered.loss.is_none());
    }

    #[test]
    fn the_root_becomes_an_object() {
        assert_eq!(lowered("{}"), r#"{"type":"object","properties":{}}"#);
        let nullable = lower(
            r#"{"type":["object","null"],"title":"t"}"#,
            "",
            &mut Tape::new(),
        )
        .unwrap();
        assert_eq!(
            nullable.schema,
            r#"{"type":"object","title":"t","properties":{}}"#
        );
        assert!(nullable.loss.is_some());
        let error = lower(r#"{"type":"string"}"#, "/tools/3", &mut Tape::new()).unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some("/tools/3"));
    }

    #[test]
    fn repeated_required_names_are_cut_where_they_are_schema() {
        let schema = r#"{"type":"object","properties":{"required":{"type":"object","required":["a", "b","a"]},
            "x":{"default":{"required":["d","d"]}}},"required":["x","x" , "x"]}"#;
        let expected = r#"{"type":"object","properties":{"required":{"type":"object","required":["a", "b"]},
            "x":{"default":{"required":["d","d"]}}},"required":["x"]}"#;
        assert_eq!(lowered(schema), expected);
    }

    #[test]
    fn unions_at_the_root_are_merged_and_reported() {
        let schema = r##"{"oneOf":[
            {"properties":{"kind":{"const":"a"},"x":{"type":"string"}},"required":["kind","x"]},
            {"$ref":"#/$defs/b"}],
            "$defs":{"b":{"properties":{"kind":{"const":"b"},"y":{}},"required":["kind","y"]}},
            "allOf":[{"properties":{"z":{}},"required":["z"]}]}"##;
        let result = lower(schema, "", &mut Tape::new()).unwrap();
        assert!(result.loss.unwrap().contains("oneOf"));
        let value: serde_json::Value = serde_json::from_str(&result.schema).unwrap();
        assert_eq!(value["type"], "object");
        let mut names: Vec<_> = value["properties"].as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["kind", "x", "y", "z"]);
        assert_eq!(value["properties"]["kind"]["anyOf"][1]["const"], "b");
        assert_eq!(value["required"], serde_json::json!(["z", "kind"]));
        assert!(value.get("oneOf").is_none() && value.get("$defs").is_some());
    }
}
