//! Media in data URLs, URLs and base64, both ways.

use std::borrow::Cow;

use super::read;
use crate::error::Error;
use crate::ir::{Content, Media, MediaKind, MediaSource, Part, Request};
use crate::json::Node;
use crate::json::write::{self, Object};

/// A data URL is taken apart without copying its bytes; any other URL stays one (also `gs://`: its host may know it).
pub(in crate::dialect) fn source<'a>(node: Node<'a>, name: &str) -> Result<MediaSource<'a>, Error> {
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
pub(in crate::dialect) fn split(url: &str) -> Option<(&str, &str)> {
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

/// `{"input_audio":{"data":…,"format":"wav"}}`.
pub(in crate::dialect) fn audio(node: Node<'_>, pointer: String) -> Result<Media<'_>, Error> {
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

/// Every piece of media in a request, results of tools included: so that what an upstream cannot be sent is refused
/// before anything is written.
pub(in crate::dialect) fn all<'r, 'a>(
    request: &'r Request<'a>,
) -> impl Iterator<Item = &'r Media<'a>> {
    let parts = request.turns.iter().flat_map(|turn| &turn.parts);
    parts.flat_map(|part| {
        let inner: &[Part<'a>] = match &part.content {
            Content::ToolResult(result) => &result.parts,
            _ => std::slice::from_ref(part),
        };
        inner.iter().filter_map(|part| match &part.content {
            Content::Media(media) => Some(media),
            _ => None,
        })
    })
}

/// The text that a plain document is.
pub(in crate::dialect) fn document<'r>(media: &'r Media<'_>) -> Option<Cow<'r, str>> {
    match (&media.source, &media.name) {
        (MediaSource::PlainText(text), Some(title)) => {
            Some(format!("[document: {title}]\n{text}").into())
        }
        (MediaSource::PlainText(text), None) => Some(text.as_ref().into()),
        _ => None,
    }
}

/// OpenAI demands a name, and tells some formats by it.
pub(in crate::dialect) fn file_name(source: &MediaSource<'_>) -> &'static str {
    match source {
        MediaSource::Inline { mime, .. } if mime == "application/pdf" => "document.pdf",
        MediaSource::Inline { mime, .. } if mime == "text/plain" => "document.txt",
        _ => "document",
    }
}

/// The members of `input_audio`.
pub(in crate::dialect) fn write_audio(o: &mut Object<'_>, media: &Media<'_>) {
    if let MediaSource::Inline { mime, data } = &media.source {
        o.str("data", data);
        let format = mime.split('/').nth(1).unwrap_or("wav");
        o.str(
            "format",
            match format {
                "mpeg" => "mp3",
                "x-wav" | "wave" => "wav",
                other => other,
            },
        );
    }
}

/// A URL, or a data URL written straight from the client's bytes.
pub(in crate::dialect) fn write_url(out: &mut Vec<u8>, source: &MediaSource<'_>) {
    match source {
        MediaSource::Inline { mime, data } => {
            out.extend_from_slice(b"\"data:");
            write::escaped(out, mime);
            out.extend_from_slice(b";base64,");
            write::escaped(out, data);
            out.push(b'"');
        }
        MediaSource::Url(text) | MediaSource::PlainText(text) | MediaSource::FileId(text) => {
            write::string(out, text);
        }
    }
}
