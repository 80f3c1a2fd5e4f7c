//! The raw lane: what a client's body needs before an upstream of the same dialect may have it.

use std::ops::Range;

use crate::dialect::Target;
use crate::json::{Node, edit};

/// The edits; everything else stays byte-identical. Nothing of other vendors can stand in such a body.
pub(super) fn edits(body: Node<'_>, target: &Target) -> Vec<(Range<usize>, String)> {
    let model = body.get("model").filter(|model| !model.is(&target.model));
    model
        .map(|model| (model.span(), edit::quoted(&target.model)))
        .into_iter()
        .collect()
}
