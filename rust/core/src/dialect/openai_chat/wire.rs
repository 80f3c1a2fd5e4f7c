//! What a chunk or a completion holds, found in one pass over its members. `null` is absent, unknown fields are skipped.

use std::borrow::Cow;

use crate::json::{Kind, Node, Number};

/// A chunk or a whole completion.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head<'t> {
    pub(super) id: Option<Node<'t>>,
    pub(super) model: Option<Node<'t>>,
    pub(super) created: Option<u64>,
    pub(super) service_tier: Option<Node<'t>>,
    pub(super) fingerprint: Option<Node<'t>>,
    pub(super) choices: Option<Node<'t>>,
    pub(super) usage: Option<Node<'t>>,
    error: Option<Node<'t>>,
    detail: Option<Node<'t>>,
    object: Option<Node<'t>>,
}

impl<'t> Head<'t> {
    pub(super) fn read(root: Node<'t>) -> Self {
        let mut head = Self::default();
        for (key, value) in root.members().filter(|(_, value)| !value.is_null()) {
            match &*key {
                "id" => head.id = Some(value),
                "model" => head.model = Some(value),
                "created" => head.created = value.as_u64().filter(|seconds| *seconds > 0),
                "service_tier" => head.service_tier = Some(value),
                "system_fingerprint" => head.fingerprint = Some(value),
                "choices" => head.choices = Some(value),
                "usage" => head.usage = Some(value),
                // Groq's older place for it; a proper `usage` wins.
                "x_groq" => head.usage = head.usage.or(value.get("usage")),
                "error" => head.error = Some(value),
                "detail" => head.detail = Some(value),
                "object" => head.object = Some(value),
                _ => {}
            }
        }
        head
    }

    /// Whether this is an error in place of an answer: OpenAI's `error`, vLLM's `object: error`, FastAPI's `detail`.
    pub(super) fn is_error(&self) -> bool {
        self.error.is_some_and(is_truthy)
            || self.object.is_some_and(|object| object.is("error"))
            || (self.choices.is_none() && self.detail.is_some_and(is_truthy))
    }

    /// The choices that were sent.
    pub(super) fn choices(&self) -> impl Iterator<Item = Choice<'t>> {
        self.choices
            .into_iter()
            .flat_map(Node::items)
            .map(Choice::read)
    }
}

/// One choice of a chunk (`delta`), of a completion (`message`) or of the older API (`text`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice<'t> {
    pub(super) index: u64,
    pub(super) message: Option<Node<'t>>,
    /// The piece of a text completion.
    pub(super) text: Option<Node<'t>>,
    pub(super) finish: Option<Node<'t>>,
    /// The stop text that was hit: vLLM's `stop_reason`, SGLang's `matched_stop`.
    pub(super) stop: Option<Node<'t>>,
    pub(super) logprobs: Option<Node<'t>>,
    pub(super) error: Option<Node<'t>>,
}

impl<'t> Choice<'t> {
    fn read(node: Node<'t>) -> Self {
        let mut choice = Self::default();
        for (key, value) in node.members().filter(|(_, value)| !value.is_null()) {
            match &*key {
                "index" => choice.index = value.as_u64().unwrap_or(0),
                "delta" => choice.message = Some(value),
                "message" => choice.message = choice.message.or(Some(value)),
                "text" => choice.text = Some(value),
                "finish_reason" => choice.finish = Some(value),
                "stop_reason" | "matched_stop" if value.is_string() => choice.stop = Some(value),
                "logprobs" => choice.logprobs = Some(value),
                "error" => choice.error = Some(value).filter(|error| is_truthy(*error)),
                _ => {}
            }
        }
        choice
    }

    /// The stop reason; old Ollama sends `""` instead of `null`.
    pub(super) fn finish_reason(&self) -> Option<Cow<'t, str>> {
        self.finish?.as_str().filter(|reason| !reason.is_empty())
    }
}

/// A delta, or the message of a whole completion.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Message<'t> {
    pub(super) content: Option<Node<'t>>,
    pub(super) refusal: Option<Node<'t>>,
    pub(super) reasoning_content: Option<Node<'t>>,
    pub(super) reasoning: Option<Node<'t>>,
    pub(super) reasoning_details: Option<Node<'t>>,
    pub(super) tool_calls: Option<Node<'t>>,
    pub(super) function_call: Option<Node<'t>>,
    pub(super) annotations: Option<Node<'t>>,
    pub(super) images: Option<Node<'t>>,
}

impl<'t> Message<'t> {
    pub(super) fn read(node: Node<'t>) -> Self {
        let mut message = Self::default();
        for (key, value) in node.members().filter(|(_, value)| !value.is_null()) {
            match &*key {
                "content" => message.content = Some(value),
                "refusal" => message.refusal = Some(value),
                "reasoning_content" => message.reasoning_content = Some(value),
                "reasoning" => message.reasoning = Some(value),
                "reasoning_details" => message.reasoning_details = Some(value),
                "tool_calls" => message.tool_calls = Some(value),
                "function_call" => message.function_call = Some(value),
                "annotations" => message.annotations = Some(value),
                "images" => message.images = Some(value),
                _ => {}
            }
        }
        message
    }

    /// The thinking: hosts that send it under both names send it twice.
    pub(super) fn thinking(&self) -> Option<Node<'t>> {
        let filled = |node: &Node<'t>| !node.inner().is_empty();
        self.reasoning_content
            .filter(filled)
            .or(self.reasoning.filter(filled))
    }
}

/// A text that is not empty.
pub(super) fn filled(node: Option<Node<'_>>) -> Option<Cow<'_, str>> {
    node?.as_str().filter(|text| !text.is_empty())
}

/// As both SDKs ask: `if data.error`.
pub(super) fn is_truthy(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Null | Kind::False => false,
        Kind::Plain | Kind::Escaped => !node.inner().is_empty(),
        Kind::Number => node.as_number().and_then(Number::as_f64) != Some(0.0),
        Kind::Object => node.entries().next().is_some(),
        Kind::True | Kind::Array => true,
    }
}
