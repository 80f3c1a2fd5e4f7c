//! Thinking: summaries where the client asked for one, the thinking itself where it did not, and sealed state.

use super::events::{Events, Flow, Place};
use crate::json::write::Object;

/// A reasoning item as far as it came.
#[derive(Debug, Default)]
pub(super) struct Thinking {
    summaries: Vec<String>,
    /// The thinking itself, shown as such.
    texts: Vec<String>,
    voice: Option<Voice>,
    flow: Option<Flow>,
    /// State, sealed for the client.
    pub(super) sealed: Option<String>,
}

/// What is being said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// The thinking itself.
    Text,
    /// The thinking itself, as a summary.
    TextAsSummary,
    /// The upstream's summary of this number.
    Summary(u32),
}

impl Voice {
    fn is_summary(self) -> bool {
        self != Self::Text
    }

    fn place(self, item: Place<'_>, index: usize) -> Place<'_> {
        if self.is_summary() {
            item.summary(index as u64)
        } else {
            item.content(index as u64)
        }
    }
}

impl Thinking {
    pub(super) fn write(&self, o: &mut Object<'_>) {
        o.array("summary", |list| {
            for text in &self.summaries {
                list.object(|o| write_part(o, true, text));
            }
        });
        if !self.texts.is_empty() {
            o.array("content", |list| {
                for text in &self.texts {
                    list.object(|o| write_part(o, false, text));
                }
            });
        }
        o.opt_str("encrypted_content", self.sealed.as_deref());
    }

    /// More of it.
    pub(super) fn add(
        &mut self,
        voice: Voice,
        text: &str,
        place: Place<'_>,
        events: &mut Events,
        out: &mut Vec<u8>,
    ) {
        if self.voice != Some(voice) {
            self.end(place, events, out);
            self.begin(voice, place, events, out);
        }
        let texts = if voice.is_summary() {
            &mut self.summaries
        } else {
            &mut self.texts
        };
        if let (Some(last), Some(flow)) = (texts.last_mut(), &self.flow) {
            last.push_str(text);
            events.delta(out, flow, text);
        }
    }

    fn begin(&mut self, voice: Voice, place: Place<'_>, events: &mut Events, out: &mut Vec<u8>) {
        self.voice = Some(voice);
        let (texts, added, delta) = if voice.is_summary() {
            (
                &mut self.summaries,
                "response.reasoning_summary_part.added",
                "response.reasoning_summary_text.delta",
            )
        } else {
            (
                &mut self.texts,
                "response.content_part.added",
                "response.reasoning_text.delta",
            )
        };
        let at = voice.place(place, texts.len());
        texts.push(String::new());
        events.write(out, added, |o| {
            at.write(o);
            o.object("part", |o| write_part(o, voice.is_summary(), ""));
        });
        self.flow = Some(Flow::new(delta, at));
    }

    /// What was being said is whole.
    pub(super) fn end(&mut self, place: Place<'_>, events: &mut Events, out: &mut Vec<u8>) {
        let Some(voice) = self.voice.take() else {
            return;
        };
        let (texts, text_done, part_done) = if voice.is_summary() {
            (
                &self.summaries,
                "response.reasoning_summary_text.done",
                "response.reasoning_summary_part.done",
            )
        } else {
            (
                &self.texts,
                "response.reasoning_text.done",
                "response.content_part.done",
            )
        };
        let Some(text) = texts.last() else { return };
        let at = voice.place(place, texts.len() - 1);
        events.write(out, text_done, |o| {
            at.write(o);
            o.str("text", text);
        });
        events.write(out, part_done, |o| {
            at.write(o);
            o.object("part", |o| write_part(o, voice.is_summary(), text));
        });
    }
}

fn write_part(o: &mut Object<'_>, is_summary: bool, text: &str) {
    o.str(
        "type",
        if is_summary {
            "summary_text"
        } else {
            "reasoning_text"
        },
    );
    o.str("text", text);
}
