//! Schemas: JSON Schema, and the subset of `OpenAPI` 3.0 that Gemini's older fields take.

use crate::json::{Node, Tape};

mod lower;
mod raise;

pub(super) use lower::lower;
pub(super) use raise::raise;

/// Whether a schema is that of an object of which nothing is said.
pub(super) fn is_bare(schema: &str, tape: &mut Tape) -> bool {
    let says = |key: &str, value: Node<'_>| match key {
        "type" | "title" | "description" | "$schema" | "additionalProperties" => false,
        "properties" | "required" => {
            value.members().next().is_some() || value.items().next().is_some()
        }
        _ => true,
    };
    tape.parse(schema).is_ok_and(|root| {
        let is_object = root.get("type").is_none_or(|kind| kind.is("object"));
        is_object && !root.members().any(|(key, value)| says(&key, value))
    })
}
