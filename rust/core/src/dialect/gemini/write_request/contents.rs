//! The conversation: `systemInstruction` and `contents`. Results stand directly behind the calls that they answer, in a
//! content of their own and in call order: the API counts them.

use super::Writer;
use crate::dialect::history::Step;
use crate::ir::{Content, Role, Turn};
use crate::json::write::{self, Object};
use crate::loss::Code;

/// Stands in for a user's turn where a conversation does not begin with one.
const OPENING: &str = "(The conversation starts here.)";

/// What the model is to read.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    system: Parts,
    contents: Vec<(Speaker, Parts)>,
}

/// Who speaks a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Model,
    /// Results of functions: the user's, but not joined with what the user says.
    Functions,
}

/// Parts that are written already, with commas between them.
#[derive(Debug, Default)]
pub(super) struct Parts(Vec<u8>);

impl Parts {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One more part.
    pub(super) fn add(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        write::object(&mut self.0, fill);
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) {
        self.add(|o| o.str("text", text));
    }

    /// A part as it was.
    pub(super) fn raw(&mut self, json: &str) {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        write::raw(&mut self.0, json);
    }

    pub(super) fn append(&mut self, mut more: Self) {
        if !self.0.is_empty() && !more.0.is_empty() {
            self.0.push(b',');
        }
        self.0.append(&mut more.0);
    }

    pub(super) fn write(&self, o: &mut Object<'_>) {
        let out = o.key("parts");
        out.push(b'[');
        out.extend_from_slice(&self.0);
        out.push(b']');
    }
}

impl Prompt {
    /// Add to the last content when it is the same speaker's, else begin one.
    fn extend(&mut self, speaker: Speaker, parts: Parts) {
        if parts.is_empty() {
            return;
        }
        match self.contents.last_mut() {
            Some((last, said)) if *last == speaker && speaker != Speaker::Functions => {
                said.append(parts);
            }
            _ => self.contents.push((speaker, parts)),
        }
    }

    pub(super) fn write(&self, o: &mut Object<'_>) {
        if !self.system.is_empty() {
            o.object("systemInstruction", |o| self.system.write(o));
        }
        o.array("contents", |list| {
            for (speaker, parts) in &self.contents {
                list.object(|o| {
                    let role = if *speaker == Speaker::Model {
                        "model"
                    } else {
                        "user"
                    };
                    o.str("role", role);
                    parts.write(o);
                });
            }
        });
    }
}

impl Writer<'_, '_> {
    pub(super) fn prompt(&mut self, steps: &[Step<'_, '_>]) -> Prompt {
        let mut prompt = Prompt::default();
        let is_system =
            |step: &Step<'_, '_>| matches!(step, Step::Turn(turn, _) if is_operators(turn));
        let leading = steps.iter().take_while(|step| is_system(step)).count();
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::Turn(turn, _) if at < leading => {
                    let parts = self.system(turn);
                    prompt.system.append(parts);
                }
                Step::Turn(turn, slots) => {
                    self.turn(turn, &mut prompt);
                    let (results, moved) = self.results(slots);
                    prompt.extend(Speaker::Functions, results);
                    prompt.extend(Speaker::User, moved);
                }
                Step::Orphan(result) => {
                    let parts = self.orphan(result);
                    prompt.extend(Speaker::User, parts);
                }
            }
        }
        if prompt
            .contents
            .first()
            .is_none_or(|(speaker, _)| *speaker == Speaker::Model)
        {
            let detail = "the upstream wants a user's turn first: one is put there";
            self.loss.add(Code::DefaultFilled, "/messages", detail);
            let mut opening = Parts::default();
            opening.text(OPENING);
            prompt.contents.insert(0, (Speaker::User, opening));
        }
        prompt
    }

    fn turn(&mut self, turn: &Turn<'_>, prompt: &mut Prompt) {
        if turn.name.is_some() {
            let pointer = format!("{}/name", turn.pointer);
            self.loss.add(
                Code::FieldDropped,
                pointer,
                "participant names have no counterpart",
            );
        }
        let (speaker, parts) = match turn.role {
            Role::System | Role::Developer => (Speaker::User, self.later_system(turn)),
            Role::Assistant => (Speaker::Model, self.model(turn)),
            Role::User | Role::Tool => (Speaker::User, self.user(turn)),
        };
        if parts.is_empty() {
            let detail = "nothing of this turn is left, so it is left out";
            self.loss.add(Code::FieldDropped, &turn.pointer, detail);
        }
        prompt.extend(speaker, parts);
    }

    fn system(&mut self, turn: &Turn<'_>) -> Parts {
        let mut parts = Parts::default();
        for part in &turn.parts {
            self.note_cache(part, turn);
            match &part.content {
                Content::Text(text) if !text.is_empty() => parts.text(text),
                Content::Text(_) => {}
                _ => {
                    let detail = "system text cannot hold anything but text";
                    self.loss.add(Code::MediaDropped, &turn.pointer, detail);
                }
            }
        }
        parts
    }

    /// System text between other turns stays where it is: hoisted to the front it would take effect too early and
    /// break every prompt cache behind it.
    fn later_system(&mut self, turn: &Turn<'_>) -> Parts {
        let mut parts = Parts::default();
        let texts: Vec<_> = turn
            .parts
            .iter()
            .filter_map(|part| match &part.content {
                Content::Text(text) if !text.is_empty() => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        if !texts.is_empty() {
            let detail =
                "sent as marked user text: the upstream takes system text at the start only";
            self.loss.add(Code::RoleMoved, &turn.pointer, detail);
            parts.text(&format!(
                "[Instruction from the operator of this application, not from the user]\n{}\n[End of the operator's instruction]",
                texts.join("\n")
            ));
        }
        parts
    }
}

fn is_operators(turn: &Turn<'_>) -> bool {
    matches!(turn.role, Role::System | Role::Developer)
}
