//! Top-level fields.
//!
//! Nothing is written that the client did not ask for, and nothing that the upstream's profile forbids. Loss paths are
//! Chat's field names: the IR does not keep the client's own.

use super::names::{fits, shorten};
use crate::dialect::Profile;
use crate::ir::{Effort, OutputFormat, ReasoningIntent, Request, Sampling};
use crate::json::Number;
use crate::json::write::Object;
use crate::loss::{Code, LossReport};

/// OpenAI takes so many stop texts.
const MAX_STOP: usize = 4;
/// Longest end-user identifier that is passed on.
const MAX_USER: usize = 64;
/// OpenAI demands a name for a schema; what Anthropic and Gemini clients send has none.
const SCHEMA_NAME: &str = "response";

/// Writes the fields behind the messages.
pub(super) struct Fields<'f, 'o> {
    pub(super) o: &'f mut Object<'o>,
    pub(super) profile: &'f Profile,
    pub(super) loss: &'f mut LossReport,
}

impl Fields<'_, '_> {
    /// Whether the upstream takes this field; reported if not.
    pub(super) fn allows(&mut self, field: &str) -> bool {
        let is_forbidden = self.profile.forbidden.iter().any(|name| name == field);
        if is_forbidden {
            self.loss.add(
                Code::ParamForbidden,
                format!("/{field}"),
                "the upstream refuses this field",
            );
        }
        !is_forbidden
    }

    fn number(&mut self, field: &str, value: Option<Number<'_>>) {
        if let Some(value) = value
            && self.allows(field)
        {
            self.o.raw(field, value.0);
        }
    }

    fn text(&mut self, field: &str, value: Option<&str>) {
        if let Some(value) = value
            && self.allows(field)
        {
            self.o.str(field, value);
        }
    }

    fn bool(&mut self, field: &str, value: Option<bool>) {
        if let Some(value) = value
            && self.allows(field)
        {
            self.o.bool(field, value);
        }
    }

    fn raw(&mut self, field: &str, value: Option<&str>) {
        if let Some(value) = value
            && self.allows(field)
        {
            self.o.raw(field, value);
        }
    }

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

    /// The bound of output tokens; never one that the client did not set.
    pub(super) fn limits(&mut self, request: &Request<'_>) {
        let field = if self.profile.legacy_max_tokens {
            "max_tokens"
        } else {
            "max_completion_tokens"
        };
        let Some(asked) = request.max_output_tokens else {
            return;
        };
        if !self.allows(field) {
            return;
        }
        // Anthropic takes 0 (it fills the prompt cache and says nothing); here it is an error.
        let most = self.profile.max_output_tokens.unwrap_or(u64::MAX).max(1);
        let limit = asked.clamp(1, most);
        if limit != asked {
            self.loss.add(
                Code::ValueClamped,
                format!("/{field}"),
                match limit {
                    1 => "the model gives at least 1".to_owned(),
                    most => format!("the model gives at most {most}"),
                },
            );
        }
        self.o.u64(field, limit);
    }

    pub(super) fn format(&mut self, request: &Request<'_>) {
        let Some(format) = &request.output_format else {
            return;
        };
        if !self.allows("response_format") {
            return;
        }
        if matches!(format, OutputFormat::Schema { name: None, .. }) {
            let detail = format!("named `{SCHEMA_NAME}`");
            self.loss.add(
                Code::DefaultFilled,
                "/response_format/json_schema/name",
                detail,
            );
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
                    let name = name.as_deref().unwrap_or(SCHEMA_NAME);
                    if fits(name) {
                        o.str("name", name);
                    } else {
                        o.str("name", &shorten(name));
                    }
                    o.opt_str("description", description.as_deref());
                    o.raw("schema", schema);
                    if let Some(strict) = strict {
                        o.bool("strict", *strict);
                    }
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
        match request.service_tier.as_deref() {
            Some("standard_only" | "standard") => self.text("service_tier", Some("default")),
            tier @ Some("auto" | "default" | "flex" | "scale" | "priority" | "fast") => {
                self.text("service_tier", tier);
            }
            Some(tier) => self.loss.add(
                Code::FieldDropped,
                "/service_tier",
                format!("no tier `{tier}` in Chat"),
            ),
            None => {}
        }
        match request.end_user.as_deref() {
            Some(user) if is_plain_user(user) => self.text("user", Some(user)),
            Some(_) => {
                self.loss.add(
                    Code::FieldDropped,
                    "/user",
                    "names a device or an account, which is not passed on",
                );
            }
            None => {}
        }
    }
}

/// An identifier that an application chose. Claude Code sends JSON with a device id, or the long form
/// `user_<64 hex digits>_account_…`: those are for its own vendor only.
fn is_plain_user(user: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.:@+|".contains(&b);
    (1..=MAX_USER).contains(&user.len()) && user.bytes().all(is_plain)
}
