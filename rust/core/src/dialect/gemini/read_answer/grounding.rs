//! `groundingMetadata` and `citationMetadata` → citations. Places are said in bytes of the whole answer's text.

use crate::ir::Citation;
use crate::json::{Node, Tape};

/// Whether a source list is `groundingMetadata` and not `citationMetadata`.
pub(super) fn is_grounding(raw: &str) -> bool {
    raw.contains("\"grounding") || raw.contains("\"webSearchQueries\"")
}

/// Every source of a text that `before` bytes of others precede.
pub(super) fn read(raw: &str, text: &str, before: u64, next: &mut dyn FnMut(Citation<'_>)) {
    let mut tape = Tape::new();
    let Ok(node) = tape.parse(raw) else {
        return;
    };
    let place = Place { text, before };
    let listed = node
        .get("citationSources")
        .or_else(|| node.get("citations"));
    for source in listed.into_iter().flat_map(Node::items) {
        let (url, title) = (source.text("uri"), source.text("title"));
        next(Citation {
            url: url.as_deref(),
            title: title.as_deref(),
            quote: None,
            start: place.of(source, "startIndex"),
            end: place.of(source, "endIndex"),
        });
    }
    grounded(node, &place, next);
}

struct Place<'t> {
    text: &'t str,
    before: u64,
}

impl Place<'_> {
    /// A place in code points of this text. The first one may be absent: it is 0.
    fn of(&self, node: Node<'_>, key: &str) -> Option<u64> {
        let is_ranged = node.get("endIndex").is_some();
        let sent = node.get(key).and_then(Node::as_u64);
        let bytes = sent.or(is_ranged.then_some(0))?.checked_sub(self.before)?;
        let head = self.text.get(..usize::try_from(bytes).ok()?)?;
        Some(head.chars().count() as u64)
    }
}

/// Each support names the sources of one stretch of text; sources that support nothing are said without a place.
fn grounded(node: Node<'_>, place: &Place<'_>, next: &mut dyn FnMut(Citation<'_>)) {
    let chunks: Vec<_> = node
        .get("groundingChunks")
        .into_iter()
        .flat_map(Node::items)
        .collect();
    let mut is_used = vec![false; chunks.len()];
    for support in node
        .get("groundingSupports")
        .into_iter()
        .flat_map(Node::items)
    {
        let segment = support.get("segment");
        let quote = segment.and_then(|segment| segment.text("text"));
        let indices = support.get("groundingChunkIndices");
        for index in indices.into_iter().flat_map(Node::items) {
            let Some(at) = index.as_u64().and_then(|at| usize::try_from(at).ok()) else {
                continue;
            };
            let Some(chunk) = chunks.get(at) else {
                continue;
            };
            is_used[at] = true;
            cite(*chunk, |url, title| {
                next(Citation {
                    url,
                    title,
                    quote: quote.as_deref(),
                    start: segment.and_then(|segment| place.of(segment, "startIndex")),
                    end: segment.and_then(|segment| place.of(segment, "endIndex")),
                });
            });
        }
    }
    for (chunk, is_used) in chunks.iter().zip(is_used) {
        if !is_used {
            cite(*chunk, |url, title| {
                next(Citation {
                    url,
                    title,
                    ..Citation::default()
                });
            });
        }
    }
}

/// A chunk is a page on the web, a document of a store or a place on a map.
fn cite(chunk: Node<'_>, next: impl FnOnce(Option<&str>, Option<&str>)) {
    let holder = ["web", "retrievedContext", "maps"]
        .iter()
        .find_map(|key| chunk.get(key));
    if let Some(holder) = holder {
        let (url, title) = (holder.text("uri"), holder.text("title"));
        next(url.as_deref(), title.as_deref());
    }
}
