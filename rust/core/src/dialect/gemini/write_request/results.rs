//! Results → `functionResponse`. What a function answers is an object here: an object as it is, anything else as
//! `result`, a failure as `error`.

use super::super::model;
use super::contents::Parts;
use super::parts::write_id;
use super::{Writer, media};
use crate::dialect::history::Slot;
use crate::ir::{Content, Media, MediaSource, ToolResult};
use crate::json::Node;
use crate::json::write::{self, Object};
use crate::loss::Code;

/// Stands in for a tool result that the history lacks.
const NO_RESULT: &str = "[no result recorded]";

impl Writer<'_, '_> {
    /// The results of one turn's calls, and what follows them in a content of the user.
    pub(super) fn results(&mut self, slots: &[Slot<'_, '_>]) -> (Parts, Parts) {
        let (mut parts, mut moved) = (Parts::default(), Parts::default());
        for slot in slots {
            let name = self
                .names
                .sent(slot.call.namespace.as_deref(), &slot.call.name)
                .to_owned();
            match slot.result {
                Some(result) => self.result(result, &slot.id, &name, &mut parts, &mut moved),
                None => parts.add(|o| {
                    o.object("functionResponse", |o| {
                        write_id(o, &slot.id);
                        o.str("name", &name);
                        o.object("response", |o| o.str("error", NO_RESULT));
                    });
                }),
            }
        }
        (parts, moved)
    }

    fn result(
        &mut self,
        result: &ToolResult<'_>,
        id: &str,
        name: &str,
        parts: &mut Parts,
        moved: &mut Parts,
    ) {
        let (text, media) = self.said(result);
        let holds_media = model::thinks_by_level(&self.target.model);
        if !holds_media && !media.is_empty() {
            let detail = "media of a tool result follows in a user's content";
            self.loss.add(Code::RoleMoved, &result.pointer, detail);
            moved.text(&format!("[Media from the result of tool call {id}]"));
            media::write_all(&media, moved, self.loss);
        }
        let is_object =
            result.is_error != Some(true) && self.tape.parse(&text).is_ok_and(Node::is_object);
        let mut held = Parts::default();
        if holds_media {
            media::write_all(&media, &mut held, self.loss);
        }
        parts.add(|o| {
            o.object("functionResponse", |o| {
                write_id(o, id);
                o.str("name", name);
                if is_object {
                    write::raw(o.key("response"), &text);
                } else {
                    write_response(o, &text, result.is_error);
                }
                if !held.is_empty() {
                    held.write(o);
                }
            });
        });
    }

    /// The text of a result, and its media.
    fn said<'s>(&mut self, result: &'s ToolResult<'_>) -> (String, Vec<&'s Media<'s>>) {
        let (mut texts, mut all) = (Vec::new(), Vec::new());
        for part in &result.parts {
            if part.cache.is_some() {
                let detail = "cache breakpoints have no counterpart: caching is implicit";
                self.loss.add(Code::FieldDropped, &result.pointer, detail);
            }
            match &part.content {
                Content::Text(text) | Content::Refusal(text) => texts.push(text.as_ref()),
                Content::Media(media) => match &media.source {
                    MediaSource::PlainText(text) => texts.push(text.as_ref()),
                    _ => all.push(media),
                },
                _ => {
                    let detail = "has no counterpart in a tool result";
                    self.loss.add(Code::FieldDropped, &result.pointer, detail);
                }
            }
        }
        (texts.join("\n\n"), all)
    }

    /// A result that answers nothing is still something that was said.
    pub(super) fn orphan(&mut self, result: &ToolResult<'_>) -> Parts {
        let (text, media) = self.said(result);
        let mut parts = Parts::default();
        parts.text(&format!("[Result of an earlier tool call]\n{text}"));
        media::write_all(&media, &mut parts, self.loss);
        parts
    }
}

fn write_response(o: &mut Object<'_>, text: &str, is_error: Option<bool>) {
    let key = if is_error == Some(true) {
        "error"
    } else {
        "result"
    };
    o.object("response", |o| o.str(key, text));
}
