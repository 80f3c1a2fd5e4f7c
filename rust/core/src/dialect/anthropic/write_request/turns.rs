//! Turns → `system` and `messages`, in the order that the API insists on: the first message is the user's, roles
//! alternate, and the results of an assistant's calls come first in the message after it, all of them.

use std::borrow::Cow;

use super::Writer;
use super::blocks::{Block, Message, Placed, Speaker};
use super::results::Results;
use crate::error::Error;
use crate::ir::{CacheMarker, Content, Role, Turn};
use crate::loss::Code;

/// Stands in for a user's turn where a conversation does not begin with one.
const OPENING: &str = "(The conversation starts here.)";
/// Stands in for a tool result that the history lacks.
const NO_RESULT: &str = "[no result recorded]";

/// What the model is to read.
#[derive(Debug, Default)]
pub(super) struct Prompt<'r> {
    pub(super) system: Vec<Placed<'r>>,
    pub(super) messages: Vec<Message<'r>>,
}

impl<'r> Writer<'r, '_> {
    pub(super) fn prompt(&mut self, turns: &'r [Turn<'r>]) -> Result<Prompt<'r>, Error> {
        let mut prompt = Prompt::default();
        let mut results = Results::of(turns);
        let is_system = |turn: &Turn<'_>| matches!(turn.role, Role::System | Role::Developer);
        let leading = turns.iter().take_while(|turn| is_system(turn)).count();
        for turn in &turns[..leading] {
            let parts = turn.parts.iter();
            prompt
                .system
                .extend(parts.filter_map(|part| self.system_part(part, turn)));
        }
        for (at, turn) in turns.iter().enumerate().skip(leading) {
            self.note_name(turn);
            if turn.role != Role::Assistant {
                self.answer_calls(&mut prompt, turns, &mut results, at)?;
            }
            let blocks = prompt.blocks();
            match turn.role {
                Role::System | Role::Developer => self.later_system(turn, &mut prompt),
                Role::Assistant => self.assistant(turn, &mut prompt),
                Role::User | Role::Tool => self.user(turn, at, &results, &mut prompt)?,
            }
            if prompt.blocks() == blocks && turn.role != Role::Tool {
                let detail = "nothing of this turn is left, so it is left out";
                self.loss.add(Code::FieldDropped, &turn.pointer, detail);
            }
        }
        self.answer_calls(&mut prompt, turns, &mut results, turns.len())?;
        self.trim_prefill(&mut prompt);
        self.open_with_user(&mut prompt);
        Ok(prompt)
    }

    fn note_name(&mut self, turn: &Turn<'_>) {
        if turn.name.is_some() {
            let pointer = format!("{}/name", turn.pointer);
            let detail = "participant names have no counterpart";
            self.loss.add(Code::FieldDropped, pointer, detail);
        }
    }

    /// System text between other turns stays where it is: hoisted to the front it would take effect too early and
    /// break every prompt cache behind it.
    fn later_system(&mut self, turn: &'r Turn<'r>, prompt: &mut Prompt<'r>) {
        let parts = turn.parts.iter();
        let texts: Vec<_> = parts
            .filter_map(|part| self.system_part(part, turn))
            .collect();
        if texts.is_empty() {
            return;
        }
        if self.target.profile.mid_system {
            prompt.extend(Speaker::System, texts);
            return;
        }
        let detail = "sent as marked user text: the upstream takes system text at the start only";
        self.loss.add(Code::RoleMoved, &turn.pointer, detail);
        let cache = texts.last().and_then(|last| last.cache);
        let mut text =
            String::from("[Instruction from the operator of this application, not from the user]");
        for placed in &texts {
            if let Block::Text(piece) = &placed.block {
                text.push('\n');
                text.push_str(piece);
            }
        }
        text.push_str("\n[End of the operator's instruction]");
        let block = Block::Text(text.into());
        prompt.extend(Speaker::User, [Placed { block, cache }]);
    }

    /// Thinking goes first, in its own order.
    fn assistant(&mut self, turn: &'r Turn<'r>, prompt: &mut Prompt<'r>) {
        let is_thinking = |content: &Content<'_>| matches!(content, Content::Reasoning(_));
        let mut blocks = Vec::with_capacity(turn.parts.len());
        for wanted in [true, false] {
            for part in turn
                .parts
                .iter()
                .filter(|part| is_thinking(&part.content) == wanted)
            {
                blocks.extend(self.assistant_part(part, turn));
            }
        }
        let mut kinds = turn.parts.iter().map(|part| is_thinking(&part.content));
        let leads = kinds.by_ref().take_while(|thinks| *thinks).count();
        let is_thought = |placed: &Placed<'_>| {
            matches!(placed.block, Block::Thinking { .. } | Block::Redacted(_))
        };
        if kinds.any(|thinks| thinks) && blocks.iter().filter(|b| is_thought(b)).count() > leads {
            let detail = "thinking is sent before the rest of its turn";
            self.loss.add(Code::OrderLost, &turn.pointer, detail);
        }
        prompt.extend(Speaker::Assistant, blocks);
    }

    /// A user's turn, and what is left of a turn of results: those that answer no call.
    fn user(
        &mut self,
        turn: &'r Turn<'r>,
        at: usize,
        results: &Results<'r>,
        prompt: &mut Prompt<'r>,
    ) -> Result<(), Error> {
        for orphan in results.orphans(at) {
            let detail = "a result without a call is sent as user text";
            self.loss.add(Code::RoleMoved, &orphan.pointer, detail);
            prompt.extend(
                Speaker::User,
                [Placed::text("[Result of an earlier tool call]")],
            );
            let content = self.result_content(orphan)?;
            let is_blank = |placed: &Placed<'_>| matches!(&placed.block, Block::Text(text) if text.trim().is_empty());
            prompt.extend(
                Speaker::User,
                content.into_iter().filter(|placed| !is_blank(placed)),
            );
        }
        for part in &turn.parts {
            prompt.extend(Speaker::User, self.user_part(part, turn)?);
        }
        Ok(())
    }

    /// Put the results of the calls that wait for them: in call order, whatever order they arrived in.
    fn answer_calls(
        &mut self,
        prompt: &mut Prompt<'r>,
        turns: &'r [Turn<'r>],
        results: &mut Results<'r>,
        at: usize,
    ) -> Result<(), Error> {
        for (client_id, id) in std::mem::take(&mut self.waiting) {
            let Some(found) = results.take(client_id, at) else {
                let pointer = turns
                    .get(at.saturating_sub(1))
                    .map_or("", |turn| &turn.pointer);
                let detail = "a tool call without a result";
                self.loss.add(Code::ResultSynthesised, pointer, detail);
                prompt.extend(Speaker::User, [missing(id)]);
                continue;
            };
            if turns[at..found.turn]
                .iter()
                .any(|turn| turn.role == Role::Assistant)
            {
                let detail = "a late result is moved behind its call";
                self.loss
                    .add(Code::OrderLost, &found.result.pointer, detail);
            }
            let (block, cache) = (self.tool_result(found.result, id)?, found.cache);
            prompt.extend(Speaker::User, [Placed { block, cache }]);
        }
        Ok(())
    }

    /// An answer begun by the client must not end in white space.
    fn trim_prefill(&mut self, prompt: &mut Prompt<'r>) {
        let Some(last) = prompt.messages.last_mut() else {
            return;
        };
        if last.speaker != Speaker::Assistant {
            return;
        }
        if let Some(Block::Text(text)) = last.blocks.last_mut().map(|placed| &mut placed.block)
            && text.trim_end().len() < text.len()
        {
            let detail = "white space at the end of the last assistant turn";
            self.loss.add(Code::ValueClamped, "/messages", detail);
            *text = text.trim_end().to_owned().into();
        }
    }

    fn open_with_user(&mut self, prompt: &mut Prompt<'r>) {
        let first = prompt.messages.first().map(|message| message.speaker);
        if first == Some(Speaker::User) {
            return;
        }
        let detail = "the upstream wants a user's turn first: one is put there";
        self.loss.add(Code::DefaultFilled, "/messages", detail);
        let blocks = vec![Placed::text(OPENING)];
        let speaker = Speaker::User;
        prompt.messages.insert(0, Message { speaker, blocks });
    }
}

fn missing(id: Cow<'_, str>) -> Placed<'_> {
    let block = Block::ToolResult {
        id,
        content: vec![Placed::text(NO_RESULT)],
        is_error: Some(true),
    };
    block.into()
}

impl<'r> Prompt<'r> {
    /// Add blocks to the last message when it is the same speaker's, else begin one.
    fn extend(&mut self, speaker: Speaker, blocks: impl IntoIterator<Item = Placed<'r>>) {
        let mut blocks = blocks.into_iter().peekable();
        if blocks.peek().is_none() {
            return;
        }
        match self.messages.last_mut() {
            Some(last) if last.speaker == speaker => last.blocks.extend(blocks),
            _ => self.messages.push(Message {
                speaker,
                blocks: blocks.collect(),
            }),
        }
    }

    /// How much there is so far.
    fn blocks(&self) -> (usize, usize) {
        let last = self
            .messages
            .last()
            .map_or(0, |message| message.blocks.len());
        (self.messages.len(), last)
    }

    /// Every breakpoint, in the order of the prompt.
    pub(super) fn markers<'m>(&'m mut self, all: &mut Vec<&'m mut Option<CacheMarker>>) {
        let messages = self
            .messages
            .iter_mut()
            .flat_map(|message| &mut message.blocks);
        for placed in self.system.iter_mut().chain(messages) {
            placed.markers(all);
        }
    }
}
