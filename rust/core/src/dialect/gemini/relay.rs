//! The raw lane's reader: relays an answer of this dialect, and vouches for it.

use std::ops::Range;

use super::finish::Stop;
use super::read_answer::{blocked, finished, is_answer, parse};
use super::{error, usage};
use crate::dialect::{EncodeContext, Relay, RelayContext, RelayFraming, Verdict};
use crate::error::Error;
use crate::ir::Usage;
use crate::json::{Node, Tape, edit, write};

/// Reads along one answer.
#[derive(Debug)]
pub(super) struct ContentRelay {
    model: String,
    framing: RelayFraming,
    tape: Tape,
    tap: Tap,
    has_relayed: bool,
    is_complete: bool,
}

/// What is learnt on the way.
#[derive(Debug, Default)]
struct Tap {
    usage: Usage,
    /// Each candidate, and how it ended.
    candidates: Vec<(u64, Option<Stop>)>,
    blocked: Option<Stop>,
    id: Option<String>,
    model: Option<String>,
}

impl ContentRelay {
    pub(super) fn new(cx: &RelayContext) -> Self {
        let framing = if cx.json_array {
            RelayFraming::Array
        } else {
            RelayFraming::DataOnly
        };
        Self {
            model: cx.model.clone(),
            framing,
            tape: Tape::new(),
            tap: Tap::default(),
            has_relayed: false,
            is_complete: false,
        }
    }
}

impl Relay for ContentRelay {
    fn event(&mut self, _name: &str, data: &str) -> Result<Verdict, Error> {
        if self.is_complete || matches!(data.trim(), "" | "[DONE]") {
            return Ok(Verdict {
                drop: true,
                ..Verdict::default()
            });
        }
        let root = parse(&mut self.tape, data)?;
        if let Some(error) = error::find(root) {
            return Err(error::read_in_band(error));
        }
        self.tap.chunk(root);
        self.has_relayed = true;
        Ok(Verdict {
            has_content: has_content(root),
            edits: renamed(root, &self.model).into_iter().collect(),
            ..Verdict::default()
        })
    }

    /// There is no terminator: an answer that said why it ended has ended.
    fn finish(&mut self) -> Result<&'static [u8], Error> {
        if self.is_complete {
            return Ok(b"");
        }
        if !self.tap.is_ended() {
            let message = "the upstream's answer ended before its end";
            return Err(Error::truncated(message));
        }
        self.is_complete = true;
        Ok(match self.framing {
            RelayFraming::Array if self.has_relayed => b"]",
            RelayFraming::Array => b"[]",
            _ => b"",
        })
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn framing(&self) -> RelayFraming {
        self.framing
    }

    /// In an array the error is one more element.
    fn abort(&self, error: &Error, cx: &EncodeContext, out: &mut Vec<u8>) -> bool {
        if self.framing != RelayFraming::Array {
            return false;
        }
        let lead: &[u8] = if self.has_relayed { b",\n" } else { b"[" };
        out.extend_from_slice(lead);
        write::object(out, |o| error::write_member(error, &cx.request_id, o));
        out.push(b']');
        true
    }

    fn response(&mut self, body: Node<'_>) -> Result<Vec<(Range<usize>, String)>, Error> {
        if let Some(error) = error::find(body) {
            return Err(error::read_in_band(error));
        }
        if !is_answer(body) {
            let message = "the upstream's answer holds no candidates";
            return Err(Error::malformed(message));
        }
        self.tap.chunk(body);
        self.is_complete = true;
        Ok(renamed(body, &self.model).into_iter().collect())
    }

    fn usage(&self) -> Usage {
        self.tap.usage
    }

    fn finish_reason(&self) -> Option<&str> {
        let ended = self
            .tap
            .candidates
            .iter()
            .find_map(|(_, stop)| stop.as_ref());
        let stop = ended.or(self.tap.blocked.as_ref())?;
        Some(&stop.native)
    }

    fn served(&self) -> (Option<&str>, Option<&str>) {
        (self.tap.id.as_deref(), self.tap.model.as_deref())
    }
}

impl Tap {
    fn chunk(&mut self, root: Node<'_>) {
        if self.id.is_none() {
            self.id = root.text("responseId").map(Into::into);
            self.model = root.text("modelVersion").map(Into::into);
        }
        for candidate in root.get("candidates").into_iter().flat_map(Node::items) {
            let index = candidate.get("index").and_then(Node::as_u64).unwrap_or(0);
            let known = self
                .candidates
                .iter()
                .position(|(known, _)| *known == index);
            let at = known.unwrap_or_else(|| {
                self.candidates.push((index, None));
                self.candidates.len() - 1
            });
            if let Some(stop) = finished(candidate) {
                self.candidates[at].1 = Some(stop);
            }
        }
        if let Some(stop) = blocked(root) {
            self.blocked = Some(stop);
        }
        if let Some(counts) = root.get("usageMetadata") {
            self.usage.merge(&usage::read(counts));
        }
    }

    /// Every candidate has ended, or the prompt was refused.
    fn is_ended(&self) -> bool {
        let all =
            !self.candidates.is_empty() && self.candidates.iter().all(|(_, stop)| stop.is_some());
        all || self.blocked.is_some()
    }
}

/// The edit that names the model as the client did.
fn renamed(root: Node<'_>, model: &str) -> Option<(Range<usize>, String)> {
    let node = root.get("modelVersion").filter(|node| !node.is(model))?;
    Some((node.span(), edit::quoted(model)))
}

fn has_content(root: Node<'_>) -> bool {
    let candidates = root.get("candidates").into_iter().flat_map(Node::items);
    let parts = candidates.filter_map(|candidate| candidate.get("content")?.get("parts"));
    let is_said = |part: Node<'_>| part.get("text").is_none_or(|text| !text.inner().is_empty());
    parts.flat_map(Node::items).any(is_said)
}
