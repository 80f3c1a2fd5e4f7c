//! Top-level fields. Loss paths are Chat's and our own field names: the IR does not keep the client's.

use super::tools;
use crate::dialect::names::Names;
use crate::dialect::openai::fields::{Fields, report_schema_name, write_schema_format};
use crate::ir::{Effort, OutputFormat, ReasoningIntent, Request, Sampling, ToolChoice, Visibility};
use crate::loss::Code;

pub(super) fn write_tools(fields: &mut Fields<'_, '_>, request: &Request<'_>, names: &Names<'_>) {
    let sendable = tools::sendable(request, fields.loss);
    let has_tools = !sendable.is_empty() && fields.allows("tools");
    if has_tools {
        let (profile, loss) = (fields.profile, &mut *fields.loss);
        fields.o.array("tools", |list| {
            tools::write(list, &sendable, profile, names, loss);
        });
    }
    // A choice is an error without tools.
    if let Some(choice) = &request.tool_choice {
        let says_something = !matches!(choice, ToolChoice::Auto | ToolChoice::None);
        if has_tools && fields.allows("tool_choice") {
            tools::write_choice(fields.o.key("tool_choice"), choice, names);
        } else if !has_tools && says_something {
            let detail = "there is no tool left to choose";
            fields.loss.add(Code::FieldDropped, "/tool_choice", detail);
        }
    }
    let parallel = request.parallel_tool_calls.filter(|_| has_tools);
    fields.bool("parallel_tool_calls", parallel);
}

pub(super) fn write_sampling(fields: &mut Fields<'_, '_>, sampling: &Sampling<'_>) {
    fields.number("temperature", sampling.temperature);
    fields.number("top_p", sampling.top_p);
    let absent = [
        ("/top_k", sampling.top_k.is_some()),
        ("/frequency_penalty", sampling.frequency_penalty.is_some()),
        ("/presence_penalty", sampling.presence_penalty.is_some()),
        ("/logit_bias", sampling.logit_bias.is_some()),
        ("/seed", sampling.seed.is_some()),
        ("/stop", !sampling.stop.is_empty()),
    ];
    for (path, _) in absent.iter().filter(|(_, is_there)| *is_there) {
        let detail = "not a field of this dialect";
        fields.loss.add(Code::FieldDropped, path, detail);
    }
    if let Some(count) = sampling.top_logprobs.filter(|count| *count > 0)
        && fields.allows("top_logprobs")
    {
        fields.o.u64("top_logprobs", count);
    }
}

/// `text`: the form of the answer and its length.
pub(super) fn write_text(fields: &mut Fields<'_, '_>, request: &Request<'_>) {
    let (format, verbosity) = (&request.output_format, request.verbosity.as_deref());
    if (format.is_none() && verbosity.is_none()) || !fields.allows("text") {
        return;
    }
    if let Some(OutputFormat::Schema { name: None, .. }) = format {
        report_schema_name("/text/format/name", fields.loss);
    }
    fields.o.object("text", |o| {
        if let Some(format) = format {
            o.object("format", |o| match format {
                OutputFormat::Text => o.str("type", "text"),
                OutputFormat::Json => o.str("type", "json_object"),
                OutputFormat::Schema {
                    name,
                    description,
                    schema,
                    strict,
                } => {
                    o.str("type", "json_schema");
                    let (name, description) = (name.as_deref(), description.as_deref());
                    write_schema_format(o, name, description, schema, *strict);
                }
            });
        }
        o.opt_str("verbosity", verbosity);
    });
}

/// §2.4 of the mapping: an effort in words, a summary where one was asked for, and nothing that was not said.
pub(super) fn write_reasoning(fields: &mut Fields<'_, '_>, intent: Option<ReasoningIntent>) {
    let Some(intent) = intent else { return };
    let effort = effort(intent);
    let summary = intent.visibility == Some(Visibility::Shown) && effort != Some(Effort::Off);
    if intent.enabled == Some(true) && effort.is_none() && !intent.adaptive {
        let detail = "on, but not how hard: the upstream's default applies";
        fields.loss.add(Code::FieldDropped, "/thinking", detail);
    }
    if let (Some(budget), Some(effort)) = (intent.budget.filter(|b| *b > 0), effort) {
        let detail = format!("{budget} tokens became effort `{}`", effort.name());
        let path = "/thinking/budget_tokens";
        fields.loss.add(Code::ValueClamped, path, detail);
    }
    let effort = effort.filter(|_| {
        let is_known = fields.profile.reasoning_effort;
        if !is_known {
            let detail = "the upstream takes no effort";
            fields
                .loss
                .add(Code::FieldDropped, "/reasoning/effort", detail);
        }
        is_known
    });
    if (effort.is_some() || summary) && fields.allows("reasoning") {
        fields.o.object("reasoning", |o| {
            o.opt_str("effort", effort.map(Effort::name));
            o.opt_str("summary", summary.then_some("auto"));
        });
    }
}

fn effort(intent: ReasoningIntent) -> Option<Effort> {
    if intent.enabled == Some(false) {
        return Some(Effort::Off);
    }
    intent
        .effort
        .or_else(|| intent.budget.map(Effort::from_budget))
}

/// Nothing is kept at the vendor unless the client wants it, so the state of thinking must come along. Models that do
/// not think refuse to be asked for it: their profile forbids `include`.
pub(super) fn write_state(fields: &mut Fields<'_, '_>, request: &Request<'_>) {
    match request.store {
        Some(store) => fields.bool("store", Some(store)),
        None if fields.forbids("store") => {}
        None => fields.o.bool("store", false),
    }
    let thinks = request.reasoning.and_then(effort) != Some(Effort::Off);
    let wants_logprobs = request.sampling.logprobs == Some(true);
    if fields.forbids("include") {
        if wants_logprobs {
            fields.allows("include");
        }
        return;
    }
    if thinks || wants_logprobs {
        fields.o.array("include", |list| {
            if thinks {
                list.str("reasoning.encrypted_content");
            }
            if wants_logprobs {
                list.str("message.output_text.logprobs");
            }
        });
    }
}

pub(super) fn write_rest(fields: &mut Fields<'_, '_>, request: &Request<'_>) {
    fields.text("prompt_cache_key", request.cache_key.as_deref());
    fields.raw("metadata", request.metadata.as_deref());
    if request.cache.is_some() {
        let detail = "the upstream caches by itself or not at all";
        fields
            .loss
            .add(Code::FieldDropped, "/cache_control", detail);
    }
    fields.service_tier(request.service_tier.as_deref());
    fields.end_user(request.end_user.as_deref());
}
