//! Which of the two operations a request is, and whether it only loads a model.

use crate::dialect::ClientContext;
use crate::json::{Kind, Node};

/// An operation. They differ in how the prompt is said and in the form of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Operation {
    /// `/api/chat`: messages.
    #[default]
    Chat,
    /// `/api/generate`: one prompt.
    Generate,
}

impl Operation {
    /// The operation of a request: as its path says, else by its body.
    pub(super) fn of(body: Node<'_>, cx: &ClientContext) -> Self {
        match cx.operation.as_deref() {
            Some(name) => Self::named(name),
            None if body.get("messages").is_none() && body.get("prompt").is_some() => {
                Self::Generate
            }
            None => Self::Chat,
        }
    }

    /// The operation with this [`Operation::name`].
    pub(super) fn named(name: &str) -> Self {
        if name == Self::Generate.name() {
            Self::Generate
        } else {
            Self::Chat
        }
    }

    /// The last step of its path.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Generate => "generate",
        }
    }

    /// The `done_reason` of a request without a prompt, which only loads the model or (to be kept for no time) unloads
    /// it. `None`: there is a prompt.
    pub(super) fn loading(self, body: Node<'_>) -> Option<&'static str> {
        let has_prompt = match self {
            Self::Chat => body.get("messages").is_some_and(|list| {
                // What is no list is refused when it is read.
                !list.is_array() || list.items().next().is_some()
            }),
            Self::Generate => body
                .get("prompt")
                .is_some_and(|prompt| !prompt.is_string() || !prompt.inner().is_empty()),
        };
        let is_over = body.get("keep_alive").is_some_and(is_no_time);
        (!has_prompt).then_some(if is_over { "unload" } else { "load" })
    }
}

/// `0`, `"0"`, `"0s"`, `"0h0m"`.
fn is_no_time(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Number => node.as_number().and_then(crate::json::Number::as_f64) == Some(0.0),
        _ => node.as_str().is_some_and(|text| {
            text.contains('0') && text.bytes().all(|b| b == b'0' || b.is_ascii_alphabetic())
        }),
    }
}
