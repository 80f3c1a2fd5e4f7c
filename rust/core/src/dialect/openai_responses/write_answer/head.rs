//! The response object: head, status, items, and the settings of the request.

use super::super::items::Ids;
use super::super::{echo, error, usage};
use super::events::Events;
use super::write_error;
use crate::dialect::EncodeContext;
use crate::dialect::openai::fields::served_tier;
use crate::error::Error;
use crate::ir::{FinishReason, Start, Usage};
use crate::json::write::Object;
use crate::sse::write_event;

use crate::json::write;

/// What every response object of one answer says.
#[derive(Debug)]
pub(super) struct Head {
    id: String,
    created: u64,
    model: String,
    tier: String,
    settings: String,
}

impl Head {
    pub(super) fn new(start: &Start<'_>, ids: &Ids, cx: &EncodeContext) -> Self {
        let settings = cx.echo.as_deref().unwrap_or(echo::unsaid());
        Self {
            id: ids.response(),
            created: start.created.unwrap_or(cx.created),
            model: cx.model.clone(),
            tier: start
                .service_tier
                .and_then(served_tier)
                .unwrap_or("default")
                .into(),
            settings: settings.into(),
        }
    }

    /// The members of a response object.
    pub(super) fn write(&self, o: &mut Object<'_>, state: &State<'_>) {
        o.str("id", &self.id);
        o.str("object", "response");
        o.u64("created_at", self.created);
        // When an answer ends is not known to who only writes it down.
        o.null("completed_at");
        o.str("status", state.status.word());
        match state.error {
            Some(shown) => o.object("error", |o| {
                o.str("code", code(shown));
                o.str("message", &shown.message);
            }),
            None => o.null("error"),
        }
        match state.status.reason() {
            Some(reason) => o.object("incomplete_details", |o| o.str("reason", reason)),
            None => o.null("incomplete_details"),
        }
        o.str("model", &self.model);
        let output = o.key("output");
        output.push(b'[');
        output.extend_from_slice(state.items);
        output.push(b']');
        match state.usage.filter(|usage| usage.is_known()) {
            Some(counts) => usage::write(o.key("usage"), counts),
            None => o.null("usage"),
        }
        o.str("service_tier", &self.tier);
        o.members(&self.settings);
    }
}

/// The code of a failed response: readers know a closed list, in which every fault of a server has one word.
fn code(shown: &error::Shown) -> &str {
    const SERVER: &str = "server_error";
    match &shown.code {
        Some(code) if shown.kind != SERVER => code,
        _ => SERVER,
    }
}

/// How far an answer is.
#[derive(Clone, Copy, Debug)]
pub(super) struct State<'s> {
    pub(super) status: Status,
    pub(super) error: Option<&'s error::Shown>,
    /// Items that are done, with commas between.
    pub(super) items: &'s [u8],
    pub(super) usage: Option<&'s Usage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    /// With the reason.
    Incomplete(&'static str),
    Failed,
}

impl Status {
    /// How an answer that ended like this is called. `declined`: it holds the model's own words of refusal, which is a
    /// normal end.
    pub(super) fn of(reason: FinishReason, declined: bool) -> Self {
        match reason {
            FinishReason::MaxOutput | FinishReason::ContextFull => {
                Self::Incomplete("max_output_tokens")
            }
            FinishReason::Refusal if declined => Self::Completed,
            FinishReason::Refusal | FinishReason::Recitation => Self::Incomplete("content_filter"),
            FinishReason::End
            | FinishReason::ToolUse
            | FinishReason::StopSequence
            | FinishReason::Pause
            | FinishReason::BadToolCall => Self::Completed,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed => "failed",
        }
    }

    fn reason(self) -> Option<&'static str> {
        match self {
            Self::Incomplete(reason) => Some(reason),
            _ => None,
        }
    }
}

/// End an answer that failed: the error event, and, once the answer has begun, the response object with the error in
/// it (Codex reads only that one).
pub(super) fn fail(
    error: &Error,
    cx: &EncodeContext,
    begun: Option<(&Head, &[u8])>,
    events: &mut Events,
    out: &mut Vec<u8>,
) {
    write_error(error, &cx.request_id, events.number(), out);
    let Some((head, items)) = begun else { return };
    let shown = error::Shown::new(error, &cx.request_id);
    events.write(out, "response.failed", |o| {
        o.object("response", |o| {
            head.write(
                o,
                &State {
                    status: Status::Failed,
                    error: Some(&shown),
                    items,
                    usage: None,
                },
            );
        });
    });
}

/// The same for an answer that was relayed: its id, and the number of the next event, as far as they are known.
pub(in crate::dialect::openai_responses) fn write_failed(
    error: &Error,
    cx: &EncodeContext,
    id: Option<&str>,
    sequence: u64,
    out: &mut Vec<u8>,
) {
    write_error(error, &cx.request_id, sequence, out);
    let Some(id) = id else { return };
    let shown = error::Shown::new(error, &cx.request_id);
    let head = Head {
        id: id.into(),
        ..Head::new(&Start::default(), &Ids::new(None, &cx.request_id), cx)
    };
    write_event(out, Some("response.failed"), |out| {
        write::object(out, |o| {
            o.str("type", "response.failed");
            o.u64("sequence_number", sequence + 1);
            o.object("response", |o| {
                head.write(
                    o,
                    &State {
                        status: Status::Failed,
                        error: Some(&shown),
                        items: &[],
                        usage: None,
                    },
                );
            });
        });
    });
}
