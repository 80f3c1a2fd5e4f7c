//! What a client wants of thinking, and the thinking it brings back.

use std::borrow::Cow;

use crate::dialect::ClientContext;
use crate::dialect::openai::read;
use crate::envelope::Opened;
use crate::error::Error;
use crate::ir::{Effort, Opaque, OpaqueKind, Reasoning, ReasoningIntent, Request, Visibility};
use crate::json::Node;

use super::super::NATIVE_ORIGIN;
use super::super::relay_request::carrier;

/// Read every spelling: OpenAI's `reasoning_effort`, OpenRouter's `reasoning`, DeepSeek's and z.ai's `thinking`,
/// Qwen's `enable_thinking` and `thinking_budget`.
pub(super) fn intent<'a>(request: &mut Request<'a>, body: Node<'a>) -> Result<(), Error> {
    let mut intent = ReasoningIntent::default();
    if let Some(node) = body.get("reasoning_effort") {
        effort(&mut intent, request, "", "reasoning_effort", node)?;
    }
    if let Some(node) = body.get("reasoning") {
        openrouter(&mut intent, request, read::object(node, "reasoning")?)?;
    }
    if let Some(node) = body.get("thinking") {
        switch(&mut intent, request, node)?;
    }
    if let Some(node) = body.get("enable_thinking") {
        intent.enabled = Some(read::boolean(node, "enable_thinking")?);
    }
    if let Some(node) = body.get("thinking_budget") {
        intent.budget = Some(read::count(node, "thinking_budget", 0, u64::MAX)?);
    }
    request.reasoning = Some(intent).filter(|intent| *intent != ReasoningIntent::default());
    Ok(())
}

fn effort<'a>(
    intent: &mut ReasoningIntent,
    request: &mut Request<'a>,
    at: &str,
    key: &str,
    node: Node<'a>,
) -> Result<(), Error> {
    match Effort::from_name(&read::string(node, key)?) {
        Some(effort) => intent.effort = Some(effort),
        None => read::keep(&mut request.ext, at, key, node),
    }
    Ok(())
}

fn openrouter<'a>(
    intent: &mut ReasoningIntent,
    request: &mut Request<'a>,
    node: Node<'a>,
) -> Result<(), Error> {
    if let Some(node) = node.get("effort") {
        effort(intent, request, "/reasoning", "effort", node)?;
    }
    if let Some(budget) = node.get("max_tokens") {
        intent.budget = Some(read::count(budget, "max_tokens", 0, u64::MAX)?);
    }
    if let Some(enabled) = node.get("enabled") {
        intent.enabled = Some(read::boolean(enabled, "enabled")?);
    }
    if let Some(exclude) = node.get("exclude") {
        let hidden = read::boolean(exclude, "exclude")?;
        intent.visibility = Some(if hidden {
            Visibility::Hidden
        } else {
            Visibility::Shown
        });
    }
    read::keep_unknown(
        &mut request.ext,
        "/reasoning",
        node,
        &["effort", "max_tokens", "enabled", "exclude"],
    );
    Ok(())
}

fn switch<'a>(
    intent: &mut ReasoningIntent,
    request: &mut Request<'a>,
    node: Node<'a>,
) -> Result<(), Error> {
    let kind = read::string(
        read::required(read::object(node, "thinking")?, "type")?,
        "type",
    )?;
    match &*kind {
        "enabled" => intent.enabled = Some(true),
        "disabled" => intent.enabled = Some(false),
        "adaptive" | "auto" => (intent.enabled, intent.adaptive) = (Some(true), true),
        _ => read::keep(&mut request.ext, "", "thinking", node),
    }
    if let Some(budget) = node.get("budget_tokens") {
        intent.budget = Some(read::count(budget, "budget_tokens", 0, u64::MAX)?);
    }
    Ok(())
}

/// The thinking of one assistant message.
///
/// Entries that are our envelopes bring their own text back, part by part; what is left is the vendor's own. The plain
/// text counts only where no entry has it: it is the sum of all parts.
pub(super) fn history<'a>(
    message: Node<'a>,
    cx: &ClientContext,
) -> Result<Vec<Reasoning<'a>>, Error> {
    let text = plain(message)?;
    let Some(details) = message.get("reasoning_details") else {
        return Ok(text
            .map(|text| Reasoning {
                text: Some(text),
                ..Reasoning::default()
            })
            .into_iter()
            .collect());
    };
    let mut parts: Vec<(Cow<'a, str>, Reasoning<'a>)> = Vec::new();
    let mut native = Vec::new();
    for entry in read::array(details, "reasoning_details")?.items() {
        let Some(sealed) = carrier(entry).and_then(Node::as_str) else {
            native.push(entry);
            continue;
        };
        if let Opened::Ours { opaque, text } = cx.envelope.open(&sealed) {
            let id = entry.text("id").unwrap_or_default();
            let part = find(&mut parts, id);
            part.text = text.map(Cow::Owned).or(part.text.take());
            part.opaque.push(opaque);
        }
    }
    let mut history: Vec<_> = parts.into_iter().map(|(_, part)| part).collect();
    if !native.is_empty() {
        history.push(natives(details, &native));
    }
    if let (true, Some(text)) = (history.iter().all(|part| part.text.is_none()), text) {
        match history.first_mut() {
            Some(first) => first.text = Some(text),
            None => history.push(Reasoning {
                text: Some(text),
                ..Reasoning::default()
            }),
        }
    }
    Ok(history)
}

fn plain(message: Node<'_>) -> Result<Option<Cow<'_, str>>, Error> {
    for key in ["reasoning_content", "reasoning"] {
        if let Some(node) = message.get(key) {
            let text = read::string(node, key)?;
            if !text.is_empty() {
                return Ok(Some(text));
            }
        }
    }
    Ok(None)
}

/// The part that an entry belongs to: entries of one part follow each other and share an id.
fn find<'p, 'a>(
    parts: &'p mut Vec<(Cow<'a, str>, Reasoning<'a>)>,
    id: Cow<'a, str>,
) -> &'p mut Reasoning<'a> {
    if !parts
        .last()
        .is_some_and(|(last, _)| !id.is_empty() && *last == id)
    {
        parts.push((id, Reasoning::default()));
    }
    let last = parts.len() - 1;
    &mut parts[last].1
}

/// The vendor's own entries as one piece of state; untouched when nothing was taken out.
fn natives<'a>(list: Node<'a>, entries: &[Node<'a>]) -> Reasoning<'a> {
    let data = if entries.len() == list.items().count() {
        list.raw().into()
    } else {
        let raws: Vec<_> = entries.iter().map(|entry| entry.raw()).collect();
        format!("[{}]", raws.join(",")).into()
    };
    let opaque = Opaque {
        origin: NATIVE_ORIGIN.into(),
        kind: OpaqueKind::Details,
        data,
    };
    Reasoning {
        opaque: vec![opaque],
        ..Reasoning::default()
    }
}
