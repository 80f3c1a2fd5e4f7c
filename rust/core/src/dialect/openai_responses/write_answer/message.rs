//! Messages: texts and refusals, one content part after the other.

use super::events::{Events, Flow, Place};
use crate::ir::{Citation, OwnedCitation};
use crate::json::write::{self, Object};

/// A message as far as it came.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// Content parts that are done, with commas between.
    content: Vec<u8>,
    /// How many began.
    begun: u64,
    open: Option<Spoken>,
}

/// The content part in progress.
#[derive(Debug)]
struct Spoken {
    is_refusal: bool,
    text: String,
    sources: Vec<OwnedCitation>,
    /// Tokens, with commas between.
    logprobs: String,
    flow: Flow,
}

impl Message {
    pub(super) fn write(&self, o: &mut Object<'_>) {
        let content = o.key("content");
        content.push(b'[');
        content.extend_from_slice(&self.content);
        content.push(b']');
    }

    /// Make sure that a content part of this kind is open.
    fn open(
        &mut self,
        is_refusal: bool,
        place: Place<'_>,
        events: &mut Events,
        out: &mut Vec<u8>,
    ) -> &mut Spoken {
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.is_refusal != is_refusal)
        {
            self.end(place, events, out);
        }
        let begun = &mut self.begun;
        self.open.get_or_insert_with(|| {
            let at = place.content(*begun);
            *begun += 1;
            events.write(out, "response.content_part.added", |o| {
                at.write(o);
                o.object("part", |o| write_part(o, is_refusal, "", &[], ""));
            });
            let kind = if is_refusal {
                "response.refusal.delta"
            } else {
                "response.output_text.delta"
            };
            Spoken {
                is_refusal,
                text: String::new(),
                sources: Vec::new(),
                logprobs: String::new(),
                flow: Flow::new(kind, at),
            }
        })
    }

    /// More text.
    pub(super) fn add(
        &mut self,
        text: &str,
        is_refusal: bool,
        place: Place<'_>,
        events: &mut Events,
        out: &mut Vec<u8>,
    ) {
        let spoken = self.open(is_refusal, place, events, out);
        spoken.text.push_str(text);
        if !text.is_empty() {
            events.delta(out, &spoken.flow, text);
        }
    }

    /// A source. Where it belongs is known when the text is whole.
    pub(super) fn cite(
        &mut self,
        citation: &Citation<'_>,
        place: Place<'_>,
        events: &mut Events,
        out: &mut Vec<u8>,
    ) {
        let spoken = self.open(false, place, events, out);
        spoken.sources.push(citation.into());
    }

    /// Log probabilities of the text before them: a delta of their own.
    pub(super) fn logprobs(
        &mut self,
        tokens: &str,
        place: Place<'_>,
        events: &mut Events,
        out: &mut Vec<u8>,
    ) {
        let Some(spoken) = self.open.as_mut().filter(|open| !open.is_refusal) else {
            return;
        };
        let inner = tokens
            .trim()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .trim();
        if inner.is_empty() {
            return;
        }
        if !spoken.logprobs.is_empty() {
            spoken.logprobs.push(',');
        }
        spoken.logprobs.push_str(inner);
        let at = place.content(self.begun - 1);
        events.write(out, "response.output_text.delta", |o| {
            at.write(o);
            o.str("delta", "");
            o.raw("logprobs", tokens);
        });
    }

    /// The open content part is whole.
    pub(super) fn end(&mut self, place: Place<'_>, events: &mut Events, out: &mut Vec<u8>) {
        let Some(spoken) = self.open.take() else {
            return;
        };
        let at = place.content(self.begun - 1);
        spoken.end(at, events, out);
        if !self.content.is_empty() {
            self.content.push(b',');
        }
        write::object(&mut self.content, |o| spoken.write(o));
    }
}

impl Spoken {
    fn write(&self, o: &mut Object<'_>) {
        write_part(
            o,
            self.is_refusal,
            &self.text,
            &self.sources,
            &self.logprobs,
        );
    }

    fn end(&self, at: Place<'_>, events: &mut Events, out: &mut Vec<u8>) {
        let chars = self.text.chars().count() as u64;
        for (index, source) in self.sources.iter().enumerate() {
            events.write(out, "response.output_text.annotation.added", |o| {
                at.write(o);
                o.u64("annotation_index", index as u64);
                o.object("annotation", |o| write_source(o, source, chars));
            });
        }
        if self.is_refusal {
            events.write(out, "response.refusal.done", |o| {
                at.write(o);
                o.str("refusal", &self.text);
            });
        } else {
            events.write(out, "response.output_text.done", |o| {
                at.write(o);
                o.str("text", &self.text);
                o.raw("logprobs", &format!("[{}]", self.logprobs));
            });
        }
        events.write(out, "response.content_part.done", |o| {
            at.write(o);
            o.object("part", |o| self.write(o));
        });
    }
}

fn write_part(
    o: &mut Object<'_>,
    is_refusal: bool,
    text: &str,
    sources: &[OwnedCitation],
    logprobs: &str,
) {
    if is_refusal {
        o.str("type", "refusal");
        o.str("refusal", text);
        return;
    }
    let chars = text.chars().count() as u64;
    o.str("type", "output_text");
    o.str("text", text);
    o.array("annotations", |list| {
        for source in sources {
            list.object(|o| write_source(o, source, chars));
        }
    });
    o.raw("logprobs", &format!("[{logprobs}]"));
}

/// A source. One without offsets (Anthropic cites whole blocks) covers the text.
fn write_source(o: &mut Object<'_>, source: &OwnedCitation, chars: u64) {
    o.str("type", "url_citation");
    o.u64("start_index", source.start.unwrap_or(0));
    o.u64("end_index", source.end.unwrap_or(chars));
    o.str("title", source.title.as_deref().unwrap_or_default());
    o.str("url", source.url.as_deref().unwrap_or_default());
}
