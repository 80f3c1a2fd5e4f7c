//! What a line or a whole answer holds, found in one pass over its members. `null` is absent, unknown fields are
//! skipped. Both operations are read alike: `/api/generate` has `response` and `thinking` where `/api/chat` has a message.

use std::borrow::Cow;

use crate::json::{Kind, Node};

/// A line of a stream, or a whole answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line<'t> {
    pub(super) model: Option<Node<'t>>,
    pub(super) created_at: Option<Node<'t>>,
    pub(super) content: Option<Node<'t>>,
    pub(super) thinking: Option<Node<'t>>,
    pub(super) tool_calls: Option<Node<'t>>,
    pub(super) logprobs: Option<Node<'t>>,
    pub(super) done: Option<bool>,
    pub(super) done_reason: Option<Node<'t>>,
    pub(super) prompt_eval_count: Option<u64>,
    pub(super) eval_count: Option<u64>,
    error: Option<Node<'t>>,
    has_body: bool,
}

impl<'t> Line<'t> {
    pub(super) fn read(root: Node<'t>) -> Self {
        let mut line = Self::default();
        for (key, value) in root.members().filter(|(_, value)| !value.is_null()) {
            match &*key {
                "model" => line.model = Some(value),
                "created_at" => line.created_at = Some(value),
                "message" => line.message(value),
                "response" => {
                    line.content = Some(value);
                    line.has_body = true;
                }
                "thinking" => line.thinking = Some(value),
                "tool_calls" => line.tool_calls = Some(value),
                "logprobs" => line.logprobs = Some(value),
                "done" => line.done = value.as_bool(),
                "done_reason" => line.done_reason = Some(value),
                "prompt_eval_count" => line.prompt_eval_count = value.as_u64(),
                "eval_count" => line.eval_count = value.as_u64(),
                "error" => line.error = Some(value),
                _ => {}
            }
        }
        line
    }

    fn message(&mut self, message: Node<'t>) {
        self.has_body |= message.is_object();
        for (key, value) in message.members().filter(|(_, value)| !value.is_null()) {
            match &*key {
                "content" => self.content = Some(value),
                "thinking" => self.thinking = Some(value),
                "tool_calls" => self.tool_calls = Some(value),
                _ => {}
            }
        }
    }

    /// Whether this is an error in place of an answer, as the official client asks: `if part.get('error')`.
    pub(super) fn is_error(&self) -> bool {
        self.error.is_some_and(|error| match error.kind() {
            Kind::Null | Kind::False => false,
            Kind::Plain | Kind::Escaped => !error.inner().is_empty(),
            _ => true,
        })
    }

    /// Whether it is a piece of an answer at all; progress reports and the like are not.
    pub(super) fn is_answer(&self) -> bool {
        self.has_body || self.done.is_some()
    }

    /// Whether it ends the answer.
    pub(super) fn is_done(&self) -> bool {
        self.done == Some(true)
    }

    /// The stop reason; empty when none is given.
    pub(super) fn reason(&self) -> Cow<'t, str> {
        self.done_reason.and_then(Node::as_str).unwrap_or_default()
    }

    /// Whether it says something.
    pub(super) fn has_content(&self) -> bool {
        let says = |node: Option<Node<'_>>| node.is_some_and(|text| !text.inner().is_empty());
        says(self.content)
            || says(self.thinking)
            || self
                .tool_calls
                .is_some_and(|calls| calls.items().next().is_some())
    }
}
