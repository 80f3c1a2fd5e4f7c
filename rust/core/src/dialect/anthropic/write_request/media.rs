//! Images and documents: what this API takes, and what it refuses.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::blocks::{Block, Source};
use crate::error::Error;
use crate::ir::{Media, MediaKind, MediaSource};
use crate::loss::{Code, LossReport};

const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
const PDF: &str = "application/pdf";
/// Types outside `text/` that are text all the same.
const TEXTS: [&str; 6] = [
    "application/json",
    "application/xml",
    "application/javascript",
    "application/x-ndjson",
    "application/yaml",
    "application/toml",
];

/// The block for some media. `Err`: the API has none, and leaving media out silently would change the question.
pub(super) fn lower<'r>(media: &'r Media<'_>, loss: &mut LossReport) -> Result<Block<'r>, Error> {
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
    let title = media.name.as_deref();
    match (media.kind, &media.source) {
        (MediaKind::Audio, _) => refuse(media, "audio is not supported by this model's upstream"),
        (MediaKind::Video, _) => refuse(media, "video is not supported by this model's upstream"),
        (_, MediaSource::FileId(_)) => refuse(
            media,
            "a file id is only known to the service that issued it: send the data",
        ),
        (kind, MediaSource::Url(url)) => {
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                return refuse(
                    media,
                    "only http and https URLs can be sent to this upstream",
                );
            }
            Ok(block(kind, Source::Url(url), title))
        }
        (_, MediaSource::PlainText(text)) => Ok(document(Source::Text(Cow::Borrowed(text)), title)),
        (kind, MediaSource::Inline { mime, data }) => inline(media, kind, mime, data, loss),
    }
}

fn refuse<T>(media: &Media<'_>, message: &str) -> Result<T, Error> {
    Err(Error::client(message).at(media.pointer.as_str()))
}

fn block<'r>(kind: MediaKind, source: Source<'r>, title: Option<&'r str>) -> Block<'r> {
    match kind {
        MediaKind::Image => Block::Image(source),
        _ => document(source, title),
    }
}

fn document<'r>(source: Source<'r>, title: Option<&'r str>) -> Block<'r> {
    let title = title.filter(|title| !title.is_empty());
    Block::Document { source, title }
}

/// The bytes say what they are: declared types are often wrong, and the API checks.
fn inline<'r>(
    media: &'r Media<'_>,
    kind: MediaKind,
    mime: &'r str,
    data: &'r str,
    loss: &mut LossReport,
) -> Result<Block<'r>, Error> {
    if data.is_empty() {
        return refuse(media, "the data is empty");
    }
    let declared = essence(mime);
    let found = sniff(data);
    let says_nothing = declared.is_empty() || declared == "application/octet-stream";
    if let Some(found) = found.filter(|found| *found != declared && !says_nothing) {
        let detail = format!("the data is {found}, not {declared}");
        loss.add(Code::ValueClamped, &media.pointer, detail);
    }
    let real = found.unwrap_or(&declared);
    let title = media.name.as_deref();
    if let Some(image) = IMAGES.into_iter().find(|image| *image == real) {
        return Ok(Block::Image(Source::Base64 { mime: image, data }));
    }
    if kind == MediaKind::Image {
        return refuse(
            media,
            "an image must be jpeg, png, gif or webp for this upstream",
        );
    }
    if real == PDF {
        return Ok(document(Source::Base64 { mime: PDF, data }, title));
    }
    if real.starts_with("text/") || TEXTS.contains(&real) {
        return match text(data) {
            Some(text) => Ok(document(Source::Text(Cow::Owned(text)), title)),
            None => refuse(media, "the file is not base64 of UTF-8 text"),
        };
    }
    refuse(
        media,
        "a file must be a PDF, text or an image for this upstream",
    )
}

/// The media type without parameters, in lower case, by its registered name.
fn essence(mime: &str) -> String {
    let bare = mime.split(';').next().unwrap_or_default().trim();
    match bare.to_ascii_lowercase() {
        jpeg if jpeg == "image/jpg" => "image/jpeg".into(),
        other => other,
    }
}

fn text(data: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(data.trim()).ok()?).ok()
}

/// The type by the first bytes.
fn sniff(data: &str) -> Option<&'static str> {
    let head = STANDARD.decode(data.get(..16)?).ok()?;
    match head.as_slice() {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'] => Some("image/webp"),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(PDF),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(kind: MediaKind, source: MediaSource<'_>) -> Media<'_> {
        Media {
            kind,
            source,
            name: Some("n".into()),
            detail: None,
            pointer: "/messages/0/content/1".into(),
        }
    }

    fn inline(kind: MediaKind, mime: &'static str, bytes: &[u8]) -> Media<'static> {
        let data = STANDARD.encode(bytes).into();
        media(
            kind,
            MediaSource::Inline {
                mime: mime.into(),
                data,
            },
        )
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn bytes_overrule_the_declared_type() {
        for (kind, mime, losses) in [
            (MediaKind::Image, "image/png", 0),
            (MediaKind::Image, "IMAGE/PNG; q=1", 0),
            (MediaKind::Image, "image/jpeg", 1),
            (MediaKind::Image, "image/heic", 1),
            (MediaKind::File, "application/octet-stream", 0),
        ] {
            let mut loss = LossReport::new();
            let image = inline(kind, mime, PNG);
            let block = lower(&image, &mut loss).unwrap();
            let is_png = matches!(
                block,
                Block::Image(Source::Base64 {
                    mime: "image/png",
                    ..
                })
            );
            assert!(is_png, "{mime}");
            assert_eq!(loss.entries().len(), losses, "{mime}");
        }
    }

    #[test]
    fn documents_are_pdf_or_text() {
        let mut loss = LossReport::new();
        let pdf = inline(MediaKind::File, "application/pdf", b"%PDF-1.7 ......");
        let block = lower(&pdf, &mut loss).unwrap();
        assert!(matches!(
            block,
            Block::Document {
                source: Source::Base64 { .. },
                title: Some("n")
            }
        ));
        let csv = inline(MediaKind::File, "text/csv", "a,b\n1,ü".as_bytes());
        let block = lower(&csv, &mut loss).unwrap();
        assert!(
            matches!(block, Block::Document { source: Source::Text(text), .. } if text == "a,b\n1,ü")
        );
        assert!(loss.is_empty());
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_its_place() {
        let url = |url: &'static str| MediaSource::Url(url.into());
        for wrong in [
            inline(MediaKind::Audio, "audio/wav", b"RIFF"),
            inline(MediaKind::Video, "video/mp4", b"...."),
            inline(MediaKind::Image, "image/bmp", b"BM.............."),
            inline(MediaKind::File, "application/zip", b"PK.............."),
            inline(MediaKind::File, "text/plain", b"\xff\xfe............"),
            inline(MediaKind::Image, "image/png", b""),
            media(MediaKind::File, MediaSource::FileId("file-1".into())),
            media(MediaKind::Image, url("gs://bucket/x.png")),
        ] {
            let error = lower(&wrong, &mut LossReport::new()).unwrap_err();
            assert_eq!(
                error.pointer.as_deref(),
                Some("/messages/0/content/1"),
                "{wrong:?}"
            );
        }
    }
}
