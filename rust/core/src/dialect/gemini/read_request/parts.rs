//! Parts of contents → parts of turns.

use std::borrow::Cow;

use super::super::spelling::{self, entry, get};
use super::super::state;
use super::{Reader, media};
use crate::error::Error;
use crate::ir::{Content, Media, Opaque, Part, Reasoning, Role, ToolCall, ToolKind, ToolResult};
use crate::json::Node;

/// Members that say what a part is; exactly one stands in it.
const KINDS: [&str; 9] = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

/// What a part was read as.
#[derive(Debug, Default)]
pub(super) struct Read<'a> {
    /// The part itself, then its state where it has no place for it.
    pub(super) parts: Vec<Part<'a>>,
    /// Thinking that rode along.
    pub(super) reasoning: Vec<Reasoning<'a>>,
}

impl<'a> Reader<'a, '_> {
    /// One part.
    pub(super) fn part(
        &mut self,
        node: Node<'a>,
        role: Role,
        turn: usize,
    ) -> Result<Read<'a>, Error> {
        let found = KINDS
            .iter()
            .find_map(|kind| Some((*kind, get(node, kind)?)));
        let signature = spelling::text(node, "thoughtSignature")?.unwrap_or_default();
        let carried = state::open(self.envelope, signature);
        let mut own = carried.own;
        let Some((kind, value)) = found else {
            return unknown(node, own, carried.reasoning);
        };
        allowed(node, kind, role)?;
        let content = match kind {
            "text" => {
                let text = spelling::text(node, "text")?.unwrap_or_default();
                if spelling::boolean(node, "thought")? == Some(true) {
                    let opaque = std::mem::take(&mut own);
                    let has_text = !text.is_empty();
                    (has_text || !opaque.is_empty()).then(|| reasoning(text, opaque))
                } else {
                    (!text.is_empty()).then_some(Content::Text(text))
                }
            }
            "inlineData" | "fileData" => Some(self.media(node, kind, value)?),
            "functionCall" => Some(self.call(value, turn, std::mem::take(&mut own))?),
            "functionResponse" => Some(self.result(value)?),
            _ => Some(Content::Native {
                pointer: node.pointer(),
                kind: kind.into(),
                raw: Cow::Borrowed(node.raw()),
            }),
        };
        self.keep_rest(node, kind);
        let mut parts: Vec<_> = content.map(Part::from).into_iter().collect();
        if !own.is_empty() {
            parts.push(reasoning(Cow::Borrowed(""), own).into());
        }
        Ok(Read {
            parts,
            reasoning: carried.reasoning,
        })
    }

    fn keep_rest(&mut self, node: Node<'a>, kind: &str) {
        let media = matches!(kind, "inlineData" | "fileData");
        let known = [kind, "thought", "thoughtSignature"];
        for (key, value) in node.members() {
            let is_known = known.iter().any(|known| spelling::is_spelt(&key, known));
            let is_read = media && spelling::is_spelt(&key, "mediaResolution");
            if !is_known && !is_read {
                spelling::keep(value, &mut self.ext);
            }
        }
    }

    fn media(&mut self, node: Node<'a>, kind: &str, value: Node<'a>) -> Result<Content<'a>, Error> {
        let media: Media<'a> = media::read(node, kind, value)?;
        let known = ["mimeType", "data", "fileUri", "displayName"];
        spelling::keep_unknown(value, &known, &mut self.ext);
        Ok(Content::Media(media))
    }

    fn call(
        &mut self,
        call: Node<'a>,
        turn: usize,
        opaque: Vec<Opaque<'a>>,
    ) -> Result<Content<'a>, Error> {
        let name = spelling::need_text(call, "name")?;
        let arguments = spelling::object(call, "args")?.map_or("{}", Node::raw);
        let id = spelling::text(call, "id")?;
        spelling::keep_unknown(call, &["id", "name", "args"], &mut self.ext);
        Ok(Content::ToolCall(ToolCall {
            id: self.calls.call(id.as_deref(), &name, turn).into(),
            kind: ToolKind::Function,
            name,
            namespace: None,
            arguments: Cow::Borrowed(arguments),
            opaque,
        }))
    }

    fn result(&mut self, result: Node<'a>) -> Result<Content<'a>, Error> {
        let id = spelling::text(result, "id")?;
        // Some clients answer by id alone.
        let name = spelling::text(result, "name")?.unwrap_or_default();
        let answered = self.calls.answered(id.as_deref(), &name);
        let id = match (answered, id) {
            (Some(id), _) => Cow::Owned(id),
            (None, id) if self.is_cached => id.unwrap_or_else(|| name.clone()),
            (None, _) => {
                let message = format!("the functionResponse {name:?} answers no functionCall");
                return Err(Error::bad_request(result, message));
            }
        };
        let response = spelling::object(result, "response")?;
        let (text, is_error) = response.map_or((Cow::Borrowed(""), None), said);
        let mut parts: Vec<Part<'a>> = Vec::new();
        if !text.is_empty() {
            parts.push(Content::Text(text).into());
        }
        for part in spelling::objects(result, "parts")? {
            parts.extend(self.part(part, Role::Tool, 0)?.parts);
        }
        spelling::keep_unknown(result, &["id", "name", "response", "parts"], &mut self.ext);
        Ok(Content::ToolResult(ToolResult {
            id,
            name: (!name.is_empty()).then_some(name),
            parts,
            is_error,
            pointer: result.pointer(),
        }))
    }
}

/// A part without data: a signature alone, or something newer than this.
fn unknown<'a>(
    node: Node<'a>,
    own: Vec<Opaque<'a>>,
    thoughts: Vec<Reasoning<'a>>,
) -> Result<Read<'a>, Error> {
    let is_marker = |key: &str| {
        ["thought", "thoughtSignature"]
            .iter()
            .any(|known| spelling::is_spelt(key, known))
    };
    let unknown = node.members().find(|(key, _)| !is_marker(key));
    let content = match unknown {
        Some((kind, _)) => Content::Native {
            pointer: node.pointer(),
            kind,
            raw: Cow::Borrowed(node.raw()),
        },
        None if !own.is_empty() => reasoning(Cow::Borrowed(""), own),
        None if get(node, "thoughtSignature").is_some() => {
            return Ok(Read {
                parts: Vec::new(),
                reasoning: thoughts,
            });
        }
        None => {
            let message = "a part must hold text, data or a call";
            return Err(Error::bad_request(node, message));
        }
    };
    Ok(Read {
        parts: vec![content.into()],
        reasoning: thoughts,
    })
}

fn reasoning<'a>(text: Cow<'a, str>, opaque: Vec<Opaque<'a>>) -> Content<'a> {
    Content::Reasoning(Reasoning {
        text: (!text.is_empty()).then_some(text),
        opaque,
        ..Reasoning::default()
    })
}

/// What a result says. The documented keys are `output` and `error`, and everybody uses `result`: an object of one of
/// them is what stands in it, any other is itself.
fn said(response: Node<'_>) -> (Cow<'_, str>, Option<bool>) {
    let mut members = response.members();
    let (first, second) = (members.next(), members.next());
    let Some((key, value)) = first.filter(|_| second.is_none()) else {
        return (Cow::Borrowed(response.raw()), None);
    };
    let is_error = match &*key {
        "error" => Some(true),
        "output" | "result" => None,
        _ => return (Cow::Borrowed(response.raw()), None),
    };
    (
        value.as_str().unwrap_or(Cow::Borrowed(value.raw())),
        is_error,
    )
}

/// Who may say what.
fn allowed(node: Node<'_>, kind: &str, role: Role) -> Result<(), Error> {
    let (is_allowed, place) = match role {
        Role::Assistant => (kind != "functionResponse", "the model's content"),
        Role::Tool => (
            matches!(kind, "inlineData" | "fileData" | "text"),
            "a function's result",
        ),
        Role::System | Role::Developer => (
            kind != "functionCall" && kind != "functionResponse",
            "systemInstruction",
        ),
        Role::User => (kind != "functionCall", "a user's content"),
    };
    if is_allowed {
        return Ok(());
    }
    let at = entry(node, kind).map_or(node, |(_, value)| value);
    Err(Error::bad_request(
        at,
        format!("{kind} is not accepted in {place}"),
    ))
}
