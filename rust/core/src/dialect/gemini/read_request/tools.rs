//! `tools` and `toolConfig`.

use std::borrow::Cow;

use super::super::schema;
use super::super::spelling::{self, get};
use super::Reader;
use crate::dialect::Dialect;
use crate::dialect::arguments;
use crate::error::Error;
use crate::ir::{Request, Tool, ToolChoice, ToolMode};
use crate::json::Node;

impl<'a> Reader<'a, '_> {
    pub(super) fn tools(&mut self, body: Node<'a>, request: &mut Request<'a>) -> Result<(), Error> {
        for tool in spelling::objects(body, "tools")? {
            for (key, value) in tool.members() {
                if !spelling::is_spelt(&key, "functionDeclarations") {
                    if !value.is_null() {
                        request.tools.push(hosted(key, value));
                    }
                    continue;
                }
                for declaration in spelling::objects(tool, "functionDeclarations")? {
                    let read = self.declaration(declaration)?;
                    let is_same = |other: &Tool<'_>| !is_hosted(other) && other.name == read.name;
                    if request.tools.iter().any(is_same) {
                        let message = format!("there are two functions named {:?}", read.name);
                        return Err(Error::bad_request(declaration, message));
                    }
                    request.tools.push(read);
                }
            }
        }
        self.config(body, request)
    }

    fn declaration(&mut self, declaration: Node<'a>) -> Result<Tool<'a>, Error> {
        let subset = spelling::object(declaration, "parameters")?;
        let plain = spelling::object(declaration, "parametersJsonSchema")?;
        let parameters = match (plain, subset) {
            (Some(plain), _) => Some(Cow::Borrowed(plain.raw())),
            (None, Some(subset)) => Some(Cow::Owned(schema::raise(subset))),
            (None, None) => None,
        };
        let known = ["name", "description", "parameters", "parametersJsonSchema"];
        spelling::keep_unknown(declaration, &known, &mut self.ext);
        Ok(Tool {
            kind: ToolMode::Function {
                parameters,
                strict: None,
            },
            pointer: declaration.pointer(),
            name: spelling::need_text(declaration, "name")?,
            namespace: None,
            description: spelling::text(declaration, "description")?,
            cache: None,
        })
    }

    fn config(&mut self, body: Node<'a>, request: &mut Request<'a>) -> Result<(), Error> {
        let Some(config) = spelling::object(body, "toolConfig")? else {
            return Ok(());
        };
        spelling::keep_unknown(config, &["functionCallingConfig"], &mut self.ext);
        let Some(calling) = spelling::object(config, "functionCallingConfig")? else {
            return Ok(());
        };
        spelling::keep_unknown(calling, &["mode", "allowedFunctionNames"], &mut self.ext);
        let names = spelling::texts(calling, "allowedFunctionNames")?;
        if let Some(unknown) = names.iter().find(|name| !is_declared(request, name)) {
            let node = get(calling, "allowedFunctionNames").unwrap_or(calling);
            let message = format!("there is no function named {unknown:?} in tools");
            return Err(Error::bad_request(node, message));
        }
        let mode = spelling::text(calling, "mode")?.unwrap_or_default();
        let required = mode.eq_ignore_ascii_case("ANY");
        request.tool_choice = match &*mode.to_ascii_uppercase() {
            "" | "MODE_UNSPECIFIED" => None,
            "NONE" => Some(ToolChoice::None),
            "AUTO" => Some(ToolChoice::Auto),
            "ANY" | "VALIDATED" => {
                if !required && let Some(node) = get(calling, "mode") {
                    spelling::keep(node, &mut self.ext);
                }
                Some(choice(names, required))
            }
            _ => {
                let node = get(calling, "mode").unwrap_or(calling);
                let message = "mode must be AUTO, ANY, NONE or VALIDATED";
                return Err(Error::bad_request(node, message));
            }
        };
        Ok(())
    }
}

fn choice(mut names: Vec<Cow<'_, str>>, required: bool) -> ToolChoice<'_> {
    match (names.len(), required) {
        (0, true) => ToolChoice::Required,
        (0, false) => ToolChoice::Auto,
        (1, true) => ToolChoice::Named(names.swap_remove(0)),
        _ => ToolChoice::Allowed { names, required },
    }
}

/// A tool that Google runs itself.
fn hosted<'a>(key: Cow<'a, str>, value: Node<'a>) -> Tool<'a> {
    Tool {
        kind: ToolMode::Hosted {
            dialect: Dialect::Gemini,
            raw: arguments::member(&key, value.raw()).into(),
        },
        pointer: value.pointer(),
        name: key,
        namespace: None,
        description: None,
        cache: None,
    }
}

fn is_hosted(tool: &Tool<'_>) -> bool {
    matches!(tool.kind, ToolMode::Hosted { .. })
}

fn is_declared(request: &Request<'_>, name: &str) -> bool {
    request
        .tools
        .iter()
        .any(|tool| !is_hosted(tool) && tool.name == name)
}
