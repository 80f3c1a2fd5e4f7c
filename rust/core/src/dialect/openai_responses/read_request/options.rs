//! Top-level fields of a client's body, items and tools apart.

use crate::dialect::openai::{read, settings};
use crate::error::Error;
use crate::ir::{Effort, OutputFormat, ReasoningIntent, Request, Visibility};
use crate::json::Node;

/// What a client asks to be included that every answer of ours has.
const STATE: &str = "reasoning.encrypted_content";
const LOGPROBS: &str = "message.output_text.logprobs";

/// Whether the field is one of these, and read.
pub(super) fn field<'a>(
    request: &mut Request<'a>,
    key: &str,
    node: Node<'a>,
) -> Result<bool, Error> {
    match key {
        "stream" => request.stream = read::boolean(node, key)?,
        "stream_options" => {
            let options = read::object(node, key)?;
            settings::obfuscation(request, options);
            let known = ["include_obfuscation"];
            read::keep_unknown(&mut request.ext, "/stream_options", options, &known);
        }
        "max_output_tokens" => {
            request.max_output_tokens = Some(read::count(node, key, 1, u64::MAX)?);
        }
        "text" => text(request, read::object(node, key)?)?,
        "reasoning" => reasoning(request, read::object(node, key)?)?,
        "service_tier" => request.service_tier = Some(read::string(node, key)?),
        "prompt_cache_key" => request.cache_key = Some(read::string(node, key)?),
        "metadata" => request.metadata = Some(read::object(node, key)?.raw().into()),
        // Whether the answer is kept is between the client and us: nobody else's answers can be referred to here.
        "store" => {
            read::boolean(node, key)?;
        }
        // To refuse what is too long is what every upstream does.
        "truncation" => return Ok(read::string(node, key)? == "disabled"),
        _ => return Ok(false),
    }
    Ok(true)
}

/// `text`: the form of the answer and its length.
fn text<'a>(request: &mut Request<'a>, node: Node<'a>) -> Result<(), Error> {
    if let Some(verbosity) = node.get("verbosity") {
        request.verbosity = Some(read::string(verbosity, "verbosity")?);
    }
    if let Some(format) = node.get("format") {
        let kind = read::required(read::object(format, "format")?, "type")?;
        match &*read::string(kind, "type")? {
            "text" => request.output_format = Some(OutputFormat::Text),
            "json_object" => request.output_format = Some(OutputFormat::Json),
            "json_schema" => request.output_format = Some(settings::schema_format(format)?),
            _ => read::keep(&mut request.ext, "/text", "format", format),
        }
    }
    read::keep_unknown(&mut request.ext, "/text", node, &["verbosity", "format"]);
    Ok(())
}

/// `reasoning`: how hard, and whether a summary is shown. `generate_summary` is the older name of `summary`.
fn reasoning<'a>(request: &mut Request<'a>, node: Node<'a>) -> Result<(), Error> {
    const AT: &str = "/reasoning";
    let mut intent = ReasoningIntent::default();
    if let Some(effort) = node.get("effort") {
        match Effort::from_name(&read::string(effort, "effort")?) {
            Some(known) => intent.effort = Some(known),
            None => read::keep(&mut request.ext, AT, "effort", effort),
        }
    }
    let summaries = ["summary", "generate_summary"];
    let summary = summaries
        .iter()
        .find_map(|key| Some((*key, node.get(key)?)));
    if let Some((key, summary)) = summary {
        let word = read::string(summary, key)?;
        intent.visibility = Some(match &*word {
            "none" => Visibility::Hidden,
            _ => Visibility::Shown,
        });
        // How long a summary is to be is a choice that only this dialect has.
        if !matches!(&*word, "auto" | "none") {
            read::keep(&mut request.ext, AT, key, summary);
        }
    }
    let known = ["effort", "summary", "generate_summary"];
    read::keep_unknown(&mut request.ext, AT, node, &known);
    request.reasoning = Some(intent).filter(|intent| *intent != ReasoningIntent::default());
    Ok(())
}

/// `include`, and the log probabilities that it asks for. Chat takes `top_logprobs` with `logprobs` only.
pub(super) fn include<'a>(request: &mut Request<'a>, body: Node<'a>) -> Result<(), Error> {
    if let Some(node) = body.get("include") {
        for (at, item) in read::array(node, "include")?.items().enumerate() {
            match &*read::string(item, "an included field")? {
                STATE => {}
                LOGPROBS => request.sampling.logprobs = Some(true),
                _ => read::keep(&mut request.ext, "/include", &at.to_string(), item),
            }
        }
    }
    let sampling = &mut request.sampling;
    sampling.top_logprobs = sampling
        .top_logprobs
        .filter(|count| *count > 0 || sampling.logprobs == Some(true));
    if sampling.top_logprobs.is_some() {
        sampling.logprobs = Some(true);
    }
    Ok(())
}
