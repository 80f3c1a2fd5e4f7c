//! A client's body → IR.

mod completion;
mod messages;
mod parts;
mod reasoning;
mod tools;

use crate::dialect::openai::{read, sampling, settings};
use crate::dialect::{ClientContext, Purpose};
use crate::error::Error;
use crate::ir::{OutputFormat, Request};
use crate::json::Node;

/// Fields that are read by name after the others, because two of them say the same thing.
const PAIRED: [&str; 10] = [
    "max_tokens",
    "max_completion_tokens",
    "user",
    "safety_identifier",
    "reasoning_effort",
    "reasoning",
    "thinking",
    "enable_thinking",
    "thinking_budget",
    "messages",
];

/// Read a request. Unknown fields go to `ext`; unknown values of known enumerations do too, so that the raw lane
/// takes what a newer API allows.
pub(super) fn read<'a>(body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error> {
    if cx.purpose == Purpose::Complete {
        return completion::read(body);
    }
    read::object(body, "the request body")?;
    let mut request = Request {
        model: read::filled(read::required(body, "model")?, "model")?,
        ..Request::default()
    };
    for (key, node) in body.members().filter(|(_, node)| !node.is_null()) {
        let is_read = PAIRED.contains(&&*key)
            || general(&mut request, &key, node)?
            || sampling::field(&mut request, &key, node)?
            || tools::field(&mut request, &key, node)?;
        if !is_read {
            read::keep(&mut request.ext, "", &key, node);
        }
    }
    limit(&mut request, body)?;
    settings::end_user(&mut request, body)?;
    reasoning::intent(&mut request, body)?;
    messages::decode(&mut request, read::required(body, "messages")?, cx)?;
    Ok(request)
}

/// Whether the field is one of these, and read.
fn general<'a>(request: &mut Request<'a>, key: &str, node: Node<'a>) -> Result<bool, Error> {
    match key {
        "model" => {}
        "stream" => request.stream = read::boolean(node, key)?,
        "stream_options" => stream_options(request, node)?,
        "response_format" => return output_format(request, node),
        "verbosity" => request.verbosity = Some(read::string(node, key)?),
        "service_tier" => request.service_tier = Some(read::string(node, key)?),
        "prompt_cache_key" => request.cache_key = Some(read::string(node, key)?),
        "metadata" => request.metadata = Some(read::object(node, key)?.raw().into()),
        "store" => request.store = Some(read::boolean(node, key)?),
        // Text alone is what every answer is made of.
        "modalities" => return Ok(read::array(node, key)?.items().all(|item| item.is("text"))),
        _ => return Ok(false),
    }
    Ok(true)
}

fn stream_options<'a>(request: &mut Request<'a>, node: Node<'a>) -> Result<(), Error> {
    read::object(node, "stream_options")?;
    if let Some(asked) = node.get("include_usage") {
        request.stream_usage = read::boolean(asked, "include_usage")?;
    }
    settings::obfuscation(request, node);
    read::keep_unknown(
        &mut request.ext,
        "/stream_options",
        node,
        &["include_usage", "include_obfuscation"],
    );
    Ok(())
}

fn output_format<'a>(request: &mut Request<'a>, node: Node<'a>) -> Result<bool, Error> {
    let kind = read::string(
        read::required(read::object(node, "response_format")?, "type")?,
        "type",
    )?;
    request.output_format = Some(match &*kind {
        "text" => OutputFormat::Text,
        "json_object" => OutputFormat::Json,
        "json_schema" => settings::schema_format(read::object(
            read::required(node, "json_schema")?,
            "json_schema",
        )?)?,
        _ => return Ok(false),
    });
    Ok(true)
}

/// `max_completion_tokens` is the newer name and wins. A negative bound is LM Studio's and llama.cpp's "none".
fn limit<'a>(request: &mut Request<'a>, body: Node<'a>) -> Result<(), Error> {
    let read = |key: &str| match body.get(key) {
        Some(node) if node.raw() == "-1" => Ok(None),
        Some(node) => read::count(node, key, 1, u64::MAX).map(Some),
        None => Ok(None),
    };
    let (new, old) = (read("max_completion_tokens")?, read("max_tokens")?);
    request.max_output_tokens = new.or(old);
    if let (true, Some(node)) = (
        new.is_some() && old.is_some() && new != old,
        body.get("max_tokens"),
    ) {
        read::keep(&mut request.ext, "", "max_tokens", node);
    }
    Ok(())
}
