//! The raw lane: reads along, vouches for what is relayed, and edits no more than it must.

use std::ops::Range;

use super::wire::Line;
use super::{error, usage};
use crate::dialect::{Relay, RelayContext, RelayFraming, Verdict};
use crate::error::Error;
use crate::ir::Usage;
use crate::json::{Node, Tape, edit};

/// Reads along one answer of either operation.
#[derive(Debug)]
pub(super) struct LineRelay {
    tape: Tape,
    watch: Watch,
}

/// What has been seen.
#[derive(Debug, Default)]
struct Watch {
    model: String,
    /// The same as a JSON string.
    quoted: String,
    usage: Usage,
    finish: Option<String>,
    served: Option<String>,
    is_complete: bool,
}

impl LineRelay {
    pub(super) fn new(cx: &RelayContext) -> Self {
        let watch = Watch {
            model: cx.model.clone(),
            quoted: edit::quoted(&cx.model),
            ..Watch::default()
        };
        Self {
            tape: Tape::new(),
            watch,
        }
    }
}

impl Relay for LineRelay {
    fn event(&mut self, _name: &str, data: &str) -> Result<Verdict, Error> {
        let root = self.tape.parse(data).map_err(|error| {
            Error::malformed(format!(
                "the upstream sent a line that is not valid JSON: {error}"
            ))
        })?;
        let line = self.watch.line(root)?;
        // Clients check each line against their form of an answer.
        if !line.is_answer() {
            return Ok(Verdict {
                drop: true,
                ..Verdict::default()
            });
        }
        Ok(Verdict {
            has_content: line.has_content(),
            is_terminal: line.is_done(),
            edits: self.watch.edits(&line),
            ..Verdict::default()
        })
    }

    fn finish(&mut self) -> Result<&'static [u8], Error> {
        if self.watch.is_complete {
            return Ok(b"");
        }
        Err(Error::truncated(
            "the upstream's answer ended before its last line",
        ))
    }

    fn framing(&self) -> RelayFraming {
        RelayFraming::Lines
    }

    fn is_complete(&self) -> bool {
        self.watch.is_complete
    }

    fn response(&mut self, body: Node<'_>) -> Result<Vec<(Range<usize>, String)>, Error> {
        let line = self.watch.line(body)?;
        if !line.is_answer() {
            return Err(Error::malformed("the upstream's answer holds no message"));
        }
        if line.done == Some(false) {
            return Err(Error::truncated("the upstream's answer is not complete"));
        }
        self.watch.is_complete = true;
        Ok(self.watch.edits(&line))
    }

    fn usage(&self) -> Usage {
        self.watch.usage
    }

    fn finish_reason(&self) -> Option<&str> {
        self.watch.finish.as_deref()
    }

    fn served(&self) -> (Option<&str>, Option<&str>) {
        (None, self.watch.served.as_deref())
    }
}

impl Watch {
    /// Note a line. `Err`: not an object, or an error.
    fn line<'t>(&mut self, root: Node<'t>) -> Result<Line<'t>, Error> {
        if !root.is_object() {
            return Err(Error::malformed(
                "the upstream sent a line that is not an object",
            ));
        }
        let line = Line::read(root);
        if line.is_error() {
            return Err(error::in_band(root));
        }
        if self.served.is_none() {
            let model = line.model.and_then(Node::as_str);
            self.served = model.map(std::borrow::Cow::into_owned);
        }
        self.usage.merge(&usage::read(&line));
        if line.is_done() {
            self.finish = Some(line.reason().into_owned()).filter(|reason| !reason.is_empty());
            self.is_complete = true;
        }
        Ok(line)
    }

    fn edits(&self, line: &Line<'_>) -> Vec<(Range<usize>, String)> {
        let model = line.model.filter(|model| !model.is(&self.model));
        model
            .map(|model| (model.span(), self.quoted.clone()))
            .into_iter()
            .collect()
    }
}
