//! Reasoning items: summaries, the thinking itself where a host shows it, and the state to bring back.

use super::items::Numbering;
use crate::dialect::openai_responses::state;
use crate::ir::{Delta, Emit, Opaque, OpaqueKind, PartKind, Piece};
use crate::json::{Joiner, Node};

/// One reasoning item as far as it came.
#[derive(Debug, Default)]
pub(super) struct Thinking {
    /// The part, once there is something in it.
    part: Option<u32>,
    joiner: Joiner,
    /// What was said last: the thinking itself, or the summary of this number.
    voice: Option<Voice>,
    /// Upstream numbers of the summaries so far, in order.
    summaries: Vec<u64>,
    has_text: bool,
    is_closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Text,
    Summary(u32),
}

impl Thinking {
    pub(super) fn event(
        &mut self,
        kind: &str,
        root: Node<'_>,
        numbering: &mut Numbering,
        out: &mut dyn Emit,
    ) {
        match kind {
            "response.reasoning_summary_text.delta" => {
                let index = summary_index(root);
                self.say_summary(index, root.get("delta"), numbering, out);
            }
            "response.reasoning_summary_text.done" => {
                let index = summary_index(root);
                if !self.summaries.contains(&index) {
                    self.say_summary(index, root.get("text"), numbering, out);
                }
            }
            "response.reasoning_text.delta" | "response.reasoning.delta" => {
                self.say(Voice::Text, root.get("delta"), numbering, out);
            }
            "response.reasoning_text.done" | "response.reasoning.done" if !self.has_text => {
                self.say(Voice::Text, root.get("text"), numbering, out);
            }
            _ => {}
        }
    }

    /// The item is done: what it holds and was not streamed, and its state.
    pub(super) fn done(&mut self, item: Node<'_>, numbering: &mut Numbering, out: &mut dyn Emit) {
        for (index, part) in item
            .get("summary")
            .into_iter()
            .flat_map(Node::items)
            .enumerate()
        {
            let index = index as u64;
            if !self.summaries.contains(&index) {
                self.say_summary(index, part.get("text"), numbering, out);
            }
        }
        if !self.has_text {
            for part in item.get("content").into_iter().flat_map(Node::items) {
                self.say(Voice::Text, part.get("text"), numbering, out);
            }
        }
        self.state(item, numbering, out);
        self.close(out);
    }

    /// What this upstream wants back: its state, or the thinking itself where it keeps none.
    fn state(&mut self, item: Node<'_>, numbering: &mut Numbering, out: &mut dyn Emit) {
        let id = item.text("id").unwrap_or_default();
        let sealed = item
            .text("encrypted_content")
            .filter(|sealed| !sealed.is_empty());
        let (kind, data) = match sealed {
            Some(sealed) => (OpaqueKind::Encrypted, state::join(&id, &sealed)),
            None if self.has_text => (OpaqueKind::Replay, id.into_owned()),
            None => return,
        };
        let part = self.open(numbering, out);
        let opaque = Opaque {
            origin: numbering.origin.as_str().into(),
            kind,
            data: data.into(),
        };
        let piece = Piece::Opaque(opaque);
        out.emit(Delta::Piece { part, piece });
    }

    fn say_summary(
        &mut self,
        index: u64,
        text: Option<Node<'_>>,
        numbering: &mut Numbering,
        out: &mut dyn Emit,
    ) {
        if text.is_none_or(|text| text.inner().is_empty()) {
            return;
        }
        let known = self.summaries.iter().position(|known| *known == index);
        let at = known.unwrap_or_else(|| {
            self.summaries.push(index);
            self.summaries.len() - 1
        });
        self.say(Voice::Summary(at as u32), text, numbering, out);
    }

    fn say(
        &mut self,
        voice: Voice,
        text: Option<Node<'_>>,
        numbering: &mut Numbering,
        out: &mut dyn Emit,
    ) {
        let Some(text) = text.filter(|text| !text.inner().is_empty()) else {
            return;
        };
        let part = self.open(numbering, out);
        if self.voice != Some(voice) {
            self.flush(out);
            self.voice = Some(voice);
        }
        self.has_text |= voice == Voice::Text;
        if let Some(text) = text
            .as_piece(&mut self.joiner)
            .filter(|text| !text.is_empty())
        {
            let piece = voice.piece(&text);
            out.emit(Delta::Piece { part, piece });
        }
    }

    fn open(&mut self, numbering: &mut Numbering, out: &mut dyn Emit) -> u32 {
        if let Some(part) = self.part {
            return part;
        }
        let part = numbering.next();
        self.part = Some(part);
        let kind = PartKind::Reasoning;
        out.emit(Delta::PartStart { part, kind });
        part
    }

    /// Half a character that its text still owes.
    fn flush(&mut self, out: &mut dyn Emit) {
        if let (Some(part), Some(voice), Some(rest)) = (self.part, self.voice, self.joiner.finish())
        {
            let piece = voice.piece(rest);
            out.emit(Delta::Piece { part, piece });
        }
    }

    pub(super) fn close(&mut self, out: &mut dyn Emit) {
        if std::mem::replace(&mut self.is_closed, true) {
            return;
        }
        self.flush(out);
        if let Some(part) = self.part {
            out.emit(Delta::PartEnd { part });
        }
    }
}

impl Voice {
    fn piece(self, text: &str) -> Piece<'_> {
        match self {
            Self::Text => Piece::Text(text),
            Self::Summary(index) => Piece::Summary { index, text },
        }
    }
}

fn summary_index(root: Node<'_>) -> u64 {
    root.get("summary_index")
        .and_then(Node::as_u64)
        .unwrap_or(0)
}
