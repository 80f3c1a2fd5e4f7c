//! Parts of turns → parts of contents.

use super::super::{model, state};
use super::contents::Parts;
use super::{Writer, media};
use crate::dialect::arguments::Input;
use crate::ir::{Content, Part, Reasoning, ToolCall, Turn};
use crate::json::write::Object;
use crate::loss::Code;

impl Writer<'_, '_> {
    /// Caching is implicit here.
    pub(super) fn note_cache(&mut self, part: &Part<'_>, turn: &Turn<'_>) {
        if part.cache.is_some() {
            let detail = "cache breakpoints have no counterpart: caching is implicit";
            self.loss.add(Code::FieldDropped, &turn.pointer, detail);
        }
    }

    /// What the user says; results stand elsewhere.
    pub(super) fn user(&mut self, turn: &Turn<'_>) -> Parts {
        let mut parts = Parts::default();
        for part in &turn.parts {
            self.note_cache(part, turn);
            match &part.content {
                Content::Text(text) | Content::Refusal(text) => {
                    if !text.is_empty() {
                        parts.text(text);
                    }
                }
                Content::Media(media) => media::write(media, &mut parts, self.loss),
                Content::ToolResult(_) => {}
                Content::Native { pointer, kind, raw } => {
                    self.native(pointer, kind, raw, &mut parts);
                }
                Content::ToolCall(_) | Content::Reasoning(_) => {
                    let detail = "a call or thinking in a user turn";
                    self.loss.add(Code::FieldDropped, &turn.pointer, detail);
                }
            }
        }
        parts
    }

    /// What the model said.
    pub(super) fn model(&mut self, turn: &Turn<'_>) -> Parts {
        let mut parts = Parts::default();
        let mut needs_filler = self.needs_filler(turn);
        for part in &turn.parts {
            self.note_cache(part, turn);
            match &part.content {
                Content::Text(text) => {
                    if !text.is_empty() {
                        parts.text(text);
                    }
                }
                Content::Refusal(text) => {
                    let detail = "an earlier refusal is sent as plain text";
                    self.loss.add(Code::FieldDropped, &turn.pointer, detail);
                    parts.text(text);
                }
                Content::Reasoning(reasoning) => self.reasoning(reasoning, turn, &mut parts),
                Content::ToolCall(call) => {
                    let filler = std::mem::take(&mut needs_filler);
                    self.call(call, turn, filler, &mut parts);
                }
                Content::Media(media) => media::write(media, &mut parts, self.loss),
                Content::Native { pointer, kind, raw } => {
                    self.native(pointer, kind, raw, &mut parts);
                }
                Content::ToolResult(result) => {
                    let detail = "a tool result in an assistant turn";
                    self.loss.add(Code::FieldDropped, &result.pointer, detail);
                }
            }
        }
        parts
    }

    /// Newer models refuse a turn whose first call has no signature: histories of other models get the documented
    /// placeholder. In every turn, so that a turn stays what it was when the conversation goes on.
    fn needs_filler(&self, turn: &Turn<'_>) -> bool {
        let first = turn.parts.iter().find_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call),
            _ => None,
        });
        let is_signed = |call: &ToolCall<'_>| {
            call.opaque
                .iter()
                .any(|opaque| state::is_admissible(opaque, self.target))
        };
        model::needs_signatures(&self.target.model) && first.is_some_and(|call| !is_signed(call))
    }

    /// Thinking goes back as it was signed, to whoever signed it, or not at all: as text the model would take it for
    /// something it said.
    fn reasoning(&mut self, reasoning: &Reasoning<'_>, turn: &Turn<'_>, parts: &mut Parts) {
        let signed = reasoning
            .opaque
            .iter()
            .find(|opaque| state::is_admissible(opaque, self.target));
        let Some(opaque) = signed else {
            let detail = "thinking that this upstream did not sign";
            self.loss.add(Code::OpaqueDropped, &turn.pointer, detail);
            return;
        };
        let text = reasoning.text.as_deref().unwrap_or_default();
        parts.add(|o| {
            o.str("text", text);
            if !text.is_empty() {
                o.bool("thought", true);
            }
            o.str("thoughtSignature", &opaque.data);
        });
    }

    fn call(&mut self, call: &ToolCall<'_>, turn: &Turn<'_>, filler: bool, parts: &mut Parts) {
        let input = Input::of(call.kind, &call.arguments, &mut self.tape);
        if matches!(input, Input::Broken(_)) {
            let detail = "arguments that are not a JSON object are sent as {\"_raw\": text}";
            self.loss.add(Code::ArgsInvalidJson, &turn.pointer, detail);
        }
        let signed = call
            .opaque
            .iter()
            .find(|opaque| state::is_admissible(opaque, self.target));
        if signed.is_none() && !call.opaque.is_empty() {
            let detail = "state of a tool call that another vendor issued";
            self.loss.add(Code::OpaqueDropped, &turn.pointer, detail);
        }
        if filler {
            let detail = "a call that this upstream did not sign gets the documented placeholder";
            self.loss.add(Code::OpaqueFilled, &turn.pointer, detail);
        }
        let signature = signed
            .map(|opaque| opaque.data.as_ref())
            .or(filler.then_some(state::FILLER));
        let name = self.names.sent(call.namespace.as_deref(), &call.name);
        parts.add(|o| {
            o.object("functionCall", |o| {
                write_id(o, &call.id);
                o.str("name", name);
                input.write(o.key("args"));
            });
            o.opt_str("thoughtSignature", signature);
        });
    }

    fn native(&mut self, pointer: &str, kind: &str, raw: &str, parts: &mut Parts) {
        if matches!(
            kind,
            "executableCode" | "codeExecutionResult" | "toolCall" | "toolResponse"
        ) {
            parts.raw(raw);
            return;
        }
        let detail = format!("{kind} has no counterpart upstream");
        self.loss.add(Code::FieldDropped, pointer, detail);
    }
}

/// The id of a call or of its result, where there is one.
pub(super) fn write_id(o: &mut Object<'_>, id: &str) {
    if !id.is_empty() {
        o.str("id", id);
    }
}
