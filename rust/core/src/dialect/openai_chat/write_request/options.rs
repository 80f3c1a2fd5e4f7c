//! Top-level fields.
//!
//! Nothing is written that the client did not ask for, and nothing that the upstream's profile forbids. Loss paths are
//! Chat's field names: the IR does not keep the client's own.

use crate::dialect::openai::fields::{Fields, report_schema_name, write_schema_format};
use crate::ir::{Effort, OutputFormat, ReasoningIntent, Request, Sampling};
use crate::loss::Code;

/// OpenAI takes so many stop texts.
const MAX_STOP: usize = 4;
impl Fields<'_, '_> {
    pub(super) fn stream(&mut self, request: &Request<'_>, want_usage: bool) {
        if !request.stream {
            return;
        }
        self.o.bool("stream", true);
        if (want_usage || request.stream_usage) && self.profile.stream_usage {
            self.o
                .object("stream_options", |o| o.bool("include_usage", true));
        }
    }

    pub(super) fn sampling(&mut self, sampling: &Sampling<'_>) {
        self.number("temperature", sampling.temperature);
        self.number("top_p", sampling.top_p);
        if sampling.top_k.is_some() {
            self.loss
                .add(Code::FieldDropped, "/top_k", "not a field of Chat");
        }
        self.number("frequency_penalty", sampling.frequency_penalty);
        self.number("presence_penalty", sampling.presence_penalty);
        self.raw("logit_bias", sampling.logit_bias.as_deref());
        self.number("seed", sampling.seed);
        if let Some(n) = sampling.n {
            self.o.u64("n", n);
        }
        self.bool("logprobs", sampling.logprobs);
        if let Some(count) = sampling.top_logprobs
            && self.allows("top_logprobs")
        {
            self.o.u64("top_logprobs", count);
        }
        self.stop(sampling);
    }

    fn stop(&mut self, sampling: &Sampling<'_>) {
        if sampling.stop.is_empty() || !self.allows("stop") {
            return;
        }
        if sampling.stop.len() > MAX_STOP {
            self.loss.add(
                Code::ValueClamped,
                "/stop",
                "only the first four stop texts are sent",
            );
        }
        self.o.array("stop", |list| {
            for text in sampling.stop.iter().take(MAX_STOP) {
                list.str(text);
            }
        });
    }

    pub(super) fn limits(&mut self, request: &Request<'_>) {
        let field = if self.profile.legacy_max_tokens {
            "max_tokens"
        } else {
            "max_completion_tokens"
        };
        // Anthropic takes 0 (it fills the prompt cache and says nothing); here it is an error.
        self.limit(field, request.max_output_tokens, 1);
    }

    pub(super) fn format(&mut self, request: &Request<'_>) {
        let Some(format) = &request.output_format else {
            return;
        };
        if !self.allows("response_format") {
            return;
        }
        if matches!(format, OutputFormat::Schema { name: None, .. }) {
            report_schema_name("/response_format/json_schema/name", self.loss);
        }
        self.o.object("response_format", |o| match format {
            OutputFormat::Text => o.str("type", "text"),
            OutputFormat::Json => o.str("type", "json_object"),
            OutputFormat::Schema {
                name,
                description,
                schema,
                strict,
            } => {
                o.str("type", "json_schema");
                o.object("json_schema", |o| {
                    let (name, description) = (name.as_deref(), description.as_deref());
                    write_schema_format(o, name, description, schema, *strict);
                });
            }
        });
    }

    /// §2.4 of the mapping: an effort in words, a switch where the host has one, and nothing that was not said.
    pub(super) fn reasoning(&mut self, intent: Option<ReasoningIntent>) {
        let Some(intent) = intent else { return };
        let effort = intent
            .effort
            .or_else(|| intent.budget.map(Effort::from_budget));
        let is_off = intent.enabled == Some(false) || effort == Some(Effort::Off);
        if self.profile.thinking_switch
            && (is_off || intent.enabled == Some(true))
            && self.allows("thinking")
        {
            let kind = if is_off { "disabled" } else { "enabled" };
            self.o.object("thinking", |o| o.str("type", kind));
        }
        let effort = if is_off { Some(Effort::Off) } else { effort };
        self.effort(&intent, effort);
        if intent.visibility.is_some() {
            self.loss.add(
                Code::FieldDropped,
                "/reasoning/visibility",
                "Chat cannot ask for thinking to be shown or hidden",
            );
        }
    }

    fn effort(&mut self, intent: &ReasoningIntent, effort: Option<Effort>) {
        let said_by_switch =
            self.profile.thinking_switch && effort.is_none_or(|effort| effort == Effort::Off);
        if said_by_switch {
            return;
        }
        let Some(effort) = effort else {
            // "As the model decides" is what an upstream does that is told nothing.
            if intent.enabled == Some(true) && !intent.adaptive {
                self.loss.add(
                    Code::FieldDropped,
                    "/thinking",
                    "on, but not how hard: the upstream's default applies",
                );
            }
            return;
        };
        if let Some(budget) = intent.budget.filter(|budget| *budget > 0) {
            let detail = format!("{budget} tokens became effort `{}`", effort.name());
            self.loss
                .add(Code::ValueClamped, "/thinking/budget_tokens", detail);
        }
        if !self.profile.reasoning_effort {
            self.loss.add(
                Code::FieldDropped,
                "/reasoning_effort",
                "the upstream takes no effort",
            );
        } else if self.allows("reasoning_effort") {
            self.o.str("reasoning_effort", effort.name());
        }
    }

    pub(super) fn rest(&mut self, request: &Request<'_>) {
        self.text("verbosity", request.verbosity.as_deref());
        self.text("prompt_cache_key", request.cache_key.as_deref());
        self.raw("metadata", request.metadata.as_deref());
        self.bool("store", request.store);
        if request.cache.is_some() {
            self.loss.add(
                Code::FieldDropped,
                "/cache_control",
                "the upstream caches by itself or not at all",
            );
        }
        self.service_tier(request.service_tier.as_deref());
        self.end_user(request.end_user.as_deref());
    }
}
