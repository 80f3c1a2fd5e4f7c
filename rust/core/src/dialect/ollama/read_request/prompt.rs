//! `/api/generate`: one prompt as a conversation of one turn.

use crate::dialect::openai::read;
use crate::error::Error;
use crate::ir::{Content, Part, Request, Role, Turn};
use crate::json::Node;

use super::super::image;

/// Fields of this operation alone.
const FIELDS: [&str; 6] = ["prompt", "system", "suffix", "raw", "context", "images"];

/// Whether [`read`] takes the field.
pub(super) fn is_field(key: &str) -> bool {
    FIELDS.contains(&key)
}

/// Read what is asked.
pub(super) fn read<'a>(request: &mut Request<'a>, body: Node<'a>) -> Result<(), Error> {
    let text = |key: &str| {
        let node = body.get(key);
        node.map(|node| read::string(node, key)).transpose()
    };
    request.native_only = unlike_a_chat(body)?;
    if let Some(system) = text("system")?.filter(|system| !system.is_empty()) {
        request.turns.push(turn(
            Role::System,
            vec![Content::Text(system).into()],
            "/system",
        ));
    }
    let mut parts: Vec<Part<'a>> = Vec::new();
    if let Some(images) = body.get("images") {
        let images = image::read_all(images, "/images")?;
        parts.extend(images.into_iter().map(|image| Content::Media(image).into()));
    }
    if let Some(prompt) = text("prompt")?.filter(|prompt| !prompt.is_empty()) {
        parts.push(Content::Text(prompt).into());
    }
    if !parts.is_empty() {
        request.turns.push(turn(Role::User, parts, "/prompt"));
    }
    Ok(())
}

fn turn<'a>(role: Role, parts: Vec<Part<'a>>, pointer: &str) -> Turn<'a> {
    Turn {
        role,
        name: None,
        parts,
        pointer: pointer.into(),
    }
}

/// What cannot be asked of a chat: text to be filled in before a suffix, a prompt that bypasses the model's template, a
/// conversation kept as the model's own tokens. Left out, each would be another question.
fn unlike_a_chat(body: Node<'_>) -> Result<Option<Error>, Error> {
    if let Some(node) = body.get("suffix")
        && !read::string(node, "suffix")?.is_empty()
    {
        let text = "this model's upstream cannot fill in text before a suffix";
        return Ok(Some(Error::bad_request(node, text)));
    }
    if let Some(node) = body.get("raw")
        && read::boolean(node, "raw")?
    {
        let text = "this model's upstream takes no raw prompts; leave raw out";
        return Ok(Some(Error::bad_request(node, text)));
    }
    if let Some(node) = body.get("context")
        && read::array(node, "context")?.items().next().is_some()
    {
        let text = "this model's upstream cannot read another model's tokens; send the conversation to /api/chat";
        return Ok(Some(Error::bad_request(node, text)));
    }
    Ok(None)
}
