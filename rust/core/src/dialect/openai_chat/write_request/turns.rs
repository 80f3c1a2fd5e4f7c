//! Turns → messages.

use super::super::NATIVE_ORIGIN;
use super::content::{self, Said};
use super::{replay, results};
use crate::dialect::Target;
use crate::dialect::carrier::is_issued;
use crate::dialect::history::{self, Slot, Step};
use crate::dialect::names::{self, Names};
use crate::dialect::openai::tools::write_arguments;
use crate::ir::{Content, OpaqueKind, Reasoning, Request, Role, ToolCall, ToolKind, Turn};
use crate::json::write::{Array, Object};
use crate::loss::{Code, LossReport};

/// Between the pieces of what people and tools say.
pub(super) const PARAGRAPH: &str = "\n\n";
/// Between the pieces of what the model said: it was one text, cut where citations or blocks began.
const NOTHING: &str = "";
/// Write all messages.
pub(super) fn write(
    list: &mut Array<'_>,
    request: &Request<'_>,
    target: &Target,
    names: &Names<'_>,
    loss: &mut LossReport,
) {
    let steps = history::plan(request, loss);
    let mut turns = Turns {
        target,
        names,
        loss,
    };
    for step in &steps {
        match step {
            Step::Turn(turn, slots) if turn.role == Role::Assistant => {
                turns.assistant(list, turn, slots);
                turns.results(list, slots);
            }
            Step::Turn(turn, _) => turns.said(list, turn),
            Step::Orphan(result) => turns.orphan(list, result),
        }
    }
    if let Some(Step::Turn(last, slots)) = steps.last()
        && last.role == Role::Assistant
        && slots.is_empty()
    {
        let detail = "sent as the last message; few Chat upstreams continue a begun answer";
        loss.add(Code::RoleMoved, &last.pointer, detail);
    }
}

pub(super) struct Turns<'w, 'r> {
    pub(super) target: &'w Target,
    names: &'w Names<'r>,
    pub(super) loss: &'w mut LossReport,
}

/// What an assistant turn says, calls apart.
#[derive(Default)]
struct Spoken<'t> {
    said: Vec<Said<'t>>,
    refusal: Option<String>,
    thinking: Vec<&'t Reasoning<'t>>,
}

impl Turns<'_, '_> {
    /// System, developer and user turns, where they stand.
    fn said(&mut self, list: &mut Array<'_>, turn: &Turn<'_>) {
        let role = match turn.role {
            Role::System => "system",
            Role::Developer if self.target.profile.no_developer_role => "system",
            Role::Developer => "developer",
            _ => "user",
        };
        let mut said = Vec::new();
        for part in &turn.parts {
            let mut piece = match &part.content {
                Content::Text(text) | Content::Refusal(text) => Said::text(text.as_ref()),
                Content::Media(media) => Said::media(media),
                other => {
                    self.report(other, turn);
                    continue;
                }
            };
            piece.cache = part.cache;
            said.push(piece);
        }
        if said.is_empty() && !turn.parts.is_empty() {
            return;
        }
        content::drop_empty(&mut said);
        list.object(|o| {
            o.str("role", role);
            o.opt_str("name", turn.name.as_deref());
            content::write(
                o,
                &said,
                PARAGRAPH,
                &self.target.profile,
                &turn.pointer,
                self.loss,
            );
        });
    }

    fn assistant(&mut self, list: &mut Array<'_>, turn: &Turn<'_>, slots: &[Slot<'_, '_>]) {
        let mut spoken = self.gather(turn);
        let replayed = replay::replay(&spoken.thinking, &turn.pointer, self.target, self.loss);
        let is_silent = spoken.said.is_empty() && spoken.refusal.is_none() && slots.is_empty();
        if is_silent && replayed.is_empty() && !turn.parts.is_empty() {
            return;
        }
        content::drop_empty(&mut spoken.said);
        list.object(|o| {
            o.str("role", "assistant");
            o.opt_str("name", turn.name.as_deref());
            if spoken.said.is_empty() && (!slots.is_empty() || spoken.refusal.is_some()) {
                o.null("content");
            } else {
                let profile = &self.target.profile;
                content::write(o, &spoken.said, NOTHING, profile, &turn.pointer, self.loss);
            }
            o.opt_str("refusal", spoken.refusal.as_deref());
            replayed.write(o);
            if !slots.is_empty() {
                o.array("tool_calls", |calls| {
                    for slot in slots {
                        calls.object(|o| self.call(o, slot, turn));
                    }
                });
            }
        });
    }

    /// Chat has one content per message: what stood where among the calls cannot be said.
    fn gather<'t>(&mut self, turn: &'t Turn<'_>) -> Spoken<'t> {
        let mut spoken = Spoken::default();
        let mut has_calls = false;
        for part in &turn.parts {
            match &part.content {
                Content::Text(text) => {
                    if has_calls && !text.is_empty() {
                        let detail = "text after a tool call joins the text before it";
                        self.loss.add(Code::OrderLost, &turn.pointer, detail);
                    }
                    let piece = Said::text(text.as_ref());
                    spoken.said.push(Said {
                        cache: part.cache,
                        ..piece
                    });
                }
                Content::Refusal(text) => spoken.refusal.get_or_insert_default().push_str(text),
                Content::Reasoning(reasoning) => spoken.thinking.push(reasoning),
                Content::ToolCall(_) => has_calls = true,
                Content::Media(media) => {
                    self.report(&part.content, turn);
                    spoken
                        .said
                        .push(Said::text(format!("[{}]", results::word(media.kind))));
                }
                other => self.report(other, turn),
            }
        }
        spoken
    }

    fn call(&mut self, o: &mut Object<'_>, slot: &Slot<'_, '_>, turn: &Turn<'_>) {
        let call = slot.call;
        let name = self.names.sent(call.namespace.as_deref(), &call.name);
        let kind = self
            .names
            .sent_kind(call.namespace.as_deref(), &call.name, call.kind);
        let (word, key) = match kind {
            ToolKind::Function => ("function", "arguments"),
            ToolKind::Custom => ("custom", "input"),
        };
        o.str("id", &names::call_id(&slot.id, &turn.pointer, self.loss));
        o.str("type", word);
        o.object(word, |o| {
            o.str("name", name);
            write_arguments(o.key(key), call, kind);
        });
        self.signature(o, call, turn);
    }

    /// Gemini's Chat face wants its state back on the call.
    fn signature(&mut self, o: &mut Object<'_>, call: &ToolCall<'_>, turn: &Turn<'_>) {
        for opaque in &call.opaque {
            if opaque.kind == OpaqueKind::ThoughtSignature
                && is_issued(opaque, self.target, NATIVE_ORIGIN)
            {
                o.object("extra_content", |o| {
                    o.object("google", |o| o.str("thought_signature", &opaque.data));
                });
            } else {
                self.loss.add(
                    Code::OpaqueDropped,
                    &turn.pointer,
                    "state of a call that another vendor issued",
                );
            }
        }
    }

    fn report(&mut self, content: &Content<'_>, turn: &Turn<'_>) {
        match content {
            Content::Media(media) => {
                self.loss.add(
                    Code::MediaDropped,
                    &media.pointer,
                    "Chat's assistant turns hold no media",
                );
            }
            Content::Reasoning(_) => {
                self.loss.add(
                    Code::FieldDropped,
                    &turn.pointer,
                    "thinking outside an assistant turn",
                );
            }
            other => self.report_native(other, &turn.pointer),
        }
    }

    pub(super) fn report_native(&mut self, content: &Content<'_>, pointer: &str) {
        match content {
            Content::Native { pointer, kind, .. } => {
                self.loss.add(
                    Code::FieldDropped,
                    pointer,
                    format!("`{kind}` has no form in Chat"),
                );
            }
            _ => self.loss.add(
                Code::FieldDropped,
                pointer,
                "a part that does not belong to this role",
            ),
        }
    }
}
