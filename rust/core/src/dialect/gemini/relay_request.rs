//! Edits that turn a client's body into what an upstream of this dialect is sent. Everything else stays byte for byte.
//!
//! Only signatures in our envelopes may not go through: state of this very upstream is unwrapped; any other is replaced
//! by the documented placeholder on calls, and cut out elsewhere. A part that held nothing but such a signature goes as
//! a whole, and so does a content without parts.

use std::ops::Range;

use super::spelling::{self, each, get};
use super::{model, state};
use crate::dialect::{ClientContext, Target};
use crate::error::Error;
use crate::json::{Node, edit};
use crate::loss::{Code, LossReport};

type Edit = (Range<usize>, String);

/// The edits, in ascending order.
pub(super) fn edits(
    body: Node<'_>,
    target: &Target,
    cx: &ClientContext,
    loss: &mut LossReport,
) -> Result<Vec<Edit>, Error> {
    let mut editor = Editor {
        target,
        cx,
        loss,
        edits: Vec::new(),
    };
    editor.names(body);
    editor.contents(body)?;
    if cx.count_only
        && let Some(inner) = get(body, "generateContentRequest")
    {
        editor.names(inner);
        editor.contents(inner)?;
    }
    let mut edits = editor.edits;
    edits.sort_by_key(|(range, _)| range.start);
    Ok(edits)
}

struct Editor<'x> {
    target: &'x Target,
    cx: &'x ClientContext,
    loss: &'x mut LossReport,
    edits: Vec<Edit>,
}

/// What becomes of a part.
enum Fate {
    Kept,
    Edited(Vec<Edit>),
    Cut,
}

impl Editor<'_> {
    /// Bodies that name the model must name the path's.
    fn names(&mut self, body: Node<'_>) {
        if let Some(node) = get(body, "model").filter(|node| node.is_string()) {
            let name = format!("models/{}", self.target.model.trim_start_matches("models/"));
            if !node.is(&name) {
                self.edits.push((node.span(), edit::quoted(&name)));
            }
        }
    }

    fn contents(&mut self, body: Node<'_>) -> Result<(), Error> {
        let Some(contents) = get(body, "contents") else {
            return Ok(());
        };
        let is_kept: Vec<_> = each(contents)
            .map(|content| self.content(content))
            .collect();
        if is_kept.contains(&true) {
            if contents.is_array() {
                self.edits.extend(edit::elements(contents, &is_kept));
            }
            return Ok(());
        }
        let message = "the contents hold nothing but another vendor's thinking";
        Err(Error::bad_request(contents, message))
    }

    /// Edit one content; `false`: nothing of it is left.
    fn content(&mut self, content: Node<'_>) -> bool {
        let Some(parts) = get(content, "parts") else {
            return true;
        };
        let (mut is_kept, mut inside) = (Vec::new(), Vec::new());
        for part in each(parts) {
            let fate = self.part(part);
            is_kept.push(!matches!(fate, Fate::Cut));
            if let Fate::Edited(mut edits) = fate {
                inside.append(&mut edits);
            }
        }
        if !is_kept.is_empty() && !is_kept.contains(&true) {
            return false;
        }
        self.edits.append(&mut inside);
        if parts.is_array() {
            self.edits.extend(edit::elements(parts, &is_kept));
        }
        true
    }

    fn part(&mut self, part: Node<'_>) -> Fate {
        let Some(node) = get(part, "thoughtSignature") else {
            return Fate::Kept;
        };
        let Some(signature) = node.as_str().filter(|text| state::is_sealed(text)) else {
            return Fate::Kept;
        };
        let carried = state::open(&self.cx.envelope, signature);
        let thoughts = carried.reasoning.iter().flat_map(|thought| &thought.opaque);
        let mut all = carried.own.iter().chain(thoughts);
        if let Some(opaque) = all.find(|opaque| state::is_admissible(opaque, self.target)) {
            return Fate::Edited(vec![(node.span(), edit::quoted(&opaque.data))]);
        }
        if get(part, "functionCall").is_some() && model::needs_signatures(&self.target.model) {
            let detail = "a call that another vendor signed gets the documented placeholder";
            self.loss.add(Code::OpaqueFilled, part.pointer(), detail);
            return Fate::Edited(vec![(node.span(), edit::quoted(state::FILLER))]);
        }
        let detail = "thinking of another vendor is left out";
        self.loss.add(Code::OpaqueDropped, part.pointer(), detail);
        if says_nothing(part) {
            return Fate::Cut;
        }
        let is_signature = |key: Node<'_>, _: Node<'_>| {
            key.as_str()
                .is_some_and(|key| spelling::is_spelt(&key, "thoughtSignature"))
        };
        let cuts = edit::members(part, is_signature);
        Fate::Edited(
            cuts.into_iter()
                .map(|range| (range, String::new()))
                .collect(),
        )
    }
}

/// Whether a part holds nothing besides its signature.
fn says_nothing(part: Node<'_>) -> bool {
    part.members().all(|(key, value)| {
        let is_empty_text = key == "text" && value.inner().is_empty();
        let is_marker = ["thought", "thoughtSignature"]
            .iter()
            .any(|known| spelling::is_spelt(&key, known));
        is_empty_text || is_marker
    })
}
