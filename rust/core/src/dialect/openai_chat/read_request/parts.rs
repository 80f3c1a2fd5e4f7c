//! Content parts of messages.

use crate::dialect::openai::{cache, media, read};
use crate::error::Error;
use crate::ir::{Content, Media, MediaKind, MediaSource, Part, Reasoning};
use crate::json::Node;

/// Read `content`: a text or a list of parts. `at`: the message's pointer.
pub(super) fn decode<'a>(content: Node<'a>, at: &str) -> Result<Vec<Part<'a>>, Error> {
    if let Some(text) = content.as_str() {
        return Ok(vec![Content::Text(text).into()]);
    }
    if !content.is_array() {
        return Err(Error::bad_request(
            content,
            "content must be a string or an array of parts",
        ));
    }
    let parts = content.items().enumerate();
    parts
        .map(|(n, node)| part(node, format!("{at}/content/{n}")))
        .collect()
}

fn part(node: Node<'_>, pointer: String) -> Result<Part<'_>, Error> {
    read::object(node, "a content part")?;
    let kind = match node.get("type") {
        Some(kind) => read::string(kind, "type")?,
        None if node.get("text").is_some() => "text".into(),
        None => read::string(read::required(node, "type")?, "type")?,
    };
    let content = match &*kind {
        "text" => Content::Text(read::string(read::required(node, "text")?, "text")?),
        "refusal" => Content::Refusal(read::string(read::required(node, "refusal")?, "refusal")?),
        "image_url" => Content::Media(image(node, pointer)?),
        "video_url" => Content::Media(at_url(node, "video_url", MediaKind::Video, pointer)?),
        "input_audio" => Content::Media(media::audio(node, pointer)?),
        "file" => Content::Media(file(node, pointer)?),
        "thinking" => Content::Reasoning(thinking(node)?),
        _ => Content::Native {
            pointer,
            kind,
            raw: node.raw().into(),
        },
    };
    Ok(Part {
        content,
        cache: cache::read(node)?,
    })
}

fn image(node: Node<'_>, pointer: String) -> Result<Media<'_>, Error> {
    let mut media = at_url(node, "image_url", MediaKind::Image, pointer)?;
    let detail = node.get("image_url").and_then(|image| image.get("detail"));
    media.detail = detail
        .map(|detail| read::string(detail, "detail"))
        .transpose()?;
    Ok(media)
}

/// `{"image_url":{"url":…}}`, or just the URL, as some clients send it.
fn at_url<'a>(
    node: Node<'a>,
    key: &str,
    kind: MediaKind,
    pointer: String,
) -> Result<Media<'a>, Error> {
    let body = read::required(node, key)?;
    let url = if body.is_string() {
        body
    } else {
        read::required(read::object(body, key)?, "url")?
    };
    Ok(Media {
        kind,
        source: media::source(url, "url")?,
        name: None,
        detail: None,
        pointer,
    })
}

fn file(node: Node<'_>, pointer: String) -> Result<Media<'_>, Error> {
    let body = read::object(read::required(node, "file")?, "file")?;
    let source = match (body.get("file_data"), body.get("file_id")) {
        (Some(data), _) => match media::source(data, "file_data")? {
            MediaSource::Url(url) if !url.contains("://") => {
                return Err(Error::bad_request(data, "file_data must be a data URL"));
            }
            source => source,
        },
        (None, Some(id)) => MediaSource::FileId(read::filled(id, "file_id")?),
        (None, None) => {
            return Err(Error::bad_request(
                body,
                "a file needs file_data or file_id",
            ));
        }
    };
    let name = body
        .get("filename")
        .map(|name| read::string(name, "filename"))
        .transpose()?;
    Ok(Media {
        kind: MediaKind::File,
        source,
        name,
        detail: None,
        pointer,
    })
}

/// Mistral's thinking chunk: a text, or a list of text chunks.
fn thinking(node: Node<'_>) -> Result<Reasoning<'_>, Error> {
    let inner = read::required(node, "thinking")?;
    let text = match inner.as_str() {
        Some(text) => text,
        None => inner
            .items()
            .filter_map(|chunk| chunk.text("text"))
            .collect::<String>()
            .into(),
    };
    Ok(Reasoning {
        text: Some(text),
        ..Reasoning::default()
    })
}
