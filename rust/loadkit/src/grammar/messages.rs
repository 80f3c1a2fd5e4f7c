//! The stream of Anthropic Messages: start, one text block with its deltas, `message_delta` with usage, stop.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::frame::Event;
use super::{Expected, Found};
use crate::fault::{Fault, excerpt};

/// What came last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Nothing,
    Started,
    InBlock,
    BlockEnded,
    Delta,
    Ended,
}

#[derive(Deserialize)]
struct Payload {
    r#type: String,
    index: Option<u32>,
    message: Option<IgnoredAny>,
    content_block: Option<Block>,
    delta: Option<Delta>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Block {
    r#type: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    r#type: Option<String>,
    text: Option<String>,
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    output_tokens: Option<u64>,
}

impl Stage {
    pub(super) fn event(&mut self, event: &Event<'_>, expected: &Expected) -> Result<Found, Fault> {
        let data = event.data.as_ref();
        let payload: Payload =
            serde_json::from_str(data).map_err(|_| Fault::grammar("not an event", data))?;
        if payload.r#type == "error" {
            return Err(Fault::Upstream(excerpt(data)));
        }
        // the SDKs skip frames without a name
        if payload.r#type != event.name {
            return Err(Fault::grammar("the event's name is not its type", data));
        }
        let (next, found) = self.step(payload, data, expected)?;
        *self = next;
        Ok(found)
    }

    /// The stage behind an event, and what the event is.
    fn step(
        self,
        payload: Payload,
        data: &str,
        expected: &Expected,
    ) -> Result<(Self, Found), Fault> {
        Ok(match (self, payload.r#type.as_str()) {
            (Self::Nothing, "message_start") if payload.message.is_some() => {
                (Self::Started, Found::Other)
            }
            (Self::Started, "content_block_start") if payload.opens_text() => {
                (Self::InBlock, Found::Other)
            }
            (Self::InBlock, "content_block_delta") => {
                let piece = payload.piece();
                (
                    Self::InBlock,
                    piece.ok_or_else(|| Fault::grammar("not a text delta", data))?,
                )
            }
            (Self::InBlock, "content_block_stop") if payload.index == Some(0) => {
                (Self::BlockEnded, Found::TextEnd)
            }
            (Self::BlockEnded, "message_delta") if payload.stop_reason() == Some("end_turn") => {
                expected.usage(payload.usage.and_then(|usage| usage.output_tokens))?;
                (Self::Delta, Found::Other)
            }
            (Self::Delta, "message_stop") => (Self::Ended, Found::End),
            (stage @ (Self::Started | Self::InBlock | Self::BlockEnded), "ping") => {
                (stage, Found::Other)
            }
            (stage, _) => return Err(Fault::grammar(&format!("after {stage:?}"), data)),
        })
    }
}

impl Payload {
    fn opens_text(&self) -> bool {
        let block = self.content_block.as_ref();
        self.index == Some(0)
            && block.is_some_and(|b| b.r#type == "text" && b.text.as_deref() == Some(""))
    }

    fn piece(self) -> Option<Found> {
        let delta = self
            .delta
            .filter(|delta| delta.r#type.as_deref() == Some("text_delta"))?;
        let text = delta.text.filter(|_| self.index == Some(0))?;
        Some(if text.is_empty() {
            Found::Other
        } else {
            Found::Delta(text)
        })
    }

    fn stop_reason(&self) -> Option<&str> {
        self.delta.as_ref()?.stop_reason.as_deref()
    }
}
