//! The raw lane: reads along, vouches for what is relayed, and edits no more than it must.

use std::ops::Range;

use super::wire::{Choice, Head, filled};
use crate::dialect::openai::{error, usage};
use crate::dialect::{Relay, RelayContext, Verdict};
use crate::error::Error;
use crate::ir::Usage;
use crate::json::{Kind, Node, Tape, edit};

/// The payload that ends a stream.
const DONE: &str = "[DONE]";
/// What a stream lacks whose upstream closed after the stop reason.
const DONE_EVENT: &[u8] = b"data: [DONE]\n\n";
/// Members of a delta that are not yet an answer.
const SILENT: [&str; 2] = ["role", "obfuscation"];

/// Reads along one answer.
#[derive(Debug)]
pub(super) struct ChatRelay {
    tape: Tape,
    watch: Watch,
    is_complete: bool,
}

/// What has been seen.
#[derive(Debug, Default)]
struct Watch {
    model: String,
    /// The same as a JSON string.
    quoted: String,
    hide_usage: bool,
    usage: Usage,
    finish: Option<String>,
    id: Option<String>,
    served: Option<String>,
    /// Choices seen, and whether each has its stop reason: with `n` > 1 the answer is whole when all have.
    choices: Vec<(u64, bool)>,
}

impl ChatRelay {
    pub(super) fn new(cx: &RelayContext) -> Self {
        let watch = Watch {
            model: cx.model.clone(),
            quoted: edit::quoted(&cx.model),
            hide_usage: cx.hide_usage,
            ..Watch::default()
        };
        Self {
            tape: Tape::new(),
            watch,
            is_complete: false,
        }
    }
}

impl Relay for ChatRelay {
    fn event(&mut self, name: &str, data: &str) -> Result<Verdict, Error> {
        let payload = data.trim();
        if payload.is_empty() {
            // Both SDKs parse the payload of every event.
            return Ok(Verdict {
                drop: true,
                ..Verdict::default()
            });
        }
        if payload == DONE {
            self.watch.check_end()?;
            self.is_complete = true;
            return Ok(Verdict {
                is_terminal: true,
                ..Verdict::default()
            });
        }
        let root = self.tape.parse(data).map_err(|error| {
            Error::malformed(format!(
                "the upstream sent an event that is not valid JSON: {error}"
            ))
        })?;
        if name == "error" {
            return Err(error::in_band(root));
        }
        if !root.is_object() {
            return Err(Error::malformed(
                "the upstream sent an event that is not an object",
            ));
        }
        self.watch.chunk(root)
    }

    fn finish(&mut self) -> Result<&'static [u8], Error> {
        if self.is_complete {
            return Ok(b"");
        }
        self.watch.check_end()?;
        self.is_complete = true;
        Ok(DONE_EVENT)
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn response(&mut self, body: Node<'_>) -> Result<Vec<(Range<usize>, String)>, Error> {
        let head = Head::read(body);
        if head.is_error() {
            return Err(error::in_band(body));
        }
        if head.choices().next().is_none() {
            return Err(Error::malformed("the upstream's answer holds no choice"));
        }
        self.watch.head(&head);
        self.watch.choices(&head)?;
        self.is_complete = true;
        Ok(self.watch.model_edit(&head).into_iter().collect())
    }

    fn usage(&self) -> Usage {
        self.watch.usage
    }

    fn finish_reason(&self) -> Option<&str> {
        self.watch.finish.as_deref()
    }

    fn served(&self) -> (Option<&str>, Option<&str>) {
        (self.watch.id.as_deref(), self.watch.served.as_deref())
    }
}

impl Watch {
    fn chunk(&mut self, root: Node<'_>) -> Result<Verdict, Error> {
        let head = Head::read(root);
        if head.is_error() {
            return Err(error::in_band(root));
        }
        self.head(&head);
        let has_content = self.choices(&head)?;
        let has_choices = head
            .choices
            .is_some_and(|choices| choices.items().next().is_some());
        let is_usage = head.usage.is_some() && !has_choices;
        // An object without choices is no chunk, and crashes clients that check.
        if (is_usage && self.hide_usage) || (head.choices.is_none() && !is_usage) {
            return Ok(Verdict {
                drop: true,
                ..Verdict::default()
            });
        }
        let mut edits: Vec<_> = self.model_edit(&head).into_iter().collect();
        if self.hide_usage {
            // OpenAI adds it to every chunk once asked for usage.
            let null = edit::members(root, |key, value| key.is("usage") && value.is_null());
            edits.extend(null.into_iter().map(|span| (span, String::new())));
            edits.sort_by_key(|(span, _)| span.start);
        }
        Ok(Verdict {
            has_content,
            edits,
            ..Verdict::default()
        })
    }

    fn head(&mut self, head: &Head<'_>) {
        if self.id.is_none() {
            self.id = filled(head.id).map(Into::into);
        }
        if self.served.is_none() {
            self.served = filled(head.model).map(Into::into);
        }
        if let Some(counts) = head.usage.filter(|usage| usage.is_object()) {
            self.usage.merge(&usage::read(counts));
        }
    }

    /// Note the choices; whether one of them says something.
    fn choices(&mut self, head: &Head<'_>) -> Result<bool, Error> {
        let mut has_content = false;
        for choice in head.choices() {
            if let Some(failure) = choice.error {
                return Err(error::in_band(failure));
            }
            has_content |= says_something(&choice);
            let finish = choice.finish_reason();
            match self
                .choices
                .iter_mut()
                .find(|(index, _)| *index == choice.index)
            {
                Some((_, is_finished)) => *is_finished |= finish.is_some(),
                None => self.choices.push((choice.index, finish.is_some())),
            }
            if let (None, Some(reason)) = (&self.finish, finish) {
                self.finish = Some(reason.into_owned());
            }
        }
        Ok(has_content)
    }

    /// Azure's filter chunk names no model: an empty name stays empty.
    fn model_edit(&self, head: &Head<'_>) -> Option<(Range<usize>, String)> {
        let model = head
            .model
            .filter(|model| !model.inner().is_empty() && !model.is(&self.model))?;
        Some((model.span(), self.quoted.clone()))
    }

    /// Whether the stream may end here.
    fn check_end(&self) -> Result<(), Error> {
        if self.choices.is_empty() || self.choices.iter().any(|(_, is_finished)| !is_finished) {
            return Err(Error::truncated(
                "the upstream's answer ended without a stop reason",
            ));
        }
        Ok(())
    }
}

fn says_something(choice: &Choice<'_>) -> bool {
    if choice.text.is_some_and(|text| !text.inner().is_empty()) {
        return true;
    }
    let members = choice.message.into_iter().flat_map(Node::members);
    members.into_iter().any(|(key, value)| {
        !SILENT.contains(&&*key)
            && match value.kind() {
                Kind::Null => false,
                Kind::Plain | Kind::Escaped => !value.inner().is_empty(),
                Kind::Array => value.items().next().is_some(),
                Kind::Object => value.entries().next().is_some(),
                Kind::True | Kind::False | Kind::Number => true,
            }
    })
}
