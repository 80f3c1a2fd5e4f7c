//! `systemInstruction` and `contents` → turns.

use super::super::spelling;
use super::Reader;
use crate::error::Error;
use crate::ir::{Content, Part, Reasoning, Role, Turn};
use crate::json::Node;

impl<'a> Reader<'a, '_> {
    /// The leading system text: one turn.
    pub(super) fn system(
        &mut self,
        body: Node<'a>,
        turns: &mut Vec<Turn<'a>>,
    ) -> Result<(), Error> {
        let Some(system) = spelling::object(body, "systemInstruction")? else {
            return Ok(());
        };
        spelling::keep_unknown(system, &["parts", "role"], &mut self.ext);
        let pointer = system.pointer();
        let mut parts: Vec<Part<'a>> = Vec::new();
        for part in spelling::objects(system, "parts")? {
            parts.extend(self.part(part, Role::System, turns.len())?.parts);
        }
        if !parts.is_empty() {
            turns.push(turn(Role::System, parts, pointer));
        }
        Ok(())
    }

    pub(super) fn contents(
        &mut self,
        body: Node<'a>,
        turns: &mut Vec<Turn<'a>>,
    ) -> Result<(), Error> {
        let contents = spelling::objects(body, "contents")?;
        if contents.is_empty() {
            let at = format!("{}/contents", body.pointer());
            return Err(Error::client("contents must be a non-empty array").at(at));
        }
        for content in contents {
            self.content(content, turns)?;
        }
        Ok(())
    }

    fn content(&mut self, content: Node<'a>, turns: &mut Vec<Turn<'a>>) -> Result<(), Error> {
        let role = match spelling::text(content, "role")?.as_deref() {
            // Results used to have roles of their own.
            None | Some("" | "user" | "function" | "tool") => Role::User,
            Some("model") => Role::Assistant,
            Some(_) => {
                let node = spelling::get(content, "role").unwrap_or(content);
                return Err(Error::bad_request(node, "role must be user or model"));
            }
        };
        spelling::keep_unknown(content, &["role", "parts"], &mut self.ext);
        let nodes = spelling::objects(content, "parts")?;
        if nodes.is_empty() && spelling::get(content, "parts").is_none() {
            let at = format!("{}/parts", content.pointer());
            return Err(Error::client("parts must be an array").at(at));
        }
        let pointer = content.pointer();
        let parts = if role == Role::Assistant {
            self.calls.begin_turn();
            self.model_parts(nodes, turns.len())?
        } else {
            let mut parts = Vec::with_capacity(nodes.len());
            for node in nodes {
                parts.extend(self.part(node, role, turns.len())?.parts);
            }
            parts
        };
        if role == Role::User {
            split_results(parts, pointer, turns);
        } else {
            turns.push(turn(role, parts, pointer));
        }
        Ok(())
    }

    /// Parts of the model's turn. Thinking that rode in a signature goes before the part that carried it, behind the
    /// carrier before; what the client kept of it in `thought` parts says the same without its state.
    fn model_parts(&mut self, nodes: Vec<Node<'a>>, turn: usize) -> Result<Vec<Part<'a>>, Error> {
        let mut parts: Vec<Part<'a>> = Vec::with_capacity(nodes.len());
        let mut from = 0;
        for node in nodes {
            let read = self.part(node, Role::Assistant, turn)?;
            let restored = read.reasoning.len();
            if restored > 0 {
                let earlier = parts.split_off(from);
                parts.extend(read.reasoning.into_iter().map(thinking));
                parts.extend(earlier.into_iter().filter(|part| !is_stateless(part)));
                from = parts.len();
            }
            parts.extend(read.parts);
            if restored > 0 {
                from = parts.len();
            }
        }
        Ok(parts)
    }
}

fn thinking(reasoning: Reasoning<'_>) -> Part<'_> {
    Content::Reasoning(reasoning).into()
}

fn is_stateless(part: &Part<'_>) -> bool {
    matches!(&part.content, Content::Reasoning(reasoning) if reasoning.opaque.is_empty())
}

/// A user's content may hold tool results: they are a turn of their own, before the rest.
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

fn turn(role: Role, parts: Vec<Part<'_>>, pointer: String) -> Turn<'_> {
    Turn {
        role,
        name: None,
        parts,
        pointer,
    }
}
