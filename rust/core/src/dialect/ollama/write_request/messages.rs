//! Turns → messages.
//!
//! The model's own template renders them, so that calls without results and several turns of one role are taken. Most
//! templates show neither ids nor names: results of parallel calls, which clients return in the order they were done,
//! are put into call order, the only thing that tells the model which is which.

use std::collections::HashMap;

use super::super::NATIVE_ORIGIN;
use super::drop_if;
use crate::dialect::arguments::Input;
use crate::dialect::carrier::is_issued;
use crate::dialect::names::Names;
use crate::dialect::openai::media;
use crate::dialect::{Replay, Target};
use crate::ir::{
    Content, MediaSource, OpaqueKind, Part, Reasoning, Request, Role, ToolCall, ToolResult, Turn,
};
use crate::json::Tape;
use crate::json::write::{Array, Object};
use crate::loss::{Code, LossReport};

/// Between the pieces of what people and tools say.
const PARAGRAPH: &str = "\n\n";
/// Marks the result of a tool that failed: there is no field for it.
const TOOL_ERROR: &str = "[tool error] ";

/// Write all messages.
pub(super) fn write(
    list: &mut Array<'_>,
    request: &Request<'_>,
    target: &Target,
    names: &Names<'_>,
    loss: &mut LossReport,
) {
    let mut writer = Messages {
        target,
        names,
        loss,
        tape: Tape::new(),
        called: HashMap::new(),
        calls: 0,
    };
    let mut results = Vec::new();
    for turn in &request.turns {
        if turn.role == Role::Tool {
            results.extend(turn.parts.iter().map(|part| (turn, part)));
        } else {
            writer.results(list, &mut results);
            writer.turn(list, turn);
        }
    }
    writer.results(list, &mut results);
}

struct Messages<'w, 'r> {
    target: &'w Target,
    names: &'w Names<'r>,
    loss: &'w mut LossReport,
    tape: Tape,
    /// The place and the name of each call so far, as it is sent.
    called: HashMap<String, (usize, String)>,
    /// Calls so far.
    calls: usize,
}

/// What one message says.
#[derive(Default)]
struct Said<'t> {
    texts: Vec<&'t str>,
    images: Vec<&'t str>,
    thinking: Option<String>,
    calls: Vec<&'t ToolCall<'t>>,
}

impl Messages<'_, '_> {
    fn turn(&mut self, list: &mut Array<'_>, turn: &Turn<'_>) {
        let documents = documents(&turn.parts);
        let mut said = self.gather(&turn.parts, &documents, &turn.pointer);
        let pointer = format!("{}/name", turn.pointer);
        let detail = "speakers have no names";
        drop_if(turn.name.is_some(), &pointer, detail, self.loss);
        let is_assistant = turn.role == Role::Assistant;
        if is_assistant {
            said.thinking = self.replay(turn);
        }
        let is_silent = said.texts.is_empty() && said.images.is_empty() && said.calls.is_empty();
        if is_silent && said.thinking.is_none() && !turn.parts.is_empty() {
            return;
        }
        let role = match turn.role {
            Role::System | Role::Developer => "system",
            Role::Assistant => "assistant",
            Role::User | Role::Tool => "user",
        };
        // What the model said was one text, cut where citations or blocks began.
        let glue = if is_assistant { "" } else { PARAGRAPH };
        list.object(|o| {
            o.str("role", role);
            o.str("content", &said.texts.join(glue));
            o.opt_str("thinking", said.thinking.as_deref());
            write_images(o, &said.images);
            if !said.calls.is_empty() {
                o.array("tool_calls", |calls| {
                    for call in &said.calls {
                        calls.object(|o| self.call(o, call, &turn.pointer));
                    }
                });
            }
        });
    }

    /// The results that stand together, in the order of their calls; what answers none keeps its place at the end.
    fn results(&mut self, list: &mut Array<'_>, results: &mut Vec<(&Turn<'_>, &Part<'_>)>) {
        results.sort_by_key(|(_, part)| match &part.content {
            Content::ToolResult(result) => {
                self.called.get(&*result.id).map_or(usize::MAX, |it| it.0)
            }
            _ => usize::MAX,
        });
        for (turn, part) in results.drain(..) {
            match &part.content {
                Content::ToolResult(result) => {
                    self.result(list, result);
                    self.report_cache(part, &result.pointer);
                }
                other => self.report(other, &turn.pointer),
            }
        }
    }

    fn result(&mut self, list: &mut Array<'_>, result: &ToolResult<'_>) {
        let documents = documents(&result.parts);
        let said = self.gather(&result.parts, &documents, &result.pointer);
        let mut content = said.texts.join(PARAGRAPH);
        if result.is_error == Some(true) {
            let pointer = format!("{}/is_error", result.pointer);
            drop_if(
                true,
                &pointer,
                "said in the result's text instead",
                self.loss,
            );
            content.insert_str(0, TOOL_ERROR);
        }
        let called = self.called.get(&*result.id).map(|(_, name)| name.as_str());
        let id = Some(&*result.id).filter(|id| !id.is_empty());
        list.object(|o| {
            o.str("role", "tool");
            o.str("content", &content);
            write_images(o, &said.images);
            o.opt_str("tool_name", called.or(result.name.as_deref()));
            o.opt_str("tool_call_id", id);
        });
    }

    /// Texts, images and calls of some parts. `documents`: the text of each part that is a plain document.
    fn gather<'t>(
        &mut self,
        parts: &'t [Part<'t>],
        documents: &'t [Option<String>],
        pointer: &str,
    ) -> Said<'t> {
        let mut said = Said::default();
        for (part, document) in parts.iter().zip(documents) {
            match (&part.content, document) {
                (Content::Text(_), _) | (Content::Media(_), Some(_))
                    if said.is_image_between_texts() =>
                {
                    let detail = "images stand in front of the text";
                    self.loss.add(Code::OrderLost, pointer, detail);
                }
                _ => {}
            }
            match (&part.content, document) {
                (_, Some(document)) => said.texts.push(document),
                (Content::Text(text), _) if !text.is_empty() => said.texts.push(text),
                (Content::Text(_) | Content::Reasoning(_), _) => {}
                (Content::Refusal(text), _) => {
                    let detail = "a refusal is text like any other";
                    drop_if(true, pointer, detail, self.loss);
                    said.texts.push(text);
                }
                (Content::Media(media), _) => {
                    let detail = "images are looked at in one way only";
                    drop_if(media.detail.is_some(), &media.pointer, detail, self.loss);
                    if let MediaSource::Inline { data, .. } = &media.source {
                        said.images.push(data);
                    }
                }
                (Content::ToolCall(call), _) => said.calls.push(call),
                (other, _) => self.report(other, pointer),
            }
            self.report_cache(part, pointer);
        }
        said
    }

    fn call(&mut self, o: &mut Object<'_>, call: &ToolCall<'_>, pointer: &str) {
        let name = self.names.sent(call.namespace.as_deref(), &call.name);
        self.called
            .insert(call.id.to_string(), (self.calls, name.into()));
        self.calls += 1;
        if !call.opaque.is_empty() {
            let detail = "state of a call that another vendor issued";
            self.loss.add(Code::OpaqueDropped, pointer, detail);
        }
        let input = Input::of(call.kind, &call.arguments, &mut self.tape);
        if matches!(input, Input::Broken(_)) {
            let detail = "the arguments of a call are no JSON object and are sent as `_raw`";
            self.loss.add(Code::ArgsInvalidJson, pointer, detail);
        }
        if !call.id.is_empty() {
            o.str("id", &call.id);
        }
        o.object("function", |o| {
            o.str("name", name);
            input.write(o.key("arguments"));
        });
    }

    /// The thinking of an assistant turn that this upstream gets back: its own. Nobody else's is shown to it.
    fn replay(&mut self, turn: &Turn<'_>) -> Option<String> {
        let mut replayed: Option<String> = None;
        let mut is_dropped = false;
        for part in &turn.parts {
            let Content::Reasoning(reasoning) = &part.content else {
                continue;
            };
            let is_own = |state: &crate::ir::Opaque<'_>| {
                state.kind == OpaqueKind::Replay && is_issued(state, self.target, NATIVE_ORIGIN)
            };
            let is_wanted = match self.target.profile.replay_reasoning {
                Replay::Always => true,
                Replay::IfIssued => reasoning.opaque.iter().any(is_own),
                Replay::Never => false,
            };
            is_dropped |= reasoning.opaque.iter().any(|state| !is_own(state));
            match text_of(reasoning) {
                Some(text) if is_wanted => replayed.get_or_insert_default().push_str(&text),
                Some(_) => is_dropped = true,
                None => {}
            }
        }
        if is_dropped {
            let detail = "earlier thinking that this upstream did not issue or does not take";
            self.loss.add(Code::OpaqueDropped, &turn.pointer, detail);
        }
        replayed
    }

    fn report_cache(&mut self, part: &Part<'_>, pointer: &str) {
        let detail = "the upstream knows no cache breakpoints";
        drop_if(part.cache.is_some(), pointer, detail, self.loss);
    }

    fn report(&mut self, content: &Content<'_>, pointer: &str) {
        let (pointer, detail) = match content {
            Content::Native { pointer, kind, .. } => {
                (pointer.as_str(), format!("`{kind}` has no form in Ollama"))
            }
            _ => (pointer, "a part that does not belong to this role".into()),
        };
        self.loss.add(Code::FieldDropped, pointer, detail);
    }
}

impl Said<'_> {
    /// Whether a text that comes now has an image between it and a text before.
    fn is_image_between_texts(&self) -> bool {
        !self.texts.is_empty() && !self.images.is_empty()
    }
}

fn write_images(o: &mut Object<'_>, images: &[&str]) {
    if !images.is_empty() {
        o.array("images", |list| {
            for image in images {
                list.str(image);
            }
        });
    }
}

/// The text of each part that is a plain document.
fn documents(parts: &[Part<'_>]) -> Vec<Option<String>> {
    let document = |part: &Part<'_>| match &part.content {
        Content::Media(media) => media::document(media).map(std::borrow::Cow::into_owned),
        _ => None,
    };
    parts.iter().map(document).collect()
}

fn text_of(reasoning: &Reasoning<'_>) -> Option<String> {
    match (&reasoning.text, reasoning.summary.is_empty()) {
        (Some(text), _) if !text.is_empty() => Some(text.to_string()),
        (_, false) => Some(reasoning.summary.join(PARAGRAPH)),
        _ => None,
    }
}
