//! The part of a chunk that is the same in every chunk of a stream.
//!
//! It is written once, at the start, and copied around each delta: a text event costs a few appends and no allocation.

use crate::dialect::EncodeContext;
use crate::ir::{Start, ToolKind, Usage};
use crate::json::write;

use super::super::usage;

const DELTA: &[u8] = br#""choices":[{"index":0,"delta":{"#;
const NO_FINISH: &[u8] = br#","finish_reason":null}]"#;

/// Writes chunks.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// `data: {…,` up to `choices`.
    head: Vec<u8>,
    /// Behind `choices`; with `usage: null` where the client wants a usage chunk at the end.
    tail: &'static [u8],
}

impl Frame {
    pub(super) fn new(start: &Start<'_>, cx: &EncodeContext) -> Self {
        let mut head = b"data: ".to_vec();
        write::object(&mut head, |o| {
            super::head(o, "chat.completion.chunk", start, cx);
        });
        head.pop();
        head.push(b',');
        Self {
            head,
            tail: if cx.stream_usage {
                b",\"usage\":null}\n\n"
            } else {
                b"}\n\n"
            },
        }
    }

    /// One chunk around a delta's members.
    pub(super) fn chunk(&self, out: &mut Vec<u8>, delta: impl FnOnce(&mut Vec<u8>)) {
        self.open(out);
        delta(out);
        out.extend_from_slice(br#"},"logprobs":null"#);
        out.extend_from_slice(NO_FINISH);
        out.extend_from_slice(self.tail);
    }

    /// One chunk with one text member; `key` has its quotes and colon.
    pub(super) fn text(&self, key: &'static [u8], text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        self.chunk(out, |delta| {
            delta.extend_from_slice(key);
            write::string(delta, text);
        });
    }

    /// One chunk with one list member.
    pub(super) fn list(
        &self,
        key: &str,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut write::Array<'_>),
    ) {
        self.chunk(out, |delta| {
            write::string(delta, key);
            delta.push(b':');
            write::array(delta, fill);
        });
    }

    /// One chunk about the n-th call. The index counts calls, not parts, and stands on every fragment.
    pub(super) fn call(
        &self,
        index: u64,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut write::Object<'_>),
    ) {
        self.chunk(out, |delta| {
            delta.extend_from_slice(br#""tool_calls":["#);
            write::object(delta, |o| {
                o.u64("index", index);
                fill(o);
            });
            delta.push(b']');
        });
    }

    /// One chunk about the only call that clients of the deprecated form know.
    pub(super) fn old_call(&self, out: &mut Vec<u8>, fill: impl FnOnce(&mut write::Object<'_>)) {
        self.chunk(out, |delta| {
            delta.extend_from_slice(br#""function_call":"#);
            write::object(delta, fill);
        });
    }

    /// More of a call's arguments. `is_old`: in the deprecated form.
    pub(super) fn arguments(
        &self,
        index: u64,
        kind: ToolKind,
        more: &str,
        is_old: bool,
        out: &mut Vec<u8>,
    ) {
        if more.is_empty() {
            return;
        }
        if is_old {
            self.old_call(out, |o| o.str("arguments", more));
            return;
        }
        let (word, key) = super::call_words(kind);
        self.call(index, out, |o| o.object(word, |o| o.str(key, more)));
    }

    /// Log probabilities: an array of tokens, for `content` or `refusal`.
    pub(super) fn logprobs(&self, is_refusal: bool, tokens: &str, out: &mut Vec<u8>) {
        self.open(out);
        out.extend_from_slice(br#"},"logprobs":"#);
        super::logprobs(out, is_refusal, tokens);
        out.extend_from_slice(NO_FINISH);
        out.extend_from_slice(self.tail);
    }

    /// The chunk with the stop reason.
    pub(super) fn finish(&self, reason: &str, out: &mut Vec<u8>) {
        self.open(out);
        out.extend_from_slice(br#"},"logprobs":null,"finish_reason":"#);
        write::string(out, reason);
        out.extend_from_slice(b"}]");
        out.extend_from_slice(self.tail);
    }

    /// The chunk with the counts.
    pub(super) fn usage(&self, counts: &Usage, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(br#""choices":[],"usage":"#);
        usage::write(out, counts);
        out.extend_from_slice(b"}\n\n");
    }

    fn open(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(DELTA);
    }
}
