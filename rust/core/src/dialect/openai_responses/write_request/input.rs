//! Turns → items. What the model did stays in its order, outputs follow the calls that they answer.

use std::collections::HashSet;

use super::content;
use crate::dialect::history::{self, Slot, Step};
use crate::dialect::names::{self, Names};
use crate::dialect::openai::tools::write_arguments;
use crate::dialect::openai_responses::items;
use crate::dialect::{Target, make_id};
use crate::error::Error;
use crate::ir::{Content, Part, Request, Role, ToolKind, Turn};
use crate::json::write::{Array, Object};
use crate::loss::{Code, LossReport};

/// Writes the items of one request.
pub(super) struct Items<'w, 'r> {
    pub(super) target: &'w Target,
    names: &'w Names<'r>,
    pub(super) loss: &'w mut LossReport,
    /// Ids of calls so far: hosts that count from 0 in every turn use them twice.
    taken: HashSet<String>,
}

impl<'w, 'r> Items<'w, 'r> {
    pub(super) fn new(target: &'w Target, names: &'w Names<'r>, loss: &'w mut LossReport) -> Self {
        Self {
            target,
            names,
            loss,
            taken: HashSet::new(),
        }
    }

    /// `Err`: nothing of the conversation can be said here.
    pub(super) fn write(
        &mut self,
        list: &mut Array<'_>,
        request: &Request<'_>,
    ) -> Result<(), Error> {
        let steps = history::plan(request, self.loss);
        for step in &steps {
            match step {
                Step::Turn(turn, slots) if turn.role == Role::Assistant => {
                    let ids: Vec<_> = slots.iter().map(|slot| self.id(slot, turn)).collect();
                    self.assistant(list, turn, slots, &ids);
                    for (slot, id) in slots.iter().zip(&ids) {
                        self.output(list, slot, id);
                    }
                }
                Step::Turn(turn, _) => self.message(list, turn),
                Step::Orphan(result) => self.orphan(list, result),
            }
        }
        if let Some(Step::Turn(last, slots)) = steps.last()
            && last.role == Role::Assistant
            && slots.is_empty()
        {
            let detail = "sent as the last item; the upstream does not continue a begun answer";
            self.loss.add(Code::RoleMoved, &last.pointer, detail);
        }
        if list.is_empty() {
            let text = "nothing of this conversation can be sent to this model's upstream";
            let place = request.turns.first().map_or("", |turn| &turn.pointer);
            return Err(Error::client(text).at(place));
        }
        Ok(())
    }

    /// The id to send for a call and its output: plain, short, and used once.
    fn id(&mut self, slot: &Slot<'_, '_>, turn: &Turn<'_>) -> String {
        let mut id = names::call_id(&slot.id, &turn.pointer, self.loss).into_owned();
        while !self.taken.insert(id.clone()) {
            let detail = "a tool call id that was used before";
            self.loss.add(Code::IdRewritten, &turn.pointer, detail);
            id = make_id("call_", &id, self.taken.len());
        }
        id
    }

    /// System, developer and user turns, where they stand.
    fn message(&mut self, list: &mut Array<'_>, turn: &Turn<'_>) {
        let role = match turn.role {
            Role::System => "system",
            Role::Developer if self.target.profile.no_developer_role => "system",
            Role::Developer => "developer",
            _ => "user",
        };
        self.note_name(turn);
        let mut said = Vec::with_capacity(turn.parts.len());
        for part in &turn.parts {
            match &part.content {
                Content::Text(_) | Content::Refusal(_) | Content::Media(_) => said.push(part),
                Content::Native { kind, raw, .. } if items::is_native(kind) => list.raw(raw),
                other => self.report(other, turn),
            }
        }
        if said.is_empty() && !turn.parts.is_empty() {
            return;
        }
        self.note_markers(&said, turn);
        let markers = self.target.profile.cache_markers;
        list.object(|o| {
            o.str("type", "message");
            o.str("role", role);
            content::write(o, "content", &said, markers);
        });
    }

    fn note_name(&mut self, turn: &Turn<'_>) {
        if turn.name.is_some() {
            let pointer = format!("{}/name", turn.pointer);
            let detail = "messages have no participant's name upstream";
            self.loss.add(Code::FieldDropped, pointer, detail);
        }
    }

    pub(super) fn note_markers(&mut self, said: &[&Part<'_>], turn: &Turn<'_>) {
        let is_marked = said.iter().any(|part| part.cache.is_some());
        if is_marked && !content::has_markers(self.target) {
            let detail = "the upstream knows no cache breakpoints";
            self.loss.add(Code::FieldDropped, &turn.pointer, detail);
        }
    }

    /// One item per thing that the model did; texts that follow each other are one message.
    fn assistant(
        &mut self,
        list: &mut Array<'_>,
        turn: &Turn<'_>,
        slots: &[Slot<'_, '_>],
        ids: &[String],
    ) {
        self.note_name(turn);
        let mut said: Vec<&Part<'_>> = Vec::new();
        let mut calls = slots.iter().zip(ids);
        for part in &turn.parts {
            if let Content::Text(text) | Content::Refusal(text) = &part.content {
                if !text.is_empty() {
                    said.push(part);
                }
                continue;
            }
            self.spoken(list, turn, &mut said);
            match &part.content {
                Content::ToolCall(_) => {
                    if let Some((slot, id)) = calls.next() {
                        list.object(|o| self.call(o, slot, id, turn));
                    }
                }
                Content::Reasoning(reasoning) => self.reasoning(list, reasoning, turn),
                Content::Native { kind, raw, .. } if items::is_native(kind) => list.raw(raw),
                other => self.report(other, turn),
            }
        }
        self.spoken(list, turn, &mut said);
    }

    /// A message of what the model said so far.
    fn spoken(&mut self, list: &mut Array<'_>, turn: &Turn<'_>, said: &mut Vec<&Part<'_>>) {
        if said.is_empty() {
            return;
        }
        self.note_markers(said, turn);
        let markers = self.target.profile.cache_markers;
        list.object(|o| {
            o.str("type", "message");
            o.str("role", "assistant");
            content::write_spoken(o, said, markers);
        });
        said.clear();
    }

    fn call(&mut self, o: &mut Object<'_>, slot: &Slot<'_, '_>, id: &str, turn: &Turn<'_>) {
        let call = slot.call;
        let namespace = call.namespace.as_deref();
        let kind = self.names.sent_kind(namespace, &call.name, call.kind);
        let (item, field) = match kind {
            ToolKind::Function => ("function_call", "arguments"),
            ToolKind::Custom => ("custom_tool_call", "input"),
        };
        o.str("type", item);
        o.str("call_id", id);
        o.str("name", self.names.sent(namespace, &call.name));
        write_arguments(o.key(field), call, kind);
        if !call.opaque.is_empty() {
            let detail = "state of a call that another vendor issued";
            self.loss.add(Code::OpaqueDropped, &turn.pointer, detail);
        }
    }

    /// The kind of item that answers a call.
    pub(super) fn sent_kind(&self, slot: &Slot<'_, '_>) -> ToolKind {
        let call = slot.call;
        self.names
            .sent_kind(call.namespace.as_deref(), &call.name, call.kind)
    }

    fn report(&mut self, content: &Content<'_>, turn: &Turn<'_>) {
        match content {
            Content::Media(media) => {
                let detail = "what the model made besides text cannot be sent back";
                self.loss.add(Code::MediaDropped, &media.pointer, detail);
            }
            other => self.report_native(other, &turn.pointer),
        }
    }

    pub(super) fn report_native(&mut self, content: &Content<'_>, pointer: &str) {
        if let Content::Native { pointer, kind, .. } = content {
            let detail = format!("`{kind}` has no form in this dialect");
            self.loss.add(Code::FieldDropped, pointer, detail);
        } else {
            let detail = "a part that does not belong to this role";
            self.loss.add(Code::FieldDropped, pointer, detail);
        }
    }
}
