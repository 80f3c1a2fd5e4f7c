//! Everything besides messages and tools.
//!
//! Nothing is written that the client did not ask for. Loss paths are Chat's field names: the IR does not keep the
//! client's own.

use super::drop_if;
use crate::dialect::openai::fields::Fields;
use crate::ir::{Effort, OutputFormat, ReasoningIntent, Request, Sampling};
use crate::json::write;
use crate::loss::Code;

const NO_FIELD: &str = "Ollama has no such field";

/// `format`: the word, or the schema alone.
pub(super) fn format(fields: &mut Fields<'_, '_>, format: Option<&OutputFormat<'_>>) {
    match format {
        None | Some(OutputFormat::Text) => {}
        Some(OutputFormat::Json) => fields.text("format", Some("json")),
        Some(OutputFormat::Schema {
            name,
            description,
            schema,
            strict,
        }) => {
            let is_more =
                name.is_some() || description.is_some() || strict.is_some_and(|strict| !strict);
            let detail = "only the schema itself is sent, and it is enforced";
            drop_if(is_more, "/response_format", detail, fields.loss);
            fields.raw("format", Some(schema));
        }
    }
}

/// `think`: off, on, or one of three words.
pub(super) fn think(fields: &mut Fields<'_, '_>, intent: Option<ReasoningIntent>) {
    let Some(intent) = intent else { return };
    let detail = "thinking is always shown";
    let visibility = "/reasoning/visibility";
    drop_if(intent.visibility.is_some(), visibility, detail, fields.loss);
    let budget = intent.budget;
    let effort = intent.effort.or_else(|| budget.map(Effort::from_budget));
    match effort {
        _ if intent.enabled == Some(false) => fields.bool("think", Some(false)),
        Some(Effort::Off) => fields.bool("think", Some(false)),
        Some(effort) if fields.profile.reasoning_effort => {
            let (word, is_exact) = word(effort);
            if let (None, Some(budget)) = (intent.effort, budget) {
                let detail = format!("{budget} tokens became `{word}`");
                let pointer = "/thinking/budget_tokens";
                fields.loss.add(Code::ValueClamped, pointer, detail);
            } else if !is_exact {
                let detail = format!("effort `{}` became `{word}`", effort.name());
                let pointer = "/reasoning_effort";
                fields.loss.add(Code::ValueClamped, pointer, detail);
            }
            fields.text("think", Some(word));
        }
        Some(_) => {
            let detail = "the upstream takes no effort";
            drop_if(true, "/reasoning_effort", detail, fields.loss);
        }
        // "As the model decides" is what a model does that is told nothing.
        None if intent.enabled == Some(true) && !intent.adaptive => {
            fields.bool("think", Some(true));
        }
        None => {}
    }
}

/// The word for an effort, and whether it says the same.
fn word(effort: Effort) -> (&'static str, bool) {
    match effort {
        Effort::Off | Effort::Minimal => ("low", false),
        Effort::Low => ("low", true),
        Effort::Medium => ("medium", true),
        Effort::High => ("high", true),
        Effort::XHigh | Effort::Max => ("high", false),
    }
}

pub(super) fn logprobs(fields: &mut Fields<'_, '_>, sampling: &Sampling<'_>) {
    fields.bool("logprobs", sampling.logprobs);
    if let Some(count) = sampling.top_logprobs
        && fields.allows("top_logprobs")
    {
        fields.o.u64("top_logprobs", count);
    }
}

/// `options`, when there are any.
pub(super) fn options(fields: &mut Fields<'_, '_>, request: &Request<'_>) {
    let sampling = &request.sampling;
    let mut options = Vec::new();
    write::object(&mut options, |o| {
        let mut inner = Fields {
            o,
            profile: fields.profile,
            loss: fields.loss,
        };
        inner.number("temperature", sampling.temperature);
        inner.number("top_p", sampling.top_p);
        inner.number("top_k", sampling.top_k);
        inner.number("frequency_penalty", sampling.frequency_penalty);
        inner.number("presence_penalty", sampling.presence_penalty);
        inner.number("seed", sampling.seed);
        // 0 would be no bound at all.
        inner.limit("num_predict", request.max_output_tokens, 1);
        if !sampling.stop.is_empty() && inner.allows("stop") {
            inner.o.array("stop", |list| {
                for text in &sampling.stop {
                    list.str(text);
                }
            });
        }
    });
    if options.len() > 2
        && let Ok(options) = std::str::from_utf8(&options)
    {
        fields.raw("options", Some(options));
    }
}

/// What has no field here at all.
pub(super) fn dropped(fields: &mut Fields<'_, '_>, request: &Request<'_>) {
    let loss = &mut *fields.loss;
    for (is_there, pointer) in [
        (request.sampling.logit_bias.is_some(), "/logit_bias"),
        (request.verbosity.is_some(), "/verbosity"),
        (request.cache_key.is_some(), "/prompt_cache_key"),
        (request.cache.is_some(), "/cache_control"),
        (request.service_tier.is_some(), "/service_tier"),
        (request.end_user.is_some(), "/user"),
        (request.metadata.is_some(), "/metadata"),
        // `store: false` is what it does anyway.
        (request.store == Some(true), "/store"),
        (
            request.parallel_tool_calls == Some(false),
            "/parallel_tool_calls",
        ),
    ] {
        drop_if(is_there, pointer, NO_FIELD, loss);
    }
}
