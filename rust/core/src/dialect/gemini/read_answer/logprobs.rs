//! `logprobsResult` → Chat's token objects. There are no bytes here.

use std::borrow::Cow;

use crate::json::Node;
use crate::json::write::{self, Object};

/// A raw JSON array; `None` when there are no tokens.
pub(super) fn read(result: Node<'_>) -> Option<String> {
    let chosen = result.get("chosenCandidates")?;
    let tops: Vec<_> = result
        .get("topCandidates")
        .into_iter()
        .flat_map(Node::items)
        .collect();
    let mut out = Vec::new();
    let mut is_empty = true;
    write::array(&mut out, |list| {
        for (at, token) in chosen.items().enumerate() {
            is_empty = false;
            list.object(|o| {
                members(token, o);
                o.array("top_logprobs", |list| {
                    let top = tops.get(at).and_then(|top| top.get("candidates"));
                    for other in top.into_iter().flat_map(Node::items) {
                        list.object(|o| members(other, o));
                    }
                });
            });
        }
    });
    (!is_empty).then(|| String::from_utf8(out).unwrap_or_default())
}

fn members(token: Node<'_>, o: &mut Object<'_>) {
    o.str("token", &token.text("token").unwrap_or(Cow::Borrowed("")));
    let value = token.get("logProbability").and_then(Node::as_number);
    o.raw("logprob", value.map_or("0", |number| number.0));
    o.null("bytes");
}
