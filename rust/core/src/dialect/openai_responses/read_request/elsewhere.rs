//! What stands elsewhere, kept by the vendor: earlier responses, conversations, prompts. The question cannot be told
//! without it, so an upstream of another dialect cannot be asked.

use crate::dialect::openai::read;
use crate::dialect::{ClientContext, Purpose};
use crate::error::Error;
use crate::json::Node;

/// Why no upstream of another dialect can serve this request, if so.
pub(super) fn refusal(body: Node<'_>, cx: &ClientContext) -> Result<Option<Error>, Error> {
    let background = match body.get("background") {
        Some(node) if read::boolean(node, "background")? => Some(refused(
            "background",
            "this model's upstream answers at once: background responses are not available",
        )),
        _ => None,
    };
    let conversation = match body.get("conversation") {
        Some(node) if !(node.is_string() || node.is_object()) => {
            let text = "conversation must be a string or an object";
            return Err(Error::bad_request(node, text));
        }
        Some(_) => Some(refused(
            "conversation",
            "this model's upstream keeps no conversations: send their items as input",
        )),
        None => None,
    };
    let prompt = match body.get("prompt") {
        Some(node) => read::object(node, "prompt").map(|_| {
            let text = "this model's upstream keeps no prompts: send the text as input";
            Some(refused("prompt", text))
        })?,
        None => None,
    };
    let previous = previous(body)?.filter(|_| !cx.is_expanded);
    let compaction = match body.get("stream") {
        _ if cx.purpose != Purpose::Compact => None,
        Some(node) if read::boolean(node, "stream")? => {
            return Err(Error::bad_request(node, "a compaction is not streamed"));
        }
        _ => Some(Error::client(
            "this model's upstream cannot compact a conversation: only one that speaks OpenAI Responses can",
        )),
    };
    Ok(background
        .or(conversation)
        .or(prompt)
        .or(compaction)
        .or(previous))
}

fn previous(body: Node<'_>) -> Result<Option<Error>, Error> {
    let Some(node) = body.get("previous_response_id") else {
        return Ok(None);
    };
    let id = read::filled(node, "previous_response_id")?;
    Ok(Some(not_found(&id).at("/previous_response_id")))
}

fn refused(field: &str, text: &str) -> Error {
    Error::client(text)
        .at(format!("/{field}"))
        .with_code("unsupported_parameter")
}

/// A response that nobody here has kept, in the words that clients look for.
pub(crate) fn not_found(id: &str) -> Error {
    Error::client(format!("Previous response with id '{id}' not found."))
        .with_code("previous_response_not_found")
}

/// An earlier part of the conversation that only its vendor can read.
pub(super) fn compacted(pointer: &str) -> Error {
    Error::client("this model's upstream cannot read a conversation that another vendor compacted")
        .at(pointer)
        .with_code("unsupported_parameter")
}

/// An item that is only named, and that nobody here has kept.
pub(super) fn unresolved(id: &str, pointer: &str) -> Error {
    Error::client(format!("Item with id '{id}' not found."))
        .at(pointer)
        .with_code("item_not_found")
}
