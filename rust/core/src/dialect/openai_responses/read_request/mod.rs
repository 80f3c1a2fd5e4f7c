//! A client's body → IR.

mod elsewhere;
mod input;
mod options;
mod parts;
mod reasoning;
mod tools;

use crate::dialect::ClientContext;
use crate::dialect::openai::{read, sampling, settings};
use crate::error::Error;
use crate::ir::Request;
use crate::json::Node;

/// Fields that are read by name after the others.
const LATER: [&str; 10] = [
    "model",
    "input",
    "instructions",
    "user",
    "safety_identifier",
    "include",
    "background",
    "conversation",
    "previous_response_id",
    "prompt",
];

/// Read a request. Unknown fields go to `ext`; unknown values of known enumerations do too, so that the raw lane
/// takes what a newer API allows.
pub(super) fn read<'a>(body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error> {
    read::object(body, "the request body")?;
    let mut request = Request {
        model: read::filled(read::required(body, "model")?, "model")?,
        stream_usage: true,
        ..Request::default()
    };
    for (key, node) in body.members().filter(|(_, node)| !node.is_null()) {
        let is_read = LATER.contains(&&*key)
            || options::field(&mut request, &key, node)?
            || sampling::field(&mut request, &key, node)?
            || tools::field(&mut request, &key, node)?;
        if !is_read {
            read::keep(&mut request.ext, "", &key, node);
        }
    }
    settings::end_user(&mut request, body)?;
    options::include(&mut request, body)?;
    request.native_only = elsewhere::refusal(body, cx)?;
    input::read(&mut request, body, cx)?;
    Ok(request)
}
