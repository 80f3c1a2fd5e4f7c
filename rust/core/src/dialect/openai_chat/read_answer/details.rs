//! `reasoning_details`: OpenRouter's structured thinking, collected so that it can be sent back as it was.
//!
//! In a stream an entry comes in pieces that share `type` and `index`: their texts are joined, every other member is
//! replaced by its newest value (the signature comes last).

use crate::json::{Joiner, Node, write};

/// Members whose pieces are joined.
const TEXTS: [&str; 3] = ["text", "summary", "data"];

#[derive(Debug)]
struct Entry {
    kind: String,
    index: Option<u64>,
    text_key: &'static str,
    text: String,
    joiner: Joiner,
    /// The other members: key and raw value.
    rest: Vec<(String, String)>,
}

/// The entries of one reasoning part.
#[derive(Debug, Default)]
pub(super) struct Details {
    entries: Vec<Entry>,
}

impl Details {
    /// Add one entry, or more of the last one.
    pub(super) fn add(&mut self, node: Node<'_>) {
        let kind = node.text("type").unwrap_or_default();
        let index = node.get("index").and_then(Node::as_u64);
        let last = self
            .entries
            .last_mut()
            .filter(|last| last.kind == kind && last.index == index);
        if let Some(last) = last {
            last.take(node);
            return;
        }
        let mut entry = Entry {
            kind: kind.into_owned(),
            index,
            text_key: TEXTS[0],
            text: String::new(),
            joiner: Joiner::default(),
            rest: Vec::new(),
        };
        entry.take(node);
        self.entries.push(entry);
    }

    /// The raw JSON array of what came, and an empty list again; `None` when nothing came.
    pub(super) fn take(&mut self) -> Option<String> {
        if self.entries.is_empty() {
            return None;
        }
        let mut out = Vec::new();
        write::array(&mut out, |list| {
            for entry in self.entries.drain(..) {
                list.object(|o| entry.write(o));
            }
        });
        String::from_utf8(out).ok()
    }
}

impl Entry {
    fn take(&mut self, node: Node<'_>) {
        for (key, value) in node.members() {
            if let (Some(text_key), true) =
                (TEXTS.iter().find(|text| **text == key), value.is_string())
            {
                self.text_key = text_key;
                if let Some(piece) = value.as_piece(&mut self.joiner) {
                    self.text.push_str(&piece);
                }
                continue;
            }
            match self.rest.iter_mut().find(|(known, _)| *known == key) {
                Some(_) if value.is_null() => {}
                Some((_, raw)) => value.raw().clone_into(raw),
                None => self.rest.push((key.into_owned(), value.raw().into())),
            }
        }
    }

    fn write(self, o: &mut write::Object<'_>) {
        for (key, raw) in &self.rest {
            o.raw(key, raw);
        }
        if !self.text.is_empty() {
            o.str(self.text_key, &self.text);
        }
    }
}
