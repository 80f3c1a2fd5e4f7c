//! `image` and `document` blocks → media.

use std::borrow::Cow;

use super::{Reader, typed};
use crate::dialect::anthropic::Version;
use crate::error::Error;
use crate::ir::{Content, Media, MediaKind, MediaSource, Role};
use crate::json::Node;

impl<'a> Reader<'a, '_> {
    pub(super) fn image(&mut self, block: Node<'a>, pointer: String) -> Result<Content<'a>, Error> {
        typed::keep_unknown(block, &["type", "source", "cache_control"], &mut self.ext);
        media(block, MediaKind::Image, None, pointer)
    }

    pub(super) fn document(
        &mut self,
        block: Node<'a>,
        role: Role,
        pointer: String,
    ) -> Result<Content<'a>, Error> {
        if role == Role::Assistant && self.version == Version::V2026 {
            let message = "a document in an assistant message is not accepted by anthropic-version 2026-10-21";
            return Err(Error::bad_request(block, message));
        }
        let title = typed::str(block, "title")?;
        if let Some(context) = block.get("context") {
            typed::keep(context, &mut self.ext);
        }
        let citations = typed::object(block, "citations")?;
        if let Some(citations) = citations
            && typed::bool(citations, "enabled")? != Some(false)
        {
            typed::keep(citations, &mut self.ext);
        }
        let known = [
            "type",
            "source",
            "title",
            "context",
            "citations",
            "cache_control",
        ];
        typed::keep_unknown(block, &known, &mut self.ext);
        media(block, MediaKind::File, title, pointer)
    }
}

fn media<'a>(
    block: Node<'a>,
    kind: MediaKind,
    name: Option<Cow<'a, str>>,
    pointer: String,
) -> Result<Content<'a>, Error> {
    let node = typed::need(block, "source")?;
    if !node.is_object() {
        return Err(typed::wrong(node, "source", "an object"));
    }
    let Some(source) = source(node)? else {
        return Ok(Content::Native {
            pointer,
            kind: typed::need_str(block, "type")?,
            raw: Cow::Borrowed(block.raw()),
        });
    };
    Ok(Content::Media(Media {
        kind,
        source,
        name,
        detail: None,
        pointer,
    }))
}

/// `None`: a source that only this dialect understands.
fn source(node: Node<'_>) -> Result<Option<MediaSource<'_>>, Error> {
    let kind = typed::need_str(node, "type")?;
    Ok(Some(match kind.as_ref() {
        "base64" => MediaSource::Inline {
            mime: typed::need_name(node, "media_type")?,
            data: typed::need_name(node, "data")?,
        },
        "text" => MediaSource::PlainText(typed::need_str(node, "data")?),
        "url" => MediaSource::Url(typed::need_name(node, "url")?),
        "file" => MediaSource::FileId(typed::need_name(node, "file_id")?),
        "content" => return blocks(typed::need(node, "content")?),
        _ => return Ok(None),
    }))
}

/// A document made of blocks. Text only: one text, a blank line where a block ended (the borders matter for the
/// ranges of citations only). With images in between it stays what it is.
fn blocks(content: Node<'_>) -> Result<Option<MediaSource<'_>>, Error> {
    if let Some(text) = content.as_str() {
        return Ok(Some(MediaSource::PlainText(text)));
    }
    if !content.is_array() {
        return Err(typed::wrong(
            content,
            "content",
            "a string or an array of blocks",
        ));
    }
    let mut texts = Vec::new();
    for block in content.items() {
        match block.text("type").as_deref() {
            Some("text") => texts.push(typed::need_str(block, "text")?),
            _ => return Ok(None),
        }
    }
    let text = match <[_; 1]>::try_from(texts) {
        Ok([only]) => only,
        Err(texts) => Cow::Owned(texts.join("\n\n")),
    };
    Ok(Some(MediaSource::PlainText(text)))
}
