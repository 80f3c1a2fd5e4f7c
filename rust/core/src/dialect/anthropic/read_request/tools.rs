//! `tools` and `tool_choice`.

use std::borrow::Cow;

use super::{Reader, typed};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::ir::{Request, Tool, ToolChoice, ToolMode};
use crate::json::Node;

impl<'a> Reader<'a, '_> {
    pub(super) fn tools(&mut self, body: Node<'a>, request: &mut Request<'a>) -> Result<(), Error> {
        if let Some(tools) = typed::array(body, "tools")? {
            for (index, tool) in tools.items().enumerate() {
                if !tool.is_object() {
                    return Err(typed::wrong(tool, "a tool", "an object"));
                }
                let read = self.tool(tool, format!("/tools/{index}"))?;
                let is_same = |other: &Tool<'_>| !is_hosted(other) && other.name == read.name;
                if !is_hosted(&read) && request.tools.iter().any(is_same) {
                    return Err(Error::bad_request(tool, "tool names must be unique"));
                }
                request.tools.push(read);
            }
        }
        self.choice(body, request)
    }

    fn tool(&mut self, tool: Node<'a>, pointer: String) -> Result<Tool<'a>, Error> {
        let cache = typed::cache(tool, &mut self.ext)?;
        let kind = typed::str(tool, "type")?;
        if let Some(kind) = kind.filter(|kind| kind != "custom") {
            return Ok(Tool {
                kind: ToolMode::Hosted {
                    dialect: Dialect::Anthropic,
                    raw: Cow::Borrowed(tool.raw()),
                },
                pointer,
                name: typed::str(tool, "name")?.unwrap_or(kind),
                namespace: None,
                description: None,
                cache,
            });
        }
        let schema = typed::need(tool, "input_schema")?;
        if !schema.is_object() {
            return Err(typed::wrong(schema, "input_schema", "an object"));
        }
        let known = [
            "type",
            "name",
            "description",
            "input_schema",
            "strict",
            "cache_control",
        ];
        typed::keep_unknown(tool, &known, &mut self.ext);
        Ok(Tool {
            kind: ToolMode::Function {
                parameters: Some(Cow::Borrowed(schema.raw())),
                strict: typed::bool(tool, "strict")?,
            },
            pointer,
            name: typed::need_name(tool, "name")?,
            namespace: None,
            description: typed::str(tool, "description")?,
            cache,
        })
    }

    fn choice(&mut self, body: Node<'a>, request: &mut Request<'a>) -> Result<(), Error> {
        let Some(choice) = typed::object(body, "tool_choice")? else {
            return Ok(());
        };
        let kind = typed::need_str(choice, "type")?;
        let read = match kind.as_ref() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "any" => ToolChoice::Required,
            "tool" => ToolChoice::Named(named(choice, request)?),
            _ => {
                typed::keep(choice, &mut self.ext);
                return Ok(());
            }
        };
        if read == ToolChoice::Required && request.tools.is_empty() {
            let message = "tool_choice any needs tools to choose from";
            return Err(Error::bad_request(choice, message));
        }
        let off = typed::bool(choice, "disable_parallel_tool_use")?;
        request.parallel_tool_calls = off.map(|off| !off);
        request.tool_choice = Some(read);
        let known = ["type", "name", "disable_parallel_tool_use"];
        typed::keep_unknown(choice, &known, &mut self.ext);
        Ok(())
    }
}

fn is_hosted(tool: &Tool<'_>) -> bool {
    matches!(tool.kind, ToolMode::Hosted { .. })
}

/// The tool that must be called. A hosted tool may stand for many (an MCP server's), whose names are not in the request.
fn named<'a>(choice: Node<'a>, request: &Request<'a>) -> Result<Cow<'a, str>, Error> {
    let name = typed::need_name(choice, "name")?;
    if request
        .tools
        .iter()
        .any(|tool| tool.name == name || is_hosted(tool))
    {
        return Ok(name);
    }
    let node = typed::need(choice, "name")?;
    Err(Error::bad_request(
        node,
        format!("there is no tool named {name:?} in tools"),
    ))
}
