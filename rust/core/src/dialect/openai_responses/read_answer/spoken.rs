//! Messages: texts and refusals, each content part a part of its own.

use super::items::Numbering;
use crate::ir::{Citation, Delta, Emit, PartKind, Piece};
use crate::json::{Joiner, Node};

/// One content part as far as it came.
#[derive(Debug)]
struct Spoken {
    content_index: Option<u64>,
    is_refusal: bool,
    /// The part, once it said something.
    part: Option<u32>,
    joiner: Joiner,
    is_closed: bool,
    has_text: bool,
    has_sources: bool,
    has_logprobs: bool,
}

/// One message.
#[derive(Debug, Default)]
pub(super) struct Message {
    parts: Vec<Spoken>,
}

impl Message {
    pub(super) fn has_refusal(&self) -> bool {
        self.parts
            .iter()
            .any(|part| part.is_refusal && part.has_text)
    }

    /// More text: the event that a stream consists of.
    pub(super) fn delta(&mut self, root: Node<'_>, numbering: &mut Numbering, out: &mut dyn Emit) {
        let (mut content_index, mut delta, mut logprobs) = (None, None, None);
        for (key, value) in root.entries() {
            match key.inner() {
                "content_index" => content_index = value.as_u64(),
                "delta" => delta = Some(value),
                "logprobs" => logprobs = Some(value),
                _ => {}
            }
        }
        let spoken = self.find(content_index, false, out);
        if let Some(delta) = delta {
            spoken.text(delta, numbering, out);
        }
        if let Some(tokens) = logprobs {
            spoken.logprobs(tokens, out);
        }
    }

    pub(super) fn event(
        &mut self,
        kind: &str,
        root: Node<'_>,
        numbering: &mut Numbering,
        out: &mut dyn Emit,
    ) {
        let at = root.get("content_index").and_then(Node::as_u64);
        match kind {
            "response.output_text.done" => {
                let spoken = self.find(at, false, out);
                spoken.whole(root.get("text"), numbering, out);
                spoken.late_logprobs(root.get("logprobs"), out);
            }
            "response.refusal.delta" => {
                if let Some(delta) = root.get("delta") {
                    self.find(at, true, out).text(delta, numbering, out);
                }
            }
            "response.refusal.done" => {
                let spoken = self.find(at, true, out);
                spoken.whole(root.get("refusal"), numbering, out);
            }
            "response.output_text.annotation.added" => {
                if let Some(source) = root.get("annotation") {
                    self.find(at, false, out).source(source, numbering, out);
                }
            }
            "response.content_part.added" => self.begin(at, root.get("part"), out),
            "response.content_part.done" => {
                if let Some(part) = root.get("part") {
                    let spoken = self.find(at, is_refusal(part), out);
                    spoken.rest(part, numbering, out);
                    spoken.close(out);
                }
            }
            _ => {}
        }
    }

    /// A content part is announced.
    fn begin(&mut self, content_index: Option<u64>, part: Option<Node<'_>>, out: &mut dyn Emit) {
        self.close(out);
        let is_refusal = part.is_some_and(is_refusal);
        self.parts.push(Spoken::new(content_index, is_refusal));
    }

    /// The content part that an event is about. A number alone does not begin one while another is open: some hosts
    /// count on with every delta.
    fn find(
        &mut self,
        content_index: Option<u64>,
        is_refusal: bool,
        out: &mut dyn Emit,
    ) -> &mut Spoken {
        let fits = |part: &Spoken| !part.is_closed && part.is_refusal == is_refusal;
        let named = |part: &Spoken| fits(part) && part.content_index == content_index;
        let found = self.parts.iter().rposition(named);
        let found = found.or_else(|| self.parts.iter().rposition(fits));
        let at = found.unwrap_or_else(|| {
            // A part that was announced as the other kind is not that.
            self.close(out);
            self.parts.push(Spoken::new(content_index, is_refusal));
            self.parts.len() - 1
        });
        &mut self.parts[at]
    }

    /// The message is done: what its item holds and was not streamed.
    pub(super) fn done(&mut self, item: Node<'_>, numbering: &mut Numbering, out: &mut dyn Emit) {
        for (at, part) in item
            .get("content")
            .into_iter()
            .flat_map(Node::items)
            .enumerate()
        {
            if at == self.parts.len() {
                self.parts.push(Spoken::new(None, is_refusal(part)));
            }
            let spoken = &mut self.parts[at];
            if !spoken.is_closed {
                spoken.rest(part, numbering, out);
                spoken.close(out);
            }
        }
        self.close(out);
    }

    /// End what is open.
    pub(super) fn close(&mut self, out: &mut dyn Emit) {
        for part in &mut self.parts {
            part.close(out);
        }
    }
}

fn is_refusal(part: Node<'_>) -> bool {
    part.get("type").is_some_and(|kind| kind.is("refusal"))
}

impl Spoken {
    fn new(content_index: Option<u64>, is_refusal: bool) -> Self {
        Self {
            content_index,
            is_refusal,
            part: None,
            joiner: Joiner::default(),
            is_closed: false,
            has_text: false,
            has_sources: false,
            has_logprobs: false,
        }
    }

    fn open(&mut self, numbering: &mut Numbering, out: &mut dyn Emit) -> u32 {
        if let Some(part) = self.part {
            return part;
        }
        let part = numbering.next();
        self.part = Some(part);
        let kind = if self.is_refusal {
            PartKind::Refusal
        } else {
            PartKind::Text
        };
        out.emit(Delta::PartStart { part, kind });
        part
    }

    fn text(&mut self, text: Node<'_>, numbering: &mut Numbering, out: &mut dyn Emit) {
        if text.inner().is_empty() {
            return;
        }
        let part = self.open(numbering, out);
        self.has_text = true;
        if let Some(text) = text
            .as_piece(&mut self.joiner)
            .filter(|text| !text.is_empty())
        {
            let piece = Piece::Text(&text);
            out.emit(Delta::Piece { part, piece });
        }
    }

    /// The text as a whole, for where it was not streamed.
    fn whole(&mut self, text: Option<Node<'_>>, numbering: &mut Numbering, out: &mut dyn Emit) {
        if let (false, Some(text)) = (self.has_text, text) {
            self.text(text, numbering, out);
        }
    }

    /// What a content part holds besides what was streamed of it.
    fn rest(&mut self, part: Node<'_>, numbering: &mut Numbering, out: &mut dyn Emit) {
        let key = if self.is_refusal { "refusal" } else { "text" };
        self.whole(part.get(key), numbering, out);
        self.late_logprobs(part.get("logprobs"), out);
        if !self.has_sources {
            for source in part.get("annotations").into_iter().flat_map(Node::items) {
                self.source(source, numbering, out);
            }
        }
    }

    fn logprobs(&mut self, tokens: Node<'_>, out: &mut dyn Emit) {
        let (Some(part), Some(_)) = (self.part, tokens.items().next()) else {
            return;
        };
        self.has_logprobs = true;
        let piece = Piece::Logprobs(tokens.raw());
        out.emit(Delta::Piece { part, piece });
    }

    fn late_logprobs(&mut self, tokens: Option<Node<'_>>, out: &mut dyn Emit) {
        if let (false, Some(tokens)) = (self.has_logprobs, tokens) {
            self.logprobs(tokens, out);
        }
    }

    fn source(&mut self, source: Node<'_>, numbering: &mut Numbering, out: &mut dyn Emit) {
        let text = |key: &str| source.text(key).filter(|text| !text.is_empty());
        let title = text("title").or_else(|| text("filename"));
        let (url, file) = (text("url"), text("file_id"));
        if url.is_none() && file.is_none() && title.is_none() {
            return;
        }
        let number = |key: &str| source.get(key).and_then(Node::as_u64);
        // Hosts without offsets send 0 and 0.
        let span = number("start_index").zip(number("end_index"));
        let span = span.filter(|(start, end)| end > start);
        let part = self.open(numbering, out);
        self.has_sources = true;
        let citation = Citation {
            url: url.as_deref(),
            title: title.as_deref(),
            quote: None,
            start: span.map(|(start, _)| start),
            end: span.map(|(_, end)| end),
        };
        let piece = Piece::Citation(citation);
        out.emit(Delta::Piece { part, piece });
    }

    fn close(&mut self, out: &mut dyn Emit) {
        if std::mem::replace(&mut self.is_closed, true) {
            return;
        }
        let Some(part) = self.part else { return };
        if let Some(rest) = self.joiner.finish() {
            let piece = Piece::Text(rest);
            out.emit(Delta::Piece { part, piece });
        }
        out.emit(Delta::PartEnd { part });
    }
}
