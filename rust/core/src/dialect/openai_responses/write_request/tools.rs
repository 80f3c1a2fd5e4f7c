//! Tools on offer and the choice among them.

use crate::dialect::names::Names;
use crate::dialect::openai::tools::{FREE_TEXT, NO_ARGUMENTS, write_parameters};
use crate::dialect::{Dialect, Profile};
use crate::ir::{Request, Tool, ToolChoice, ToolKind, ToolMode};
use crate::json::write::{self, Array, Object};
use crate::loss::{Code, LossReport};

/// The tools that can be sent; the others are reported.
pub(super) fn sendable<'r, 'a>(
    request: &'r Request<'a>,
    loss: &mut LossReport,
) -> Vec<&'r Tool<'a>> {
    let is_foreign = |tool: &Tool<'_>| match &tool.kind {
        ToolMode::Hosted { dialect, .. } => *dialect != Dialect::OpenaiResponses,
        _ => false,
    };
    let (foreign, tools): (Vec<_>, Vec<_>) = request.tools.iter().partition(|t| is_foreign(t));
    for tool in foreign {
        let detail = format!("`{}` runs at the client's vendor only", tool.name);
        loss.add(Code::ToolUnsupported, &tool.pointer, detail);
    }
    for tool in tools.iter().filter(|tool| tool.cache.is_some()) {
        let detail = "tools take no cache breakpoints";
        loss.add(Code::FieldDropped, &tool.pointer, detail);
    }
    tools
}

/// Write the list, in the client's order: it decides what a prompt cache can reuse.
pub(super) fn write(
    list: &mut Array<'_>,
    tools: &[&Tool<'_>],
    profile: &Profile,
    names: &Names<'_>,
    loss: &mut LossReport,
) {
    for tool in tools {
        match &tool.kind {
            ToolMode::Hosted { raw, .. } => list.raw(raw),
            ToolMode::Function { parameters, strict } => list.object(|o| {
                // A schema that says nothing is refused, and so is none at all.
                let schema = parameters.as_deref().filter(|schema| !says_nothing(schema));
                let parameters = schema.unwrap_or(NO_ARGUMENTS);
                write_function(o, tool, names, |o| {
                    write_parameters(o, Some(parameters), profile);
                });
                // Unsaid is true here and false everywhere else.
                o.bool("strict", strict.unwrap_or(false));
            }),
            ToolMode::Custom { format } if profile.custom_tools => list.object(|o| {
                o.str("type", "custom");
                head(o, tool, names);
                o.opt_raw("format", format.as_deref());
            }),
            ToolMode::Custom { format } => {
                if format.is_some() {
                    let detail = "the upstream has no free-text tools and so no grammars";
                    let pointer = format!("{}/format", tool.pointer);
                    loss.add(Code::FieldDropped, pointer, detail);
                }
                list.object(|o| {
                    write_function(o, tool, names, |o| o.raw("parameters", FREE_TEXT));
                    o.bool("strict", false);
                });
            }
        }
    }
}

fn says_nothing(schema: &str) -> bool {
    schema
        .bytes()
        .all(|b| b == b'{' || b == b'}' || b.is_ascii_whitespace())
}

fn write_function(
    o: &mut Object<'_>,
    tool: &Tool<'_>,
    names: &Names<'_>,
    parameters: impl FnOnce(&mut Object<'_>),
) {
    o.str("type", "function");
    head(o, tool, names);
    parameters(o);
}

fn head(o: &mut Object<'_>, tool: &Tool<'_>, names: &Names<'_>) {
    o.str("name", names.sent(tool.namespace.as_deref(), &tool.name));
    o.opt_str("description", tool.description.as_deref());
}

/// Write the value of `tool_choice`.
pub(super) fn write_choice(out: &mut Vec<u8>, choice: &ToolChoice<'_>, names: &Names<'_>) {
    match choice {
        ToolChoice::Auto => write::string(out, "auto"),
        ToolChoice::None => write::string(out, "none"),
        ToolChoice::Required => write::string(out, "required"),
        ToolChoice::Named(name) => write::object(out, |o| write_named(o, name, names)),
        ToolChoice::Allowed {
            names: allowed,
            required,
        } => write::object(out, |o| {
            o.str("type", "allowed_tools");
            o.str("mode", if *required { "required" } else { "auto" });
            o.array("tools", |list| {
                for name in allowed {
                    list.object(|o| write_named(o, name, names));
                }
            });
        }),
    }
}

fn write_named(o: &mut Object<'_>, name: &str, names: &Names<'_>) {
    let (sent, kind) = names.by_name(name);
    o.str(
        "type",
        match kind {
            ToolKind::Function => "function",
            ToolKind::Custom => "custom",
        },
    );
    o.str("name", &sent);
}
