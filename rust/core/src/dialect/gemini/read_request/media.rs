//! `inlineData` and `fileData` → media.

use std::borrow::Cow;

use super::super::spelling;
use crate::error::Error;
use crate::ir::{Media, MediaKind, MediaSource};
use crate::json::Node;

/// Read one. `node` is the part, `value` its data.
pub(super) fn read<'a>(node: Node<'a>, kind: &str, value: Node<'a>) -> Result<Media<'a>, Error> {
    if !value.is_object() {
        return Err(Error::bad_request(
            value,
            format!("{kind} must be an object"),
        ));
    }
    let source = if kind == "inlineData" {
        MediaSource::Inline {
            mime: spelling::need_text(value, "mimeType")?,
            data: spelling::need_text(value, "data")?,
        }
    } else {
        MediaSource::Url(spelling::need_text(value, "fileUri")?)
    };
    let mime = spelling::text(value, "mimeType")?;
    Ok(Media {
        kind: class(mime.as_deref().unwrap_or_default()),
        source,
        name: spelling::text(value, "displayName")?,
        detail: detail(node)?,
        pointer: node.pointer(),
    })
}

fn class(mime: &str) -> MediaKind {
    match mime.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        Some("video") => MediaKind::Video,
        _ => MediaKind::File,
    }
}

/// `mediaResolution`, as an object with a level or as the level itself.
fn detail(node: Node<'_>) -> Result<Option<Cow<'_, str>>, Error> {
    let Some(resolution) = spelling::get(node, "mediaResolution") else {
        return Ok(None);
    };
    let level = match resolution.as_str() {
        Some(level) => Some(level),
        None => spelling::text(resolution, "level")?,
    };
    Ok(match level.as_deref() {
        Some("MEDIA_RESOLUTION_LOW") => Some("low".into()),
        Some("MEDIA_RESOLUTION_MEDIUM") => Some("auto".into()),
        Some("MEDIA_RESOLUTION_HIGH" | "MEDIA_RESOLUTION_ULTRA_HIGH") => Some("high".into()),
        _ => None,
    })
}
