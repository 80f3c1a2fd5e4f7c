//! The stream of Chat Completions: role, text deltas, finish, usage, `[DONE]`.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::frame::Event;
use super::{Expected, Found};
use crate::fault::{Fault, excerpt};

/// What has been seen.
#[derive(Debug, Default)]
pub(super) struct Stage {
    has_role: bool,
    is_finished: bool,
    has_usage: bool,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    object: String,
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    index: u32,
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    role: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    completion_tokens: u64,
}

impl Stage {
    pub(super) fn event(&mut self, event: &Event<'_>, expected: &Expected) -> Result<Found, Fault> {
        let data = event.data.as_ref();
        if data.trim() == "[DONE]" {
            return self.done(expected);
        }
        let chunk: Chunk =
            serde_json::from_str(data).map_err(|_| Fault::grammar("not a chunk", data))?;
        if chunk.error.is_some() {
            return Err(Fault::Upstream(excerpt(data)));
        }
        if chunk.object != "chat.completion.chunk" || chunk.choices.len() > 1 {
            return Err(Fault::grammar("not a chunk of one choice", data));
        }
        if let Some(usage) = chunk.usage {
            expected.usage(Some(usage.completion_tokens))?;
            self.has_usage = true;
        }
        match chunk.choices.into_iter().next() {
            Some(choice) => self.choice(choice, data),
            None => Ok(Found::Other),
        }
    }

    fn choice(&mut self, choice: Choice, data: &str) -> Result<Found, Fault> {
        self.has_role |= choice.delta.role.as_deref() == Some("assistant");
        let text = choice.delta.content.filter(|text| !text.is_empty());
        match (text, choice.finish_reason.as_deref()) {
            _ if choice.index != 0 => Err(Fault::grammar("a second choice", data)),
            (None, None) => Ok(Found::Other),
            _ if self.is_finished => Err(Fault::grammar("after the finish reason", data)),
            (Some(_), Some(_)) => Err(Fault::grammar("text and finish reason in one chunk", data)),
            (Some(_), None) if !self.has_role => Err(Fault::grammar("text before the role", data)),
            (Some(text), None) => Ok(Found::Delta(text)),
            (None, Some("stop")) => {
                self.is_finished = true;
                Ok(Found::TextEnd)
            }
            (None, Some(_)) => Err(Fault::grammar("finish reason is not stop", data)),
        }
    }

    fn done(&self, expected: &Expected) -> Result<Found, Fault> {
        if !self.is_finished {
            return Err(Fault::Truncated("[DONE] without a finish reason"));
        }
        // the client asks for usage in every stream
        if !self.has_usage {
            expected.usage(None)?;
        }
        Ok(Found::End)
    }
}
