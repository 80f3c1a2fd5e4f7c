//! `anyOf`, `oneOf` and `allOf` at the root of a schema → one list of properties.
//!
//! What every variant requires stays required, what only some know becomes optional: every call that the original
//! allows is still allowed.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::json::{Node, write};

/// The keywords that may not stand at the root.
pub(super) const KEYWORDS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Variants inside variants (and references) that are followed.
const DEEPEST: usize = 8;
/// Variants looked at in all: references may lead in circles, and many times through the same place.
const MOST: usize = 1000;

/// Properties with their different schemas, and those that must be there.
#[derive(Debug, Default)]
pub(super) struct Merged<'a> {
    pub(super) properties: Vec<(Cow<'a, str>, Vec<&'a str>)>,
    pub(super) required: Vec<Cow<'a, str>>,
    by_name: HashMap<Cow<'a, str>, usize>,
    is_required: HashSet<Cow<'a, str>>,
}

/// Merge the root's own properties and those of its unions.
pub(super) fn merge(root: Node<'_>) -> Merged<'_> {
    let mut merged = Merged::default();
    Merger { root, seen: 0 }.collect(root, 0, &mut merged);
    merged
}

/// One property: its schema, or a union of its different schemas, which is allowed below the root.
pub(super) fn write_property(out: &mut Vec<u8>, variants: &[&str]) {
    match variants {
        [only] => write::raw(out, only),
        _ => write::object(out, |o| {
            o.array("anyOf", |a| variants.iter().for_each(|v| a.raw(v)));
        }),
    }
}

struct Merger<'a> {
    root: Node<'a>,
    seen: usize,
}

impl<'a> Merger<'a> {
    fn collect(&mut self, schema: Node<'a>, depth: usize, into: &mut Merged<'a>) {
        self.seen += 1;
        if depth > DEEPEST || self.seen > MOST {
            return;
        }
        for (name, property) in members(schema, "properties") {
            into.property(name, property.raw());
        }
        for name in items(schema, "required").filter_map(Node::as_str) {
            into.require(name);
        }
        if let Some(target) = self.target(schema) {
            self.collect(target, depth + 1, into);
        }
        for variant in items(schema, "allOf") {
            self.collect(variant, depth + 1, into);
        }
        for key in ["anyOf", "oneOf"] {
            self.alternatives(items(schema, key), depth, into);
        }
    }

    /// Of alternatives, only what all of them require is required.
    fn alternatives(
        &mut self,
        variants: impl Iterator<Item = Node<'a>>,
        depth: usize,
        into: &mut Merged<'a>,
    ) {
        let mut common: Option<Vec<Cow<'a, str>>> = None;
        for variant in variants {
            let mut one = Merged::default();
            self.collect(variant, depth + 1, &mut one);
            for (name, schemas) in one.properties {
                for schema in schemas {
                    into.property(name.clone(), schema);
                }
            }
            let shared = common.take().map(|names| {
                let still = |name: &Cow<'a, str>| one.is_required.contains(name);
                names.into_iter().filter(still).collect()
            });
            common = shared.or(Some(one.required));
        }
        for name in common.into_iter().flatten() {
            into.require(name);
        }
    }

    /// What a local `$ref` points at.
    fn target(&self, schema: Node<'a>) -> Option<Node<'a>> {
        let target = schema.text("$ref")?;
        let path = target.strip_prefix("#/")?;
        path.split('/').try_fold(self.root, |node, key| {
            node.get(&key.replace("~1", "/").replace("~0", "~"))
        })
    }
}

fn members<'a>(
    schema: Node<'a>,
    key: &str,
) -> impl Iterator<Item = (Cow<'a, str>, Node<'a>)> + use<'a> {
    schema.get(key).into_iter().flat_map(Node::members)
}

fn items<'a>(schema: Node<'a>, key: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
    schema.get(key).into_iter().flat_map(Node::items)
}

impl<'a> Merged<'a> {
    fn property(&mut self, name: Cow<'a, str>, schema: &'a str) {
        if let Some(at) = self.by_name.get(&name) {
            let (_, schemas) = &mut self.properties[*at];
            if !schemas.contains(&schema) {
                schemas.push(schema);
            }
            return;
        }
        self.by_name.insert(name.clone(), self.properties.len());
        self.properties.push((name, vec![schema]));
    }

    fn require(&mut self, name: Cow<'a, str>) {
        if self.is_required.insert(name.clone()) {
            self.required.push(name);
        }
    }
}
