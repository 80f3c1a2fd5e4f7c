//! Parts of turns → blocks.

use std::borrow::Cow;

use super::Writer;
use super::blocks::{Block, Placed};
use super::media;
use crate::dialect::anthropic::is_admissible;
use crate::dialect::arguments::Input;
use crate::error::Error;
use crate::ir::{
    Content, Media, MediaKind, OpaqueKind, Part, Reasoning, ToolCall, ToolResult, Turn,
};
use crate::loss::Code;

impl<'r> Writer<'r, '_> {
    /// A text block; the API refuses empty and blank ones.
    fn text(&mut self, text: &'r str, turn: &Turn<'_>) -> Option<Block<'r>> {
        if !text.trim().is_empty() {
            return Some(Block::Text(text.into()));
        }
        if !text.is_empty() {
            let detail = "a text of white space only is not accepted upstream";
            self.loss.add(Code::FieldDropped, &turn.pointer, detail);
        }
        None
    }

    /// Text of a system turn.
    pub(super) fn system_part(
        &mut self,
        part: &'r Part<'r>,
        turn: &Turn<'_>,
    ) -> Option<Placed<'r>> {
        if let Content::Text(text) = &part.content {
            let block = self.text(text, turn)?;
            return Some(Placed {
                block,
                cache: part.cache,
            });
        }
        let detail = "system text cannot hold anything but text";
        self.loss.add(Code::MediaDropped, &turn.pointer, detail);
        None
    }

    /// A part of a user turn.
    pub(super) fn user_part(
        &mut self,
        part: &'r Part<'r>,
        turn: &Turn<'_>,
    ) -> Result<Option<Placed<'r>>, Error> {
        let block = match &part.content {
            Content::Text(text) | Content::Refusal(text) => self.text(text, turn),
            Content::Media(media) => Some(media::lower(media, self.loss)?),
            Content::Native { pointer, kind, .. } => self.left_out(pointer, kind),
            Content::ToolCall(_) => self.left_out(&turn.pointer, "a tool call in a user turn"),
            Content::Reasoning(_) => self.left_out(&turn.pointer, "thinking in a user turn"),
            // Results were placed behind their calls.
            Content::ToolResult(_) => None,
        };
        Ok(block.map(|block| Placed {
            block,
            cache: part.cache,
        }))
    }

    /// A part of an assistant turn.
    pub(super) fn assistant_part(
        &mut self,
        part: &'r Part<'r>,
        turn: &Turn<'_>,
    ) -> Option<Placed<'r>> {
        let block = match &part.content {
            Content::Text(text) => self.text(text, turn),
            Content::Refusal(text) => {
                let detail = "an earlier refusal is sent as plain text";
                self.loss.add(Code::FieldDropped, &turn.pointer, detail);
                self.text(text, turn)
            }
            // Thinking takes no breakpoint.
            Content::Reasoning(reasoning) => {
                return self.reasoning(reasoning, turn).map(Placed::from);
            }
            Content::ToolCall(call) => Some(self.tool_use(call, turn)),
            Content::Media(media) => Some(self.media_note(media)),
            Content::Native { pointer, kind, .. } => self.left_out(pointer, kind),
            Content::ToolResult(result) => {
                self.left_out(&result.pointer, "a tool result in an assistant turn")
            }
        };
        block.map(|block| Placed {
            block,
            cache: part.cache,
        })
    }

    fn left_out(&mut self, pointer: &str, what: &str) -> Option<Block<'r>> {
        let detail = format!("{what} has no counterpart upstream");
        self.loss.add(Code::FieldDropped, pointer, detail);
        None
    }

    /// Thinking is replayed as it was signed, to whoever signed it, or not at all: unsigned or foreign, the API would
    /// refuse the request, and as text the model would take it for something it said.
    fn reasoning(&mut self, reasoning: &'r Reasoning<'r>, turn: &Turn<'_>) -> Option<Block<'r>> {
        let fits = |opaque: &&'r crate::ir::Opaque<'r>| is_admissible(opaque, self.target);
        let Some(opaque) = reasoning.opaque.iter().find(fits) else {
            let detail = "thinking that this upstream did not sign";
            self.loss.add(Code::OpaqueDropped, &turn.pointer, detail);
            return None;
        };
        Some(match opaque.kind {
            OpaqueKind::Redacted => Block::Redacted(&opaque.data),
            _ => Block::Thinking {
                text: reasoning.text.as_deref().unwrap_or(""),
                signature: &opaque.data,
            },
        })
    }

    fn tool_use(&mut self, call: &'r ToolCall<'r>, turn: &Turn<'_>) -> Block<'r> {
        if !call.opaque.is_empty() {
            let detail = "state of a tool call that another vendor issued";
            self.loss.add(Code::OpaqueDropped, &turn.pointer, detail);
        }
        let input = Input::of(call.kind, &call.arguments, &mut self.tape);
        if matches!(input, Input::Broken(_)) {
            let detail = "arguments that are not a JSON object are sent as {\"_raw\": text}";
            self.loss.add(Code::ArgsInvalidJson, &turn.pointer, detail);
        }
        let id = self.call_ids.next(&call.id, &turn.pointer, self.loss);
        let client = (call.namespace.as_deref(), call.name.as_ref());
        let name = self.names.sent(client, call.kind, &turn.pointer, self.loss);
        self.waiting.push((&call.id, id.clone()));
        Block::ToolUse { id, name, input }
    }

    /// An assistant's message cannot hold media.
    fn media_note(&mut self, media: &Media<'_>) -> Block<'r> {
        let what = match media.kind {
            MediaKind::Image => "an image",
            MediaKind::Audio => "audio",
            MediaKind::Video => "a video",
            MediaKind::File => "a file",
        };
        let detail = format!("an assistant turn cannot hold {what} upstream");
        self.loss.add(Code::MediaDropped, &media.pointer, detail);
        Block::Text(format!("[{what} was here]").into())
    }

    /// A tool's result for the call that is known upstream as `id`.
    pub(super) fn tool_result(
        &mut self,
        result: &'r ToolResult<'r>,
        id: Cow<'r, str>,
    ) -> Result<Block<'r>, Error> {
        let content = self.result_content(result)?;
        Ok(Block::ToolResult {
            id,
            content,
            is_error: result.is_error,
        })
    }

    /// What a result says. A single text may be blank (it goes as a string), blocks may not.
    pub(super) fn result_content(
        &mut self,
        result: &'r ToolResult<'r>,
    ) -> Result<Vec<Placed<'r>>, Error> {
        let is_alone = result.parts.len() == 1;
        let mut content = Vec::with_capacity(result.parts.len());
        for part in &result.parts {
            let block = match &part.content {
                Content::Text(text) if is_alone && part.cache.is_none() => {
                    (!text.is_empty()).then(|| Block::Text(text.as_ref().into()))
                }
                Content::Text(text) | Content::Refusal(text) => {
                    (!text.trim().is_empty()).then(|| Block::Text(text.as_ref().into()))
                }
                Content::Media(media) => Some(media::lower(media, self.loss)?),
                Content::Native { pointer, kind, .. } => self.left_out(pointer, kind),
                Content::ToolCall(_) | Content::ToolResult(_) | Content::Reasoning(_) => {
                    self.left_out(&result.pointer, "nested tool use")
                }
            };
            content.extend(block.map(|block| Placed {
                block,
                cache: part.cache,
            }));
        }
        Ok(content)
    }
}
