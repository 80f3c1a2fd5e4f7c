//! `tools` and `toolConfig`.

use super::super::{model, schema};
use super::Writer;
use crate::dialect::Dialect;
use crate::ir::{Request, Tool, ToolChoice, ToolMode};
use crate::json::write::Object;
use crate::loss::Code;

/// What a free-text tool becomes: a function with its text as the only argument.
const FREE_TEXT: &str = r#"{"type":"object","properties":{"input":{"type":"string","description":"The whole input of the tool, as free text."}},"required":["input"]}"#;

impl Writer<'_, '_> {
    pub(super) fn tools(&mut self, request: &Request<'_>, o: &mut Object<'_>) {
        let (mut functions, mut hosted) = (Vec::new(), Vec::new());
        for tool in &request.tools {
            match &tool.kind {
                ToolMode::Hosted {
                    dialect: Dialect::Gemini,
                    raw,
                } => hosted.push(raw.as_ref()),
                ToolMode::Hosted { .. } => {
                    let detail = format!("{} is run by another service", tool.name);
                    self.loss.add(Code::ToolUnsupported, &tool.pointer, detail);
                }
                ToolMode::Function { .. } | ToolMode::Custom { .. } => functions.push(tool),
            }
        }
        if !functions.is_empty() || !hosted.is_empty() {
            o.array("tools", |list| {
                if !functions.is_empty() {
                    list.object(|o| {
                        o.array("functionDeclarations", |list| {
                            for tool in &functions {
                                list.object(|o| self.declaration(tool, o));
                            }
                        });
                    });
                }
                for raw in &hosted {
                    list.raw(raw);
                }
            });
        }
        self.choice(request, &functions, o);
    }

    fn declaration(&mut self, tool: &Tool<'_>, o: &mut Object<'_>) {
        if tool.cache.is_some() {
            let detail = "cache breakpoints have no counterpart: caching is implicit";
            self.loss.add(Code::FieldDropped, &tool.pointer, detail);
        }
        o.str(
            "name",
            self.names.sent(tool.namespace.as_deref(), &tool.name),
        );
        o.opt_str("description", tool.description.as_deref());
        match &tool.kind {
            ToolMode::Function { parameters, .. } => {
                if let Some(schema) = parameters {
                    self.schema(
                        schema,
                        "parametersJsonSchema",
                        "parameters",
                        &tool.pointer,
                        o,
                    );
                }
            }
            ToolMode::Custom { format } => {
                if format.is_some() {
                    let detail = "the grammar of a free-text tool has no counterpart";
                    self.loss.add(Code::FieldDropped, &tool.pointer, detail);
                }
                o.raw("parametersJsonSchema", FREE_TEXT);
            }
            ToolMode::Hosted { .. } => {}
        }
    }

    /// A schema as it is, or in the subset for models that know only that.
    pub(super) fn schema(
        &mut self,
        schema: &str,
        plain: &str,
        subset: &str,
        pointer: &str,
        o: &mut Object<'_>,
    ) {
        if model::takes_json_schema(&self.target.model) {
            o.raw(plain, schema);
            return;
        }
        // An object without properties is refused there; no parameters say the same.
        if schema::is_bare(schema, &mut self.tape) {
            return;
        }
        let Some((lowered, is_narrowed)) = schema::lower(schema, &mut self.tape) else {
            let detail = "a schema that is no object";
            self.loss.add(Code::FieldDropped, pointer, detail);
            return;
        };
        if is_narrowed {
            let detail = "written in the subset of OpenAPI that this model takes";
            self.loss.add(Code::SchemaLowered, pointer, detail);
        }
        o.raw(subset, &lowered);
    }

    fn choice(&mut self, request: &Request<'_>, functions: &[&Tool<'_>], o: &mut Object<'_>) {
        if request.parallel_tool_calls == Some(false) && !functions.is_empty() {
            let detail = "calls may always be parallel upstream";
            self.loss
                .add(Code::FieldDropped, "/parallel_tool_calls", detail);
        }
        let choice = request.tool_choice.as_ref();
        if functions.is_empty() {
            if choice.is_some_and(|choice| !matches!(choice, ToolChoice::Auto | ToolChoice::None)) {
                let detail = "no tool is left to choose";
                self.loss.add(Code::ToolUnsupported, "/tool_choice", detail);
            }
            return;
        }
        let is_strict = self.is_strict(functions, choice);
        let (mode, names): (&str, Vec<String>) = match choice {
            None | Some(ToolChoice::Auto) if is_strict => ("VALIDATED", Vec::new()),
            None => return,
            Some(ToolChoice::Auto) => ("AUTO", Vec::new()),
            Some(ToolChoice::None) => ("NONE", Vec::new()),
            Some(ToolChoice::Required) => ("ANY", Vec::new()),
            Some(ToolChoice::Named(name)) => {
                ("ANY", self.sent(functions, std::slice::from_ref(name)))
            }
            Some(ToolChoice::Allowed { names, required }) => {
                let mode = if *required { "ANY" } else { "VALIDATED" };
                (mode, self.sent(functions, names))
            }
        };
        let is_named = matches!(
            choice,
            Some(ToolChoice::Named(_) | ToolChoice::Allowed { .. })
        );
        if is_named && names.is_empty() {
            let detail = "the tools that may be called cannot be offered upstream";
            self.loss.add(Code::ToolUnsupported, "/tool_choice", detail);
            return;
        }
        o.object("toolConfig", |o| {
            o.object("functionCallingConfig", |o| {
                o.str("mode", mode);
                if !names.is_empty() {
                    o.array("allowedFunctionNames", |list| {
                        for name in &names {
                            list.str(name);
                        }
                    });
                }
            });
        });
    }

    /// Whether calls are to be held to their schemas: a mode for all tools, and only where nothing is demanded.
    fn is_strict(&mut self, functions: &[&Tool<'_>], choice: Option<&ToolChoice<'_>>) -> bool {
        let is_strict = |tool: &&Tool<'_>| {
            matches!(
                tool.kind,
                ToolMode::Function {
                    strict: Some(true),
                    ..
                }
            )
        };
        let is_open = matches!(choice, None | Some(ToolChoice::Auto));
        if is_open && functions.iter().all(is_strict) {
            return true;
        }
        for tool in functions.iter().filter(|tool| is_strict(tool)) {
            let detail = "schemas are enforced for all tools or none";
            self.loss.add(
                Code::FieldDropped,
                format!("{}/strict", tool.pointer),
                detail,
            );
        }
        false
    }

    fn sent(&self, functions: &[&Tool<'_>], names: &[std::borrow::Cow<'_, str>]) -> Vec<String> {
        let tools = names
            .iter()
            .filter_map(|name| functions.iter().find(|tool| tool.name == *name));
        tools
            .map(|tool| {
                self.names
                    .sent(tool.namespace.as_deref(), &tool.name)
                    .to_owned()
            })
            .collect()
    }
}
