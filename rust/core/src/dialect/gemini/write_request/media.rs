//! Media: bytes go inline, addresses only where Google itself can read them.

use std::borrow::Cow;

use super::contents::Parts;
use crate::dialect::openai::media::all;
use crate::error::Error;
use crate::ir::{Media, MediaSource, Request};
use crate::loss::{Code, LossReport};

/// Addresses that the API reads: its Files API, Cloud Storage, `YouTube`.
const READABLE: [&str; 5] = [
    "gs://",
    "https://generativelanguage.googleapis.com/",
    "https://www.youtube.com/",
    "https://youtube.com/",
    "https://youtu.be/",
];
/// Types by the end of an address.
const TYPES: [(&str, &str); 12] = [
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".webp", "image/webp"),
    (".gif", "image/gif"),
    (".pdf", "application/pdf"),
    (".mp3", "audio/mpeg"),
    (".wav", "audio/wav"),
    (".mp4", "video/mp4"),
    (".mov", "video/quicktime"),
    (".webm", "video/webm"),
    (".txt", "text/plain"),
];

/// Whether Google itself reads what is at this address.
pub(in crate::dialect::gemini) fn is_readable(url: &str) -> bool {
    READABLE.iter().any(|prefix| url.starts_with(prefix))
}

/// Refuse what cannot be carried: leaving media out silently would change the question.
pub(super) fn check(request: &Request<'_>) -> Result<(), Error> {
    for media in all(request) {
        let problem = match &media.source {
            MediaSource::Inline { data, .. } if data.is_empty() => "the data is empty",
            MediaSource::FileId(_) => {
                "a file id is only known to the service that issued it: send the data"
            }
            MediaSource::Url(url) if !is_readable(url) => {
                "this model's upstream cannot read addresses on the web: send the data"
            }
            _ => continue,
        };
        return Err(Error::client(problem).at(media.pointer.as_str()));
    }
    Ok(())
}

/// Write each as a part.
pub(super) fn write_all(all: &[&Media<'_>], parts: &mut Parts, loss: &mut LossReport) {
    for media in all {
        write(media, parts, loss);
    }
}

/// Write one as a part.
pub(super) fn write(media: &Media<'_>, parts: &mut Parts, loss: &mut LossReport) {
    if media
        .detail
        .as_deref()
        .is_some_and(|detail| detail != "auto")
    {
        let pointer = format!("{}/detail", media.pointer);
        loss.add(
            Code::FieldDropped,
            pointer,
            "image detail has no counterpart",
        );
    }
    if media.name.is_some() && !matches!(media.source, MediaSource::PlainText(_)) {
        let pointer = format!("{}/filename", media.pointer);
        loss.add(Code::FieldDropped, pointer, "data has no name upstream");
    }
    match &media.source {
        MediaSource::Inline { mime, data } => parts.add(|o| {
            o.object("inlineData", |o| {
                o.str("mimeType", &essence(mime));
                o.str("data", data);
            });
        }),
        MediaSource::Url(url) | MediaSource::FileId(url) => parts.add(|o| {
            o.object("fileData", |o| {
                o.opt_str("mimeType", by_end(url));
                o.str("fileUri", url);
            });
        }),
        MediaSource::PlainText(text) => match &media.name {
            Some(title) => parts.text(&format!("[document: {title}]\n{text}")),
            None => parts.text(text),
        },
    }
}

/// The media type without parameters, by its registered name.
fn essence(mime: &str) -> Cow<'_, str> {
    let bare = mime.split(';').next().unwrap_or_default().trim();
    match bare {
        "image/jpg" => "image/jpeg".into(),
        "" => "application/octet-stream".into(),
        _ if bare.bytes().any(|b| b.is_ascii_uppercase()) => bare.to_ascii_lowercase().into(),
        _ => bare.into(),
    }
}

fn by_end(url: &str) -> Option<&'static str> {
    let path = url
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    TYPES
        .iter()
        .find(|(end, _)| path.ends_with(end))
        .map(|(_, mime)| *mime)
}
