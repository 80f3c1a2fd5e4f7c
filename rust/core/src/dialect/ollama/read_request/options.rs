//! `options`: sampling, and how the model is run.

use crate::dialect::openai::read;
use crate::error::Error;
use crate::ir::Request;
use crate::json::{Node, Number};

/// Where options stand.
const AT: &str = "/options";

/// Read the options. How a model is loaded (`num_ctx`, `num_gpu`, …) and what only llama.cpp samples by
/// (`repeat_penalty`, `mirostat`, …) have no place elsewhere.
pub(super) fn read<'a>(request: &mut Request<'a>, node: Node<'a>) -> Result<(), Error> {
    let options = read::object(node, "options")?;
    for (key, node) in options.members().filter(|(_, node)| !node.is_null()) {
        let is_read = number(request, &key, node)? || other(request, &key, node)?;
        if !is_read {
            read::keep(&mut request.ext, AT, &key, node);
        }
    }
    Ok(())
}

/// Whether the option is one of these numbers, and in the range that others take. Ollama takes any.
fn number<'a>(request: &mut Request<'a>, key: &str, node: Node<'a>) -> Result<bool, Error> {
    let sampling = &mut request.sampling;
    let (field, min, max): (&mut Option<Number<'a>>, f64, f64) = match key {
        "temperature" => (&mut sampling.temperature, 0.0, 2.0),
        "top_p" => (&mut sampling.top_p, 0.0, 1.0),
        "frequency_penalty" => (&mut sampling.frequency_penalty, -2.0, 2.0),
        "presence_penalty" => (&mut sampling.presence_penalty, -2.0, 2.0),
        _ => return Ok(false),
    };
    let value = read::number(node, key, f64::MIN, f64::MAX)?;
    let fits = value
        .as_f64()
        .is_some_and(|value| (min..=max).contains(&value));
    *field = Some(value).filter(|_| fits);
    Ok(fits)
}

/// Whether the option is one of these, and read.
fn other<'a>(request: &mut Request<'a>, key: &str, node: Node<'a>) -> Result<bool, Error> {
    match key {
        // 0 is "off".
        "top_k" => {
            let value = read::integer(node, key)?;
            request.sampling.top_k = Some(value).filter(|k| k.as_u64().is_some_and(|k| k > 0));
        }
        "seed" => request.sampling.seed = Some(read::integer(node, key)?),
        // 0, -1 and -2 are "no bound".
        "num_predict" => {
            let value = read::integer(node, key)?.as_u64();
            request.max_output_tokens = value.filter(|bound| *bound > 0);
        }
        "stop" => request.sampling.stop = stop(node)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// A list of texts; some clients send one.
fn stop(node: Node<'_>) -> Result<Vec<std::borrow::Cow<'_, str>>, Error> {
    if let Some(text) = node.as_str() {
        return Ok(vec![text]);
    }
    let texts = read::array(node, "stop")?.items();
    texts
        .map(|text| read::string(text, "a stop text"))
        .collect()
}
