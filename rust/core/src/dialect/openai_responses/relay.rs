//! The raw lane's reader: relays an answer of this dialect byte for byte, and vouches for it.

use std::ops::Range;

use super::error;
use super::read_answer::{check_whole, failure, parse};
use super::write_answer::write_failed;
use crate::dialect::openai::usage;
use crate::dialect::{EncodeContext, Relay, RelayContext, Verdict};
use crate::error::Error;
use crate::ir::Usage;
use crate::json::{Node, Tape, edit};

/// Events that are not yet an answer.
const SILENT: [&str; 5] = [
    "response.created",
    "response.in_progress",
    "response.queued",
    "response.content_part.added",
    "response.reasoning_summary_part.added",
];

/// Reads along one answer.
#[derive(Debug)]
pub(super) struct ResponsesRelay {
    model: String,
    tape: Tape,
    tap: Tap,
    is_complete: bool,
}

/// What is learnt on the way.
#[derive(Debug, Default)]
struct Tap {
    usage: Usage,
    finish: Option<String>,
    id: Option<String>,
    model: Option<String>,
    /// The number of the next event.
    sequence: u64,
}

impl ResponsesRelay {
    pub(super) fn new(cx: &RelayContext) -> Self {
        Self {
            model: cx.model.clone(),
            tape: Tape::new(),
            tap: Tap::default(),
            is_complete: false,
        }
    }
}

impl Relay for ResponsesRelay {
    fn event(&mut self, name: &str, data: &str) -> Result<Verdict, Error> {
        // Nothing comes after the end, and Chat's terminator is none here.
        if self.is_complete || matches!(data.trim(), "" | "[DONE]") {
            return Ok(Verdict {
                drop: true,
                ..Verdict::default()
            });
        }
        let root = parse(&mut self.tape, data)?;
        let kind = root.text("type");
        let kind = kind.as_deref().unwrap_or(name);
        self.tap.number(root);
        let mut verdict = Verdict::default();
        let response = root.get("response").filter(|node| node.is_object());
        match kind {
            "error" => return Err(error::in_band(root)),
            "response.failed" | "response.cancelled" => {
                return Err(failure(response.unwrap_or(root), root));
            }
            "response.completed" | "response.incomplete" => {
                self.is_complete = true;
                verdict.is_terminal = true;
                verdict.has_content = true;
            }
            _ if root.get("error").is_some() && !kind.starts_with("response.") => {
                return Err(error::in_band(root));
            }
            _ => verdict.has_content = says_something(kind, root),
        }
        if let Some(response) = response {
            self.tap.head(response);
            if verdict.is_terminal {
                self.tap.end(response);
            }
            verdict.edits.extend(renamed(response, &self.model));
        }
        Ok(verdict)
    }

    fn finish(&mut self) -> Result<&'static [u8], Error> {
        if self.is_complete {
            return Ok(b"");
        }
        Err(Error::truncated(
            "the upstream's answer ended before response.completed",
        ))
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn response(&mut self, body: Node<'_>) -> Result<Vec<(Range<usize>, String)>, Error> {
        check_whole(body)?;
        self.tap.head(body);
        self.tap.end(body);
        self.is_complete = true;
        Ok(renamed(body, &self.model).into_iter().collect())
    }

    fn abort(&self, error: &Error, cx: &EncodeContext, out: &mut Vec<u8>) -> bool {
        write_failed(error, cx, self.tap.id.as_deref(), self.tap.sequence, out);
        true
    }

    fn usage(&self) -> Usage {
        self.tap.usage
    }

    fn finish_reason(&self) -> Option<&str> {
        self.tap.finish.as_deref()
    }

    fn served(&self) -> (Option<&str>, Option<&str>) {
        (self.tap.id.as_deref(), self.tap.model.as_deref())
    }
}

impl Tap {
    fn number(&mut self, root: Node<'_>) {
        let number = root.get("sequence_number").and_then(Node::as_u64);
        self.sequence = number.map_or(self.sequence, |number| number.saturating_add(1));
    }

    fn head(&mut self, response: Node<'_>) {
        let filled = |key: &str| response.text(key).filter(|text| !text.is_empty());
        if let (None, Some(id)) = (&self.id, filled("id")) {
            self.id = Some(id.into_owned());
        }
        if let (None, Some(model)) = (&self.model, filled("model")) {
            self.model = Some(model.into_owned());
        }
    }

    fn end(&mut self, response: Node<'_>) {
        if let Some(counts) = response.get("usage").filter(|counts| counts.is_object()) {
            self.usage.merge(&usage::read(counts));
        }
        let details = response.get("incomplete_details");
        let reason = details.and_then(|details| details.text("reason"));
        let status = reason.or_else(|| response.text("status"));
        self.finish = status.map(Into::into);
    }
}

/// The edit that names the model as the client did.
pub(super) fn renamed(holder: Node<'_>, model: &str) -> Option<(Range<usize>, String)> {
    let node = holder.get("model").filter(|node| !node.is(model))?;
    Some((node.span(), edit::quoted(model)))
}

/// Messages and thinking begin empty; other items say something by beginning.
fn says_something(kind: &str, root: Node<'_>) -> bool {
    if kind == "response.output_item.added" {
        let item = root.get("item").and_then(|item| item.text("type"));
        return !matches!(item.as_deref(), Some("message" | "reasoning") | None);
    }
    if let Some(delta) = root.get("delta") {
        return !delta.inner().is_empty();
    }
    kind.starts_with("response.") && !SILENT.contains(&kind)
}
