//! Edits of JSON text: spans to replace or to cut, so that everything else stays byte for byte.

use std::ops::Range;

use super::{Node, write};

/// A replacement in the text.
pub(crate) type Edit = (Range<usize>, String);

/// What to cut out so that an object loses these members, with the commas that go with them. In ascending order.
pub(crate) fn members(
    object: Node<'_>,
    is_cut: impl Fn(Node<'_>, Node<'_>) -> bool,
) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut last_end = None;
    let mut entries = object.entries().peekable();
    while let Some((key, value)) = entries.next() {
        let end = value.span().end;
        if !is_cut(key, value) {
            last_end = Some(end);
            continue;
        }
        match (last_end, spans.last_mut(), entries.peek()) {
            // The cut before it reaches up to this key.
            (None, Some(first), Some((next, _))) => first.end = next.span().start,
            (None, Some(first), None) => first.end = end,
            (None, None, Some((next, _))) => spans.push(key.span().start..next.span().start),
            (None, None, None) => spans.push(key.span().start..end),
            (Some(before), _, _) => {
                spans.push(before..end);
                last_end = Some(end);
            }
        }
    }
    spans
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    write::string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

/// The edits that cut elements out of an array, each with one comma. After a kept element the comma before goes along, else the comma
/// behind.
pub(crate) fn elements(array: Node<'_>, is_kept: &[bool]) -> impl Iterator<Item = Edit> {
    let spans: Vec<_> = array.items().map(Node::span).collect();
    let first_kept = is_kept.iter().position(|kept| *kept).unwrap_or(spans.len());
    let gone: Vec<_> = (0..spans.len())
        .filter(|at| is_kept.get(*at) == Some(&false))
        .collect();
    gone.into_iter().map(move |at| {
        let range = if at > first_kept {
            spans[at - 1].end..spans[at].end
        } else {
            let end = spans.get(at + 1).map_or(spans[at].end, |next| next.start);
            spans[at].start..end
        };
        (range, String::new())
    })
}
