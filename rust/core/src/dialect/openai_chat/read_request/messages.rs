//! Messages → turns.

use std::borrow::Cow;

use super::super::NATIVE_ORIGIN;
use super::{parts, reasoning};
use crate::dialect::openai::calls::Calls;
use crate::dialect::openai::{cache, read};
use crate::dialect::{ClientContext, make_id};
use crate::envelope::Opened;
use crate::error::Error;
use crate::ir::{
    Content, Ext, Opaque, OpaqueKind, Part, Request, Role, ToolCall, ToolKind, ToolResult, Turn,
};
use crate::json::Node;

/// Members of a message that are read; the rest is kept as it is.
const KNOWN: [&str; 13] = [
    "role",
    "content",
    "name",
    "refusal",
    "tool_calls",
    "function_call",
    "tool_call_id",
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "audio",
    "cache_control",
    "prompt_cache_breakpoint",
];

struct Messages<'a, 'c> {
    cx: &'c ClientContext,
    ext: Vec<Ext<'a>>,
    calls: Calls<'a>,
}

pub(super) fn decode<'a>(
    request: &mut Request<'a>,
    messages: Node<'a>,
    cx: &ClientContext,
) -> Result<(), Error> {
    let list = read::array(messages, "messages")?;
    if list.items().next().is_none() {
        return Err(Error::bad_request(messages, "messages must not be empty"));
    }
    let mut reader = Messages {
        cx,
        ext: Vec::new(),
        calls: Calls::default(),
    };
    for (at, message) in list.items().enumerate() {
        let turn = reader.turn(message, format!("/messages/{at}"))?;
        request.turns.push(turn);
    }
    request.ext.append(&mut reader.ext);
    Ok(())
}

impl<'a> Messages<'a, '_> {
    fn turn(&mut self, node: Node<'a>, pointer: String) -> Result<Turn<'a>, Error> {
        read::object(node, "a message")?;
        let role = read::required(node, "role")?;
        let (role, mut parts) = match &*read::string(role, "role")? {
            "system" => (Role::System, content(node, &pointer)?),
            "developer" => (Role::Developer, content(node, &pointer)?),
            "user" => (Role::User, content(node, &pointer)?),
            "assistant" => (Role::Assistant, self.assistant(node, &pointer)?),
            "tool" | "function" => (Role::Tool, vec![self.result(node, &pointer)?]),
            _ => {
                let text = "role must be developer, system, user, assistant, tool or function";
                return Err(Error::bad_request(role, text));
            }
        };
        if let (Some(last), Some(marker)) = (parts.last_mut(), cache::read(node)?) {
            last.cache = Some(marker);
        }
        read::keep_unknown(&mut self.ext, &pointer, node, &KNOWN);
        let name = node
            .get("name")
            .map(|name| read::string(name, "name"))
            .transpose()?;
        Ok(Turn {
            role,
            name: name.filter(|_| role != Role::Tool),
            parts,
            pointer,
        })
    }

    /// Thinking first, then what was said, then calls: the order they came in.
    fn assistant(&mut self, node: Node<'a>, pointer: &str) -> Result<Vec<Part<'a>>, Error> {
        let thinking = reasoning::history(node, self.cx)?;
        let mut all: Vec<Part<'a>> = thinking
            .into_iter()
            .map(|part| Content::Reasoning(part).into())
            .collect();
        if let Some(content) = node.get("content") {
            let is_empty =
                |part: &Part<'_>| matches!(&part.content, Content::Text(text) if text.is_empty());
            all.extend(
                parts::decode(content, pointer)?
                    .into_iter()
                    .filter(|part| !is_empty(part)),
            );
        }
        if let Some(refusal) = node.get("refusal") {
            let text = read::string(refusal, "refusal")?;
            if !text.is_empty() {
                all.push(Content::Refusal(text).into());
            }
        }
        if let Some(audio) = node.get("audio") {
            let pointer = format!("{pointer}/audio");
            all.push(
                Content::Native {
                    pointer,
                    kind: "audio".into(),
                    raw: audio.raw().into(),
                }
                .into(),
            );
        }
        if let Some(calls) = node.get("tool_calls") {
            for (at, call) in read::array(calls, "tool_calls")?.items().enumerate() {
                all.push(
                    Content::ToolCall(self.call(call, &format!("{pointer}/tool_calls/{at}"))?)
                        .into(),
                );
            }
        }
        if let Some(call) = node.get("function_call") {
            all.push(Content::ToolCall(self.legacy_call(call, pointer)?).into());
        }
        Ok(all)
    }

    fn call(&mut self, node: Node<'a>, pointer: &str) -> Result<ToolCall<'a>, Error> {
        read::object(node, "a tool call")?;
        let is_custom = node.get("type").is_some_and(|kind| kind.is("custom"));
        let (kind, word, key) = if is_custom {
            (ToolKind::Custom, "custom", "input")
        } else {
            (ToolKind::Function, "function", "arguments")
        };
        let body = read::object(read::required(node, word)?, word)?;
        let call = ToolCall {
            id: read::filled(read::required(node, "id")?, "id")?,
            kind,
            name: read::filled(read::required(body, "name")?, "name")?,
            namespace: None,
            arguments: arguments(body, key)?,
            opaque: self.signature(node, pointer)?,
        };
        self.calls.add(&call, None);
        Ok(call)
    }

    fn legacy_call(&mut self, node: Node<'a>, pointer: &str) -> Result<ToolCall<'a>, Error> {
        let body = read::object(node, "function_call")?;
        let call = ToolCall {
            id: make_id("call_", pointer, 0).into(),
            kind: ToolKind::Function,
            name: read::filled(read::required(body, "name")?, "name")?,
            namespace: None,
            arguments: arguments(body, "arguments")?,
            opaque: Vec::new(),
        };
        self.calls.add(&call, None);
        Ok(call)
    }

    /// Gemini's Chat face keeps its state on the call.
    fn signature(&mut self, node: Node<'a>, pointer: &str) -> Result<Vec<Opaque<'a>>, Error> {
        let Some(extra) = node.get("extra_content") else {
            return Ok(Vec::new());
        };
        let google = read::object(extra, "extra_content")?.get("google");
        let Some(signature) = google.and_then(|google| google.get("thought_signature")) else {
            read::keep(&mut self.ext, pointer, "extra_content", extra);
            return Ok(Vec::new());
        };
        let data = read::string(signature, "thought_signature")?;
        Ok(match self.cx.envelope.open(&data) {
            Opened::Ours { opaque, .. } => vec![opaque],
            Opened::Broken => Vec::new(),
            Opened::Foreign => {
                let (origin, kind) = (NATIVE_ORIGIN.into(), OpaqueKind::ThoughtSignature);
                vec![Opaque { origin, kind, data }]
            }
        })
    }

    fn result(&mut self, node: Node<'a>, pointer: &str) -> Result<Part<'a>, Error> {
        let id = match node.get("tool_call_id") {
            Some(id) => self.calls.answer(id, "tool_call_id")?,
            None => self.calls.answer_unnamed(node, "tool_call_id")?,
        };
        let name = node
            .get("name")
            .map(|name| read::string(name, "name"))
            .transpose()?;
        let parts = match node.get("content") {
            Some(content) => parts::decode(content, pointer)?,
            None => Vec::new(),
        };
        let result = ToolResult {
            id,
            name,
            parts,
            is_error: None,
            pointer: pointer.into(),
        };
        Ok(Content::ToolResult(result).into())
    }
}

/// What system, developer and user say: required.
fn content<'a>(node: Node<'a>, pointer: &str) -> Result<Vec<Part<'a>>, Error> {
    parts::decode(read::required(node, "content")?, pointer)
}

/// The text of the arguments, whatever it holds; some clients send the object itself.
fn arguments<'a>(body: Node<'a>, key: &str) -> Result<Cow<'a, str>, Error> {
    match body.get(key) {
        Some(node) if node.is_object() => Ok(node.raw().into()),
        Some(node) => read::string(node, key),
        None => Ok("".into()),
    }
}
