//! Thinking that a client brings back.

use std::borrow::Cow;

use super::input::Input;
use crate::dialect::carrier;
use crate::dialect::openai::read;
use crate::dialect::openai_responses::NATIVE_ORIGIN;
use crate::dialect::openai_responses::state::Along;
use crate::error::Error;
use crate::ir::{Content, Opaque, OpaqueKind, Reasoning, Role};
use crate::json::Node;

impl<'a> Input<'a, '_> {
    /// A `reasoning` item. Ours may hold the state of a call, for which calls have no field.
    pub(super) fn reasoning(&mut self, node: Node<'a>, pointer: String) -> Result<(), Error> {
        let text = |key: &str| {
            node.get(key)
                .map(|node| read::string(node, key))
                .transpose()
        };
        let (id, sealed) = (text("id")?, text("encrypted_content")?.unwrap_or_default());
        let mut summary = texts(node, "summary")?;
        let content = texts(node, "content")?;
        let carried = carrier::open(
            &self.cx.envelope,
            sealed,
            OpaqueKind::Encrypted,
            NATIVE_ORIGIN,
        );
        let packed = match Along::unpack(carried.text.as_deref()) {
            Along::Call(call) => {
                self.call_state(call, &carried.opaque);
                return Ok(());
            }
            Along::Thinking(text) => Some(text.to_owned()),
            Along::Nothing => None,
        };
        let text = match packed {
            // What was shown, as a summary or as the thinking itself, was this text.
            Some(packed) => {
                summary.clear();
                Some(Cow::Owned(packed))
            }
            None => (!content.is_empty()).then(|| content.concat().into()),
        };
        let reasoning = Reasoning {
            text,
            summary,
            opaque: carried.opaque,
            id: id.filter(|id| !id.is_empty()),
        };
        self.push(
            Role::Assistant,
            Content::Reasoning(reasoning).into(),
            pointer,
        );
        Ok(())
    }

    /// Give a call its state back. Calls that the client left out take theirs with them.
    fn call_state(&mut self, id: &str, state: &[Opaque<'a>]) {
        let parts = self
            .turns
            .iter_mut()
            .rev()
            .flat_map(|turn| turn.parts.iter_mut().rev());
        let call = parts.into_iter().find_map(|part| match &mut part.content {
            Content::ToolCall(call) if call.id == id => Some(call),
            _ => None,
        });
        if let Some(call) = call {
            call.opaque.extend_from_slice(state);
        }
    }
}

/// The texts of a list of `{type, text}`.
fn texts<'a>(node: Node<'a>, key: &str) -> Result<Vec<Cow<'a, str>>, Error> {
    let Some(list) = node.get(key) else {
        return Ok(Vec::new());
    };
    let mut texts = Vec::new();
    for part in read::array(list, key)?.items() {
        let text = read::required(read::object(part, "a part of the thinking")?, "text")?;
        texts.push(read::string(text, "text")?);
    }
    Ok(texts)
}
