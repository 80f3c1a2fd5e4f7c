//! Edits that turn a client's body into what an upstream of this dialect is sent. Everything else stays byte for byte:
//! signatures, unknown members, the order of keys (which decides prompt caches).
//!
//! Three things may not go through: the model's name, opaque state in our envelopes, and citations that we made up.
//! State of this very upstream is unwrapped; a block with any other state is cut out, because the API refuses the
//! whole request over one signature that it did not write. A message that consists of such blocks only is cut out as a
//! whole: an assistant message without content is refused, while two user messages in a row are merged by the server,
//! so the rest stays legal and says what it said. Only a request with nothing else in it is refused.
//!
//! Vertex AI wants the model in the path and a version in its place ([`Profile::body_version`]).
//!
//! [`Profile::body_version`]: crate::dialect::Profile::body_version

use std::ops::Range;

use super::relay::renamed;
use super::{NATIVE_ORIGIN, is_admissible};
use crate::dialect::{ClientContext, Target, carrier};
use crate::error::Error;
use crate::ir::{Opaque, OpaqueKind};
use crate::json::{Node, edit, write};
use crate::loss::{Code, LossReport};

type Edit = (Range<usize>, String);

/// The edits, in ascending order.
pub(super) fn edits(
    body: Node<'_>,
    target: &Target,
    cx: &ClientContext,
    loss: &mut LossReport,
) -> Result<Vec<Edit>, Error> {
    if body.get("model").is_none_or(|model| !model.is_string()) {
        return Err(Error::client("model must be a string").at("/model"));
    }
    let mut edits = match target.profile.body_version.as_deref() {
        Some(version) => versioned(body, version, target, cx),
        None => renamed(body, &target.model).into_iter().collect(),
    };
    if let Some(messages) = body.get("messages") {
        let mut editor = Editor {
            target,
            cx,
            loss,
            edits: Vec::new(),
        };
        editor.messages(messages)?;
        edits.append(&mut editor.edits);
    }
    edits.sort_by_key(|(range, _)| range.start);
    Ok(edits)
}

/// Vertex AI: the version stands where the model stood, which the path says. Only a count's path says none.
fn versioned(body: Node<'_>, version: &str, target: &Target, cx: &ClientContext) -> Vec<Edit> {
    let said = format!("\"anthropic_version\":{}", edit::quoted(version));
    let new = if cx.count_only {
        format!("\"model\":{},{said}", edit::quoted(&target.model))
    } else {
        said
    };
    let is_version = |key: Node<'_>, _: Node<'_>| key.is("anthropic_version");
    let mut edits: Vec<Edit> = edit::members(body, is_version)
        .into_iter()
        .map(|span| (span, String::new()))
        .collect();
    let model = body.entries().find(|(key, _)| key.is("model"));
    edits.extend(model.map(|(key, value)| (key.span().start..value.span().end, new)));
    edits
}

struct Editor<'x> {
    target: &'x Target,
    cx: &'x ClientContext,
    loss: &'x mut LossReport,
    edits: Vec<Edit>,
}

/// What becomes of a block.
enum Fate {
    Kept,
    /// Kept with edits inside.
    Edited(Vec<Edit>),
    Cut,
}

impl Editor<'_> {
    fn messages(&mut self, messages: Node<'_>) -> Result<(), Error> {
        let is_kept: Vec<_> = messages
            .items()
            .map(|message| self.message(message))
            .collect();
        if !is_kept.is_empty() && !is_kept.contains(&true) {
            let message = "the messages hold nothing but another vendor's thinking";
            return Err(Error::bad_request(messages, message));
        }
        self.cut(messages, &is_kept);
        Ok(())
    }

    /// Edit one message; `false`: nothing of it is left.
    fn message(&mut self, message: Node<'_>) -> bool {
        let content = message.get("content").filter(|content| content.is_array());
        let Some(content) = content else {
            return true;
        };
        let mut is_kept = Vec::new();
        let mut inside = Vec::new();
        for block in content.items() {
            let fate = self.block(block);
            is_kept.push(!matches!(fate, Fate::Cut));
            match fate {
                Fate::Kept => {}
                Fate::Edited(mut edits) => inside.append(&mut edits),
                Fate::Cut => self.report(block, "thinking of another vendor is left out"),
            }
        }
        if !is_kept.is_empty() && !is_kept.contains(&true) {
            return false;
        }
        self.edits.append(&mut inside);
        self.cut(content, &is_kept);
        true
    }

    fn report(&mut self, block: Node<'_>, detail: &str) {
        self.loss.add(Code::OpaqueDropped, block.pointer(), detail);
    }

    fn block(&mut self, block: Node<'_>) -> Fate {
        let (key, kind) = match block.text("type").as_deref() {
            Some("thinking") => ("signature", OpaqueKind::Signature),
            Some("redacted_thinking") => ("data", OpaqueKind::Redacted),
            Some("text") => return self.citations(block),
            _ => return Fate::Kept,
        };
        let Some((carrier, text)) = block.get(key).and_then(|node| Some((node, node.as_str()?)))
        else {
            return Fate::Kept;
        };
        if !carrier::is_sealed(&text) {
            return Fate::Kept;
        }
        let carried = carrier::open(&self.cx.envelope, text, kind, NATIVE_ORIGIN);
        let is_its =
            |opaque: &&Opaque<'_>| opaque.kind == kind && is_admissible(opaque, self.target);
        match carried.opaque.iter().find(is_its) {
            Some(opaque) => {
                let mut bare = Vec::with_capacity(opaque.data.len() + 2);
                write::string(&mut bare, &opaque.data);
                let bare = String::from_utf8(bare).unwrap_or_default();
                Fate::Edited(vec![(carrier.span(), bare)])
            }
            None => Fate::Cut,
        }
    }

    /// Citations that we made from another dialect's carry an index that no vendor issued.
    fn citations(&mut self, block: Node<'_>) -> Fate {
        let Some(citations) = block.get("citations") else {
            return Fate::Kept;
        };
        let is_ours = |citation: Node<'_>| {
            let index = citation.text("encrypted_index");
            index.is_some_and(|index| carrier::is_sealed(&index))
        };
        let is_kept: Vec<_> = citations
            .items()
            .map(|citation| !is_ours(citation))
            .collect();
        if !is_kept.contains(&false) {
            return Fate::Kept;
        }
        let detail = "sources that another vendor named";
        self.loss
            .add(Code::FieldDropped, citations.pointer(), detail);
        Fate::Edited(edit::elements(citations, &is_kept).collect())
    }

    fn cut(&mut self, array: Node<'_>, is_kept: &[bool]) {
        self.edits.extend(edit::elements(array, is_kept));
    }
}
