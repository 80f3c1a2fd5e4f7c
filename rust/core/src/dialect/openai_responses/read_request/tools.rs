//! Tools on offer and the choice among them. Definitions are flat here, and may stand in namespaces.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::dialect::openai::offers::{custom, function, word};
use crate::dialect::openai::read;
use crate::error::Error;
use crate::ir::{Ext, Request, Tool, ToolChoice, ToolMode};
use crate::json::Node;

/// Members of a function that are read.
const FUNCTION: [&str; 5] = ["type", "name", "description", "parameters", "strict"];
/// Members of a free-text tool that are read.
const CUSTOM: [&str; 4] = ["type", "name", "description", "format"];

/// Whether the field is about tools, and read.
pub(super) fn field<'a>(
    request: &mut Request<'a>,
    key: &str,
    node: Node<'a>,
) -> Result<bool, Error> {
    match key {
        "tools" => {
            for (at, tool) in read::array(node, key)?.items().enumerate() {
                let mut offers = Offers {
                    tools: &mut request.tools,
                    ext: &mut request.ext,
                };
                offers.add(tool, format!("/tools/{at}"), None)?;
            }
        }
        "tool_choice" => match choice(node)? {
            Some(choice) => request.tool_choice = Some(choice),
            None => return Ok(false),
        },
        "parallel_tool_calls" => request.parallel_tool_calls = Some(read::boolean(node, key)?),
        _ => return Ok(false),
    }
    Ok(true)
}

struct Offers<'r, 'a> {
    tools: &'r mut Vec<Tool<'a>>,
    ext: &'r mut Vec<Ext<'a>>,
}

impl<'a> Offers<'_, 'a> {
    fn add(
        &mut self,
        node: Node<'a>,
        pointer: String,
        namespace: Option<&Cow<'a, str>>,
    ) -> Result<(), Error> {
        let kind = read::required(read::object(node, "a tool")?, "type")?;
        let kind = read::string(kind, "type")?;
        let mut tool = match &*kind {
            "namespace" if namespace.is_none() => return self.namespace(node, &pointer),
            "function" => {
                read::keep_unknown(self.ext, &pointer, node, &FUNCTION);
                function(node, node, pointer)?
            }
            "custom" => {
                read::keep_unknown(self.ext, &pointer, node, &CUSTOM);
                custom(node, node, pointer)?
            }
            _ => hosted(node, kind, pointer),
        };
        tool.namespace = namespace.cloned();
        self.tools.push(tool);
        Ok(())
    }

    fn namespace(&mut self, node: Node<'a>, pointer: &str) -> Result<(), Error> {
        let name = read::filled(read::required(node, "name")?, "name")?;
        let known = ["type", "name", "tools"];
        read::keep_unknown(self.ext, pointer, node, &known);
        let tools = read::array(read::required(node, "tools")?, "tools")?;
        for (at, tool) in tools.items().enumerate() {
            self.add(tool, format!("{pointer}/tools/{at}"), Some(&name))?;
        }
        Ok(())
    }
}

fn hosted<'a>(node: Node<'a>, kind: Cow<'a, str>, pointer: String) -> Tool<'a> {
    Tool {
        kind: ToolMode::Hosted {
            dialect: Dialect::OpenaiResponses,
            raw: node.raw().into(),
        },
        pointer,
        name: kind,
        namespace: None,
        description: None,
        cache: None,
    }
}

/// `None`: a choice among tools that only the vendor knows.
fn choice(node: Node<'_>) -> Result<Option<ToolChoice<'_>>, Error> {
    if !node.is_object() {
        return word(node).map(Some);
    }
    let kind = read::required(node, "type")?;
    Ok(match &*read::string(kind, "type")? {
        "function" | "custom" => {
            let name = read::filled(read::required(node, "name")?, "name")?;
            Some(ToolChoice::Named(name))
        }
        "allowed_tools" => Some(allowed(node)?),
        "auto" | "none" | "required" => Some(word(kind)?),
        _ => None,
    })
}

/// Tools of the vendor have no name: their type stands for it, as it does on offer.
fn allowed(node: Node<'_>) -> Result<ToolChoice<'_>, Error> {
    let required = match node.get("mode") {
        None => false,
        Some(mode) => match mode.as_str().as_deref() {
            Some("auto") => false,
            Some("required") => true,
            _ => return Err(Error::bad_request(mode, "mode must be auto or required")),
        },
    };
    let mut names = Vec::new();
    for tool in read::array(read::required(node, "tools")?, "tools")?.items() {
        let kind = read::required(read::object(tool, "a tool")?, "type")?;
        let name = tool.get("name").unwrap_or(kind);
        names.push(read::filled(name, "name")?);
    }
    Ok(ToolChoice::Allowed { names, required })
}
