//! Deltas → a client's answer. The fields are the same in streams and in whole completions: their writers stand here.

mod frame;
mod response;
mod stream;

pub(super) use response::write as write_whole;
pub(super) use stream::StreamEncoder;

use crate::dialect::EncodeContext;
use crate::dialect::openai::fields;
use crate::ir::{Citation, Opaque, Start, ToolKind};
use crate::json::write::{self, Array, Object};
use crate::loss::{Code, LossReport};

/// Prefix of answer ids.
const ID_PREFIX: &str = "chatcmpl-";
/// Ids of entries written by [`details`].
const DETAIL_ID: &str = "fp-part-";
/// Between two summaries of one thinking part.
const SUMMARY_GAP: &str = "\n\n";

/// The members that every chunk and every completion begins with.
fn head(o: &mut Object<'_>, object: &str, start: &Start<'_>, cx: &EncodeContext) {
    o.str("id", &id(start.id, cx));
    o.str("object", object);
    o.u64("created", start.created.unwrap_or(cx.created));
    o.str("model", &cx.model);
    o.opt_str(
        "service_tier",
        start.service_tier.and_then(fields::served_tier),
    );
    o.opt_str("system_fingerprint", start.fingerprint);
}

/// The id of an answer: the upstream's when it is one of Chat's, else made from the request's, so that stream,
/// one-shot and log agree.
fn id(upstream: Option<&str>, cx: &EncodeContext) -> String {
    if let Some(id) = upstream.filter(|id| id.starts_with(ID_PREFIX)) {
        return id.into();
    }
    let own = cx.request_id.as_str();
    let own = own
        .strip_prefix("req_")
        .or(own.strip_prefix("req-"))
        .unwrap_or(own);
    format!("{ID_PREFIX}{own}")
}

/// The state of one thinking part, sealed, as `reasoning_details` entries of the kind that clients hand back unread.
///
/// `text` goes into the envelope because Chat joins the texts of several thinking parts into one. `index` counts all
/// entries of the answer (clients merge by it), `id` tells which entries are of one part.
fn details(
    list: &mut Array<'_>,
    part: usize,
    text: &str,
    opaque: &[Opaque<'_>],
    index: &mut u64,
    cx: &EncodeContext,
) {
    let mut text = Some(text).filter(|text| !text.is_empty());
    for state in opaque {
        let sealed = cx.envelope.seal(state, text.take());
        list.object(|o| {
            o.str("type", "reasoning.encrypted");
            o.str("data", &sealed);
            o.str("id", &format!("{DETAIL_ID}{part}"));
            o.str("format", "unknown");
            o.u64("index", *index);
        });
        *index += 1;
    }
}

/// The state of one call, sealed, where Gemini's own Chat face has it.
fn call_state(o: &mut Object<'_>, opaque: &[Opaque<'_>], cx: &EncodeContext) {
    if let Some(state) = opaque.first() {
        o.object("extra_content", |o| {
            o.object("google", |o| {
                o.str("thought_signature", &cx.envelope.seal(state, None));
            });
        });
    }
}

/// The members of a call besides its index. `arguments`: all of them, or what there is at its start.
fn call(o: &mut Object<'_>, id: &str, name: &str, kind: ToolKind, arguments: &str) {
    let (word, key) = call_words(kind);
    o.str("id", id);
    o.str("type", word);
    o.object(word, |o| {
        o.str("name", name);
        o.str(key, arguments);
    });
}

/// The type of a call and the key of its arguments.
fn call_words(kind: ToolKind) -> (&'static str, &'static str) {
    match kind {
        ToolKind::Function => ("function", "arguments"),
        ToolKind::Custom => ("custom", "input"),
    }
}

/// What stands for a call without arguments: clients parse the text, and an empty one is not JSON.
fn no_arguments(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Function => "{}",
        ToolKind::Custom => "",
    }
}

/// The value of `logprobs`; `tokens` is the raw array.
fn logprobs(out: &mut Vec<u8>, is_refusal: bool, tokens: &str) {
    let (key, other) = if is_refusal {
        ("refusal", "content")
    } else {
        ("content", "refusal")
    };
    write::object(out, |o| {
        o.raw(key, tokens);
        o.null(other);
    });
}

/// Whether a source can be written; reported if not.
fn is_citable(citation: &Citation<'_>, loss: &mut LossReport) -> bool {
    if citation.url.is_none() {
        loss.add(Code::FieldDropped, "citations", "Chat can cite URLs only");
    }
    citation.url.is_some()
}

/// One source as an annotation. Offsets count over the whole answer; `from` and `chars` say where the cited part
/// stands in it: a source without offsets (Anthropic cites whole blocks) covers the part.
fn annotation(list: &mut Array<'_>, citation: &Citation<'_>, from: u64, chars: u64) {
    list.object(|o| {
        o.str("type", "url_citation");
        o.object("url_citation", |o| {
            o.u64("start_index", from + citation.start.unwrap_or(0));
            o.u64("end_index", from + citation.end.unwrap_or(chars));
            o.str("title", citation.title.unwrap_or(""));
            o.str("url", citation.url.unwrap_or(""));
            o.opt_str("content", citation.quote);
        });
    });
}

/// Whether media made by the model can be written; reported if not.
fn is_image(mime: &str, loss: &mut LossReport) -> bool {
    let is_image = mime.starts_with("image/");
    if !is_image {
        let detail = format!("{mime} made by the model has no form in Chat");
        loss.add(Code::MediaDropped, "content", detail);
    }
    is_image
}

/// One image made by the model, in OpenRouter's form: Chat has none of its own.
fn image(list: &mut Array<'_>, mime: &str, data: &str) {
    list.object(|o| {
        o.str("type", "image_url");
        o.object("image_url", |o| {
            o.str("url", &format!("data:{mime};base64,{data}"));
        });
    });
}

/// Report an item that only its own dialect understands.
fn report_native(kind: &str, loss: &mut LossReport) {
    loss.add(
        Code::FieldDropped,
        "content",
        format!("`{kind}` has no form in Chat"),
    );
}

/// Report text that comes after a call: Chat has one content and cannot say where in it the call was made.
fn report_order(loss: &mut LossReport) {
    loss.add(
        Code::OrderLost,
        "content",
        "text after a tool call joins the text before it",
    );
}

/// Report a call that a client of the deprecated form cannot be told of: its answers hold one.
fn report_second_call(name: &str, loss: &mut LossReport) {
    loss.add(
        Code::ToolUnsupported,
        "function_call",
        format!("a second call, of `{name}`, in an answer to a client that says `functions`"),
    );
}

/// Report state that belongs to answer text.
fn report_text_state(loss: &mut LossReport) {
    loss.add(
        Code::OpaqueDropped,
        "content",
        "Chat's text carries no state",
    );
}
