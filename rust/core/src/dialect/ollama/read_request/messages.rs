//! `/api/chat`: messages → turns.
//!
//! Calls have ids only in newer clients, and results name their tool rather than the call. Both get ids here, made from
//! their place, so that they are the same in every request of a conversation.

use std::borrow::Cow;

use crate::dialect::make_id;
use crate::dialect::openai::read;
use crate::error::Error;
use crate::ir::{
    Content, Ext, Part, Reasoning, Request, Role, ToolCall, ToolKind, ToolResult, Turn,
};
use crate::json::Node;

use super::super::image;

/// Members of a message that are read; the rest is kept as it is.
const KNOWN: [&str; 8] = [
    "role",
    "content",
    "thinking",
    "images",
    "tool_calls",
    "tool_name",
    "tool_call_id",
    // What older clients call `tool_name`; a participant's name in other dialects.
    "name",
];

/// Whether the field is of this operation alone, and read.
pub(super) fn field<'a>(
    request: &mut Request<'a>,
    key: &str,
    node: Node<'a>,
) -> Result<bool, Error> {
    match key {
        "messages" => decode(request, node)?,
        "tools" => super::tools(request, node)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn decode<'a>(request: &mut Request<'a>, list: Node<'a>) -> Result<(), Error> {
    let mut reader = Messages::default();
    for (at, message) in read::array(list, "messages")?.items().enumerate() {
        let turn = reader.turn(message, format!("/messages/{at}"))?;
        request.turns.push(turn);
    }
    request.ext.append(&mut reader.ext);
    Ok(())
}

#[derive(Default)]
struct Messages<'a> {
    ext: Vec<Ext<'a>>,
    /// Calls without a result so far: id and name.
    open: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Messages<'a> {
    fn turn(&mut self, node: Node<'a>, pointer: String) -> Result<Turn<'a>, Error> {
        read::object(node, "a message")?;
        let role = read::required(node, "role")?;
        let (role, parts) = match &*read::string(role, "role")? {
            "system" => (Role::System, said(node, &pointer)?),
            "developer" => (Role::Developer, said(node, &pointer)?),
            "user" => (Role::User, said(node, &pointer)?),
            "assistant" => (Role::Assistant, self.assistant(node, &pointer)?),
            "tool" => (Role::Tool, vec![self.result(node, &pointer)?]),
            _ => {
                let text = "role must be system, user, assistant or tool";
                return Err(Error::bad_request(role, text));
            }
        };
        read::keep_unknown(&mut self.ext, &pointer, node, &KNOWN);
        Ok(Turn {
            role,
            name: text(node, "name")?.filter(|_| role != Role::Tool),
            parts,
            pointer,
        })
    }

    /// Thinking first, then what was said, then calls: the order they came in.
    fn assistant(&mut self, node: Node<'a>, pointer: &str) -> Result<Vec<Part<'a>>, Error> {
        let mut parts = Vec::new();
        if let Some(thinking) = text(node, "thinking")?.filter(|text| !text.is_empty()) {
            let reasoning = Reasoning {
                text: Some(thinking),
                ..Reasoning::default()
            };
            parts.push(Content::Reasoning(reasoning).into());
        }
        parts.extend(said(node, pointer)?);
        if let Some(calls) = node.get("tool_calls") {
            self.open.clear();
            for (at, call) in read::array(calls, "tool_calls")?.items().enumerate() {
                let call = call_of(call, &format!("{pointer}/tool_calls/{at}"))?;
                self.open.push((call.id.clone(), call.name.clone()));
                parts.push(Content::ToolCall(call).into());
            }
        }
        Ok(parts)
    }

    fn result(&mut self, node: Node<'a>, pointer: &str) -> Result<Part<'a>, Error> {
        let name = match text(node, "tool_name")? {
            Some(name) => Some(name),
            None => text(node, "name")?,
        };
        let name = name.filter(|name| !name.is_empty());
        let sent = text(node, "tool_call_id")?.filter(|id| !id.is_empty());
        let id = self.answered(sent.as_deref(), name.as_deref());
        let result = ToolResult {
            id: id.or(sent).unwrap_or_default(),
            name,
            parts: said(node, pointer)?,
            is_error: None,
            pointer: pointer.into(),
        };
        Ok(Content::ToolResult(result).into())
    }

    /// The call that a result answers: the one it names, else the first open one of its tool, else the first open one.
    /// A result that answers none is accepted, as Ollama does; encoders say what becomes of it.
    fn answered(&mut self, id: Option<&str>, name: Option<&str>) -> Option<Cow<'a, str>> {
        let at = match (id, name) {
            (Some(id), _) => self.open.iter().position(|(open, _)| *open == id),
            (None, Some(name)) => self.open.iter().position(|(_, open)| *open == name),
            (None, None) => (!self.open.is_empty()).then_some(0),
        };
        at.map(|at| self.open.remove(at).0)
    }
}

fn call_of<'a>(node: Node<'a>, pointer: &str) -> Result<ToolCall<'a>, Error> {
    read::object(node, "a tool call")?;
    let function = read::object(read::required(node, "function")?, "function")?;
    let id = text(node, "id")?.filter(|id| !id.is_empty());
    Ok(ToolCall {
        id: id.unwrap_or_else(|| make_id("call_", pointer, 0).into()),
        kind: ToolKind::Function,
        name: read::filled(read::required(function, "name")?, "name")?,
        namespace: None,
        arguments: arguments(function)?,
        opaque: Vec::new(),
    })
}

/// An object; clients that come from OpenAI send its text.
fn arguments(function: Node<'_>) -> Result<Cow<'_, str>, Error> {
    match function.get("arguments") {
        None => Ok("{}".into()),
        Some(node) if node.is_object() => Ok(node.raw().into()),
        Some(node) => node
            .as_str()
            .ok_or_else(|| Error::bad_request(node, "arguments must be an object")),
    }
}

/// Images, then text: Ollama puts them in front.
fn said<'a>(node: Node<'a>, pointer: &str) -> Result<Vec<Part<'a>>, Error> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    if let Some(images) = node.get("images") {
        let images = image::read_all(images, &format!("{pointer}/images"))?;
        parts.extend(images.into_iter().map(|image| Content::Media(image).into()));
    }
    if let Some(content) = text(node, "content")?.filter(|content| !content.is_empty()) {
        parts.push(Content::Text(content).into());
    }
    Ok(parts)
}

fn text<'a>(node: Node<'a>, key: &str) -> Result<Option<Cow<'a, str>>, Error> {
    node.get(key)
        .map(|node| read::string(node, key))
        .transpose()
}
