//! The items of an answer, found again by whatever an event says of them.

use super::super::items::image_mime;
use super::calls::Call;
use super::spoken::Message;
use super::thinking::Thinking;
use crate::dialect::DecodeContext;
use crate::error::Error;
use crate::ir::{Delta, Emit, PartKind, Piece, ToolKind};
use crate::json::Node;

/// The event that a stream consists of.
const TEXT: &str = "response.output_text.delta";

/// Hands out part indexes, and what ids and opaque state need.
#[derive(Debug)]
pub(super) struct Numbering {
    next: u32,
    pub(super) seed: String,
    pub(super) origin: String,
}

impl Numbering {
    pub(super) fn next(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }
}

#[derive(Debug)]
struct Item {
    id: String,
    index: Option<u64>,
    body: Body,
    is_done: bool,
    /// It stands in the final response object.
    is_matched: bool,
}

/// What an item is.
#[derive(Debug)]
enum Body {
    Message(Message),
    Thinking(Thinking),
    Call(Call),
    /// Known by its type; read when it is done.
    Other(String),
}

impl Body {
    fn of(kind: &str) -> Self {
        match kind {
            "message" => Self::Message(Message::default()),
            "reasoning" => Self::Thinking(Thinking::default()),
            "function_call" => Self::Call(Call::new(ToolKind::Function)),
            "custom_tool_call" => Self::Call(Call::new(ToolKind::Custom)),
            other => Self::Other(other.into()),
        }
    }

    fn kind(&self) -> &str {
        match self {
            Self::Message(_) => "message",
            Self::Thinking(_) => "reasoning",
            Self::Call(call) => call.item(),
            Self::Other(kind) => kind,
        }
    }
}

/// All items of one answer.
#[derive(Debug)]
pub(super) struct Items {
    numbering: Numbering,
    items: Vec<Item>,
}

impl Items {
    pub(super) fn new(cx: &DecodeContext) -> Self {
        Self {
            numbering: Numbering {
                next: 0,
                seed: cx.id_seed.clone(),
                origin: cx.origin.clone(),
            },
            items: Vec::new(),
        }
    }

    /// Whether the model declined in its own words.
    pub(super) fn has_refusal(&self) -> bool {
        let mut messages = self.items.iter().filter_map(|item| match &item.body {
            Body::Message(message) => Some(message),
            _ => None,
        });
        messages.any(Message::has_refusal)
    }

    /// An event about an item.
    pub(super) fn event(
        &mut self,
        kind: &str,
        root: Node<'_>,
        out: &mut dyn Emit,
    ) -> Result<(), Error> {
        if let "response.output_item.added" | "response.output_item.done" = kind {
            return match root.get("item") {
                Some(item) => self.whole(kind, root.get("output_index"), item, out),
                None => Ok(()),
            };
        }
        let Some(of) = item_of(kind, root) else {
            return Ok(());
        };
        let at = self.find(of, root);
        let numbering = &mut self.numbering;
        match &mut self.items[at].body {
            Body::Message(message) if kind == TEXT => message.delta(root, numbering, out),
            Body::Message(message) => message.event(kind, root, numbering, out),
            Body::Thinking(thinking) => thinking.event(kind, root, numbering, out),
            Body::Call(call) => call.event(kind, root, numbering, out),
            Body::Other(_) => {}
        }
        Ok(())
    }

    /// An event that holds an item: it begins, or it is done.
    fn whole(
        &mut self,
        kind: &str,
        index: Option<Node<'_>>,
        item: Node<'_>,
        out: &mut dyn Emit,
    ) -> Result<(), Error> {
        let ends = kind.ends_with("done");
        let at = self.place(index, item, ends);
        if ends {
            return self.done(at, item, out);
        }
        if let Body::Call(call) = &mut self.items[at].body {
            call.added(item, &mut self.numbering, out);
        }
        Ok(())
    }

    /// The item that an event is about; one that was never announced begins now.
    fn find(&mut self, of: &str, root: Node<'_>) -> usize {
        let id = root.get("item_id").filter(|id| !id.inner().is_empty());
        let index = root.get("output_index").and_then(Node::as_u64);
        let open = |item: &Item| !item.is_done && item.body.kind() == of;
        let by_id = id.and_then(|id| {
            let named = |item: &Item| !item.id.is_empty() && id.is(&item.id);
            self.items.iter().rposition(named)
        });
        let by_index = || {
            let placed = |item: &Item| item.index == index && index.is_some() && open(item);
            self.items.iter().rposition(placed)
        };
        let last = || {
            self.items
                .iter()
                .rposition(open)
                .filter(|_| index.is_none())
        };
        let found = by_id
            .filter(|at| self.items[*at].body.kind() == of)
            .or_else(by_index)
            .or_else(last);
        found.unwrap_or_else(|| {
            let id = id.and_then(Node::as_str).unwrap_or_default();
            self.push(id.into_owned(), index, Body::of(of))
        })
    }

    /// The place of an item that an event holds whole.
    fn place(&mut self, index: Option<Node<'_>>, item: Node<'_>, ends: bool) -> usize {
        let kind = item.text("type").unwrap_or_default();
        let id = item.text("id").unwrap_or_default();
        let index = index.and_then(Node::as_u64);
        let open = |known: &Item| !known.is_done && known.body.kind() == kind;
        let named = |known: &Item| open(known) && !id.is_empty() && known.id == id;
        // Another id at the same place is another item, unless the item ends here: some hosts end it by a new id.
        let placed = |known: &Item| {
            let is_vague = known.id.is_empty() || id.is_empty() || ends;
            open(known) && known.index == index && is_vague
        };
        let found = self.items.iter().rposition(named);
        match found.or_else(|| self.items.iter().rposition(placed)) {
            Some(at) => at,
            None => self.push(id.into_owned(), index, Body::of(&kind)),
        }
    }

    fn push(&mut self, id: String, index: Option<u64>, body: Body) -> usize {
        self.items.push(Item {
            id,
            index,
            body,
            is_done: false,
            is_matched: false,
        });
        self.items.len() - 1
    }

    fn done(&mut self, at: usize, item: Node<'_>, out: &mut dyn Emit) -> Result<(), Error> {
        let (known, numbering) = (&mut self.items[at], &mut self.numbering);
        known.is_done = true;
        match &mut known.body {
            Body::Message(message) => message.done(item, numbering, out),
            Body::Thinking(thinking) => thinking.done(item, numbering, out),
            Body::Call(call) => return call.done(Some(item), numbering, out),
            Body::Other(kind) => other(kind, item, numbering, out),
        }
        Ok(())
    }

    /// The items of the final response object: what was never streamed comes now. Ids may differ from those streamed,
    /// so items of one type also stand for each other in their order.
    pub(super) fn reconcile<'n>(
        &mut self,
        output: impl Iterator<Item = Node<'n>>,
        out: &mut dyn Emit,
    ) -> Result<(), Error> {
        for item in output.filter(|item| item.is_object()) {
            let kind = item.text("type").unwrap_or_default();
            let id = item.get("id").filter(|id| !id.inner().is_empty());
            let named =
                |known: &Item| !known.id.is_empty() && id.is_some_and(|id| id.is(&known.id));
            let alike = |known: &Item| known.body.kind() == kind;
            let free = |fits: &dyn Fn(&Item) -> bool| {
                let mut items = self.items.iter();
                items.position(|known| !known.is_matched && fits(known))
            };
            let at = free(&named).or_else(|| free(&alike));
            let at = at.unwrap_or_else(|| {
                let id = id.and_then(Node::as_str).unwrap_or_default();
                self.push(id.into_owned(), None, Body::of(&kind))
            });
            self.items[at].is_matched = true;
            if !self.items[at].is_done {
                self.done(at, item, out)?;
            }
        }
        Ok(())
    }

    /// End what is still open.
    pub(super) fn close_all(&mut self, out: &mut dyn Emit) -> Result<(), Error> {
        for item in self.items.iter_mut().filter(|item| !item.is_done) {
            item.is_done = true;
            match &mut item.body {
                Body::Message(message) => message.close(out),
                Body::Thinking(thinking) => thinking.close(out),
                Body::Call(call) => call.done(None, &mut self.numbering, out)?,
                Body::Other(_) => {}
            }
        }
        Ok(())
    }
}

/// The type of the item that an event is about.
fn item_of(kind: &str, root: Node<'_>) -> Option<&'static str> {
    Some(match kind {
        TEXT
        | "response.output_text.done"
        | "response.output_text.annotation.added"
        | "response.refusal.delta"
        | "response.refusal.done" => "message",
        "response.function_call_arguments.delta" | "response.function_call_arguments.done" => {
            "function_call"
        }
        "response.reasoning_text.delta"
        | "response.reasoning_text.done"
        | "response.reasoning.delta"
        | "response.reasoning.done"
        | "response.reasoning_summary_text.delta"
        | "response.reasoning_summary_text.done" => "reasoning",
        "response.custom_tool_call_input.delta" | "response.custom_tool_call_input.done" => {
            "custom_tool_call"
        }
        // Thinking has content parts too; its own events say all of it.
        "response.content_part.added" | "response.content_part.done" => {
            let part = root.get("part").and_then(|part| part.text("type"));
            let is_spoken = |kind: &str| matches!(kind, "output_text" | "refusal" | "text");
            return part
                .is_none_or(|kind| is_spoken(&kind))
                .then_some("message");
        }
        _ => return None,
    })
}

/// An item that only this dialect has: a picture made by the model, a tool that the vendor ran.
fn other(kind: &str, item: Node<'_>, numbering: &mut Numbering, out: &mut dyn Emit) {
    let picture = item
        .get("result")
        .filter(|_| kind == "image_generation_call");
    let (kind, piece_of) = match picture.and_then(Node::as_str) {
        Some(data) => {
            let format = item.text("output_format");
            let mime = image_mime(format.as_deref());
            (PartKind::Media { mime }, Some(data))
        }
        None if !kind.is_empty() => (PartKind::Native { kind }, None),
        None => return,
    };
    let part = numbering.next();
    out.emit(Delta::PartStart { part, kind });
    let piece = match &piece_of {
        Some(data) => Piece::Data(data),
        None => Piece::Native(item.raw()),
    };
    out.emit(Delta::Piece { part, piece });
    out.emit(Delta::PartEnd { part });
}
