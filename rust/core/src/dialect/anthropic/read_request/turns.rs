//! `system` and `messages` → turns.

use std::borrow::Cow;

use super::{Reader, typed};
use crate::error::Error;
use crate::ir::{Content, Part, Role, Turn};
use crate::json::Node;

/// Where a block stands. Written out only for those who keep it.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    /// Pointer of what holds the content.
    holder: &'p str,
    /// The member that is the content; empty where the holder is the content.
    member: &'static str,
    index: usize,
}

impl<'p> Place<'p> {
    /// In the `content` of this holder.
    pub(super) fn content_of(holder: &'p str) -> Self {
        Self {
            holder,
            member: "/content",
            index: 0,
        }
    }

    pub(super) fn pointer(self) -> String {
        format!("{}{}/{}", self.holder, self.member, self.index)
    }
}

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
        let place = Place {
            holder: "/system",
            member: "",
            index: 0,
        };
        let parts = self.content(system, Role::System, place)?;
        if !parts.is_empty() {
            turns.push(turn(Role::System, parts, "/system".into()));
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
        turns.reserve(messages.items().count());
        for (index, message) in messages.items().enumerate() {
            self.message(message, format!("/messages/{index}"), turns)?;
        }
        Ok(())
    }

    fn message(
        &mut self,
        message: Node<'a>,
        pointer: String,
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
        let mut parts = self.content(content, role, Place::content_of(&pointer))?;
        if role == Role::User {
            split_results(parts, pointer, turns);
        } else {
            self.bind_call_state(&mut parts);
            turns.push(turn(role, parts, pointer));
        }
        Ok(())
    }

    /// A string or blocks; empty texts say nothing (Claude Code returns empty blocks that it was sent).
    pub(super) fn content(
        &mut self,
        content: Node<'a>,
        role: Role,
        place: Place<'_>,
    ) -> Result<Vec<Part<'a>>, Error> {
        if let Some(text) = content.as_str() {
            let part = (!text.is_empty()).then(|| Content::Text(text).into());
            return Ok(part.into_iter().collect());
        }
        if !content.is_array() {
            let key = if place.member.is_empty() {
                "system"
            } else {
                "content"
            };
            return Err(typed::wrong(content, key, "a string or an array of blocks"));
        }
        let mut parts = Vec::with_capacity(content.items().count());
        for (index, block) in content.items().enumerate() {
            if !block.is_object() {
                return Err(typed::wrong(block, "a content block", "an object"));
            }
            let part = self.block(block, role, Place { index, ..place })?;
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
fn split_results<'a>(parts: Vec<Part<'a>>, pointer: String, turns: &mut Vec<Turn<'a>>) {
    let is_result = |part: &Part<'a>| matches!(part.content, Content::ToolResult(_));
    if !parts.iter().any(is_result) {
        turns.push(turn(Role::User, parts, pointer));
        return;
    }
    let (results, rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_result);
    turns.push(turn(Role::Tool, results, pointer.clone()));
    if !rest.is_empty() {
        turns.push(turn(Role::User, rest, pointer));
    }
}

fn turn<'a>(role: Role, parts: Vec<Part<'a>>, pointer: String) -> Turn<'a> {
    Turn {
        role,
        name: None::<Cow<'a, str>>,
        parts,
        pointer,
    }
}
