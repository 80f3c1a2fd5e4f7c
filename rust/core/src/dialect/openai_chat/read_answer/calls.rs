//! Tool calls of an answer, put together from fragments as hosts really send them.
//!
//! Indexes are hints: some hosts begin at 1, some give every parallel call index 0, some give none. A new id or a new
//! name is a new call; a repeated one is more of the same.

use super::parts::Numbering;
use crate::dialect::make_id;
use crate::error::Error;
use crate::ir::{Delta, Emit, Opaque, OpaqueKind, PartKind, Piece, ToolKind};
use crate::json::{Joiner, Node};

use super::super::wire::filled;

/// One call as far as it came.
#[derive(Debug)]
struct Call {
    index: Option<u64>,
    /// The upstream's id; empty when it gave none.
    sent_id: String,
    name: String,
    kind: ToolKind,
    /// The part, once the name is known and it could be started.
    part: Option<u32>,
    /// Arguments that came before the name.
    held: String,
    joiner: Joiner,
}

/// The calls of one answer.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
}

/// One entry of `tool_calls`, or a legacy `function_call`.
#[derive(Debug, Default)]
pub(super) struct Fragment<'t> {
    index: Option<u64>,
    id: Option<std::borrow::Cow<'t, str>>,
    name: Option<std::borrow::Cow<'t, str>>,
    is_custom: bool,
    arguments: Option<Node<'t>>,
    signature: Option<std::borrow::Cow<'t, str>>,
}

/// The index that stands for the one legacy `function_call` an answer can have.
const LEGACY: u64 = u64::MAX;

impl<'t> Fragment<'t> {
    pub(super) fn tool(node: Node<'t>) -> Self {
        let mut fragment = Self::default();
        for (key, value) in node.members().filter(|(_, value)| !value.is_null()) {
            match &*key {
                "index" => fragment.index = value.as_u64(),
                "id" => fragment.id = filled(Some(value)),
                "function" => fragment.body(value, "arguments"),
                "custom" => {
                    fragment.is_custom = true;
                    fragment.body(value, "input");
                }
                "extra_content" => {
                    let google = value.get("google");
                    let signature = google.and_then(|google| google.get("thought_signature"));
                    fragment.signature = filled(signature);
                }
                _ => {}
            }
        }
        fragment
    }

    fn body(&mut self, body: Node<'t>, arguments: &str) {
        for (key, value) in body.members().filter(|(_, value)| !value.is_null()) {
            if key == "name" {
                self.name = filled(Some(value));
            } else if key == arguments {
                self.arguments = Some(value);
            }
        }
    }

    pub(super) fn legacy(node: Node<'t>) -> Self {
        Self {
            index: Some(LEGACY),
            name: filled(node.get("name")),
            arguments: node.get("arguments"),
            ..Self::default()
        }
    }

    /// Whether it begins a call rather than continuing `call`.
    fn is_new(&self, call: &Call) -> bool {
        match (&self.id, &self.name) {
            (Some(id), _) if !call.sent_id.is_empty() => *id != call.sent_id,
            (_, Some(name)) => !call.name.is_empty() && *name != call.name,
            _ => false,
        }
    }
}

impl Calls {
    /// Whether the fragment will start a part: text that is open must end first.
    pub(super) fn starts_part(&self, fragment: &Fragment<'_>, whole: bool) -> bool {
        match self.find(fragment, whole) {
            Some(at) => self.calls[at].part.is_none() && fragment.name.is_some(),
            None => fragment.name.is_some(),
        }
    }

    /// Take one fragment. `whole`: it is a call of its own, as in one-shot answers.
    pub(super) fn take(
        &mut self,
        fragment: &Fragment<'_>,
        whole: bool,
        numbering: &mut Numbering,
        out: &mut dyn Emit,
    ) {
        let at = self.find(fragment, whole).unwrap_or_else(|| {
            self.calls.push(Call::new(fragment));
            self.calls.len() - 1
        });
        let is_taken = |id: &str| {
            self.calls
                .iter()
                .enumerate()
                .any(|(other, call)| other != at && call.sent_id == id)
        };
        let id = fragment
            .id
            .as_deref()
            .filter(|id| !is_taken(id))
            .map(str::to_owned);
        let call = &mut self.calls[at];
        if call.sent_id.is_empty() && call.part.is_none() {
            call.sent_id = id.unwrap_or_default();
        }
        if let (true, Some(name)) = (call.name.is_empty(), &fragment.name) {
            call.name = name.clone().into_owned();
        }
        call.start(at, numbering, out);
        call.arguments(fragment.arguments, out);
        if let (Some(part), Some(signature)) = (call.part, fragment.signature.as_deref()) {
            let opaque = Opaque {
                origin: numbering.origin.as_str().into(),
                kind: OpaqueKind::ThoughtSignature,
                data: signature.into(),
            };
            out.emit(Delta::Piece {
                part,
                piece: Piece::Opaque(opaque),
            });
        }
    }

    /// The call that a fragment continues.
    fn find(&self, fragment: &Fragment<'_>, whole: bool) -> Option<usize> {
        if whole {
            return None;
        }
        let calls = &self.calls;
        let at = match (fragment.index, &fragment.id) {
            (Some(index), _) => calls.iter().rposition(|call| call.index == Some(index))?,
            (None, Some(id)) => return calls.iter().rposition(|call| call.sent_id == *id),
            // Without index and id, a name is all that can tell a new call.
            (None, None) if fragment.name.is_some() => {
                return calls
                    .len()
                    .checked_sub(1)
                    .filter(|last| calls[*last].name.is_empty());
            }
            (None, None) => calls.len().checked_sub(1)?,
        };
        (!fragment.is_new(&calls[at])).then_some(at)
    }

    /// End every call. `Err`: arguments without a name cannot be called.
    pub(super) fn finish(&mut self, out: &mut dyn Emit) -> Result<(), Error> {
        for call in self.calls.drain(..) {
            call.finish(out)?;
        }
        Ok(())
    }
}

impl Call {
    fn new(fragment: &Fragment<'_>) -> Self {
        Self {
            index: fragment.index,
            sent_id: String::new(),
            name: String::new(),
            kind: if fragment.is_custom {
                ToolKind::Custom
            } else {
                ToolKind::Function
            },
            part: None,
            held: String::new(),
            joiner: Joiner::default(),
        }
    }

    fn start(&mut self, at: usize, numbering: &mut Numbering, out: &mut dyn Emit) {
        if self.part.is_some() || self.name.is_empty() {
            return;
        }
        let part = numbering.next();
        self.part = Some(part);
        let made;
        let id = if self.sent_id.is_empty() {
            made = make_id("call_", &numbering.seed, at);
            &made
        } else {
            &self.sent_id
        };
        let kind = PartKind::ToolCall {
            id,
            name: &self.name,
            namespace: None,
            kind: self.kind,
        };
        out.emit(Delta::PartStart { part, kind });
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            out.emit(Delta::Piece {
                part,
                piece: Piece::Arguments(&held),
            });
        }
    }

    fn arguments(&mut self, node: Option<Node<'_>>, out: &mut dyn Emit) {
        let Some(node) = node else { return };
        // Some hosts send the object itself instead of its text.
        let piece = if node.is_string() {
            node.as_piece(&mut self.joiner)
        } else {
            Some(node.raw().into())
        };
        let Some(piece) = piece.filter(|piece| !piece.is_empty()) else {
            return;
        };
        match self.part {
            Some(part) => out.emit(Delta::Piece {
                part,
                piece: Piece::Arguments(&piece),
            }),
            None => self.held.push_str(&piece),
        }
    }

    fn finish(mut self, out: &mut dyn Emit) -> Result<(), Error> {
        let Some(part) = self.part else {
            return if self.held.is_empty() {
                Ok(())
            } else {
                Err(Error::malformed(
                    "the upstream sent a tool call without a name",
                ))
            };
        };
        if let Some(rest) = self.joiner.finish() {
            out.emit(Delta::Piece {
                part,
                piece: Piece::Arguments(rest),
            });
        }
        out.emit(Delta::PartEnd { part });
        Ok(())
    }
}
