//! Schemas: JSON Schema, and the subset of `OpenAPI` 3.0 that Gemini's older fields take.

mod lower;
mod raise;

pub(super) use lower::lower;
pub(super) use raise::raise;

/// Schema of a function without arguments.
pub(super) const EMPTY: &str = r#"{"type":"object","properties":{}}"#;
