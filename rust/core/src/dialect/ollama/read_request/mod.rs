//! A client's body → IR.

mod messages;
mod options;
mod prompt;

use crate::dialect::ClientContext;
use crate::dialect::openai::{offers, read};
use crate::error::Error;
use crate::ir::{Effort, OutputFormat, ReasoningIntent, Request, ToolMode};
use crate::json::{Kind, Node};

use super::operation::Operation;

/// Most alternatives per token that Ollama gives.
const MAX_ALTERNATIVES: u64 = 20;

/// Read a request of either operation. Unknown fields go to `ext`.
pub(super) fn read<'a>(body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error> {
    read::object(body, "the request body")?;
    let operation = Operation::of(body, cx);
    let mut request = Request {
        model: read::filled(read::required(body, "model")?, "model")?,
        stream: true,
        // The last line always has the counts.
        stream_usage: true,
        ..Request::default()
    };
    for (key, node) in body.members().filter(|(_, node)| !node.is_null()) {
        let is_read = general(&mut request, &key, node)?
            || match operation {
                Operation::Chat => messages::field(&mut request, &key, node)?,
                Operation::Generate => prompt::is_field(&key),
            };
        if !is_read {
            read::keep(&mut request.ext, "", &key, node);
        }
    }
    if operation == Operation::Generate {
        prompt::read(&mut request, body)?;
    }
    if operation.loading(body).is_some() && request.native_only.is_none() {
        let text = "there is no prompt: this model's upstream has nothing to load or unload";
        request.native_only = Some(Error::client(text));
    }
    Ok(request)
}

/// Whether the field is one of those that both operations have, and read.
fn general<'a>(request: &mut Request<'a>, key: &str, node: Node<'a>) -> Result<bool, Error> {
    match key {
        "model" => {}
        "stream" => request.stream = read::boolean(node, key)?,
        "options" => options::read(request, node)?,
        "format" => request.output_format = format(node)?,
        "think" => request.reasoning = Some(think(node)?),
        "logprobs" => request.sampling.logprobs = Some(read::boolean(node, key)?),
        "top_logprobs" => {
            let count = read::count(node, key, 0, MAX_ALTERNATIVES)?;
            request.sampling.top_logprobs = Some(count);
        }
        "keep_alive" => {
            if !matches!(node.kind(), Kind::Number | Kind::Plain | Kind::Escaped) {
                let text = "keep_alive must be a duration or a number of seconds";
                return Err(Error::bad_request(node, text));
            }
            read::keep(&mut request.ext, "", key, node);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// `"json"`, a schema, or nothing.
fn format(node: Node<'_>) -> Result<Option<OutputFormat<'_>>, Error> {
    if node.is_object() {
        return Ok(Some(OutputFormat::Schema {
            name: None,
            description: None,
            schema: node.raw().into(),
            strict: None,
        }));
    }
    match node.as_str().as_deref() {
        Some("") => Ok(None),
        Some("json") => Ok(Some(OutputFormat::Json)),
        _ => Err(Error::bad_request(
            node,
            "format must be \"json\" or a JSON schema",
        )),
    }
}

/// On or off, or how hard.
fn think(node: Node<'_>) -> Result<ReasoningIntent, Error> {
    let mut intent = ReasoningIntent {
        enabled: node.as_bool(),
        ..ReasoningIntent::default()
    };
    if intent.enabled.is_none() {
        let word = node.as_str();
        intent.effort = word.as_deref().and_then(Effort::from_name);
        if intent.effort.is_none() {
            let text = "think must be true, false, \"low\", \"medium\" or \"high\"";
            return Err(Error::bad_request(node, text));
        }
    }
    Ok(intent)
}

/// Functions; what else is offered only this dialect may know.
fn tools<'a>(request: &mut Request<'a>, list: Node<'a>) -> Result<(), Error> {
    for (at, node) in read::array(list, "tools")?.items().enumerate() {
        let pointer = format!("/tools/{at}");
        read::object(node, "a tool")?;
        let kind = node
            .get("type")
            .map(|kind| read::string(kind, "type"))
            .transpose()?;
        let is_function = kind
            .as_deref()
            .is_none_or(|kind| matches!(kind, "" | "function"));
        request.tools.push(if is_function {
            let body = read::object(read::required(node, "function")?, "function")?;
            offers::function(node, body, pointer)?
        } else {
            crate::ir::Tool {
                kind: ToolMode::Hosted {
                    dialect: crate::dialect::Dialect::Ollama,
                    raw: node.raw().into(),
                },
                pointer,
                name: kind.unwrap_or_default(),
                namespace: None,
                description: None,
                cache: None,
            }
        });
    }
    Ok(())
}
