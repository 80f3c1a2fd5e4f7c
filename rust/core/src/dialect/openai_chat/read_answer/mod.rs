//! An upstream's answer → deltas: from its chunks, or from one whole completion as if it were a single chunk.

mod calls;
mod details;
mod parts;
mod stream;

pub(super) use stream::StreamDecoder;

use std::borrow::Cow;

use self::parts::Parts;
use crate::dialect::DecodeContext;
use crate::error::Error;
use crate::ir::{Delta, Emit, Finish, FinishReason, Start};
use crate::json::Node;

use super::stop;
use super::wire::{Choice, Head, Message, filled};
use crate::dialect::openai::{error, usage};

/// Read a whole completion.
pub(super) fn read_whole(
    body: Node<'_>,
    cx: &DecodeContext,
    out: &mut dyn Emit,
) -> Result<(), Error> {
    let head = Head::read(body);
    if !head.is_error() && head.choices().next().is_none() {
        return Err(Error::malformed("the upstream's answer holds no choice"));
    }
    let mut reader = AnswerReader::new(cx);
    reader.read(body, true, out)?;
    reader.finish(out)
}

/// The state of one answer.
#[derive(Debug)]
struct AnswerReader {
    parts: Parts,
    /// The choice that is followed: the first one seen. `n` > 1 never comes this way.
    choice: Option<u64>,
    is_started: bool,
    finish: Option<Seen>,
}

/// A stop reason, kept until the end: hosts repeat it, and send usage and even text behind it.
#[derive(Debug)]
struct Seen {
    reason: FinishReason,
    native: String,
    stop_text: Option<String>,
}

impl AnswerReader {
    fn new(cx: &DecodeContext) -> Self {
        Self {
            parts: Parts::new(cx),
            choice: None,
            is_started: false,
            finish: None,
        }
    }

    /// Whether a stop reason was seen.
    fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Read one chunk, or (`whole`) one completion. `Err`: an error object, or a stop reason that means failure.
    fn read(&mut self, root: Node<'_>, whole: bool, out: &mut dyn Emit) -> Result<(), Error> {
        let head = Head::read(root);
        if head.is_error() {
            return Err(error::in_band(root));
        }
        self.start(&head, out);
        for choice in head.choices() {
            if *self.choice.get_or_insert(choice.index) == choice.index {
                self.choice(&choice, whole, out)?;
            }
        }
        if let Some(counts) = head.usage.filter(|usage| usage.is_object()) {
            out.emit(Delta::Usage(usage::read(counts)));
        }
        Ok(())
    }

    /// Emit what an answer ends with. A whole completion without a stop reason ended normally: it is complete by being
    /// whole.
    fn finish(&mut self, out: &mut dyn Emit) -> Result<(), Error> {
        self.parts.finish(out)?;
        let seen = self.finish.take();
        let reason = match seen.as_ref().map_or(FinishReason::End, |seen| seen.reason) {
            FinishReason::End if self.parts.has_refusal() => FinishReason::Refusal,
            FinishReason::End if seen.as_ref().is_some_and(|seen| seen.stop_text.is_some()) => {
                FinishReason::StopSequence
            }
            reason => reason,
        };
        let native = seen.as_ref().map_or("", |seen| &seen.native);
        let stop_sequence = seen.as_ref().and_then(|seen| seen.stop_text.as_deref());
        out.emit(Delta::Finish(Finish {
            stop_sequence,
            ..Finish::new(reason, native)
        }));
        out.emit(Delta::End);
        Ok(())
    }

    /// Azure's first chunk (prompt filter results, empty id and model, no choices) says nothing of the answer yet.
    fn start(&mut self, head: &Head<'_>, out: &mut dyn Emit) {
        if self.is_started {
            return;
        }
        let (id, model) = (filled(head.id), filled(head.model));
        let has_choices = head
            .choices
            .is_some_and(|choices| choices.items().next().is_some());
        if id.is_none() && head.usage.is_none() && !has_choices {
            return;
        }
        self.is_started = true;
        let tier = head.service_tier.and_then(Node::as_str);
        let fingerprint = head.fingerprint.and_then(Node::as_str);
        out.emit(Delta::Start(Start {
            id: id.as_deref(),
            model: model.as_deref(),
            created: head.created,
            service_tier: tier.as_deref(),
            fingerprint: fingerprint.as_deref(),
        }));
    }

    fn choice(
        &mut self,
        choice: &Choice<'_>,
        whole: bool,
        out: &mut dyn Emit,
    ) -> Result<(), Error> {
        if let Some(failure) = choice.error {
            return Err(error::in_band(failure));
        }
        if let Some(message) = choice.message {
            self.parts.message(&Message::read(message), whole, out);
        }
        if let Some(logprobs) = choice.logprobs {
            self.parts.logprobs(logprobs, out);
        }
        if let (None, Some(native)) = (&self.finish, choice.finish_reason()) {
            self.finish = Some(Seen {
                reason: stop::decode(&native)?,
                native: native.into_owned(),
                stop_text: choice.stop.and_then(Node::as_str).map(Cow::into_owned),
            });
        }
        Ok(())
    }
}
