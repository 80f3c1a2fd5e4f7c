//! Content parts of messages.

use std::borrow::Cow;

use super::read;
use crate::error::Error;
use crate::ir::{CacheMarker, Content, Media, MediaKind, MediaSource, Part, Reasoning};
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
        "input_audio" => Content::Media(audio(node, pointer)?),
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
        cache: marker(node)?,
    })
}

/// A cache breakpoint: OpenAI's `prompt_cache_breakpoint`, or `cache_control` as OpenRouter takes it.
pub(super) fn marker(node: Node<'_>) -> Result<Option<CacheMarker>, Error> {
    if let Some(control) = node.get("cache_control") {
        let ttl = read::object(control, "cache_control")?.get("ttl");
        let ttl = ttl.map(|ttl| read::string(ttl, "ttl")).transpose()?;
        return Ok(Some(CacheMarker {
            ttl: ttl.as_deref().and_then(seconds),
        }));
    }
    let Some(breakpoint) = node.get("prompt_cache_breakpoint") else {
        return Ok(None);
    };
    read::object(breakpoint, "prompt_cache_breakpoint")?;
    Ok(Some(CacheMarker { ttl: None }))
}

/// `5m`, `1h`.
fn seconds(ttl: &str) -> Option<u32> {
    let factor = match ttl.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return None,
    };
    ttl[..ttl.len() - 1]
        .parse::<u32>()
        .ok()?
        .checked_mul(factor)
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
        source: source(url, "url")?,
        name: None,
        detail: None,
        pointer,
    })
}

fn audio(node: Node<'_>, pointer: String) -> Result<Media<'_>, Error> {
    let body = read::object(read::required(node, "input_audio")?, "input_audio")?;
    let data = read::filled(read::required(body, "data")?, "data")?;
    let format = read::filled(read::required(body, "format")?, "format")?;
    let mime = match &*format {
        "mp3" => "audio/mpeg".into(),
        other => format!("audio/{other}").into(),
    };
    let source = match split(&data) {
        Some((_, inner)) => MediaSource::Inline {
            mime,
            data: inner.to_owned().into(),
        },
        None => MediaSource::Inline { mime, data },
    };
    Ok(Media {
        kind: MediaKind::Audio,
        source,
        name: None,
        detail: None,
        pointer,
    })
}

fn file(node: Node<'_>, pointer: String) -> Result<Media<'_>, Error> {
    let body = read::object(read::required(node, "file")?, "file")?;
    let source = match (body.get("file_data"), body.get("file_id")) {
        (Some(data), _) => match source(data, "file_data")? {
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

/// A data URL is taken apart without copying its bytes; any other URL stays one (also `gs://`: its host may know it).
fn source<'a>(node: Node<'a>, name: &str) -> Result<MediaSource<'a>, Error> {
    let url = read::filled(node, name)?;
    if !url
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
    {
        return Ok(MediaSource::Url(url));
    }
    let parts = match &url {
        Cow::Borrowed(url) => split(url).map(|(mime, data)| (mime.into(), data.into())),
        Cow::Owned(url) => {
            split(url).map(|(mime, data)| (mime.to_owned().into(), data.to_owned().into()))
        }
    };
    let (mime, data) = parts.ok_or_else(|| {
        Error::bad_request(
            node,
            format!("{name} must be an http URL or a base64 data URL"),
        )
    })?;
    Ok(MediaSource::Inline { mime, data })
}

/// Media type and bytes of a base64 data URL.
fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url
        .get(..5)
        .filter(|scheme| scheme.eq_ignore_ascii_case("data:"))
        .and(url.get(5..))?;
    let (head, data) = rest.split_once(',')?;
    let (mime, coding) = head.split_once(';').unwrap_or((head, ""));
    let is_base64 = coding
        .rsplit(';')
        .next()
        .is_some_and(|last| last.eq_ignore_ascii_case("base64"));
    let mime = if mime.is_empty() {
        "application/octet-stream"
    } else {
        mime
    };
    is_base64.then_some((mime, data))
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
