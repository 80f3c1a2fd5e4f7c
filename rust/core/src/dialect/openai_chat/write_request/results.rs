//! Tool results → messages. They hold text only: media follow in a user message.

use super::content::{self, Said};
use super::turns::{PARAGRAPH, Turns};
use crate::dialect::history::Slot;
use crate::dialect::names;
use crate::ir::{Content, MediaKind, MediaSource, ToolResult};
use crate::json::write::Array;
use crate::loss::Code;

/// Stands for a result that the history lacks.
const NO_RESULT: &str = "[no result recorded]";
/// Marks the result of a tool that failed: Chat has no field for it.
const TOOL_ERROR: &str = "[tool error] ";

impl Turns<'_, '_> {
    /// One message per call, then what those cannot hold.
    pub(super) fn results(&mut self, list: &mut Array<'_>, slots: &[Slot<'_, '_>]) {
        let mut moved = Vec::new();
        for slot in slots {
            let pointer = slot.result.map_or("", |result| result.pointer.as_str());
            let id = names::call_id(&slot.id, pointer, self.loss);
            let mut said = match slot.result {
                Some(result) => self.result(result, &id, &mut moved),
                None => vec![Said::text(NO_RESULT)],
            };
            content::drop_empty(&mut said);
            list.object(|o| {
                o.str("role", "tool");
                o.str("tool_call_id", &id);
                content::write(
                    o,
                    &said,
                    PARAGRAPH,
                    &self.target.profile,
                    pointer,
                    self.loss,
                );
            });
        }
        if !moved.is_empty() {
            list.object(|o| {
                o.str("role", "user");
                o.array("content", |list| content::write_all(list, &moved));
            });
        }
    }

    fn result<'s>(
        &mut self,
        result: &'s ToolResult<'_>,
        id: &str,
        moved: &mut Vec<Said<'s>>,
    ) -> Vec<Said<'s>> {
        let mut said = Vec::new();
        if result.is_error == Some(true) {
            let pointer = format!("{}/is_error", result.pointer);
            self.loss.add(
                Code::FieldDropped,
                pointer,
                "said in the result's text instead",
            );
            said.push(Said::text(TOOL_ERROR));
        }
        for part in &result.parts {
            let mut piece = match &part.content {
                Content::Text(text) | Content::Refusal(text) => Said::text(text.as_ref()),
                Content::Media(media) if matches!(media.source, MediaSource::PlainText(_)) => {
                    Said::media(media)
                }
                Content::Media(media) => {
                    let word = word(media.kind);
                    self.loss.add(
                        Code::RoleMoved,
                        &result.pointer,
                        "media of a tool result follows as a user message",
                    );
                    moved.push(Said::text(format!(
                        "[{word} from the result of tool call {id}]"
                    )));
                    moved.push(Said::media(media));
                    Said::text(format!("[{word}: see the user message that follows]"))
                }
                other => {
                    self.report_native(other, &result.pointer);
                    continue;
                }
            };
            piece.cache = part.cache;
            said.push(piece);
        }
        merge_mark(&mut said, result.is_error);
        said
    }

    /// A result that answers nothing is still something that was said.
    pub(super) fn orphan(&mut self, list: &mut Array<'_>, result: &ToolResult<'_>) {
        let mut moved = Vec::new();
        let mut said = vec![Said::text(
            "[result of a tool call that is not in this conversation]",
        )];
        said.extend(self.result(result, &result.id, &mut moved));
        said.append(&mut moved);
        content::drop_empty(&mut said);
        list.object(|o| {
            o.str("role", "user");
            content::write(
                o,
                &said,
                PARAGRAPH,
                &self.target.profile,
                &result.pointer,
                self.loss,
            );
        });
    }
}

/// What some media is, in a word.
pub(super) fn word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::File => "file",
    }
}

/// The mark of a failed tool stands in front of its text, not in a paragraph of its own.
fn merge_mark(said: &mut Vec<Said<'_>>, is_error: Option<bool>) {
    if is_error != Some(true) || said.len() < 2 {
        return;
    }
    if let content::What::Text(text) = &said[1].what {
        let marked = format!("{TOOL_ERROR}{text}");
        said[1].what = content::What::Text(marked.into());
        said.remove(0);
    }
}
