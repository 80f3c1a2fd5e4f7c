//! Earlier thinking on its way back to the upstream.

use std::borrow::Cow;

use super::super::NATIVE_ORIGIN;
use crate::dialect::carrier::is_issued;
use crate::dialect::{Replay, Target};
use crate::ir::{OpaqueKind, Reasoning};
use crate::json::write::Object;
use crate::loss::{Code, LossReport};

/// The thinking of one assistant turn.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    text: Option<String>,
    /// The inside of the raw array.
    details: String,
}

/// What of a turn's thinking this upstream gets. Thinking of another vendor stays here: it is no answer text, and
/// nobody but its issuer can check it.
pub(super) fn replay(
    thinking: &[&Reasoning<'_>],
    pointer: &str,
    target: &Target,
    loss: &mut LossReport,
) -> Replayed {
    let mut replayed = Replayed::default();
    let mut is_dropped = false;
    for part in thinking {
        let mut wants_text = target.profile.replay_reasoning == Replay::Always;
        let mut has_details = false;
        for opaque in &part.opaque {
            match (is_issued(opaque, target, NATIVE_ORIGIN), opaque.kind) {
                (true, OpaqueKind::Replay) => {
                    wants_text |= target.profile.replay_reasoning == Replay::IfIssued;
                }
                (true, OpaqueKind::Details) => {
                    replayed.add_details(&opaque.data);
                    has_details = true;
                }
                _ => is_dropped = true,
            }
        }
        match said(part) {
            Some(text) if wants_text => replayed.text.get_or_insert_default().push_str(&text),
            Some(_) => is_dropped |= !has_details,
            None => {}
        }
    }
    if is_dropped {
        loss.add(
            Code::OpaqueDropped,
            pointer,
            "earlier thinking that this upstream did not issue or does not take",
        );
    }
    if target.profile.replay_reasoning == Replay::Always && replayed.text.is_none() {
        loss.add(
            Code::OpaqueFilled,
            pointer,
            "the upstream wants thinking on every turn and there is none",
        );
        replayed.text = Some(String::new());
    }
    replayed
}

fn said<'r>(part: &'r Reasoning<'_>) -> Option<Cow<'r, str>> {
    match (&part.text, part.summary.is_empty()) {
        (Some(text), _) if !text.is_empty() => Some(text.as_ref().into()),
        (_, false) => Some(part.summary.join("\n\n").into()),
        _ => None,
    }
}

impl Replayed {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_none() && self.details.is_empty()
    }

    pub(super) fn write(&self, o: &mut Object<'_>) {
        o.opt_str("reasoning_content", self.text.as_deref());
        if !self.details.is_empty() {
            o.raw("reasoning_details", &format!("[{}]", self.details));
        }
    }

    fn add_details(&mut self, array: &str) {
        let array = array.trim();
        let inner = array
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(array)
            .trim();
        if !self.details.is_empty() && !inner.is_empty() {
            self.details.push(',');
        }
        self.details.push_str(inner);
    }
}
