//! Edits that turn a client's body into what an upstream of this dialect is sent. Everything else stays byte for byte:
//! state, unknown members, the order of keys (which decides prompt caches).
//!
//! Three things may not go through: the model's name, the id of an answer that only we have kept, and opaque state in
//! our envelopes. State of this very upstream is unwrapped and gets its item's id back; an item with any other state is
//! cut out, because the API looks up what has no state of its own by its id, and does not find it. So is thinking of
//! another vendor that came without state: its id is ours.

use super::relay::renamed;
use super::{NATIVE_ORIGIN, state};
use crate::dialect::{ClientContext, Target, carrier};
use crate::envelope::PREFIX;
use crate::error::Error;
use crate::ir::{Opaque, OpaqueKind};
use crate::json::Node;
use crate::json::edit::{self, Edit};
use crate::loss::{Code, LossReport};

/// How ids of reasoning items begin.
const REASONING_ID: &[u8] = b"rs_";
/// Where the first `-` of a UUID stands.
const UUID_DASH: usize = 8;

/// The edits, in ascending order.
pub(super) fn edits(
    body: Node<'_>,
    target: &Target,
    cx: &ClientContext,
    loss: &mut LossReport,
) -> Result<Vec<Edit>, Error> {
    if let Some(node) = body
        .get("background")
        .filter(|node| node.as_bool() == Some(true))
    {
        // It would be answered with a promise, and neither kept nor cancelled through us.
        let text =
            "background responses are not available through this proxy: leave out background";
        return Err(Error::bad_request(node, text).with_code("unsupported_parameter"));
    }
    let mut edits: Vec<Edit> = renamed(body, &target.model).into_iter().collect();
    if cx.is_expanded {
        let spans = edit::members(body, |key, _| key.is("previous_response_id"));
        edits.extend(spans.into_iter().map(|span| (span, String::new())));
    }
    // Reading every item again only pays when there can be an envelope in one.
    if may_hold_foreign(body.raw().as_bytes())
        && let Some(input) = body.get("input")
    {
        let mut is_kept = Vec::new();
        for item in input.items() {
            match fate(item, target, cx) {
                Fate::Stays => is_kept.push(true),
                Fate::Becomes(mut changes) => {
                    is_kept.push(true);
                    edits.append(&mut changes);
                }
                Fate::Goes => {
                    is_kept.push(false);
                    let detail = "thinking of another vendor is left out";
                    loss.add(Code::OpaqueDropped, item.pointer(), detail);
                }
            }
        }
        if !is_kept.is_empty() && !is_kept.contains(&true) {
            let text = "the input holds nothing but another vendor's thinking";
            return Err(Error::bad_request(input, text));
        }
        edits.extend(edit::elements(input, &is_kept));
    }
    edits.sort_by_key(|(range, _)| range.start);
    Ok(edits)
}

fn may_hold_foreign(body: &[u8]) -> bool {
    memchr::memmem::find(body, PREFIX.as_bytes()).is_some()
        || memchr::memmem::find_iter(body, REASONING_ID).any(|at| is_ours(&body[at..]))
}

/// Whether the text begins with an id that we gave: they hold a UUID, and the API's own hold no `-`.
fn is_ours(id: &[u8]) -> bool {
    id.strip_prefix(REASONING_ID)
        .is_some_and(|rest| rest.get(UUID_DASH) == Some(&b'-'))
}

/// What becomes of an item.
enum Fate {
    Stays,
    Becomes(Vec<Edit>),
    Goes,
}

fn fate(item: Node<'_>, target: &Target, cx: &ClientContext) -> Fate {
    let carrier = item.get("encrypted_content");
    let Some((carrier, sealed)) = carrier.and_then(|node| Some((node, node.as_str()?))) else {
        let is_stateless = item.text("type").as_deref() == Some("reasoning")
            && item.text("id").is_some_and(|id| is_ours(id.as_bytes()));
        return if is_stateless {
            Fate::Goes
        } else {
            Fate::Stays
        };
    };
    if !carrier::is_sealed(&sealed) {
        return Fate::Stays;
    }
    let opened = carrier::open(&cx.envelope, sealed, OpaqueKind::Encrypted, NATIVE_ORIGIN);
    let is_its = |opaque: &&Opaque<'_>| {
        opaque.kind == OpaqueKind::Encrypted && opaque.origin == target.origin
    };
    match opened.opaque.iter().find(is_its) {
        Some(opaque) => unwrap(item, carrier, &opaque.data),
        None => Fate::Goes,
    }
}

/// Give an item its bare state and its own id. Without an id of its own it has none: ours does not match the state.
fn unwrap(item: Node<'_>, carrier: Node<'_>, data: &str) -> Fate {
    let (id, content) = state::split(data);
    let mut edits = vec![(carrier.span(), edit::quoted(content))];
    if let (Some(node), Some(id)) = (item.get("id"), id) {
        edits.push((node.span(), edit::quoted(id)));
    } else {
        let spans = edit::members(item, |key, _| key.is("id"));
        edits.extend(spans.into_iter().map(|span| (span, String::new())));
    }
    Fate::Becomes(edits)
}
