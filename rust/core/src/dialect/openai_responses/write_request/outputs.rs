//! Tool results → outputs. They hold text and media, and nothing that says that a tool failed.

use super::content;
use super::input::Items;
use crate::dialect::history::Slot;
use crate::ir::{Content, Part, ToolKind, ToolResult};
use crate::json::write::Array;
use crate::loss::Code;

/// Stands for a result that the history lacks.
const NO_RESULT: &str = "[no result recorded]";
/// Marks the result of a tool that failed.
const TOOL_ERROR: &str = "[tool error] ";
/// Stands before a result that answers nothing.
const ORPHAN: &str = "[result of a tool call that is not in this conversation]";

impl Items<'_, '_> {
    /// The output for one call.
    pub(super) fn output(&mut self, list: &mut Array<'_>, slot: &Slot<'_, '_>, id: &str) {
        let item = match self.sent_kind(slot) {
            ToolKind::Function => "function_call_output",
            ToolKind::Custom => "custom_tool_call_output",
        };
        let parts = match slot.result {
            Some(result) => self.parts(result),
            None => vec![text(NO_RESULT)],
        };
        let parts: Vec<_> = parts.iter().collect();
        let markers = self.target.profile.cache_markers;
        list.object(|o| {
            o.str("type", item);
            o.str("call_id", id);
            content::write(o, "output", &parts, markers);
        });
    }

    /// A result that answers nothing is still something that was said.
    pub(super) fn orphan(&mut self, list: &mut Array<'_>, result: &ToolResult<'_>) {
        let mut parts = vec![text(ORPHAN)];
        parts.extend(self.parts(result));
        let parts: Vec<_> = parts.iter().collect();
        let markers = self.target.profile.cache_markers;
        list.object(|o| {
            o.str("type", "message");
            o.str("role", "user");
            content::write(o, "content", &parts, markers);
        });
    }

    /// What a result says, the mark of a failure in front of its text.
    fn parts<'p>(&mut self, result: &'p ToolResult<'p>) -> Vec<Part<'p>> {
        let mut parts = Vec::with_capacity(result.parts.len());
        for part in &result.parts {
            match &part.content {
                Content::Text(_) | Content::Refusal(_) | Content::Media(_) => {
                    parts.push(part.clone());
                }
                other => self.report_native(other, &result.pointer),
            }
        }
        if result.parts.iter().any(|part| part.cache.is_some())
            && !content::has_markers(self.target)
        {
            let detail = "the upstream knows no cache breakpoints";
            self.loss.add(Code::FieldDropped, &result.pointer, detail);
        }
        if result.is_error == Some(true) {
            let pointer = format!("{}/is_error", result.pointer);
            let detail = "said in the result's text instead";
            self.loss.add(Code::FieldDropped, pointer, detail);
            mark(&mut parts);
        }
        parts
    }
}

fn mark(parts: &mut Vec<Part<'_>>) {
    match parts.first_mut().map(|part| &mut part.content) {
        Some(Content::Text(text)) => *text = format!("{TOOL_ERROR}{text}").into(),
        _ => parts.insert(0, text(TOOL_ERROR.trim_end())),
    }
}

fn text(text: &'static str) -> Part<'static> {
    Content::Text(text.into()).into()
}
