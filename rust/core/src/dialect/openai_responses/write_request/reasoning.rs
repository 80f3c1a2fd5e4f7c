//! Earlier thinking on its way back to the upstream: as the item that it was, or not at all.

use super::input::Items;
use crate::dialect::Replay;
use crate::dialect::carrier::is_issued;
use crate::dialect::openai_responses::{NATIVE_ORIGIN, state};
use crate::ir::{OpaqueKind, Reasoning, Turn};
use crate::json::write::{Array, Object};
use crate::loss::Code;

impl Items<'_, '_> {
    /// Thinking of another vendor stays here: nobody but its issuer can read its state, and as text the model would
    /// take it for something it said.
    pub(super) fn reasoning(
        &mut self,
        list: &mut Array<'_>,
        reasoning: &Reasoning<'_>,
        turn: &Turn<'_>,
    ) {
        let is_empty = reasoning.text.is_none() && reasoning.summary.is_empty();
        if is_empty && reasoning.opaque.is_empty() {
            return;
        }
        let wants_text = self.target.profile.replay_reasoning != Replay::Never;
        let mut is_sent = false;
        for opaque in &reasoning.opaque {
            if !is_issued(opaque, self.target, NATIVE_ORIGIN) {
                continue;
            }
            match opaque.kind {
                OpaqueKind::Encrypted => list.object(|o| {
                    let (id, content) = state::split(&opaque.data);
                    write_head(o, id.or(reasoning.id.as_deref()), reasoning);
                    o.str("encrypted_content", content);
                }),
                // The host keeps no state: the thinking itself is what it wants back.
                OpaqueKind::Replay if wants_text => list.object(|o| {
                    let id = Some(&*opaque.data).filter(|id| !id.is_empty());
                    write_head(o, id, reasoning);
                    write_text(o, reasoning.text.as_deref().unwrap_or_default());
                }),
                _ => continue,
            }
            is_sent = true;
        }
        let is_foreign = |o: &crate::ir::Opaque<'_>| !is_issued(o, self.target, NATIVE_ORIGIN);
        if !is_sent || reasoning.opaque.iter().any(is_foreign) {
            let detail = "earlier thinking that this upstream did not issue";
            self.loss.add(Code::OpaqueDropped, &turn.pointer, detail);
        }
    }
}

/// Without its own id an item is sent without one: a made-up id does not match the state.
fn write_head(o: &mut Object<'_>, id: Option<&str>, reasoning: &Reasoning<'_>) {
    o.str("type", "reasoning");
    o.opt_str("id", id);
    // Required, also when there is none.
    o.array("summary", |list| {
        for text in &reasoning.summary {
            list.object(|o| {
                o.str("type", "summary_text");
                o.str("text", text);
            });
        }
    });
}

fn write_text(o: &mut Object<'_>, text: &str) {
    o.array("content", |list| {
        list.object(|o| {
            o.str("type", "reasoning_text");
            o.str("text", text);
        });
    });
}
