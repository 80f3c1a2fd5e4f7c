//! Blocks and messages that are ready to be written.

use std::borrow::Cow;

use crate::dialect::arguments::Input;
use crate::ir::CacheMarker;
use crate::json::write::{self, Object};
use crate::loss::{Code, LossReport};

/// Breakpoints that one request may have.
const BREAKPOINTS: usize = 4;

/// A message of the request.
#[derive(Debug)]
pub(super) struct Message<'r> {
    pub(super) speaker: Speaker,
    pub(super) blocks: Vec<Placed<'r>>,
}

/// Roles of this dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    System,
    User,
    Assistant,
}

/// A block, and whether a prompt cache may end there.
#[derive(Debug)]
pub(super) struct Placed<'r> {
    pub(super) block: Block<'r>,
    pub(super) cache: Option<CacheMarker>,
}

/// A content block.
#[derive(Debug)]
pub(super) enum Block<'r> {
    Text(Cow<'r, str>),
    Image(Source<'r>),
    Document {
        source: Source<'r>,
        title: Option<&'r str>,
    },
    Thinking {
        text: &'r str,
        signature: &'r str,
    },
    Redacted(&'r str),
    ToolUse {
        id: Cow<'r, str>,
        name: Cow<'r, str>,
        input: Input<'r>,
    },
    ToolResult {
        id: Cow<'r, str>,
        content: Vec<Placed<'r>>,
        is_error: Option<bool>,
    },
}

/// Where media bytes are.
#[derive(Debug)]
pub(super) enum Source<'r> {
    Base64 { mime: &'static str, data: &'r str },
    Url(&'r str),
    Text(Cow<'r, str>),
}

impl<'r> From<Block<'r>> for Placed<'r> {
    fn from(block: Block<'r>) -> Self {
        Self { block, cache: None }
    }
}

impl<'r> Placed<'r> {
    /// A text that the proxy says.
    pub(super) fn text(text: impl Into<Cow<'r, str>>) -> Self {
        Block::Text(text.into()).into()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write::object(out, |o| {
            self.block.members(o);
            write_cache(o, self.cache);
        });
    }

    /// Every breakpoint of this block, in the order of the prompt.
    pub(super) fn markers<'m>(&'m mut self, all: &mut Vec<&'m mut Option<CacheMarker>>) {
        if let Block::ToolResult { content, .. } = &mut self.block {
            for inner in content {
                inner.markers(all);
            }
        }
        all.push(&mut self.cache);
    }
}

impl Block<'_> {
    fn members(&self, o: &mut Object<'_>) {
        match self {
            Self::Text(text) => {
                o.str("type", "text");
                o.str("text", text);
            }
            Self::Image(source) => {
                o.str("type", "image");
                source.write(o);
            }
            Self::Document { source, title } => {
                o.str("type", "document");
                source.write(o);
                o.opt_str("title", *title);
            }
            Self::Thinking { text, signature } => {
                o.str("type", "thinking");
                o.str("thinking", text);
                o.str("signature", signature);
            }
            Self::Redacted(data) => {
                o.str("type", "redacted_thinking");
                o.str("data", data);
            }
            Self::ToolUse { id, name, input } => {
                o.str("type", "tool_use");
                o.str("id", id);
                o.str("name", name);
                input.write(o.key("input"));
            }
            Self::ToolResult {
                id,
                content,
                is_error,
            } => {
                o.str("type", "tool_result");
                o.str("tool_use_id", id);
                write_result(o, content);
                if let Some(is_error) = is_error {
                    o.bool("is_error", *is_error);
                }
            }
        }
    }
}

/// One text goes as a string, which may also be blank; nothing goes as nothing.
fn write_result(o: &mut Object<'_>, content: &[Placed<'_>]) {
    match content {
        [] => {}
        [
            Placed {
                block: Block::Text(text),
                cache: None,
            },
        ] => o.str("content", text),
        blocks => write_blocks(o, "content", blocks),
    }
}

impl Source<'_> {
    fn write(&self, o: &mut Object<'_>) {
        o.object("source", |o| match self {
            Self::Base64 { mime, data } => {
                o.str("type", "base64");
                o.str("media_type", mime);
                o.str("data", data);
            }
            Self::Url(url) => {
                o.str("type", "url");
                o.str("url", url);
            }
            Self::Text(text) => {
                o.str("type", "text");
                o.str("media_type", "text/plain");
                o.str("data", text);
            }
        });
    }
}

impl Message<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write::object(out, |o| {
            let role = match self.speaker {
                Speaker::System => "system",
                Speaker::User => "user",
                Speaker::Assistant => "assistant",
            };
            o.str("role", role);
            write_blocks(o, "content", &self.blocks);
        });
    }
}

/// An array of blocks.
pub(super) fn write_blocks(o: &mut Object<'_>, key: &str, blocks: &[Placed<'_>]) {
    o.array(key, |a| {
        for block in blocks {
            block.write(a.item());
        }
    });
}

/// `cache_control`. Five minutes is what no `ttl` means.
pub(super) fn write_cache(o: &mut Object<'_>, cache: Option<CacheMarker>) {
    if let Some(marker) = cache {
        o.object("cache_control", |o| {
            o.str("type", "ephemeral");
            if marker.ttl == Some(3600) {
                o.str("ttl", "1h");
            }
        });
    }
}

/// Keep as many breakpoints as the API takes. The last ones reach furthest, so the first ones go; a breakpoint on
/// tools or system text is covered by any later one.
pub(super) fn limit_markers(
    markers: &mut [&mut Option<CacheMarker>],
    reserved: usize,
    loss: &mut LossReport,
) {
    let odd = |ttl: u32| ttl != 300 && ttl != 3600;
    let set = markers.iter_mut().filter(|marker| marker.is_some());
    let mut set: Vec<_> = set.collect();
    if set.iter().any(|m| m.and_then(|m| m.ttl).is_some_and(odd)) {
        let detail = "prompts are cached for five minutes or one hour";
        loss.add(Code::ValueClamped, "cache_control/ttl", detail);
    }
    let excess = set.len().saturating_sub(BREAKPOINTS - reserved);
    if excess > 0 {
        let detail = format!("{excess} cache breakpoints over the limit of {BREAKPOINTS}");
        loss.add(Code::FieldDropped, "cache_control", detail);
    }
    for marker in set.iter_mut().take(excess) {
        ***marker = None;
    }
}
