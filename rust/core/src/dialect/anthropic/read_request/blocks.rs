//! Content blocks → parts.

use std::borrow::Cow;

use super::turns::Place;
use super::{Reader, typed};
use crate::dialect::anthropic::{NATIVE_ORIGIN, Version, ids};
use crate::dialect::carrier;
use crate::error::Error;
use crate::ir::{Content, OpaqueKind, Part, Reasoning, Role, ToolCall, ToolKind, ToolResult};
use crate::json::Node;

impl<'a> Reader<'a, '_> {
    /// One block. `None`: it only carried state that was taken note of.
    pub(super) fn block(
        &mut self,
        block: Node<'a>,
        role: Role,
        place: Place<'_>,
    ) -> Result<Option<Part<'a>>, Error> {
        let kind = typed::need_str(block, "type")?;
        allowed(block, &kind, role)?;
        let cache = match kind.as_ref() {
            "text" | "image" | "document" | "tool_use" | "tool_result" => {
                typed::cache(block, &mut self.ext)?
            }
            _ => None,
        };
        let content = match kind.as_ref() {
            "text" => self.text(block, role)?,
            "image" => self.image(block, place.pointer())?,
            "document" => self.document(block, role, place.pointer())?,
            "tool_use" => self.tool_use(block)?,
            "tool_result" => self.tool_result(block, place.pointer())?,
            "thinking" => self.thinking_block(block)?,
            "redacted_thinking" => match self.redacted(block)? {
                Some(content) => content,
                None => return Ok(None),
            },
            _ => Content::Native {
                pointer: place.pointer(),
                kind,
                raw: Cow::Borrowed(block.raw()),
            },
        };
        Ok(Some(Part { content, cache }))
    }

    fn text(&mut self, block: Node<'a>, role: Role) -> Result<Content<'a>, Error> {
        let text = typed::need_str(block, "text")?;
        if let Some(citations) = typed::array(block, "citations")?
            && citations.items().next().is_some()
        {
            if role == Role::User && self.version == Version::V2026 {
                let message =
                    "citations on a user's text are not accepted by anthropic-version 2026-10-21";
                return Err(Error::bad_request(citations, message));
            }
            typed::keep(citations, &mut self.ext);
        }
        let known = ["type", "text", "cache_control", "citations"];
        typed::keep_unknown(block, &known, &mut self.ext);
        Ok(Content::Text(text))
    }

    fn tool_use(&mut self, block: Node<'a>) -> Result<Content<'a>, Error> {
        let id = ids::unpack(typed::need_name(block, "id")?);
        let name = typed::need_name(block, "name")?;
        let arguments = match block.get("input") {
            Some(input) if input.is_object() => Cow::Borrowed(input.raw()),
            Some(input) => return Err(typed::wrong(input, "input", "an object")),
            None => Cow::Borrowed("{}"),
        };
        let known = ["type", "id", "name", "input", "cache_control"];
        typed::keep_unknown(block, &known, &mut self.ext);
        self.calls.insert(id.clone(), false);
        Ok(Content::ToolCall(ToolCall {
            id,
            kind: ToolKind::Function,
            name,
            namespace: None,
            arguments,
            opaque: Vec::new(),
        }))
    }

    fn tool_result(&mut self, block: Node<'a>, pointer: String) -> Result<Content<'a>, Error> {
        let id = ids::unpack(typed::need_name(block, "tool_use_id")?);
        // Some hosts use ids again in every turn: a new call with the same id waits for its own result.
        let problem = match self.calls.insert(id.clone(), true) {
            Some(false) => None,
            Some(true) => Some("has a result already"),
            None => Some("belongs to no earlier tool_use"),
        };
        if let Some(problem) = problem {
            let node = typed::need(block, "tool_use_id")?;
            return Err(Error::bad_request(node, format!("tool_use_id {problem}")));
        }
        let parts = match block.get("content") {
            Some(content) => self.content(content, Role::Tool, Place::content_of(&pointer))?,
            None => Vec::new(),
        };
        let known = [
            "type",
            "tool_use_id",
            "content",
            "is_error",
            "cache_control",
        ];
        typed::keep_unknown(block, &known, &mut self.ext);
        Ok(Content::ToolResult(ToolResult {
            id,
            name: None,
            parts,
            is_error: typed::bool(block, "is_error")?,
            pointer,
        }))
    }

    fn thinking_block(&mut self, block: Node<'a>) -> Result<Content<'a>, Error> {
        let text = typed::need_str(block, "thinking")?;
        let signature = typed::str(block, "signature")?.unwrap_or_default();
        typed::keep_unknown(block, &["type", "thinking", "signature"], &mut self.ext);
        let carried = carrier::open(
            self.envelope,
            signature,
            OpaqueKind::Signature,
            NATIVE_ORIGIN,
        );
        Ok(Content::Reasoning(Reasoning {
            text: (!text.is_empty()).then_some(text),
            opaque: carried.opaque,
            ..Reasoning::default()
        }))
    }

    fn redacted(&mut self, block: Node<'a>) -> Result<Option<Content<'a>>, Error> {
        let data = typed::need_str(block, "data")?;
        typed::keep_unknown(block, &["type", "data"], &mut self.ext);
        let carried = carrier::open(self.envelope, data, OpaqueKind::Redacted, NATIVE_ORIGIN);
        if let Some(call) = carried.text {
            let state = carried.opaque.into_iter();
            self.call_state
                .extend(state.map(|opaque| (call.clone(), opaque)));
            return Ok(None);
        }
        Ok(Some(Content::Reasoning(Reasoning {
            opaque: carried.opaque,
            ..Reasoning::default()
        })))
    }
}

/// Who may send which block. Blocks that we do not know may come from anybody but the system.
fn allowed(block: Node<'_>, kind: &str, role: Role) -> Result<(), Error> {
    let is_allowed = match kind {
        "text" => true,
        "tool_use" | "thinking" | "redacted_thinking" => role == Role::Assistant,
        "tool_result" => role == Role::User,
        _ => role != Role::System,
    };
    if is_allowed {
        return Ok(());
    }
    let place = match role {
        Role::System | Role::Developer => "system text",
        Role::User => "a user message",
        Role::Assistant => "an assistant message",
        Role::Tool => "a tool result",
    };
    let node = typed::need(block, "type")?;
    Err(Error::bad_request(
        node,
        format!("{kind} is not accepted in {place}"),
    ))
}
