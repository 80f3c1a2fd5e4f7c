//! A client's request → IR.
//!
//! The same decoder checks requests that are relayed to an upstream of this dialect. It therefore refuses what no
//! version of the API takes (wrong types, missing fields, results without a call) and keeps what it does not know.

mod blocks;
mod media;
mod tools;
mod turns;
mod typed;

use std::borrow::Cow;
use std::collections::HashMap;

use super::Version;
use crate::dialect::ClientContext;
use crate::envelope::Envelope;
use crate::error::Error;
use crate::ir::{
    Effort, Ext, Opaque, OutputFormat, ReasoningIntent, Request, Sampling, Visibility,
};
use crate::json::Node;

/// Top-level members that have a place in the IR.
const KNOWN: &[&str] = &[
    "cache_control",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// What is carried along while a request is read.
struct Reader<'a, 'c> {
    version: Version,
    envelope: &'c Envelope,
    ext: Vec<Ext<'a>>,
    /// Tool calls so far, and whether they have their result.
    calls: HashMap<Cow<'a, str>, bool>,
    /// State of calls of the turn being read: call id and state.
    call_state: Vec<(String, Opaque<'a>)>,
}

/// Read a request.
pub(super) fn read<'a>(body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error> {
    if !body.is_object() {
        return Err(Error::bad_request(
            body,
            "the request body must be a JSON object",
        ));
    }
    let mut reader = Reader {
        version: Version::of(cx.version.as_deref()),
        envelope: &cx.envelope,
        ext: Vec::new(),
        calls: HashMap::new(),
        call_state: Vec::new(),
    };
    let mut request = Request {
        model: typed::need_name(body, "model")?,
        stream: typed::bool(body, "stream")?.unwrap_or(false),
        stream_usage: true,
        max_output_tokens: typed::u64(body, "max_tokens")?,
        sampling: reader.sampling(body)?,
        output_format: reader.output_format(body)?,
        reasoning: reader.reasoning(body)?,
        cache: typed::cache(body, &mut reader.ext)?,
        service_tier: reader.service_tier(body)?,
        end_user: reader.end_user(body)?,
        ..Request::default()
    };
    if request.max_output_tokens.is_none() && !cx.count_only {
        typed::need(body, "max_tokens")?;
    }
    reader.system(body, &mut request.turns)?;
    reader.messages(body, &mut request.turns)?;
    reader.tools(body, &mut request)?;
    typed::keep_unknown(body, KNOWN, &mut reader.ext);
    request.ext = reader.ext;
    Ok(request)
}

/// Whether a user id is a plain identifier. Claude Code sends device, account and session ids packed into one text
/// (an object, or `user_…_account_…_session_…`): nothing for another vendor's eyes.
pub(super) fn is_plain_user_id(id: &str) -> bool {
    let is_packed = id.contains('{') || (id.contains("_account_") && id.contains("_session_"));
    !id.is_empty() && id.len() <= 256 && !is_packed
}

impl<'a> Reader<'a, '_> {
    fn sampling(&self, body: Node<'a>) -> Result<Sampling<'a>, Error> {
        if self.version == Version::V2026 {
            for key in ["temperature", "top_p", "top_k"] {
                if let Some(node) = body.get(key) {
                    let message = format!("{key} is not accepted by anthropic-version 2026-10-21");
                    return Err(Error::bad_request(node, message));
                }
            }
        }
        typed::u64(body, "top_k")?;
        let mut stop = Vec::new();
        if let Some(sequences) = typed::array(body, "stop_sequences")? {
            for node in sequences.items() {
                let text = node.as_str();
                stop.push(text.ok_or_else(|| typed::wrong(node, "a stop sequence", "a string"))?);
            }
        }
        Ok(Sampling {
            temperature: typed::share(body, "temperature")?,
            top_p: typed::share(body, "top_p")?,
            top_k: body.get("top_k").and_then(Node::as_number),
            stop,
            ..Sampling::default()
        })
    }

    /// `output_config.format`, or `output_format` as the beta before it had it.
    fn output_format(&mut self, body: Node<'a>) -> Result<Option<OutputFormat<'a>>, Error> {
        let config = typed::object(body, "output_config")?;
        let newer = config
            .map(|config| typed::object(config, "format"))
            .transpose()?
            .flatten();
        let Some(format) = newer.or(typed::object(body, "output_format")?) else {
            return Ok(None);
        };
        if typed::need_str(format, "type")? != "json_schema" {
            typed::keep(format, &mut self.ext);
            return Ok(None);
        }
        let schema = typed::need(format, "schema")?;
        if !schema.is_object() {
            return Err(typed::wrong(schema, "schema", "an object"));
        }
        typed::keep_unknown(format, &["type", "schema"], &mut self.ext);
        Ok(Some(OutputFormat::Schema {
            name: None,
            description: None,
            schema: Cow::Borrowed(schema.raw()),
            strict: None,
        }))
    }

    fn reasoning(&mut self, body: Node<'a>) -> Result<Option<ReasoningIntent>, Error> {
        let mut intent = ReasoningIntent::default();
        if let Some(thinking) = typed::object(body, "thinking")? {
            self.thinking(thinking, &mut intent)?;
        }
        if let Some(config) = typed::object(body, "output_config")? {
            let effort = typed::str(config, "effort")?;
            intent.effort = effort.as_deref().and_then(Effort::from_name);
            if effort.is_some() && intent.effort.is_none() {
                typed::keep(typed::need(config, "effort")?, &mut self.ext);
            }
            typed::keep_unknown(config, &["effort", "format"], &mut self.ext);
        }
        Ok((intent != ReasoningIntent::default()).then_some(intent))
    }

    fn thinking(&mut self, thinking: Node<'a>, intent: &mut ReasoningIntent) -> Result<(), Error> {
        let kind = typed::need_str(thinking, "type")?;
        match kind.as_ref() {
            "enabled" => {
                intent.enabled = Some(true);
                let node = typed::need(thinking, "budget_tokens")?;
                let budget = node.as_u64().filter(|tokens| *tokens >= 1024);
                let expected = "a whole number from 1024 on";
                let budget = budget.ok_or_else(|| typed::wrong(node, "budget_tokens", expected))?;
                intent.budget = Some(budget);
            }
            "disabled" => intent.enabled = Some(false),
            // "between_tools" leaves to the model when to think, as "adaptive" does, but only between calls: the
            // restriction has no counterpart, so the word is kept (and reported).
            "adaptive" | "between_tools" => {
                intent.enabled = Some(true);
                intent.adaptive = true;
            }
            _ => {}
        }
        if !matches!(kind.as_ref(), "enabled" | "disabled" | "adaptive") {
            typed::keep(typed::need(thinking, "type")?, &mut self.ext);
        }
        match typed::str(thinking, "display")?.as_deref() {
            None => {}
            Some("summarized") => intent.visibility = Some(Visibility::Shown),
            Some("omitted") => intent.visibility = Some(Visibility::Hidden),
            Some(_) => typed::keep(typed::need(thinking, "display")?, &mut self.ext),
        }
        let known = ["type", "budget_tokens", "display"];
        typed::keep_unknown(thinking, &known, &mut self.ext);
        Ok(())
    }

    /// `service_tier`, or the word of OpenAI's tiers for `speed: fast`.
    fn service_tier(&mut self, body: Node<'a>) -> Result<Option<Cow<'a, str>>, Error> {
        let tier = typed::str(body, "service_tier")?;
        let speed = typed::str(body, "speed")?;
        match (tier, speed.as_deref()) {
            (None, Some("fast")) => Ok(Some("fast".into())),
            (tier, None | Some("standard")) => Ok(tier),
            (tier, Some(_)) => {
                typed::keep(typed::need(body, "speed")?, &mut self.ext);
                Ok(tier)
            }
        }
    }

    fn end_user(&mut self, body: Node<'a>) -> Result<Option<Cow<'a, str>>, Error> {
        let Some(metadata) = typed::object(body, "metadata")? else {
            return Ok(None);
        };
        typed::keep_unknown(metadata, &["user_id"], &mut self.ext);
        let user = typed::str(metadata, "user_id")?;
        if user.as_deref().is_some_and(|id| !is_plain_user_id(id)) {
            typed::keep(typed::need(metadata, "user_id")?, &mut self.ext);
            return Ok(None);
        }
        Ok(user)
    }
}
