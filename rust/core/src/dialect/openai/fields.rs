//! Top-level fields of a request to an upstream.
//!
//! Nothing is written that the client did not ask for, and nothing that the upstream's profile forbids.

use crate::dialect::Profile;
use crate::dialect::names::{fits, shorten};
use crate::json::Number;
use crate::json::write::Object;
use crate::loss::{Code, LossReport};

/// Longest end-user identifier that is passed on.
const MAX_USER: usize = 64;
/// OpenAI demands a name for a schema; what Anthropic and Gemini clients send has none.
const SCHEMA_NAME: &str = "response";

/// Writes the fields behind the messages.
pub(in crate::dialect) struct Fields<'f, 'o> {
    pub(in crate::dialect) o: &'f mut Object<'o>,
    pub(in crate::dialect) profile: &'f Profile,
    pub(in crate::dialect) loss: &'f mut LossReport,
}

impl Fields<'_, '_> {
    /// Whether the upstream refuses this field.
    pub(in crate::dialect) fn forbids(&self, field: &str) -> bool {
        self.profile.forbidden.iter().any(|name| name == field)
    }

    /// Whether the upstream takes this field; reported if not.
    pub(in crate::dialect) fn allows(&mut self, field: &str) -> bool {
        let is_forbidden = self.forbids(field);
        if is_forbidden {
            self.loss.add(
                Code::ParamForbidden,
                format!("/{field}"),
                "the upstream refuses this field",
            );
        }
        !is_forbidden
    }

    /// A number, when there is one and the upstream takes it.
    pub(in crate::dialect) fn number(&mut self, field: &str, value: Option<Number<'_>>) {
        if let Some(value) = value
            && self.allows(field)
        {
            self.o.raw(field, value.0);
        }
    }

    /// A text, when there is one and the upstream takes it.
    pub(in crate::dialect) fn text(&mut self, field: &str, value: Option<&str>) {
        if let Some(value) = value
            && self.allows(field)
        {
            self.o.str(field, value);
        }
    }

    /// A boolean, when there is one and the upstream takes it.
    pub(in crate::dialect) fn bool(&mut self, field: &str, value: Option<bool>) {
        if let Some(value) = value
            && self.allows(field)
        {
            self.o.bool(field, value);
        }
    }

    /// JSON text, when there is one and the upstream takes it.
    pub(in crate::dialect) fn raw(&mut self, field: &str, value: Option<&str>) {
        if let Some(value) = value
            && self.allows(field)
        {
            self.o.raw(field, value);
        }
    }

    /// A bound of output tokens between the least that is accepted and the most that the model gives; never one that
    /// the client did not set.
    pub(in crate::dialect) fn limit(&mut self, field: &str, asked: Option<u64>, least: u64) {
        let Some(asked) = asked.filter(|_| self.allows(field)) else {
            return;
        };
        let most = self.profile.max_output_tokens.unwrap_or(u64::MAX);
        let limit = asked.clamp(least, most.max(least));
        if limit != asked {
            let word = if limit < asked { "most" } else { "least" };
            let detail = format!("the model gives at {word} {limit}");
            self.loss
                .add(Code::ValueClamped, format!("/{field}"), detail);
        }
        self.o.u64(field, limit);
    }

    /// The queueing class; other vendors have classes of their own.
    pub(in crate::dialect) fn service_tier(&mut self, tier: Option<&str>) {
        match tier {
            Some("standard_only" | "standard") => self.text("service_tier", Some("default")),
            tier @ Some("auto" | "default" | "flex" | "scale" | "priority" | "fast") => {
                self.text("service_tier", tier);
            }
            Some(tier) => self.loss.add(
                Code::FieldDropped,
                "/service_tier",
                format!("no tier `{tier}` upstream"),
            ),
            None => {}
        }
    }

    /// The end user, when it is an identifier that an application chose.
    pub(in crate::dialect) fn end_user(&mut self, user: Option<&str>) {
        match user {
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

/// OpenAI's word for the tier that served; strict clients check the list.
pub(in crate::dialect) fn served_tier(served: &str) -> Option<&str> {
    match served {
        "auto" | "default" | "flex" | "scale" | "priority" | "fast" => Some(served),
        "standard" | "standard_only" => Some("default"),
        _ => None,
    }
}

/// The members of a JSON schema format. A name is made up where the client gave none.
pub(in crate::dialect) fn write_schema_format(
    o: &mut Object<'_>,
    name: Option<&str>,
    description: Option<&str>,
    schema: &str,
    strict: Option<bool>,
) {
    let name = name.unwrap_or(SCHEMA_NAME);
    if fits(name) {
        o.str("name", name);
    } else {
        o.str("name", &shorten(name));
    }
    o.opt_str("description", description);
    o.raw("schema", schema);
    if let Some(strict) = strict {
        o.bool("strict", strict);
    }
}

/// Report that a schema's name was made up.
pub(in crate::dialect) fn report_schema_name(path: &str, loss: &mut LossReport) {
    loss.add(Code::DefaultFilled, path, format!("named `{SCHEMA_NAME}`"));
}

/// An identifier that an application chose. Claude Code sends JSON with a device id, or the long form
/// `user_<64 hex digits>_account_…`: those are for its own vendor only.
fn is_plain_user(user: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.:@+|".contains(&b);
    (1..=MAX_USER).contains(&user.len()) && user.bytes().all(is_plain)
}
