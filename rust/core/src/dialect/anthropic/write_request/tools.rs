//! Tools and the choice among them.

use std::borrow::Cow;

use super::Writer;
use super::blocks::write_cache;
use super::schema;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::ir::{CacheMarker, Request, Tool, ToolChoice, ToolKind, ToolMode};
use crate::json::write::{self, Object};
use crate::loss::Code;

/// What a free-text tool becomes: a function with its text as the only argument.
const FREE_TEXT: &str = r#"{"type":"object","properties":{"input":{"type":"string","description":"The whole input of the tool, as free text."}},"required":["input"],"additionalProperties":false}"#;

/// A tool that is ready to be written.
#[derive(Debug)]
pub(super) enum Offer<'r> {
    Function {
        name: Cow<'r, str>,
        description: Option<&'r str>,
        schema: Cow<'r, str>,
        is_strict: bool,
        cache: Option<CacheMarker>,
    },
    /// A definition of this dialect, as it came.
    Verbatim(&'r str),
}

impl Offer<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Verbatim(json) => write::raw(out, json),
            Self::Function {
                name,
                description,
                schema,
                is_strict,
                cache,
            } => write::object(out, |o| {
                o.str("name", name);
                o.opt_str("description", *description);
                o.raw("input_schema", schema);
                if *is_strict {
                    o.bool("strict", true);
                }
                write_cache(o, *cache);
            }),
        }
    }

    /// The API refuses two tools of one name.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Function { name: a, .. }, Self::Function { name: b, .. }) => a == b,
            _ => false,
        }
    }

    pub(super) fn marker(&mut self) -> Option<&mut Option<CacheMarker>> {
        match self {
            Self::Function { cache, .. } => Some(cache),
            Self::Verbatim(_) => None,
        }
    }
}

/// `tool_choice`, ready to be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// `auto`, `any`, `tool`, `none`; empty: nothing is said.
    kind: &'static str,
    name: Option<String>,
    is_sequential: bool,
}

impl Choice {
    /// Whether a call is demanded.
    pub(super) fn is_forced(&self) -> bool {
        matches!(self.kind, "any" | "tool")
    }

    /// Leave it to the model.
    pub(super) fn relax(&mut self) {
        self.kind = "auto";
        self.name = None;
    }

    pub(super) fn write(&self, o: &mut Object<'_>) {
        if self.kind.is_empty() && !self.is_sequential {
            return;
        }
        o.object("tool_choice", |o| {
            let kind = if self.kind.is_empty() {
                "auto"
            } else {
                self.kind
            };
            o.str("type", kind);
            o.opt_str("name", self.name.as_deref());
            if self.is_sequential && kind != "none" {
                o.bool("disable_parallel_tool_use", true);
            }
        });
    }
}

impl<'r> Writer<'r, '_> {
    pub(super) fn offers(&mut self, request: &'r Request<'r>) -> Result<Vec<Offer<'r>>, Error> {
        let mut offers: Vec<Offer<'r>> = Vec::with_capacity(request.tools.len());
        for tool in &request.tools {
            if let Some(ToolChoice::Allowed { names, .. }) = &request.tool_choice
                && !names.contains(&tool.name)
            {
                let detail = "not among the allowed tools, and the upstream takes no such list";
                self.loss.add(Code::FieldDropped, &tool.pointer, detail);
                continue;
            }
            let Some(offer) = self.offer(tool)? else {
                continue;
            };
            if offers.iter().any(|earlier| earlier.is_same(&offer)) {
                let detail = "a tool of this name is offered already";
                self.loss.add(Code::FieldDropped, &tool.pointer, detail);
                continue;
            }
            offers.push(offer);
        }
        Ok(offers)
    }

    fn offer(&mut self, tool: &'r Tool<'r>) -> Result<Option<Offer<'r>>, Error> {
        let (kind, schema, is_strict) = match &tool.kind {
            ToolMode::Function { parameters, strict } => {
                let schema = parameters.as_deref().unwrap_or(schema::EMPTY);
                let lowered = schema::lower(schema, &tool.pointer, &mut self.tape)?;
                if let Some(loss) = lowered.loss {
                    self.loss.add(Code::SchemaLowered, &tool.pointer, loss);
                }
                (ToolKind::Function, lowered.schema, *strict == Some(true))
            }
            ToolMode::Custom { format } => {
                if format.is_some() {
                    let detail = "the grammar of a free-text tool has no counterpart";
                    self.loss.add(Code::FieldDropped, &tool.pointer, detail);
                }
                (ToolKind::Custom, Cow::Borrowed(FREE_TEXT), false)
            }
            ToolMode::Hosted { dialect, raw } => {
                if *dialect == Dialect::Anthropic {
                    return Ok(Some(Offer::Verbatim(raw)));
                }
                let detail = format!("{} is run by another service", tool.name);
                self.loss.add(Code::ToolUnsupported, &tool.pointer, detail);
                return Ok(None);
            }
        };
        let client = (tool.namespace.as_deref(), tool.name.as_ref());
        Ok(Some(Offer::Function {
            name: self.names.sent(client, kind, &tool.pointer, self.loss),
            description: tool.description.as_deref(),
            schema,
            is_strict,
            cache: tool.cache,
        }))
    }

    /// The choice, once the tools are known.
    pub(super) fn choice(&mut self, request: &'r Request<'r>, offers: &[Offer<'_>]) -> Choice {
        let mut choice = Choice::default();
        let is_wanted =
            |wanted: &ToolChoice<'_>| !matches!(wanted, ToolChoice::None | ToolChoice::Auto);
        if offers.is_empty() {
            if request.tool_choice.as_ref().is_some_and(is_wanted) {
                let detail = "no tool is left to choose";
                self.loss.add(Code::ToolUnsupported, "/tool_choice", detail);
            }
            return choice;
        }
        choice.is_sequential = request.parallel_tool_calls == Some(false);
        choice.kind = match &request.tool_choice {
            None => "",
            Some(
                ToolChoice::Auto
                | ToolChoice::Allowed {
                    required: false, ..
                },
            ) => "auto",
            Some(ToolChoice::None) => "none",
            Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => "any",
            Some(ToolChoice::Named(name)) => {
                choice.name = self.chosen(request, name);
                if choice.name.is_some() {
                    "tool"
                } else {
                    "auto"
                }
            }
        };
        choice
    }

    /// The sent name of the tool that must be called.
    fn chosen(&mut self, request: &'r Request<'r>, name: &str) -> Option<String> {
        let tool = request.tools.iter().find(|tool| tool.name == name);
        match tool.map(|tool| (tool, &tool.kind)) {
            Some((_, ToolMode::Hosted { dialect, .. })) if *dialect == Dialect::Anthropic => {
                Some(name.to_owned())
            }
            Some((tool, ToolMode::Function { .. } | ToolMode::Custom { .. })) => {
                let client = (tool.namespace.as_deref(), tool.name.as_ref());
                let kind = ToolKind::Function; // registered with its kind when it was offered
                let sent = self.names.sent(client, kind, &tool.pointer, self.loss);
                Some(sent.into_owned())
            }
            _ => {
                let detail = format!("{name} cannot be offered upstream, so it cannot be demanded");
                self.loss.add(Code::ToolUnsupported, "/tool_choice", detail);
                None
            }
        }
    }
}
