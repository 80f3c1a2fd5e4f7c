//! Arguments that come in pieces: each names a place by a JSON path (`$.city`, `$.list[0].name`) and gives a value, or
//! more of a text.

use crate::error::Error;
use crate::json::{Node, write};

/// Places and elements of one call: more are a mistake or an attack.
const MAX_INDEX: usize = 10_000;
/// Levels of a path.
const MAX_DEPTH: usize = 64;

/// The arguments so far.
#[derive(Debug, Default)]
pub(super) struct PartialArgs {
    whole: Option<String>,
    tree: Option<Tree>,
}

#[derive(Debug)]
enum Tree {
    Object(Vec<(String, Tree)>),
    Array(Vec<Tree>),
    Text(String),
    Raw(String),
}

enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl PartialArgs {
    /// All of them at once.
    pub(super) fn whole(&mut self, args: Node<'_>) {
        self.whole = Some(args.raw().to_owned());
    }

    /// One piece.
    pub(super) fn add(&mut self, piece: Node<'_>) -> Result<(), Error> {
        let path = piece.text("jsonPath").unwrap_or_default();
        let steps = steps(&path)
            .ok_or_else(|| Error::malformed("function arguments at a place that cannot be read"))?;
        let root = self.tree.get_or_insert_with(|| Tree::Object(Vec::new()));
        let place = steps.iter().fold(root, Tree::child);
        if let Some(more) = piece.text("stringValue") {
            match place {
                Tree::Text(text) => text.push_str(&more),
                other => *other = Tree::Text(more.into_owned()),
            }
        } else {
            let value = ["numberValue", "boolValue"]
                .iter()
                .find_map(|key| piece.get(key));
            let is_null = piece.find("nullValue").is_some();
            match (value, place) {
                (Some(value), place) => *place = Tree::Raw(value.raw().to_owned()),
                (None, place) if is_null => *place = Tree::Raw("null".into()),
                (None, _) => {}
            }
        }
        Ok(())
    }

    /// The arguments as a JSON object.
    pub(super) fn into_json(self) -> String {
        let Some(tree) = self.tree else {
            return self.whole.unwrap_or_else(|| "{}".into());
        };
        let mut out = Vec::new();
        tree.write(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

impl Tree {
    /// What stands at a step; made where nothing does, or something else did.
    fn child(&mut self, step: &Step<'_>) -> &mut Self {
        let empty = || Self::Raw("null".into());
        match step {
            Step::Key(key) => {
                if !matches!(self, Self::Object(_)) {
                    *self = Self::Object(Vec::new());
                }
                let Self::Object(members) = self else {
                    return self;
                };
                let at = members.iter().position(|(known, _)| known == key);
                let at = at.unwrap_or_else(|| {
                    members.push(((*key).to_owned(), empty()));
                    members.len() - 1
                });
                &mut members[at].1
            }
            Step::Index(index) => {
                if !matches!(self, Self::Array(_)) {
                    *self = Self::Array(Vec::new());
                }
                let Self::Array(elements) = self else {
                    return self;
                };
                while elements.len() <= *index {
                    elements.push(empty());
                }
                &mut elements[*index]
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Object(members) => write::object(out, |o| {
                for (key, value) in members {
                    value.write(o.key(key));
                }
            }),
            Self::Array(elements) => write::array(out, |list| {
                for value in elements {
                    value.write(list.item());
                }
            }),
            Self::Text(text) => write::string(out, text),
            Self::Raw(json) => write::raw(out, json),
        }
    }
}

/// `$.a['b'][0]` in steps.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            steps.push(Step::Key(&after[..end]));
            rest = &after[end..];
        } else {
            let inside = rest.strip_prefix('[')?;
            let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
            if let Some(quote) = quote {
                let inner = &inside[1..];
                let end = inner.find(quote)?;
                steps.push(Step::Key(&inner[..end]));
                rest = inner[end + 1..].strip_prefix(']')?;
            } else {
                let (index, after) = inside.split_once(']')?;
                let index = index.parse().ok().filter(|index| *index <= MAX_INDEX)?;
                steps.push(Step::Index(index));
                rest = after;
            }
        }
    }
    (steps.len() <= MAX_DEPTH).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;

    #[test]
    fn pieces_are_put_in_their_places() {
        let mut args = PartialArgs::default();
        for piece in [
            r#"{"jsonPath":"$.city","stringValue":"Par","willContinue":true}"#,
            r#"{"jsonPath":"$.city","stringValue":"is"}"#,
            r#"{"jsonPath":"$.days[1].n","numberValue":2}"#,
            r#"{"jsonPath":"$['a.b']","boolValue":true}"#,
            r#"{"jsonPath":"$.none","nullValue":"NULL_VALUE"}"#,
        ] {
            args.add(Tape::new().parse(piece).unwrap()).unwrap();
        }
        let expected = r#"{"city":"Paris","days":[null,{"n":2}],"a.b":true,"none":null}"#;
        assert_eq!(args.into_json(), expected);
    }

    #[test]
    fn places_that_cannot_be_are_refused() {
        for path in ["city", "$[99999999]", "$[x]", "$['a'", "$x"] {
            assert!(steps(path).is_none(), "{path}");
        }
        assert_eq!(PartialArgs::default().into_json(), "{}");
    }
}
