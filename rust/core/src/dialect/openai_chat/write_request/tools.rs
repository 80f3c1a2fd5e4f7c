//! Tools on offer and the choice among them.

use crate::dialect::names::Names;
use crate::dialect::openai::cache;
use crate::dialect::openai::tools::{FREE_TEXT, write_nested_format, write_parameters};
use crate::dialect::{CacheMarkers, Dialect, Profile};
use crate::ir::{Request, Tool, ToolChoice, ToolKind, ToolMode};
use crate::json::write::{self, Array, Object};
use crate::loss::{Code, LossReport};

/// The tools that can be sent; the others are reported.
pub(super) fn sendable<'r, 'a>(
    request: &'r Request<'a>,
    loss: &mut LossReport,
) -> Vec<&'r Tool<'a>> {
    let mut tools = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match &tool.kind {
            ToolMode::Hosted { dialect, .. } if *dialect != Dialect::OpenaiChat => {
                let detail = format!("`{}` runs at the client's vendor only", tool.name);
                loss.add(Code::ToolUnsupported, &tool.pointer, detail);
            }
            _ => tools.push(tool),
        }
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
                o.str("type", "function");
                o.object("function", |o| {
                    head(o, tool, names);
                    write_parameters(o, parameters.as_deref(), profile);
                    if let Some(strict) = strict {
                        o.bool("strict", *strict);
                    }
                });
                mark(o, tool, profile, loss);
            }),
            ToolMode::Custom { format } => list.object(|o| {
                write_custom(o, tool, format.as_deref(), profile, names, loss);
                mark(o, tool, profile, loss);
            }),
        }
    }
}

fn head(o: &mut Object<'_>, tool: &Tool<'_>, names: &Names<'_>) {
    o.str("name", names.sent(tool.namespace.as_deref(), &tool.name));
    o.opt_str("description", tool.description.as_deref());
}

fn write_custom(
    o: &mut Object<'_>,
    tool: &Tool<'_>,
    format: Option<&str>,
    profile: &Profile,
    names: &Names<'_>,
    loss: &mut LossReport,
) {
    if profile.custom_tools {
        o.str("type", "custom");
        o.object("custom", |o| {
            head(o, tool, names);
            if let Some(format) = format {
                write_nested_format(o, format);
            }
        });
        return;
    }
    if format.is_some() {
        let pointer = format!("{}/format", tool.pointer);
        loss.add(
            Code::FieldDropped,
            pointer,
            "the upstream has no free-text tools and so no grammars",
        );
    }
    o.str("type", "function");
    o.object("function", |o| {
        head(o, tool, names);
        o.raw("parameters", FREE_TEXT);
    });
}

fn mark(o: &mut Object<'_>, tool: &Tool<'_>, profile: &Profile, loss: &mut LossReport) {
    match tool.cache {
        Some(marker) if profile.cache_markers == CacheMarkers::CacheControl => {
            cache::write(o, marker, profile.cache_markers);
        }
        Some(_) => loss.add(
            Code::FieldDropped,
            &tool.pointer,
            "the upstream knows no cache breakpoints on tools",
        ),
        None => {}
    }
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
            o.object("allowed_tools", |o| {
                o.str("mode", if *required { "required" } else { "auto" });
                o.array("tools", |list| {
                    for name in allowed {
                        list.object(|o| write_named(o, name, names));
                    }
                });
            });
        }),
    }
}

fn write_named(o: &mut Object<'_>, name: &str, names: &Names<'_>) {
    let (sent, kind) = names.by_name(name);
    let word = match kind {
        ToolKind::Function => "function",
        ToolKind::Custom => "custom",
    };
    o.str("type", word);
    o.object(word, |o| o.str("name", &sent));
}
