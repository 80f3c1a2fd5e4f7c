//! Images: bare base64 on this side, base64 with a media type elsewhere.

use std::borrow::Cow;

use crate::dialect::openai::{media, read};
use crate::error::Error;
use crate::ir::{Media, MediaKind, MediaSource};
use crate::json::Node;

/// How base64 begins for the first bytes of each format.
const MAGIC: [(&str, &str); 6] = [
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("Qk", "image/bmp"),
    ("SUkq", "image/tiff"),
];

/// Read a list of images.
pub(super) fn read_all<'a>(list: Node<'a>, pointer: &str) -> Result<Vec<Media<'a>>, Error> {
    let images = read::array(list, "images")?.items().enumerate();
    images
        .map(|(at, node)| read_one(node, format!("{pointer}/{at}")))
        .collect()
}

/// Ollama tells the format by the bytes. Some clients send a data URL all the same.
fn read_one(node: Node<'_>, pointer: String) -> Result<Media<'_>, Error> {
    let data = read::filled(node, "an image")?;
    let data = match media::split(&data) {
        Some((_, inner)) => Cow::Owned(inner.to_owned()),
        None => data,
    };
    let known = MAGIC.iter().find(|(start, _)| data.starts_with(start));
    let mime = known.map_or("application/octet-stream", |(_, mime)| mime);
    Ok(Media {
        kind: MediaKind::Image,
        source: MediaSource::Inline {
            mime: mime.into(),
            data,
        },
        name: None,
        detail: None,
        pointer,
    })
}

/// Refuse media that Ollama cannot be sent, naming the place.
pub(super) fn check(media: &Media<'_>) -> Result<(), Error> {
    let why = match (&media.source, media.kind) {
        (MediaSource::PlainText(_), _) | (MediaSource::Inline { .. }, MediaKind::Image) => {
            return Ok(());
        }
        (MediaSource::Url(_), MediaKind::Image) => {
            "this model's upstream takes no images by URL; send the image inline"
        }
        (MediaSource::FileId(_), _) => {
            "a file id is known to one vendor only; send an image inline"
        }
        _ => "this model's upstream takes images and text only",
    };
    Err(Error::client(why).at(media.pointer.as_str()))
}
