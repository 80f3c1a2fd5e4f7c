//! IR → a request for an upstream of this dialect. Everything that the API insists on is repaired here, and everything
//! that it cannot say is reported.

mod blocks;
mod media;
mod names;
mod output_schema;
mod parts;
mod results;
mod sampling;
mod schema;
mod thinking;
mod tools;
mod turns;
mod unions;

use std::borrow::Cow;

use super::Version;
use super::read_request::is_plain_user_id;
use crate::dialect::{EncodedRequest, Target};
use crate::error::Error;
use crate::ir::{OutputFormat, Request};
use crate::json::Tape;
use crate::json::write::{self, Object};
use crate::loss::{Code, LossReport};

/// What is carried along while a request is written.
struct Writer<'r, 'x> {
    target: &'x Target,
    version: Version,
    loss: &'x mut LossReport,
    names: names::Names<'r>,
    call_ids: names::CallIds<'r>,
    /// For the JSON inside strings: arguments and schemas.
    tape: Tape,
    /// Calls of the assistant's message in progress: the client's id and the one sent.
    waiting: Vec<(&'r str, Cow<'r, str>)>,
}

/// Everything that is decided before the first byte is written.
struct Draft<'r> {
    offers: Vec<tools::Offer<'r>>,
    choice: tools::Choice,
    prompt: turns::Prompt<'r>,
    plan: thinking::Plan,
}

/// Write a request.
pub(super) fn write(
    request: &Request<'_>,
    target: &Target,
    loss: &mut LossReport,
) -> Result<EncodedRequest, Error> {
    let mut writer = Writer {
        target,
        version: Version::of(target.version.as_deref()),
        loss,
        names: names::Names::default(),
        call_ids: names::CallIds::default(),
        tape: Tape::new(),
        waiting: Vec::new(),
    };
    let draft = writer.draft(request)?;
    let mut body = Vec::with_capacity(4096);
    write::object(&mut body, |o| writer.body(request, &draft, o));
    Ok(EncodedRequest {
        body,
        names: writer.names.into_map(),
    })
}

impl<'r> Writer<'r, '_> {
    fn draft(&mut self, request: &'r Request<'r>) -> Result<Draft<'r>, Error> {
        let mut offers = self.offers(request)?;
        let mut prompt = self.prompt(&request.turns)?;
        let plan = self.thinking(request, &prompt.messages);
        let mut choice = self.choice(request, &offers);
        if plan.is_manual() && choice.is_forced() {
            let detail = "with a thinking budget no tool can be demanded";
            self.loss.add(Code::ParamForbidden, "/tool_choice", detail);
            choice.relax();
        }
        let mut markers = Vec::new();
        markers.extend(offers.iter_mut().filter_map(tools::Offer::marker));
        prompt.markers(&mut markers);
        let reserved = usize::from(request.cache.is_some());
        blocks::limit_markers(&mut markers, reserved, self.loss);
        Ok(Draft {
            offers,
            choice,
            prompt,
            plan,
        })
    }

    /// In the order in which the API reads a prompt: tools, system, messages.
    fn body(&mut self, request: &Request<'_>, draft: &Draft<'_>, o: &mut Object<'_>) {
        let plan = &draft.plan;
        match self.target.profile.body_version.as_deref() {
            Some(version) => o.str("anthropic_version", version),
            None => o.str("model", &self.target.model),
        }
        o.u64("max_tokens", plan.max_tokens);
        if request.stream {
            o.bool("stream", true);
        }
        if !draft.offers.is_empty() {
            o.array("tools", |a| {
                for offer in &draft.offers {
                    offer.write(a.item());
                }
            });
        }
        draft.choice.write(o);
        if !draft.prompt.system.is_empty() {
            blocks::write_blocks(o, "system", &draft.prompt.system);
        }
        o.array("messages", |a| {
            for message in &draft.prompt.messages {
                message.write(a.item());
            }
        });
        if self.may_send("thinking", "/reasoning", plan.is_said()) {
            plan.write(o);
        }
        self.output_config(request, plan.effort, o);
        self.sampling(&request.sampling, plan.is_manual(), o);
        self.options(request, o);
    }
}

impl Writer<'_, '_> {
    /// Whether a member that is there may be sent to this upstream.
    fn may_send(&mut self, member: &str, pointer: &str, is_there: bool) -> bool {
        let is_forbidden = self
            .target
            .profile
            .forbidden
            .iter()
            .any(|name| name == member);
        if is_there && is_forbidden {
            let detail = format!("this upstream refuses {member}");
            self.loss.add(Code::ParamForbidden, pointer, detail);
        }
        is_there && !is_forbidden
    }

    fn dropped(&mut self, pointer: &str, is_there: bool) {
        if is_there {
            let detail = "no counterpart upstream";
            self.loss.add(Code::FieldDropped, pointer, detail);
        }
    }

    /// Effort and the form of the answer share one member.
    fn output_config(&mut self, request: &Request<'_>, effort: Option<&str>, o: &mut Object<'_>) {
        let schema = self.answer_schema(request);
        let pointer = match schema {
            Some(_) => "/response_format",
            None => "/reasoning",
        };
        let is_there = effort.is_some() || schema.is_some();
        if !self.may_send("output_config", pointer, is_there) {
            return;
        }
        o.object("output_config", |o| {
            o.opt_str("effort", effort);
            if let Some(schema) = schema {
                o.object("format", |o| {
                    o.str("type", "json_schema");
                    o.raw("schema", &schema);
                });
            }
        });
    }

    fn answer_schema<'s>(&mut self, request: &'s Request<'_>) -> Option<Cow<'s, str>> {
        let (schema, is_changed) =
            output_schema::lower(self.asked_schema(request)?, &mut self.tape);
        if is_changed {
            let detail =
                "objects are closed, what the grammar cannot hold became part of descriptions";
            self.loss
                .add(Code::SchemaLowered, "/response_format", detail);
        }
        Some(schema)
    }

    fn asked_schema<'s>(&mut self, request: &'s Request<'_>) -> Option<&'s str> {
        let (schema, detail) = match request.output_format.as_ref()? {
            OutputFormat::Text => return None,
            OutputFormat::Json => (
                None,
                "JSON mode has no counterpart: send a schema, or ask for JSON in the prompt",
            ),
            OutputFormat::Schema {
                name: None,
                description: None,
                schema,
                strict: None,
            } => return Some(schema),
            OutputFormat::Schema { schema, .. } => (
                Some(schema.as_ref()),
                "only the schema itself is sent: name, description and strict are not",
            ),
        };
        self.loss
            .add(Code::FieldDropped, "/response_format", detail);
        schema
    }

    /// Whatever is said once per request.
    fn options(&mut self, request: &Request<'_>, o: &mut Object<'_>) {
        if self.may_send("cache_control", "/cache_control", request.cache.is_some()) {
            blocks::write_cache(o, request.cache);
        }
        self.service_tier(request.service_tier.as_deref(), o);
        if let Some(user) = request.end_user.as_deref() {
            if !is_plain_user_id(user) {
                let detail = "not a plain identifier: it may tell about the user's device";
                self.loss.add(Code::FieldDropped, "/user", detail);
            } else if self.may_send("metadata", "/user", true) {
                o.object("metadata", |o| o.str("user_id", user));
            }
        }
        self.dropped("/metadata", request.metadata.is_some());
        // `store: false` is what this API does anyway.
        self.dropped("/store", request.store == Some(true));
        self.dropped("/prompt_cache_key", request.cache_key.is_some());
        self.dropped("/verbosity", request.verbosity.is_some());
    }

    fn service_tier(&mut self, tier: Option<&str>, o: &mut Object<'_>) {
        let (member, value) = match tier {
            None => return,
            Some("auto") => ("service_tier", "auto"),
            Some("default" | "standard" | "standard_only") => ("service_tier", "standard_only"),
            Some("fast") => ("speed", "fast"),
            Some(_) => return self.dropped("/service_tier", true),
        };
        if self.may_send(member, "/service_tier", true) {
            o.str(member, value);
        }
    }
}
