//! A request for vectors → an upstream's body.

use super::{Input, Request};
use crate::error::Error;
use crate::json::write::{self, Array};
use crate::loss::{Code, LossReport};

pub(super) fn openai(request: &Request<'_>, model: &str, loss: &mut LossReport) -> Vec<u8> {
    no_task(request, loss);
    let mut out = Vec::new();
    write::object(&mut out, |o| {
        o.str("model", model);
        o.array("input", |list| {
            for input in &request.inputs {
                match input {
                    Input::Text(text) => list.str(text),
                    Input::Tokens(raw) => list.raw(raw),
                }
            }
        });
        // As text: the vector then comes as the upstream has it.
        o.str("encoding_format", "float");
        o.opt_u64("dimensions", request.dimensions);
    });
    out
}

pub(super) fn ollama(
    request: &Request<'_>,
    model: &str,
    loss: &mut LossReport,
) -> Result<Vec<u8>, Error> {
    no_task(request, loss);
    let texts = texts(request)?;
    let mut out = Vec::new();
    write::object(&mut out, |o| {
        o.str("model", model);
        o.array("input", |list| texts.iter().for_each(|text| list.str(text)));
        if let Some(truncate) = request.truncate {
            o.bool("truncate", truncate);
        }
        o.opt_u64("dimensions", request.dimensions);
    });
    Ok(out)
}

/// Always the batch form: one text is a batch of one.
pub(super) fn gemini(request: &Request<'_>, model: &str) -> Result<Vec<u8>, Error> {
    let texts = texts(request)?;
    let name = gemini_name(model);
    let one = |list: &mut Array<'_>, text: &str| {
        list.object(|o| {
            o.str("model", &name);
            o.object("content", |content| {
                content.array("parts", |parts| parts.object(|part| part.str("text", text)));
            });
            o.opt_str("taskType", request.task.as_deref());
            o.opt_str("title", request.title.as_deref());
            o.opt_u64("outputDimensionality", request.dimensions);
        });
    };
    let mut out = Vec::new();
    write::object(&mut out, |o| {
        o.array("requests", |list| {
            for text in &texts {
                one(list, text);
            }
        });
    });
    Ok(out)
}

/// The name of a model as Gemini's bodies have it.
pub(super) fn gemini_name(model: &str) -> String {
    format!("models/{}", model.strip_prefix("models/").unwrap_or(model))
}

/// What the vectors are for changes them; only Gemini asks.
fn no_task(request: &Request<'_>, loss: &mut LossReport) {
    for (path, value) in [("/taskType", &request.task), ("/title", &request.title)] {
        if value.is_some() {
            loss.add(Code::FieldDropped, path, "no counterpart upstream");
        }
    }
}

/// The inputs, all of which must be texts: tokens mean something to one tokenizer only.
fn texts<'r>(request: &'r Request<'_>) -> Result<Vec<&'r str>, Error> {
    let text = |input: &'r Input<'_>| match input {
        Input::Text(text) => Ok(&**text),
        Input::Tokens(_) => {
            Err(Error::client("this model's upstream takes no tokens: send texts").at("/input"))
        }
    };
    request.inputs.iter().map(text).collect()
}
