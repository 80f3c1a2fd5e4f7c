//! Tools on offer in a client's request, as far as both dialects define them alike.

use std::borrow::Cow;

use super::{cache, read};
use crate::error::Error;
use crate::ir::{Tool, ToolChoice, ToolMode};
use crate::json::{Node, write};

/// A function; `body` holds its members, `node` is the whole entry.
pub(in crate::dialect) fn function<'a>(
    node: Node<'a>,
    body: Node<'a>,
    pointer: String,
) -> Result<Tool<'a>, Error> {
    let parameters = body
        .get("parameters")
        .map(|schema| read::object(schema, "parameters"))
        .transpose()?;
    let strict = body
        .get("strict")
        .map(|strict| read::boolean(strict, "strict"))
        .transpose()?;
    let kind = ToolMode::Function {
        parameters: parameters.map(|schema| schema.raw().into()),
        strict,
    };
    tool(node, body, kind, pointer)
}

/// A free-text tool. Chat has the members of a grammar in an object of their own, Responses beside its type; both are
/// taken in either place.
pub(in crate::dialect) fn custom<'a>(
    node: Node<'a>,
    body: Node<'a>,
    pointer: String,
) -> Result<Tool<'a>, Error> {
    let format = body
        .get("format")
        .map(|format| read::object(format, "format"))
        .transpose()?;
    // Free text is what a custom tool takes anyway.
    let format = format.filter(|format| !format.get("type").is_some_and(|kind| kind.is("text")));
    tool(
        node,
        body,
        ToolMode::Custom {
            format: format.map(flat),
        },
        pointer,
    )
}

/// A format in the flat form.
fn flat(format: Node<'_>) -> Cow<'_, str> {
    let Some(grammar) = format.get("grammar").filter(|node| node.is_object()) else {
        return format.raw().into();
    };
    let mut out = Vec::new();
    write::object(&mut out, |o| {
        o.str("type", "grammar");
        for (key, value) in grammar.members().filter(|(key, _)| key != "type") {
            o.raw(&key, value.raw());
        }
    });
    String::from_utf8(out).unwrap_or_default().into()
}

fn tool<'a>(
    node: Node<'a>,
    body: Node<'a>,
    kind: ToolMode<'a>,
    pointer: String,
) -> Result<Tool<'a>, Error> {
    Ok(Tool {
        kind,
        pointer,
        name: read::filled(read::required(body, "name")?, "name")?,
        namespace: None,
        description: body
            .get("description")
            .map(|text| read::string(text, "description"))
            .transpose()?,
        cache: cache::read(node)?.or(cache::read(body)?),
    })
}

/// `any` is Mistral's `required`.
pub(in crate::dialect) fn word(node: Node<'_>) -> Result<ToolChoice<'_>, Error> {
    match node.as_str().as_deref() {
        Some("auto") => Ok(ToolChoice::Auto),
        Some("none") => Ok(ToolChoice::None),
        Some("required" | "any") => Ok(ToolChoice::Required),
        _ => Err(Error::bad_request(
            node,
            "the tool choice must be auto, none, required or an object",
        )),
    }
}
