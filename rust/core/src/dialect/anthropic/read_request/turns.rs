//! `system` and `messages` → turns.

use std::borrow::Cow;

use super::{Reader, typed};
use crate::error::Error;
use crate::ir::{Content, Part, Role, Turn};
use crate::json::Node;

impl<'a> Reader<'a, '_> {
    /// The leading system text: one turn, its blocks kept apart.
    pub(super) fn system(
        &mut self,
        body: Node<'a>,
        turns: &mut Vec<Turn<'a>>,
    ) -> Result<(), Error> {
        let Some(system) = body.get("system") else {
            return Ok(());
        };
        let parts = self.content(system, "system", Role::System, "/system")?;
        if !parts.is_empty() {
            turns.push(turn(Role::System, parts, "/system"));
        }
        Ok(())
    }

    pub(super) fn messages(
        &mut self,
        body: Node<'a>,
        turns: &mut Vec<Turn<'a>>,
    ) -> Result<(), Error> {
        let messages = typed::need(body, "messages")?;
        if !messages.is_array() || messages.items().next().is_none() {
            return Err(typed::wrong(messages, "messages", "a non-empty array"));
        }
        for (index, message) in messages.items().enumerate() {
            self.message(message, &format!("/messages/{index}"), turns)?;
        }
        Ok(())
    }

    fn message(
        &mut self,
        message: Node<'a>,
        pointer: &str,
        turns: &mut Vec<Turn<'a>>,
    ) -> Result<(), Error> {
        if !message.is_object() {
            return Err(typed::wrong(message, "a message", "an object"));
        }
        let word = typed::need_str(message, "role")?;
        let role = match word.as_ref() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => {
                let node = typed::need(message, "role")?;
                return Err(typed::wrong(node, "role", "user, assistant or system"));
            }
        };
        typed::keep_unknown(message, &["role", "content"], &mut self.ext);
        let content = typed::need(message, "content")?;
        let at = format!("{pointer}/content");
        let mut parts = self.content(content, "content", role, &at)?;
        if role == Role::User {
            split_results(parts, pointer, turns);
        } else {
            self.bind_call_state(&mut parts);
            turns.push(turn(role, parts, pointer));
        }
        Ok(())
    }

    /// A string or blocks; empty texts say nothing (Claude Code returns empty blocks that it was sent). `pointer` is
    /// where the content stands.
    pub(super) fn content(
        &mut self,
        content: Node<'a>,
        key: &str,
        role: Role,
        pointer: &str,
    ) -> Result<Vec<Part<'a>>, Error> {
        if let Some(text) = content.as_str() {
            let part = (!text.is_empty()).then(|| Content::Text(text).into());
            return Ok(part.into_iter().collect());
        }
        if !content.is_array() {
            return Err(typed::wrong(content, key, "a string or an array of blocks"));
        }
        let mut parts = Vec::new();
        for (index, block) in content.items().enumerate() {
            if !block.is_object() {
                return Err(typed::wrong(block, "a content block", "an object"));
            }
            let part = self.block(block, role, format!("{pointer}/{index}"))?;
            parts.extend(part.filter(|part| !is_empty(part)));
        }
        Ok(parts)
    }

    /// Give the calls of a turn the state that rode beside them.
    fn bind_call_state(&mut self, parts: &mut [Part<'a>]) {
        for (id, opaque) in self.call_state.drain(..) {
            let call = parts.iter_mut().find_map(|part| match &mut part.content {
                Content::ToolCall(call) if call.id == id => Some(call),
                _ => None,
            });
            if let Some(call) = call {
                call.opaque.push(opaque);
            }
        }
    }
}

fn is_empty(part: &Part<'_>) -> bool {
    matches!(&part.content, Content::Text(text) if text.is_empty())
}

/// A user's message may hold tool results: they are a turn of their own, before the rest.
fn split_results<'a>(parts: Vec<Part<'a>>, pointer: &str, turns: &mut Vec<Turn<'a>>) {
    let (results, rest): (Vec<_>, Vec<_>) = parts
        .into_iter()
        .partition(|part| matches!(part.content, Content::ToolResult(_)));
    let has_results = !results.is_empty();
    if has_results {
        turns.push(turn(Role::Tool, results, pointer));
    }
    if !rest.is_empty() || !has_results {
        turns.push(turn(Role::User, rest, pointer));
    }
}

fn turn<'a>(role: Role, parts: Vec<Part<'a>>, pointer: &str) -> Turn<'a> {
    Turn {
        role,
        name: None::<Cow<'a, str>>,
        parts,
        pointer: pointer.into(),
    }
}
