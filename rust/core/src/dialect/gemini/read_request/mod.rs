//! A client's request → IR.
//!
//! The same decoder checks requests that are relayed to an upstream of this dialect. It therefore refuses what no
//! version of the API takes (wrong types, missing contents, results without a call) and keeps what it does not know.

mod contents;
mod media;
mod options;
mod parts;
mod results;
mod tools;

use super::spelling;
use crate::dialect::ClientContext;
use crate::envelope::Envelope;
use crate::error::Error;
use crate::ir::{Ext, Request};
use crate::json::Node;

/// Top-level members that have a place in the IR. `model` may stand in bodies of `countTokens`.
const KNOWN: &[&str] = &[
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
    "serviceTier",
    "labels",
    "store",
    "model",
];

/// What is carried along while a request is read.
struct Reader<'a, 'c> {
    envelope: &'c Envelope,
    ext: Vec<Ext<'a>>,
    calls: results::Calls,
    /// The history may begin in a cache: results may answer calls that are not here.
    is_cached: bool,
}

/// Read a request.
pub(super) fn read<'a>(body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error> {
    if !body.is_object() {
        let message = "the request body must be a JSON object";
        return Err(Error::bad_request(body, message));
    }
    // `countTokens` takes bare contents, or a whole request with its tools and system text.
    let body = match spelling::object(body, "generateContentRequest")? {
        Some(inner) if cx.count_only => inner,
        _ => body,
    };
    let cache = spelling::text(body, "cachedContent")?.filter(|name| !name.is_empty());
    let mut reader = Reader {
        envelope: &cx.envelope,
        ext: Vec::new(),
        calls: results::Calls::default(),
        is_cached: cache.is_some(),
    };
    let mut request = Request {
        stream_usage: true,
        ..Request::default()
    };
    reader.options(body, &mut request)?;
    reader.system(body, &mut request.turns)?;
    reader.contents(body, &mut request.turns)?;
    reader.tools(body, &mut request)?;
    if cache.is_some() {
        let message =
            "cachedContent is known to its issuer only: this model's upstream has no such cache";
        let refusal = Error::client(message).at("/cachedContent");
        request.native_only.get_or_insert(refusal);
    }
    spelling::keep_unknown(body, KNOWN, &mut reader.ext);
    request.ext = reader.ext;
    Ok(request)
}
