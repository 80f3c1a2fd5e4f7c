//! Calls: a call starts once its name and id are known, whatever came before.

use super::items::Numbering;
use crate::dialect::make_id;
use crate::error::Error;
use crate::ir::{Delta, Emit, PartKind, Piece, ToolKind};
use crate::json::{Joiner, Node};

/// One call as far as it came.
#[derive(Debug)]
pub(super) struct Call {
    kind: ToolKind,
    /// What pairs the call with its output.
    id: String,
    name: String,
    namespace: Option<String>,
    /// The part, once it could be started.
    part: Option<u32>,
    /// Arguments that came before the name.
    held: String,
    /// Arguments that came with the announcement: some hosts send all of them there, others repeat them as deltas.
    announced: String,
    has_arguments: bool,
    joiner: Joiner,
}

impl Call {
    pub(super) fn new(kind: ToolKind) -> Self {
        Self {
            kind,
            id: String::new(),
            name: String::new(),
            namespace: None,
            part: None,
            held: String::new(),
            announced: String::new(),
            has_arguments: false,
            joiner: Joiner::default(),
        }
    }

    /// The type of the item.
    pub(super) fn item(&self) -> &'static str {
        match self.kind {
            ToolKind::Function => "function_call",
            ToolKind::Custom => "custom_tool_call",
        }
    }

    fn field(&self) -> &'static str {
        match self.kind {
            ToolKind::Function => "arguments",
            ToolKind::Custom => "input",
        }
    }

    pub(super) fn added(&mut self, item: Node<'_>, numbering: &mut Numbering, out: &mut dyn Emit) {
        self.head(item);
        if let Some(arguments) = item.get(self.field()) {
            self.announced = text(arguments);
        }
        if !self.id.is_empty() {
            self.start(numbering, out);
        }
    }

    fn head(&mut self, item: Node<'_>) {
        let filled = |key: &str| item.text(key).filter(|text| !text.is_empty());
        if let (true, Some(name)) = (self.name.is_empty(), filled("name")) {
            self.name = name.into_owned();
        }
        if let (true, Some(id)) = (self.id.is_empty(), filled("call_id")) {
            self.id = id.into_owned();
        }
        if let (None, Some(namespace)) = (&self.namespace, filled("namespace")) {
            self.namespace = Some(namespace.into_owned());
        }
    }

    pub(super) fn event(
        &mut self,
        kind: &str,
        root: Node<'_>,
        numbering: &mut Numbering,
        out: &mut dyn Emit,
    ) {
        if kind.ends_with("delta") {
            if let Some(delta) = root.get("delta") {
                self.arguments(delta, out);
            }
            return;
        }
        self.head(root);
        if !self.id.is_empty() {
            self.start(numbering, out);
        }
        self.whole(root, out);
    }

    /// The call is done. `Err`: what has no name cannot be called.
    pub(super) fn done(
        &mut self,
        item: Option<Node<'_>>,
        numbering: &mut Numbering,
        out: &mut dyn Emit,
    ) -> Result<(), Error> {
        if let Some(item) = item {
            self.head(item);
            if let (true, Some(id)) = (self.id.is_empty(), item.text("id")) {
                self.id = id.into_owned();
            }
        }
        self.start(numbering, out);
        let Some(part) = self.part else {
            let text = "the upstream sent a tool call without a name";
            return Err(Error::malformed(text));
        };
        if let Some(item) = item {
            self.whole(item, out);
        }
        if !self.has_arguments && !self.announced.is_empty() {
            let piece = Piece::Arguments(&self.announced);
            out.emit(Delta::Piece { part, piece });
        }
        if let Some(rest) = self.joiner.finish() {
            let piece = Piece::Arguments(rest);
            out.emit(Delta::Piece { part, piece });
        }
        out.emit(Delta::PartEnd { part });
        Ok(())
    }

    fn start(&mut self, numbering: &mut Numbering, out: &mut dyn Emit) {
        if self.part.is_some() || self.name.is_empty() {
            return;
        }
        let part = numbering.next();
        self.part = Some(part);
        if self.id.is_empty() {
            self.id = make_id("call_", &numbering.seed, part as usize);
        }
        let kind = PartKind::ToolCall {
            id: &self.id,
            name: &self.name,
            namespace: self.namespace.as_deref(),
            kind: self.kind,
        };
        out.emit(Delta::PartStart { part, kind });
        if !self.held.is_empty() {
            let piece = Piece::Arguments(&self.held);
            out.emit(Delta::Piece { part, piece });
        }
    }

    /// The arguments as a whole, for where they were not streamed.
    fn whole(&mut self, holder: Node<'_>, out: &mut dyn Emit) {
        if let (false, Some(arguments)) = (self.has_arguments, holder.get(self.field())) {
            self.arguments(arguments, out);
        }
    }

    fn arguments(&mut self, node: Node<'_>, out: &mut dyn Emit) {
        // Some hosts send the object itself instead of its text.
        let piece = if node.is_string() {
            node.as_piece(&mut self.joiner)
        } else {
            Some(node.raw().into())
        };
        let Some(piece) = piece.filter(|piece| !piece.is_empty()) else {
            return;
        };
        self.has_arguments = true;
        match self.part {
            Some(part) => {
                let piece = Piece::Arguments(&piece);
                out.emit(Delta::Piece { part, piece });
            }
            None => self.held.push_str(&piece),
        }
    }
}

fn text(node: Node<'_>) -> String {
    match node.as_str() {
        Some(text) => text.into_owned(),
        None => node.raw().into(),
    }
}
