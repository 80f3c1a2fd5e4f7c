//! What the generations of models differ in. A name that says no generation is taken for the newest.

/// The generation in a name like `gemini-2.5-pro` or `models/gemini-3-flash-preview`.
fn generation(model: &str) -> Option<u32> {
    let at = model.find("gemini-")? + "gemini-".len();
    let digits = model[at..].split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Whether thinking is set by `thinkingLevel` (3 and later) rather than by `thinkingBudget`.
pub(super) fn thinks_by_level(model: &str) -> bool {
    generation(model).is_none_or(|generation| generation >= 3)
}

/// Whether calls in the history must have a signature (3 and later).
pub(super) fn needs_signatures(model: &str) -> bool {
    thinks_by_level(model)
}

/// Whether JSON Schema is understood as it is (2 and later); before, only the subset of `OpenAPI`.
pub(super) fn takes_json_schema(model: &str) -> bool {
    generation(model).is_none_or(|generation| generation >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_told_by_name() {
        for (name, expected) in [
            ("gemini-2.5-pro", Some(2)),
            ("models/gemini-3-flash-preview", Some(3)),
            ("google/gemini-1.5-flash", Some(1)),
            ("gemini-flash-latest", None),
            ("gemma-3", None),
        ] {
            assert_eq!(generation(name), expected, "{name}");
        }
        assert!(thinks_by_level("gemini-flash-latest") && !thinks_by_level("gemini-2.0-flash"));
        assert!(!takes_json_schema("gemini-1.5-pro"));
    }
}
