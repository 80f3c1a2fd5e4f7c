//! What is kept of requests and answers: raw items, put in front of the input of a later request that refers to them.

use std::sync::Arc;

use super::items::response_of;
use crate::json::edit::{self, Edit};
use crate::json::write;
use crate::json::{Node, Tape};

/// The items of a request whose answer is to be kept; `None`: the client does not want it kept.
pub(super) fn input(body: Node<'_>) -> Option<String> {
    let is_kept = body.get("store").and_then(Node::as_bool) != Some(false);
    is_kept.then(|| items(body.get("input")))
}

/// A raw array of items.
fn items(input: Option<Node<'_>>) -> String {
    match input {
        Some(node) if node.is_array() => node.raw().into(),
        Some(node) if node.is_string() => {
            let mut out = Vec::new();
            write::array(&mut out, |list| {
                list.object(|o| {
                    o.str("type", "message");
                    o.str("role", "user");
                    o.raw("content", node.raw());
                });
            });
            String::from_utf8(out).unwrap_or_default()
        }
        _ => "[]".into(),
    }
}

/// A kept answer.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The items that led to it: a raw array.
    pub(crate) input: String,
    /// The response object, as the client saw it.
    pub(crate) response: String,
}

/// Looks a kept answer up by its id.
type Find<'f> = &'f dyn Fn(&str) -> Option<Arc<Kept>>;

/// What a request refers to, put into it: the history of `previous_response_id` in front of `input`, and items that are
/// only named in place. Nothing changes when the former is not known, so that an upstream that knows it is asked.
pub(crate) fn expand(body: Node<'_>, find: Find<'_>) -> Option<Vec<Edit>> {
    let previous = body.text("previous_response_id");
    let history = match &previous {
        Some(id) => Some(find(id)?),
        None => None,
    };
    let mut edits = Vec::new();
    let input = body.get("input");
    for item in input.into_iter().flat_map(Node::items) {
        edits.extend(named(item, find).map(|raw| (item.span(), raw)));
    }
    let Some(history) = history else {
        return (!edits.is_empty()).then_some(edits);
    };
    let mut before = inner(&history.input).to_owned();
    append(&mut before, &output(&history.response));
    match input {
        Some(node) if node.is_array() => {
            if node.items().next().is_some() && !before.is_empty() {
                before.push(',');
            }
            let start = node.span().start + 1;
            edits.insert(0, (start..start, before));
        }
        Some(node) => {
            append(&mut before, inner(&items(Some(node))));
            edits.push((node.span(), format!("[{before}]")));
        }
        None => {
            let spans = edit::members(body, |key, _| key.is("input"));
            edits.extend(spans.into_iter().map(|span| (span, String::new())));
            let start = body.span().start + 1;
            edits.insert(0, (start..start, format!("\"input\":[{before}],")));
        }
    }
    edits.sort_by_key(|(span, _)| span.start);
    Some(edits)
}

/// The item that a reference names.
fn named(item: Node<'_>, find: Find<'_>) -> Option<String> {
    let is_reference = match item.get("type") {
        Some(kind) => kind.is("item_reference"),
        None => item.get("role").is_none(),
    };
    let id = item.text("id").filter(|_| is_reference)?;
    let kept = find(&response_of(&id)?)?;
    let mut tape = Tape::new();
    let response = tape.parse(&kept.response).ok()?;
    let mut items = response.get("output").into_iter().flat_map(Node::items);
    let found = items.find(|item| item.get("id").is_some_and(|known| known.is(&id)));
    found.map(|item| item.raw().to_owned())
}

/// The items of an answer, without the array's brackets.
fn output(response: &str) -> String {
    let mut tape = Tape::new();
    let Ok(root) = tape.parse(response) else {
        return String::new();
    };
    root.get("output")
        .map_or_else(String::new, |output| inner(output.raw()).into())
}

/// What stands between an array's brackets.
fn inner(array: &str) -> &str {
    let array = array.trim();
    let bare = array
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or_default().trim()
}

fn append(items: &mut String, more: &str) {
    if !items.is_empty() && !more.is_empty() {
        items.push(',');
    }
    items.push_str(more);
}
