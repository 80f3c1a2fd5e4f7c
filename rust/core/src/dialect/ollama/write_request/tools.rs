//! Tools on offer. There is no choice among them: what can be said of one is said by which are sent.

use super::drop_if;
use crate::dialect::names::Names;
use crate::dialect::openai::fields::Fields;
use crate::dialect::openai::tools::{FREE_TEXT, write_parameters};
use crate::dialect::{Dialect, Profile};
use crate::ir::{Request, Tool, ToolChoice, ToolMode};
use crate::json::write::Array;
use crate::loss::{Code, LossReport};

/// Write the list, in the client's order: it decides what a prompt cache can reuse.
pub(super) fn write(fields: &mut Fields<'_, '_>, request: &Request<'_>, names: &Names<'_>) {
    let (allowed, is_demand) = match &request.tool_choice {
        None | Some(ToolChoice::Auto) => (None, false),
        Some(ToolChoice::None) => return,
        Some(ToolChoice::Required) => (None, true),
        Some(ToolChoice::Named(name)) => (Some(std::slice::from_ref(name)), true),
        Some(ToolChoice::Allowed { names, required }) => (Some(&names[..]), *required),
    };
    let detail = "a call cannot be demanded of this upstream";
    drop_if(is_demand, "/tool_choice", detail, fields.loss);
    let is_allowed = |tool: &&Tool<'_>| allowed.is_none_or(|names| names.contains(&tool.name));
    let tools: Vec<_> = request
        .tools
        .iter()
        .filter(is_allowed)
        .filter(|tool| is_sendable(tool, fields.loss))
        .collect();
    if tools.is_empty() || !fields.allows("tools") {
        return;
    }
    let (profile, loss) = (fields.profile, &mut *fields.loss);
    fields.o.array("tools", |list| {
        for tool in tools {
            write_tool(list, tool, profile, names, loss);
        }
    });
}

fn is_sendable(tool: &Tool<'_>, loss: &mut LossReport) -> bool {
    match &tool.kind {
        ToolMode::Hosted { dialect, .. } if *dialect != Dialect::Ollama => {
            let detail = format!("`{}` runs at the client's vendor only", tool.name);
            loss.add(Code::ToolUnsupported, &tool.pointer, detail);
            false
        }
        _ => true,
    }
}

fn write_tool(
    list: &mut Array<'_>,
    tool: &Tool<'_>,
    profile: &Profile,
    names: &Names<'_>,
    loss: &mut LossReport,
) {
    let parameters = match &tool.kind {
        ToolMode::Hosted { raw, .. } => return list.raw(raw),
        ToolMode::Function { parameters, strict } => {
            let pointer = format!("{}/strict", tool.pointer);
            let detail = "schemas of tools are not enforced";
            drop_if(*strict == Some(true), &pointer, detail, loss);
            parameters.as_deref()
        }
        ToolMode::Custom { format } => {
            let pointer = format!("{}/format", tool.pointer);
            let detail = "the upstream has no free-text tools and so no grammars";
            drop_if(format.is_some(), &pointer, detail, loss);
            Some(FREE_TEXT)
        }
    };
    let detail = "the upstream knows no cache breakpoints";
    drop_if(tool.cache.is_some(), &tool.pointer, detail, loss);
    list.object(|o| {
        o.str("type", "function");
        o.object("function", |o| {
            o.str("name", names.sent(tool.namespace.as_deref(), &tool.name));
            o.opt_str("description", tool.description.as_deref());
            write_parameters(o, parameters, profile);
        });
    });
}
