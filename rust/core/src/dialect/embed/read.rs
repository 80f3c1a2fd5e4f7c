//! A client's body → a request for vectors.

use std::borrow::Cow;

use super::{Input, Request};
use crate::dialect::openai::read;
use crate::error::Error;
use crate::json::{Kind, Node};

/// OpenAI: `input` is a text, texts, tokens, or lists of tokens.
pub(super) fn openai(body: Node<'_>) -> Result<Request<'_>, Error> {
    let input = read::required(body, "input")?;
    let encoding = body.get("encoding_format");
    let is_base64 = match encoding {
        None => false,
        Some(node) if node.is("float") => false,
        Some(node) if node.is("base64") => true,
        Some(node) => {
            let text = "encoding_format must be float or base64";
            return Err(Error::bad_request(node, text));
        }
    };
    if let Some(stream) = body.get("stream").filter(|s| s.as_bool() == Some(true)) {
        return Err(Error::bad_request(stream, "embeddings are not streamed"));
    }
    Ok(Request {
        inputs: openai_inputs(input)?,
        dimensions: dimensions(body, &["dimensions"])?,
        truncate: Some(false),
        is_base64,
        unknown: unknown(
            body,
            &["model", "input", "encoding_format", "dimensions", "stream"],
        ),
        ..Request::default()
    })
}

fn openai_inputs<'a>(input: Node<'a>) -> Result<Vec<Input<'a>>, Error> {
    let is_tokens = |node: Node<'_>| {
        node.items().next().is_some() && node.items().all(|token| token.as_u64().is_some())
    };
    let one = |node: Node<'a>| match node.kind() {
        Kind::Plain | Kind::Escaped => Ok(Input::Text(text(node, "input")?)),
        Kind::Array if is_tokens(node) => Ok(Input::Tokens(node.raw())),
        _ => {
            let text = "input must be a string, an array of strings, or tokens";
            Err(Error::bad_request(node, text))
        }
    };
    let is_list = input.is_array() && !input.items().any(|item| item.as_number().is_some());
    if is_list {
        input.items().map(one).collect()
    } else {
        Ok(vec![one(input)?])
    }
}

/// Ollama: `input`, or `prompt` of the older path, which wants one vector.
pub(super) fn ollama(body: Node<'_>) -> Result<Request<'_>, Error> {
    let prompt = body.get("prompt");
    let inputs = match (body.get("input"), prompt) {
        (Some(node), _) if node.is_array() => node
            .items()
            .map(|item| Ok(Input::Text(text(item, "input")?)))
            .collect::<Result<_, Error>>()?,
        (Some(node), _) => vec![Input::Text(text(node, "input")?)],
        (None, Some(node)) => vec![Input::Text(text(node, "prompt")?)],
        (None, None) => return Err(Error::client("input is required").at("/input")),
    };
    Ok(Request {
        inputs,
        dimensions: dimensions(body, &["dimensions"])?,
        truncate: body
            .get("truncate")
            .map(|node| read::boolean(node, "truncate"))
            .transpose()?,
        is_single: body.get("input").is_none(),
        // How long a local model stays loaded is nothing to any other service.
        unknown: unknown(
            body,
            &[
                "model",
                "input",
                "prompt",
                "truncate",
                "dimensions",
                "keep_alive",
            ],
        ),
        ..Request::default()
    })
}

/// Gemini: one `content`, or `requests` with one each, which must agree in everything else.
pub(super) fn gemini<'a>(body: Node<'a>) -> Result<Request<'a>, Error> {
    let Some(requests) = body.get("requests") else {
        let request = gemini_one(body)?;
        return Ok(Request {
            is_single: true,
            ..request
        });
    };
    let mut all: Option<Request<'a>> = None;
    for node in read::array(requests, "requests")?.items() {
        let mut one = gemini_one(read::object(node, "a request")?)?;
        let Some(all) = &mut all else {
            all = Some(one);
            continue;
        };
        let is_alike =
            (&one.task, &one.title, one.dimensions) == (&all.task, &all.title, all.dimensions);
        if !is_alike {
            return Err(Error::bad_request(
                node,
                "all requests must have the same taskType, title and outputDimensionality",
            ));
        }
        all.inputs.append(&mut one.inputs);
        all.unknown.append(&mut one.unknown);
    }
    Ok(all.unwrap_or_default())
}

fn gemini_one(node: Node<'_>) -> Result<Request<'_>, Error> {
    let content = read::required(node, "content")?;
    let parts = read::array(read::required(content, "parts")?, "parts")?;
    let mut whole = String::new();
    for part in parts.items() {
        let Some(piece) = part.text("text") else {
            return Err(Error::bad_request(part, "only text can be embedded"));
        };
        whole.push_str(&piece);
    }
    let word = |keys: [&str; 2]| keys.iter().find_map(|key| node.text(key));
    let config = node.get("embedContentConfig").unwrap_or(node);
    Ok(Request {
        inputs: vec![Input::Text(whole.into())],
        dimensions: dimensions(config, &["outputDimensionality", "output_dimensionality"])?,
        task: word(["taskType", "task_type"]).filter(|task| task != "TASK_TYPE_UNSPECIFIED"),
        title: node.text("title"),
        unknown: unknown(
            node,
            &[
                "model",
                "content",
                "taskType",
                "task_type",
                "title",
                "outputDimensionality",
                "output_dimensionality",
            ],
        ),
        ..Request::default()
    })
}

fn text<'a>(node: Node<'a>, name: &str) -> Result<Cow<'a, str>, Error> {
    read::string(node, name)
}

fn dimensions(node: Node<'_>, keys: &[&str]) -> Result<Option<u64>, Error> {
    let found = keys.iter().find_map(|key| Some((*key, node.get(key)?)));
    found
        .map(|(key, node)| read::count(node, key, 1, 1 << 20))
        .transpose()
}

fn unknown(node: Node<'_>, known: &[&str]) -> Vec<String> {
    node.members()
        .filter(|(key, value)| !known.contains(&&**key) && !value.is_null())
        .map(|(_, value)| value.pointer())
        .collect()
}
