//! The raw lane: what a client's body needs before an upstream of the same dialect may have it.

use std::ops::Range;

use crate::dialect::{ClientContext, Target};
use crate::envelope::{Opened, PREFIX};
use crate::ir::{Opaque, OpaqueKind};
use crate::json::{Node, Tape, edit};
use crate::loss::{Code, LossReport};

/// Replacements in the body.
type Edits = Vec<(Range<usize>, String)>;

const ASK_FOR_USAGE: &str = r#""include_usage":true"#;

/// The edits, in ascending order; everything else stays byte-identical.
pub(super) fn edits(
    body: Node<'_>,
    target: &Target,
    cx: &ClientContext,
    loss: &mut LossReport,
) -> Edits {
    let mut edits = Edits::new();
    if let Some(model) = body.get("model").filter(|model| !model.is(&target.model)) {
        edits.push((model.span(), edit::quoted(&target.model)));
    }
    if target.want_usage && target.profile.stream_usage {
        edits.extend(usage_edit(body));
    }
    // Reading every message again only pays when there can be an envelope in one.
    if memchr::memmem::find(body.raw().as_bytes(), PREFIX.as_bytes()).is_some() {
        let messages = body.get("messages").into_iter().flat_map(Node::items);
        for (at, message) in messages.enumerate() {
            let mut strip = Strip {
                target,
                cx,
                loss: &mut *loss,
                edits: &mut edits,
                pointer: format!("/messages/{at}"),
            };
            strip.details(message);
            strip.calls(message);
        }
    }
    edits.sort_by_key(|(span, _)| span.start);
    edits
}

/// Ask for usage in the stream, unless the client did.
fn usage_edit(body: Node<'_>) -> Option<(Range<usize>, String)> {
    let stream = body
        .get("stream")
        .filter(|stream| stream.as_bool() == Some(true))?;
    let Some(options) = body.find("stream_options") else {
        let end = stream.span().end;
        return Some((
            end..end,
            format!(r#","stream_options":{{{ASK_FOR_USAGE}}}"#),
        ));
    };
    if !options.is_object() {
        return Some((options.span(), format!("{{{ASK_FOR_USAGE}}}")));
    }
    match options.find("include_usage") {
        Some(asked) if asked.as_bool() == Some(true) => None,
        Some(asked) => Some((asked.span(), "true".into())),
        None => {
            let start = options.span().start + 1;
            let comma = if options.entries().next().is_some() {
                ","
            } else {
                ""
            };
            Some((start..start, format!("{ASK_FOR_USAGE}{comma}")))
        }
    }
}

/// Takes our envelopes out of one message: their state goes back, bare, to who issued it, and to nobody else.
struct Strip<'s> {
    target: &'s Target,
    cx: &'s ClientContext,
    loss: &'s mut LossReport,
    edits: &'s mut Edits,
    pointer: String,
}

/// What becomes of a carrier.
enum Fate {
    Stays,
    /// `foreign`: because it belongs to another vendor, or to nobody.
    Goes {
        foreign: bool,
    },
    Becomes(String),
}

impl Strip<'_> {
    fn details(&mut self, message: Node<'_>) {
        let Some(list) = message
            .get("reasoning_details")
            .filter(|list| list.is_array())
        else {
            return;
        };
        let mut kept: Vec<String> = Vec::new();
        let mut changed = false;
        let mut is_foreign = false;
        for entry in list.items() {
            match self.fate(carrier(entry), OpaqueKind::Details) {
                Fate::Stays => kept.push(entry.raw().into()),
                Fate::Goes { foreign } => {
                    changed = true;
                    is_foreign |= foreign;
                }
                Fate::Becomes(array) => {
                    changed = true;
                    kept.extend(elements(&array));
                }
            }
        }
        if changed && !kept.is_empty() {
            self.edits
                .push((list.span(), format!("[{}]", kept.join(","))));
        }
        let is_emptied = changed && kept.is_empty();
        // Beside an envelope of ours, the plain text is ours too: another vendor's thinking, which strict hosts refuse
        // as an unknown field.
        self.cut(message, |key| {
            (is_emptied && key.is("reasoning_details"))
                || (is_foreign && key.is("reasoning_content"))
        });
    }

    fn calls(&mut self, message: Node<'_>) {
        for call in message.get("tool_calls").into_iter().flat_map(Node::items) {
            let google = call
                .get("extra_content")
                .and_then(|extra| extra.get("google"));
            let Some(signature) = google.and_then(|google| google.get("thought_signature")) else {
                continue;
            };
            match self.fate(Some(signature), OpaqueKind::ThoughtSignature) {
                Fate::Stays => {}
                Fate::Goes { .. } => self.cut(call, |key| key.is("extra_content")),
                Fate::Becomes(native) => self.edits.push((signature.span(), edit::quoted(&native))),
            }
        }
    }

    fn cut(&mut self, object: Node<'_>, is_cut: impl Fn(Node<'_>) -> bool) {
        let spans = edit::members(object, |key, _| is_cut(key));
        self.edits
            .extend(spans.into_iter().map(|span| (span, String::new())));
    }

    /// `wanted`: the kind of state that this place holds natively.
    fn fate(&mut self, carrier: Option<Node<'_>>, wanted: OpaqueKind) -> Fate {
        let Some(text) = carrier.and_then(Node::as_str) else {
            return Fate::Stays;
        };
        match self.cx.envelope.open(&text) {
            Opened::Foreign => Fate::Stays,
            Opened::Ours { opaque, .. } if *opaque.origin == *self.target.origin => {
                issued(&opaque, wanted)
            }
            Opened::Ours { .. } | Opened::Broken => {
                let detail = "reasoning state of another vendor stays here";
                self.loss.add(Code::OpaqueDropped, &self.pointer, detail);
                Fate::Goes { foreign: true }
            }
        }
    }
}

/// State that goes back to its issuer. What has no place of its own in Chat (`reasoning_content` needs none) just goes.
fn issued(opaque: &Opaque<'_>, wanted: OpaqueKind) -> Fate {
    if opaque.kind == wanted {
        Fate::Becomes(opaque.data.to_string())
    } else {
        Fate::Goes { foreign: false }
    }
}

/// Where an entry of `reasoning_details` holds opaque bytes.
pub(super) fn carrier(entry: Node<'_>) -> Option<Node<'_>> {
    let is_ours = |node: &Node<'_>| node.inner().starts_with(PREFIX);
    ["data", "signature"]
        .iter()
        .filter_map(|key| entry.get(key))
        .find(is_ours)
}

/// The raw elements of a raw JSON array.
fn elements(array: &str) -> Vec<String> {
    let mut tape = Tape::new();
    let Ok(list) = tape.parse(array) else {
        return Vec::new();
    };
    list.items().map(|element| element.raw().into()).collect()
}
