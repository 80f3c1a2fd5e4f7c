//! Which conversation a request belongs to: what stays the same from turn to turn.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::json::{Kind, Node};

/// Where the dialects keep tools and instructions. What a dialect does not have is not found.
const STANDING: [&str; 6] = [
    "tools",
    "system",
    "instructions",
    "systemInstruction",
    "system_instruction",
    "functions",
];
/// Where they keep the turns.
const TURNS: [&str; 3] = ["messages", "input", "contents"];
/// Clients move these from turn to turn.
const MOVING: [&str; 2] = ["cache_control", "prompt_cache_breakpoint"];
/// A client that names its conversation is believed.
const NAMED: &str = "prompt_cache_key";

/// A hash of tools, instructions and the turns up to the user's first. Later turns of one conversation have the same;
/// it says nothing about equality of anything else, and differs between builds.
pub(super) fn hash(root: Node<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Some(name) = root.text(NAMED) {
        name.hash(&mut hasher);
        return hasher.finish();
    }
    for standing in STANDING.iter().filter_map(|key| root.get(key)) {
        feed(standing, &mut hasher);
    }
    for turns in TURNS.iter().filter_map(|key| root.get(key)) {
        lead(turns, &mut hasher);
    }
    hasher.finish()
}

/// The turns up to and with the first of the user; input that is plain text is one.
fn lead(turns: Node<'_>, hasher: &mut DefaultHasher) {
    if !turns.is_array() {
        feed(turns, hasher);
        return;
    }
    for turn in turns.items() {
        feed(turn, hasher);
        if turn.get("role").is_some_and(|role| role.is("user")) {
            return;
        }
    }
}

/// Spaces and moving members do not count. Nesting is bounded by the parser.
fn feed(node: Node<'_>, hasher: &mut DefaultHasher) {
    match node.kind() {
        Kind::Object => {
            hasher.write_u8(b'{');
            for (key, value) in node.entries() {
                if !MOVING.iter().any(|moving| key.is(moving)) {
                    hasher.write(key.raw().as_bytes());
                    feed(value, hasher);
                }
            }
            hasher.write_u8(b'}');
        }
        Kind::Array => {
            hasher.write_u8(b'[');
            for item in node.items() {
                feed(item, hasher);
            }
            hasher.write_u8(b']');
        }
        _ => hasher.write(node.raw().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::hash;
    use crate::json::Doc;

    fn of(text: &'static str) -> u64 {
        hash(
            Doc::parse(Bytes::from_static(text.as_bytes()))
                .unwrap()
                .root(),
        )
    }

    #[test]
    fn later_turns_belong_to_the_same_conversation() {
        let first = of(r#"{"model":"m","system":"s","messages":[{"role":"user","content":"a"}]}"#);
        let later = of(
            r#"{"model":"n","system":"s","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}"#,
        );
        assert_eq!(first, later);
    }

    #[test]
    fn cache_markers_that_move_and_spaces_do_not_count() {
        let marked = of(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}]}"#,
        );
        let plain =
            of(r#"{"messages":[{"role": "user", "content":[{"type":"text","text":"a"}]}]}"#);
        assert_eq!(marked, plain);
    }

    #[test]
    fn other_tools_texts_and_instructions_are_other_conversations() {
        let one = of(r#"{"tools":[{"name":"t"}],"input":"a"}"#);
        assert_ne!(one, of(r#"{"tools":[{"name":"u"}],"input":"a"}"#));
        assert_ne!(one, of(r#"{"tools":[{"name":"t"}],"input":"b"}"#));
        assert_ne!(
            one,
            of(r#"{"tools":[{"name":"t"}],"input":"a","instructions":"i"}"#)
        );
    }

    #[test]
    fn a_named_conversation_is_its_name() {
        let named = of(r#"{"prompt_cache_key":"k","input":"a"}"#);
        assert_eq!(named, of(r#"{"prompt_cache_key":"k","input":"b"}"#));
        assert_ne!(named, of(r#"{"prompt_cache_key":"l","input":"a"}"#));
    }
}
