//! Tools on offer and the choice among them.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::dialect::openai::offers::{custom, function, word};
use crate::dialect::openai::read;
use crate::error::Error;
use crate::ir::{Request, Tool, ToolChoice, ToolMode};
use crate::json::Node;

/// Whether the field is about tools, and read.
pub(super) fn field<'a>(
    request: &mut Request<'a>,
    key: &str,
    node: Node<'a>,
) -> Result<bool, Error> {
    match key {
        "tools" => {
            for (at, tool) in read::array(node, key)?.items().enumerate() {
                let tool = definition(tool, format!("/tools/{at}"))?;
                request.tools.push(tool);
            }
        }
        "functions" => {
            for (at, body) in read::array(node, key)?.items().enumerate() {
                let pointer = format!("/functions/{at}");
                request
                    .tools
                    .push(function(body, read::object(body, "a function")?, pointer)?);
            }
            // The deprecated form has room for one call in an answer.
            request.parallel_tool_calls.get_or_insert(false);
        }
        "tool_choice" => match choice(node)? {
            Some(choice) => request.tool_choice = Some(choice),
            None => return Ok(false),
        },
        // The deprecated form: a word, or just the name.
        "function_call" => {
            request.tool_choice = Some(if node.is_object() {
                ToolChoice::Named(read::filled(read::required(node, "name")?, "name")?)
            } else {
                word(node)?
            });
        }
        "parallel_tool_calls" => request.parallel_tool_calls = Some(read::boolean(node, key)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn definition(node: Node<'_>, pointer: String) -> Result<Tool<'_>, Error> {
    read::object(node, "a tool")?;
    let kind = match node.get("type") {
        Some(kind) => read::string(kind, "type")?,
        None if node.get("function").is_some() => "function".into(),
        None => {
            return Err(read::required(node, "type")
                .err()
                .unwrap_or_else(|| Error::client("type is required")));
        }
    };
    match &*kind {
        "function" => {
            let body = read::object(read::required(node, "function")?, "function")?;
            function(node, body, pointer)
        }
        "custom" => custom(
            node,
            read::object(read::required(node, "custom")?, "custom")?,
            pointer,
        ),
        _ => Ok(Tool {
            kind: ToolMode::Hosted {
                dialect: Dialect::OpenaiChat,
                raw: node.raw().into(),
            },
            pointer,
            name: kind,
            namespace: None,
            description: None,
            cache: None,
        }),
    }
}

/// `None`: a choice among tools that only the vendor knows.
fn choice(node: Node<'_>) -> Result<Option<ToolChoice<'_>>, Error> {
    if !node.is_object() {
        return word(node).map(Some);
    }
    let kind = read::required(node, "type")?;
    let kind_name = read::string(kind, "type")?;
    Ok(match &*kind_name {
        "function" | "custom" => Some(ToolChoice::Named(named(node, &kind_name)?)),
        "allowed_tools" => Some(allowed(read::object(
            read::required(node, "allowed_tools")?,
            "allowed_tools",
        )?)?),
        "auto" | "none" | "required" | "any" => Some(word(kind)?),
        _ => None,
    })
}

fn named<'a>(node: Node<'a>, kind: &str) -> Result<Cow<'a, str>, Error> {
    let body = read::object(read::required(node, kind)?, kind)?;
    read::filled(read::required(body, "name")?, "name")
}

fn allowed(node: Node<'_>) -> Result<ToolChoice<'_>, Error> {
    let mode = read::required(node, "mode")?;
    let required = match mode.as_str().as_deref() {
        Some("auto") => false,
        Some("required") => true,
        _ => return Err(Error::bad_request(mode, "mode must be auto or required")),
    };
    let mut names = Vec::new();
    for tool in read::array(read::required(node, "tools")?, "tools")?.items() {
        let kind = read::string(
            read::required(read::object(tool, "a tool")?, "type")?,
            "type",
        )?;
        names.push(named(tool, &kind)?);
    }
    Ok(ToolChoice::Allowed { names, required })
}
