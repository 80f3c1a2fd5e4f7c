//! An upstream's answer → deltas. A whole answer is read as a stream of one chunk.

mod calls;
mod grounding;
mod logprobs;
mod parts;
mod stream;

pub(super) use stream::{StreamDecoder, parse};

use self::parts::Parts;
use super::finish::Stop;
use super::{error, usage};
use crate::dialect::DecodeContext;
use crate::error::Error;
use crate::ir::{Delta, Emit, Finish, FinishReason, Start, Usage};
use crate::json::Node;

/// What both forms of an answer share.
#[derive(Debug)]
struct AnswerReader {
    parts: Parts,
    usage: Usage,
    stop: Option<Stop>,
    is_started: bool,
    is_ended: bool,
}

impl AnswerReader {
    fn new(cx: &DecodeContext) -> Self {
        Self {
            parts: Parts::new(cx),
            usage: Usage::default(),
            stop: None,
            is_started: false,
            is_ended: false,
        }
    }

    /// One `GenerateContentResponse`: more parts, never a repetition.
    fn chunk(&mut self, root: Node<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        if let Some(error) = error::find(root) {
            return Err(error::read_in_band(error));
        }
        if !self.is_started {
            self.is_started = true;
            let (id, model) = (root.text("responseId"), root.text("modelVersion"));
            out.emit(Delta::Start(Start {
                id: id.as_deref().filter(|id| !id.is_empty()),
                model: model.as_deref().filter(|model| !model.is_empty()),
                ..Start::default()
            }));
        }
        for candidate in root.get("candidates").into_iter().flat_map(Node::items) {
            // Several are asked for only by clients of this dialect, whose answers are relayed.
            if candidate.get("index").and_then(Node::as_u64).unwrap_or(0) == 0 {
                self.candidate(candidate, out)?;
            }
        }
        if let Some(stop) = blocked(root) {
            self.stop.get_or_insert(stop);
        }
        if let Some(counts) = root.get("usageMetadata") {
            let before = self.usage;
            self.usage.merge(&usage::read(counts));
            if self.usage != before {
                out.emit(Delta::Usage(self.usage));
            }
        }
        Ok(())
    }

    fn candidate(&mut self, candidate: Node<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        // What is said about the text comes before it here: a whole answer's text closes when a call follows.
        if let Some(tokens) = candidate.get("logprobsResult") {
            self.parts.logprobs(tokens);
        }
        for key in ["groundingMetadata", "citationMetadata"] {
            if let Some(sources) = candidate.get(key) {
                self.parts.sources(sources);
            }
        }
        let content = candidate.get("content");
        let parts = content.and_then(|content| content.get("parts"));
        for part in parts.into_iter().flat_map(Node::items) {
            self.parts.add(part, out)?;
        }
        self.parts.flush_logprobs(out);
        if let Some(stop) = finished(candidate) {
            self.stop = Some(stop);
        }
        Ok(())
    }

    /// Whether arguments were announced that never came, without the limit of tokens as their reason: what there is of
    /// the call must not be run.
    fn breaks_off(&self) -> bool {
        let is_limit = |stop: &Stop| stop.native == "MAX_TOKENS";
        self.parts.is_calling() && !self.stop.as_ref().is_some_and(is_limit)
    }

    fn end(&mut self, out: &mut dyn Emit) {
        self.is_ended = true;
        self.parts.close_all(out);
        let unsaid = Finish::new(FinishReason::End, "");
        out.emit(Delta::Finish(
            self.stop.as_ref().map_or(unsaid, Stop::finish),
        ));
        out.emit(Delta::End);
    }
}

/// The end of a candidate, when it has come. Some versions said it on every chunk: the last one counts.
pub(super) fn finished(candidate: Node<'_>) -> Option<Stop> {
    let native = candidate.text("finishReason")?;
    let is_said = !matches!(&*native, "" | "FINISH_REASON_UNSPECIFIED");
    is_said.then(|| Stop {
        native: native.into_owned(),
        explanation: candidate.text("finishMessage").map(Into::into),
        is_blocked: false,
    })
}

/// A prompt that is not answered at all.
pub(super) fn blocked(root: Node<'_>) -> Option<Stop> {
    let feedback = root.get("promptFeedback")?;
    let native = feedback.text("blockReason")?;
    let is_said = !matches!(
        &*native,
        "" | "BLOCK_REASON_UNSPECIFIED" | "BLOCKED_REASON_UNSPECIFIED"
    );
    is_said.then(|| Stop {
        native: native.into_owned(),
        explanation: feedback.text("blockReasonMessage").map(Into::into),
        is_blocked: true,
    })
}

/// Whether a body is an answer of this dialect.
pub(super) fn is_answer(body: Node<'_>) -> bool {
    body.get("candidates").is_some_and(Node::is_array) || body.get("promptFeedback").is_some()
}

/// Read a whole answer; one that is the array of a stream's chunks, too.
pub(super) fn response(
    body: Node<'_>,
    cx: &DecodeContext,
    out: &mut dyn Emit,
) -> Result<(), Error> {
    let mut reader = AnswerReader::new(cx);
    if body.is_array() && error::find(body).is_none() {
        for chunk in body.items() {
            reader.chunk(chunk, out)?;
        }
        if reader.stop.is_none() {
            let message = "the upstream's answer ended before its end";
            return Err(Error::truncated(message));
        }
    } else {
        if error::find(body).is_none() && !is_answer(body) {
            let message = "the upstream's answer holds no candidates";
            return Err(Error::malformed(message));
        }
        reader.chunk(body, out)?;
    }
    reader.end(out);
    Ok(())
}
