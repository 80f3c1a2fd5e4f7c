//! The raw lane's reader: relays an answer of this dialect byte for byte, and vouches for it.

use std::ops::Range;

use super::error;
use super::read_answer::parse;
use super::stop::Stop;
use super::usage::Counts;
use crate::dialect::{Relay, RelayContext, Verdict};
use crate::error::Error;
use crate::ir::Usage;
use crate::json::{Node, Tape, write};

/// What a stream lacks that said why it ended, but not that it did.
const STOP_EVENT: &[u8] = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
/// Every event that clients know: readers skip events without a name.
const NAMES: [&str; 8] = [
    "content_block_delta",
    "content_block_start",
    "content_block_stop",
    "error",
    "message_delta",
    "message_start",
    "message_stop",
    "ping",
];

/// Reads along one answer.
#[derive(Debug)]
pub(super) struct MessagesRelay {
    model: String,
    tape: Tape,
    tap: Tap,
    is_started: bool,
    is_complete: bool,
}

/// What is learnt on the way.
#[derive(Debug, Default)]
struct Tap {
    counts: Counts,
    stop: Option<Stop>,
    id: Option<String>,
    model: Option<String>,
}

impl MessagesRelay {
    pub(super) fn new(cx: &RelayContext) -> Self {
        Self {
            model: cx.model.clone(),
            tape: Tape::new(),
            tap: Tap::default(),
            is_started: false,
            is_complete: false,
        }
    }
}

impl Relay for MessagesRelay {
    fn event(&mut self, name: &str, data: &str) -> Result<Verdict, Error> {
        // Nothing comes after the end, Chat's terminator is none here, and readers parse the data of every event.
        if self.is_complete || matches!(data.trim(), "" | "[DONE]") {
            return Ok(dropped());
        }
        let root = parse(&mut self.tape, data)?;
        let kind = root.text("type");
        let kind = kind.as_deref().unwrap_or(name);
        let mut verdict = Verdict::default();
        if name.is_empty() {
            verdict.name = NAMES.into_iter().find(|known| *known == kind);
        }
        match kind {
            "message_start" => {
                if std::mem::replace(&mut self.is_started, true) {
                    return Ok(dropped());
                }
                let message = root.get("message").unwrap_or(root);
                self.tap.head(message);
                verdict.edits.extend(renamed(message, &self.model));
            }
            "content_block_start" | "content_block_delta" if !self.is_started => {
                return Err(Error::malformed(
                    "the upstream's answer has no message_start",
                ));
            }
            "content_block_start" => verdict.has_content = starts_with_content(root),
            "content_block_delta" => verdict.has_content = true,
            "message_delta" => {
                self.tap.usage(root);
                self.tap.stop(root.get("delta"));
            }
            "message_stop" => {
                self.is_complete = true;
                verdict.is_terminal = true;
            }
            _ if kind == "error" || error::is_error(root) => {
                return Err(error::read_in_band(root));
            }
            _ => {}
        }
        Ok(verdict)
    }

    fn finish(&mut self) -> Result<&'static [u8], Error> {
        if std::mem::replace(&mut self.is_complete, true) {
            return Ok(b"");
        }
        if self.tap.stop.is_some() {
            return Ok(STOP_EVENT);
        }
        self.is_complete = false;
        Err(Error::truncated(
            "the upstream's answer ended before its end",
        ))
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn response(&mut self, body: Node<'_>) -> Result<Vec<(Range<usize>, String)>, Error> {
        if error::is_error(body) {
            return Err(error::read_in_band(body));
        }
        if !body.get("content").is_some_and(Node::is_array) {
            return Err(Error::malformed("the upstream's answer is not a message"));
        }
        self.tap.head(body);
        self.tap.stop(Some(body));
        self.is_complete = true;
        Ok(renamed(body, &self.model).into_iter().collect())
    }

    fn usage(&self) -> Usage {
        self.tap.counts.usage()
    }

    fn finish_reason(&self) -> Option<&str> {
        self.tap.stop.as_ref().map(Stop::native)
    }

    fn served(&self) -> (Option<&str>, Option<&str>) {
        (self.tap.id.as_deref(), self.tap.model.as_deref())
    }
}

impl Tap {
    fn head(&mut self, message: Node<'_>) {
        self.id = message.text("id").map(Into::into);
        self.model = message.text("model").map(Into::into);
        self.usage(message);
    }

    fn usage(&mut self, holder: Node<'_>) {
        if let Some(usage) = holder.get("usage") {
            self.counts.take(usage);
        }
    }

    fn stop(&mut self, node: Option<Node<'_>>) {
        if let Some(stop) = node.and_then(Stop::read) {
            self.stop = Some(stop);
        }
    }
}

fn dropped() -> Verdict {
    Verdict {
        drop: true,
        ..Verdict::default()
    }
}

/// The edit that names the model as the client did.
pub(super) fn renamed(holder: Node<'_>, model: &str) -> Option<(Range<usize>, String)> {
    let node = holder.get("model").filter(|node| !node.is(model))?;
    let mut name = Vec::with_capacity(model.len() + 2);
    write::string(&mut name, model);
    Some((node.span(), String::from_utf8(name).unwrap_or_default()))
}

/// Text and thinking begin empty; other blocks say something by beginning.
fn starts_with_content(root: Node<'_>) -> bool {
    let Some(block) = root.get("content_block") else {
        return false;
    };
    let is_empty = |key| block.text(key).is_none_or(|text| text.is_empty());
    match block.text("type").as_deref() {
        Some("text") => !is_empty("text"),
        Some("thinking") => !is_empty("thinking"),
        _ => true,
    }
}
