//! The older API: a text to continue, with an optional end (`suffix`) for fill-in-the-middle.
//!
//! It is relayed, never translated: a chat model that is shown the text as a message answers it instead of continuing it,
//! and no dialect has a place for what comes after the gap.

use crate::dialect::openai::read;
use crate::error::Error;
use crate::ir::Request;
use crate::json::{Kind, Node};

/// Read a request for a completion: what routing and accounting need, and what makes it one.
pub(super) fn read(body: Node<'_>) -> Result<Request<'_>, Error> {
    read::object(body, "the request body")?;
    let mut request = Request {
        model: read::filled(read::required(body, "model")?, "model")?,
        native_only: Some(Error::client(
            "text completions need an upstream of OpenAI's dialect: ask this model by /v1/chat/completions",
        )),
        ..Request::default()
    };
    check_prompt(read::required(body, "prompt")?)?;
    if let Some(suffix) = body.get("suffix") {
        read::string(suffix, "suffix")?;
    }
    if let Some(node) = body.get("max_tokens").filter(|node| node.raw() != "-1") {
        request.max_output_tokens = Some(read::count(node, "max_tokens", 0, u64::MAX)?);
    }
    if let Some(node) = body.get("stream") {
        request.stream = read::boolean(node, "stream")?;
    }
    let options = body.get("stream_options");
    if let Some(asked) = options.and_then(|options| options.get("include_usage")) {
        request.stream_usage = read::boolean(asked, "include_usage")?;
    }
    Ok(request)
}

/// A text, a list of texts, tokens, or lists of tokens.
fn check_prompt(prompt: Node<'_>) -> Result<(), Error> {
    let is_token = |node: Node<'_>| node.as_u64().is_some();
    let fits = match prompt.kind() {
        Kind::Plain | Kind::Escaped => true,
        Kind::Array => prompt.items().all(|item| {
            item.is_string() || is_token(item) || (item.is_array() && item.items().all(is_token))
        }),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let text = "prompt must be a string, an array of strings, or tokens";
    Err(Error::bad_request(prompt, text))
}
