//! An upstream's answer → deltas: from its lines, or from one whole answer as if it were a single line.

mod parts;
mod stream;

pub(super) use stream::StreamDecoder;

use self::parts::Parts;
use crate::dialect::DecodeContext;
use crate::error::Error;
use crate::ir::{Delta, Emit, Finish, Start};
use crate::json::Node;

use super::wire::Line;
use super::{error, stop, time, usage};

/// Read a whole answer.
pub(super) fn read_whole(
    body: Node<'_>,
    cx: &DecodeContext,
    out: &mut dyn Emit,
) -> Result<(), Error> {
    let mut reader = AnswerReader::new(cx);
    let line = reader.read(body, out)?;
    if !line.is_answer() {
        return Err(Error::malformed("the upstream's answer holds no message"));
    }
    match line.done {
        Some(true) => Ok(()),
        Some(false) => Err(Error::truncated("the upstream's answer is not complete")),
        // It is complete by being whole.
        None => {
            reader.finish(&line, out);
            Ok(())
        }
    }
}

/// The state of one answer.
#[derive(Debug)]
struct AnswerReader {
    parts: Parts,
    is_started: bool,
    is_complete: bool,
}

impl AnswerReader {
    fn new(cx: &DecodeContext) -> Self {
        Self {
            parts: Parts::new(cx),
            is_started: false,
            is_complete: false,
        }
    }

    /// Read one line. `Err`: not an object, an error, or a call that cannot be made.
    fn read<'t>(&mut self, root: Node<'t>, out: &mut dyn Emit) -> Result<Line<'t>, Error> {
        if !root.is_object() {
            return Err(Error::malformed(
                "the upstream sent a line that is not an object",
            ));
        }
        let line = Line::read(root);
        if line.is_error() {
            return Err(error::in_band(root));
        }
        if line.is_answer() {
            self.start(&line, out);
            self.parts.line(&line, out)?;
            if line.is_done() {
                self.finish(&line, out);
            }
        }
        Ok(line)
    }

    fn start(&mut self, line: &Line<'_>, out: &mut dyn Emit) {
        if std::mem::replace(&mut self.is_started, true) {
            return;
        }
        let model = line.model.and_then(Node::as_str);
        let created = line.created_at.and_then(Node::as_str);
        out.emit(Delta::Start(Start {
            model: model.as_deref(),
            created: created.as_deref().and_then(time::read),
            ..Start::default()
        }));
    }

    /// What an answer ends with; the last line says all of it.
    fn finish(&mut self, line: &Line<'_>, out: &mut dyn Emit) {
        self.parts.close(out);
        self.is_complete = true;
        let counts = usage::read(line);
        if counts.is_known() {
            out.emit(Delta::Usage(counts));
        }
        let native = line.reason();
        let reason = stop::decode(&native);
        out.emit(Delta::Finish(Finish::new(reason, &native)));
        out.emit(Delta::End);
    }
}
