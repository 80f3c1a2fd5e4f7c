//! Tools as both dialects write them for an upstream: parameters on offer, arguments in the history.

use super::schema;
use crate::dialect::Profile;
use crate::ir::{ToolCall, ToolKind};
use crate::json::Tape;
use crate::json::write::{self, Object};

/// What a function without arguments takes, for hosts that want a schema.
pub(in crate::dialect) const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;
/// What the function that stands for a custom tool takes; the pipeline unwraps it from the answer.
pub(in crate::dialect) const FREE_TEXT: &str = r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}"#;

/// The schema as it was sent, except where a host cannot live with it.
pub(in crate::dialect) fn write_parameters(
    o: &mut Object<'_>,
    parameters: Option<&str>,
    profile: &Profile,
) {
    match parameters {
        Some(schema) if !profile.schema_needs_properties => o.raw("parameters", schema),
        Some(schema)
            if schema
                .trim_matches(['{', '}', ' ', '\n', '\t', '\r'])
                .is_empty() =>
        {
            o.raw("parameters", NO_ARGUMENTS);
        }
        Some(schema) => o.raw("parameters", &schema::with_properties(schema)),
        None if profile.schema_needs_properties => o.raw("parameters", NO_ARGUMENTS),
        None => {}
    }
}

/// The format of a free-text tool in Chat's form: the members of a grammar in an object of their own.
pub(in crate::dialect) fn write_nested_format(o: &mut Object<'_>, format: &str) {
    let mut tape = Tape::new();
    let grammar = tape.parse(format).ok();
    let grammar = grammar.filter(|node| node.get("type").is_some_and(|kind| kind.is("grammar")));
    let Some(grammar) = grammar else {
        return o.raw("format", format);
    };
    o.object("format", |o| {
        o.str("type", "grammar");
        o.object("grammar", |o| {
            for (key, value) in grammar.members().filter(|(key, _)| key != "type") {
                o.raw(&key, value.raw());
            }
        });
    });
}

/// The text of a call's arguments, for a tool that is sent as this kind.
pub(in crate::dialect) fn write_arguments(out: &mut Vec<u8>, call: &ToolCall<'_>, kind: ToolKind) {
    match (call.kind, kind) {
        // The function that stands for a custom tool has one argument.
        (ToolKind::Custom, ToolKind::Function) => {
            let mut wrapped = Vec::with_capacity(call.arguments.len() + 16);
            write::object(&mut wrapped, |o| o.str("input", &call.arguments));
            write::string(out, &String::from_utf8_lossy(&wrapped));
        }
        (ToolKind::Function, _) if call.arguments.trim().is_empty() => write::string(out, "{}"),
        _ => write::string(out, &call.arguments),
    }
}
