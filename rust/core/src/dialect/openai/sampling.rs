//! Sampling parameters of a client's body. The Responses API has fewer of them, hosts of its dialect take all.

use super::read;
use crate::error::Error;
use crate::ir::Request;
use crate::json::Node;

/// Largest number of answers that OpenAI takes.
const MAX_N: u64 = 128;

/// Whether the field is a sampling parameter, and read.
pub(in crate::dialect) fn field<'a>(
    request: &mut Request<'a>,
    key: &str,
    node: Node<'a>,
) -> Result<bool, Error> {
    let sampling = &mut request.sampling;
    match key {
        "temperature" => sampling.temperature = Some(read::number(node, key, 0.0, 2.0)?),
        "top_p" => sampling.top_p = Some(read::number(node, key, 0.0, 1.0)?),
        // An extension of many hosts; 0 and -1 are their "off".
        "top_k" => {
            let value = read::integer(node, key)?;
            sampling.top_k = Some(value).filter(|value| value.as_u64().is_some_and(|k| k > 0));
        }
        "frequency_penalty" => {
            sampling.frequency_penalty = Some(read::number(node, key, -2.0, 2.0)?);
        }
        "presence_penalty" => sampling.presence_penalty = Some(read::number(node, key, -2.0, 2.0)?),
        "logit_bias" => {
            for (_, bias) in read::object(node, key)?.members() {
                read::number(bias, "a logit bias", -100.0, 100.0)?;
            }
            sampling.logit_bias = Some(node.raw().into());
        }
        "seed" => sampling.seed = Some(read::integer(node, key)?),
        "n" => sampling.n = Some(read::count(node, key, 1, MAX_N)?),
        "stop" => sampling.stop = stop(node)?,
        "logprobs" => sampling.logprobs = Some(read::boolean(node, key)?),
        "top_logprobs" => sampling.top_logprobs = Some(read::count(node, key, 0, 20)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// One text or a list of them.
fn stop(node: Node<'_>) -> Result<Vec<std::borrow::Cow<'_, str>>, Error> {
    if node.is_array() {
        return node
            .items()
            .map(|item| read::string(item, "a stop text"))
            .collect();
    }
    match node.as_str() {
        Some(text) => Ok(vec![text]),
        None => Err(Error::bad_request(
            node,
            "stop must be a string or an array of strings",
        )),
    }
}
