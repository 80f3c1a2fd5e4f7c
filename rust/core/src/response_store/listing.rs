//! A page of the items that led to an answer.

use crate::error::Error;
use crate::json::write::{self, Object};
use crate::json::{Node, Tape};

/// Items of a page when the client does not say.
const DEFAULT_LIMIT: usize = 20;
/// Items of a page at most.
const MAX_LIMIT: usize = 100;

/// Which items, in which order.
#[derive(Clone, Debug)]
pub struct Page {
    limit: usize,
    is_ascending: bool,
    after: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: DEFAULT_LIMIT,
            is_ascending: false,
            after: None,
        }
    }
}

impl Page {
    /// From the query: `limit` (1 to 100, else 20), `order` (`asc`, else `desc`: the newest first), `after` an item.
    pub fn new(
        limit: Option<&str>,
        order: Option<&str>,
        after: Option<&str>,
    ) -> Result<Self, Error> {
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| {
                    Error::client(format!("limit must be a number from 1 to {MAX_LIMIT}"))
                        .at("/limit")
                })?,
        };
        let is_ascending = match order {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(_) => return Err(Error::client("order must be asc or desc").at("/order")),
        };
        Ok(Self {
            limit,
            is_ascending,
            after: after.map(Into::into),
        })
    }
}

/// Write the page. `input`: a raw array of items as clients send them; here each has an id and the long form.
pub(super) fn write(response: &str, input: &str, page: &Page) -> Result<Vec<u8>, Error> {
    let mut tape = Tape::new();
    let list = tape.parse(input).map_err(Error::from_json)?;
    let base = response.strip_prefix("resp_").unwrap_or(response);
    let mut items: Vec<_> = list
        .items()
        .enumerate()
        .map(|(at, item)| (id(item, base, at), item))
        .collect();
    if !page.is_ascending {
        items.reverse();
    }
    let from = match &page.after {
        None => 0,
        Some(after) => items
            .iter()
            .position(|(id, _)| id == after)
            .map(|at| at + 1)
            .ok_or_else(|| Error::client("after names no item of this list").at("/after"))?,
    };
    let rest = &items[from..];
    let shown = &rest[..rest.len().min(page.limit)];
    let mut out = Vec::with_capacity(input.len() + 256);
    write::object(&mut out, |o| {
        o.str("object", "list");
        o.array("data", |data| {
            for (id, item) in shown {
                data.object(|o| write_item(o, id, *item));
            }
        });
        for (key, end) in [("first_id", shown.first()), ("last_id", shown.last())] {
            match end {
                Some((id, _)) => o.str(key, id),
                None => o.null(key),
            }
        }
        o.bool("has_more", rest.len() > shown.len());
    });
    Ok(out)
}

/// The item's own id, or one that belongs to its place.
fn id(item: Node<'_>, base: &str, at: usize) -> String {
    if let Some(id) = item.text("id").filter(|id| !id.is_empty()) {
        return id.into_owned();
    }
    let prefix = match item.text("type").as_deref() {
        None | Some("message") => "msg_",
        Some("function_call") => "fc_",
        Some("function_call_output") => "fco_",
        Some("custom_tool_call") => "ctc_",
        Some("custom_tool_call_output") => "ctco_",
        Some("reasoning") => "rs_",
        Some(_) => "item_",
    };
    format!("{prefix}{base}_in_{at}")
}

fn write_item(o: &mut Object<'_>, id: &str, item: Node<'_>) {
    o.str("id", id);
    let kind = item.text("type").unwrap_or("message".into());
    o.str("type", &kind);
    if kind == "message" && item.get("status").is_none() {
        o.str("status", "completed");
    }
    for (key, value) in item.entries() {
        match key.inner() {
            "id" | "type" => {}
            "content" if kind == "message" && value.is_string() => write_text(o, item, value),
            _ => o.raw(&key.as_str().unwrap_or_default(), value.raw()),
        }
    }
}

/// The long form of a message that is only a text.
fn write_text(o: &mut Object<'_>, message: Node<'_>, text: Node<'_>) {
    let is_models = message.get("role").is_some_and(|role| role.is("assistant"));
    o.array("content", |list| {
        list.object(|o| {
            o.str(
                "type",
                if is_models {
                    "output_text"
                } else {
                    "input_text"
                },
            );
            o.raw("text", text.raw());
            if is_models {
                o.array("annotations", |_| {});
            }
        });
    });
}
