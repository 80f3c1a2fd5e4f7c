//! Items → turns.
//!
//! What the model did in one go arrives as separate items (thinking, texts, calls) and is one assistant turn here;
//! consecutive outputs are one tool turn. Nothing changes place.

use std::borrow::Cow;

use super::super::items;
use super::{elsewhere, parts};
use crate::dialect::ClientContext;
use crate::dialect::openai::calls::Calls;
use crate::dialect::openai::read;
use crate::error::Error;
use crate::ir::{
    Content, Ext, Media, MediaKind, MediaSource, Part, Request, Role, ToolCall, ToolKind,
    ToolResult, Turn,
};
use crate::json::Node;

/// Members of a message that are read, or that say nothing (`id` and `status` are the vendor's bookkeeping).
const MESSAGE: [&str; 5] = ["type", "role", "content", "id", "status"];
const CALL: [&str; 8] = [
    "type",
    "id",
    "call_id",
    "name",
    "namespace",
    "arguments",
    "input",
    "status",
];
const OUTPUT: [&str; 5] = ["type", "id", "call_id", "output", "status"];

pub(super) struct Input<'a, 'c> {
    pub(super) cx: &'c ClientContext,
    pub(super) turns: Vec<Turn<'a>>,
    ext: Vec<Ext<'a>>,
    calls: Calls<'a>,
    /// An earlier part of the conversation stands elsewhere, and calls with it.
    is_partial: bool,
    unresolved: Option<Error>,
}

/// Read `instructions` and `input`.
pub(super) fn read<'a>(
    request: &mut Request<'a>,
    body: Node<'a>,
    cx: &ClientContext,
) -> Result<(), Error> {
    let mut input = Input {
        cx,
        turns: Vec::new(),
        ext: Vec::new(),
        calls: Calls::default(),
        is_partial: request.native_only.is_some(),
        unresolved: None,
    };
    if let Some(node) = body.get("instructions") {
        let text = read::string(node, "instructions")?;
        input.push(
            Role::System,
            Content::Text(text).into(),
            "/instructions".into(),
        );
    }
    match body.get("input") {
        Some(node) => input.items(node)?,
        None if input.is_partial => {}
        None => return Err(Error::client("input is required").at("/input")),
    }
    request.turns = input.turns;
    request.ext.append(&mut input.ext);
    request.native_only = request.native_only.take().or(input.unresolved);
    Ok(())
}

impl<'a> Input<'a, '_> {
    fn items(&mut self, node: Node<'a>) -> Result<(), Error> {
        if let Some(text) = node.as_str() {
            self.push(Role::User, Content::Text(text).into(), "/input".into());
            return Ok(());
        }
        if !node.is_array() {
            let text = "input must be a string or an array of items";
            return Err(Error::bad_request(node, text));
        }
        if node.items().next().is_none() && self.turns.is_empty() && !self.is_partial {
            return Err(Error::bad_request(node, "input must not be empty"));
        }
        // What is only named, or packed up by the vendor, may hold calls that are answered further on.
        let is_elsewhere = |item: Node<'_>| matches!(&*kind(item), "item_reference" | "compaction");
        self.is_partial |= node.items().any(is_elsewhere);
        for (at, item) in node.items().enumerate() {
            self.item(item, format!("/input/{at}"))?;
        }
        Ok(())
    }

    fn item(&mut self, node: Node<'a>, pointer: String) -> Result<(), Error> {
        read::object(node, "an item")?;
        let kind = kind(node);
        match &*kind {
            "" => {
                read::string(read::required(node, "type")?, "type")?;
            }
            "message" => self.message(node, pointer)?,
            "function_call" => self.call(node, pointer, ToolKind::Function)?,
            "custom_tool_call" => self.call(node, pointer, ToolKind::Custom)?,
            "function_call_output" | "custom_tool_call_output" => self.output(node, pointer)?,
            "reasoning" => self.reasoning(node, pointer)?,
            "item_reference" => {
                let id = read::filled(read::required(node, "id")?, "id")?;
                let error = elsewhere::unresolved(&id, &pointer);
                self.unresolved.get_or_insert(error);
            }
            "compaction" => {
                self.unresolved
                    .get_or_insert_with(|| elsewhere::compacted(&pointer));
                self.native(node, kind, pointer);
            }
            "image_generation_call" if node.get("result").is_some() => {
                self.image(node, pointer)?;
            }
            _ => self.native(node, kind, pointer),
        }
        Ok(())
    }

    /// Add to what is being said: the model's items and the tools' outputs join the turn before them.
    pub(super) fn push(&mut self, role: Role, part: Part<'a>, pointer: String) {
        let joins = matches!(role, Role::Assistant | Role::Tool);
        match self.turns.last_mut() {
            Some(last) if joins && last.role == role => last.parts.push(part),
            _ => self.turns.push(Turn {
                role,
                name: None,
                parts: vec![part],
                pointer,
            }),
        }
    }

    fn message(&mut self, node: Node<'a>, pointer: String) -> Result<(), Error> {
        let role = read::required(node, "role")?;
        let role = match &*read::string(role, "role")? {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            "developer" => Role::Developer,
            _ => {
                let text = "role must be user, assistant, system or developer";
                return Err(Error::bad_request(role, text));
            }
        };
        read::keep_unknown(&mut self.ext, &pointer, node, &MESSAGE);
        let content = read::required(node, "content")?;
        let at = format!("{pointer}/content");
        let parts = parts::read(content, "content", &at, &mut self.ext)?;
        if role == Role::Assistant {
            let is_empty =
                |part: &Part<'_>| matches!(&part.content, Content::Text(text) if text.is_empty());
            for part in parts.into_iter().filter(|part| !is_empty(part)) {
                self.push(role, part, pointer.clone());
            }
        } else {
            self.turns.push(Turn {
                role,
                name: None,
                parts,
                pointer,
            });
        }
        Ok(())
    }

    fn call(&mut self, node: Node<'a>, pointer: String, kind: ToolKind) -> Result<(), Error> {
        read::keep_unknown(&mut self.ext, &pointer, node, &CALL);
        let text = |key: &str| {
            let text = node
                .get(key)
                .map(|node| read::string(node, key))
                .transpose();
            text.map(|text| text.filter(|text| !text.is_empty()))
        };
        let (item_id, namespace) = (text("id")?, text("namespace")?);
        let id = match text("call_id")?.or_else(|| item_id.clone()) {
            Some(id) => id,
            None => read::filled(read::required(node, "call_id")?, "call_id")?,
        };
        let field = match kind {
            ToolKind::Function => "arguments",
            ToolKind::Custom => "input",
        };
        let call = ToolCall {
            id,
            kind,
            name: read::filled(read::required(node, "name")?, "name")?,
            namespace,
            arguments: arguments(node, field)?,
            opaque: Vec::new(),
        };
        self.calls.add(&call, item_id);
        self.push(Role::Assistant, Content::ToolCall(call).into(), pointer);
        Ok(())
    }

    fn output(&mut self, node: Node<'a>, pointer: String) -> Result<(), Error> {
        read::keep_unknown(&mut self.ext, &pointer, node, &OUTPUT);
        let id = match node.get("call_id") {
            Some(id) if self.is_partial => read::string(id, "call_id")?,
            Some(id) => self.calls.answer(id, "call_id")?,
            None => self.calls.answer_unnamed(node, "call_id")?,
        };
        let output = read::required(node, "output")?;
        let at = format!("{pointer}/output");
        let result = ToolResult {
            id,
            name: None,
            parts: parts::read(output, "output", &at, &mut self.ext)?,
            is_error: None,
            pointer: pointer.clone(),
        };
        self.push(Role::Tool, Content::ToolResult(result).into(), pointer);
        Ok(())
    }

    /// A picture that the model made: its bytes are what it said.
    fn image(&mut self, node: Node<'a>, pointer: String) -> Result<(), Error> {
        let data = read::filled(read::required(node, "result")?, "result")?;
        let format = node.text("output_format");
        let media = Media {
            kind: MediaKind::Image,
            source: MediaSource::Inline {
                mime: items::image_mime(format.as_deref()).into(),
                data,
            },
            name: None,
            detail: None,
            pointer: pointer.clone(),
        };
        self.push(Role::Assistant, Content::Media(media).into(), pointer);
        Ok(())
    }

    /// Items of the vendor's own tools: what the model did, or what the application answered.
    fn native(&mut self, node: Node<'a>, kind: Cow<'a, str>, pointer: String) {
        let is_models = items::is_models(&kind);
        let content = Content::Native {
            pointer: pointer.clone(),
            kind,
            raw: node.raw().into(),
        };
        let role = if is_models {
            Role::Assistant
        } else {
            Role::User
        };
        self.push(role, content.into(), pointer);
    }
}

/// The type of an item. Messages and references may leave it out.
fn kind(node: Node<'_>) -> Cow<'_, str> {
    match node.text("type") {
        Some(kind) => kind,
        None if node.get("type").is_some() => "".into(),
        None if node.get("role").is_some() => "message".into(),
        None if node.get("id").is_some() => "item_reference".into(),
        None => "".into(),
    }
}

/// The text of the arguments, whatever it holds; some clients send the object itself.
fn arguments<'a>(node: Node<'a>, key: &str) -> Result<Cow<'a, str>, Error> {
    match node.get(key) {
        Some(node) if node.is_object() => Ok(node.raw().into()),
        Some(node) => read::string(node, key),
        None => Ok("".into()),
    }
}
