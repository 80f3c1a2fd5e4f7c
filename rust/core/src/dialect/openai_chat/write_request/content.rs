//! `content` of messages: text and media.

use std::borrow::Cow;

use crate::dialect::openai::{cache, media};
use crate::dialect::{CacheMarkers, Profile};
use crate::error::Error;
use crate::ir::{CacheMarker, Media, MediaKind, MediaSource, Request};
use crate::json::write::{Array, Object};
use crate::loss::{Code, LossReport};

/// One piece of content.
#[derive(Debug)]
pub(super) struct Said<'r> {
    pub(super) what: What<'r>,
    pub(super) cache: Option<CacheMarker>,
}

/// What it is.
#[derive(Debug)]
pub(super) enum What<'r> {
    Text(Cow<'r, str>),
    Media(&'r Media<'r>),
}

impl<'r> Said<'r> {
    pub(super) fn text(text: impl Into<Cow<'r, str>>) -> Self {
        Self {
            what: What::Text(text.into()),
            cache: None,
        }
    }

    /// Media, or the text that plain documents are.
    pub(super) fn media(media: &'r Media<'r>) -> Self {
        let what = media::document(media).map_or(What::Media(media), What::Text);
        Self { what, cache: None }
    }
}

/// Refuse media that no Chat upstream can be sent, before anything is written.
pub(super) fn check(request: &Request<'_>) -> Result<(), Error> {
    media::all(request).try_for_each(check_media)
}

fn check_media(media: &Media<'_>) -> Result<(), Error> {
    let why = match (&media.source, media.kind) {
        (MediaSource::FileId(_), _) => {
            "a file id is known to one vendor only; send the file inline"
        }
        (MediaSource::Url(_), MediaKind::File) => {
            "this model's upstream takes no documents by URL; send the file inline"
        }
        (MediaSource::Url(_), MediaKind::Audio) => {
            "this model's upstream takes no audio by URL; send it inline"
        }
        _ => return Ok(()),
    };
    Err(Error::client(why).at(media.pointer.as_str()))
}

/// Write the member. Text alone goes as one string where the host wants it so; `glue` joins its pieces. Markers of
/// caches that the host does not know are reported at `pointer`.
pub(super) fn write(
    o: &mut Object<'_>,
    said: &[Said<'_>],
    glue: &str,
    profile: &Profile,
    pointer: &str,
    loss: &mut LossReport,
) {
    let is_marked = said.iter().any(|piece| piece.cache.is_some());
    if is_marked && profile.cache_markers == CacheMarkers::Unknown {
        loss.add(
            Code::FieldDropped,
            pointer,
            "the upstream knows no cache breakpoints",
        );
    }
    let sends_markers = is_marked && profile.cache_markers != CacheMarkers::Unknown;
    let texts: Option<Vec<&str>> = said
        .iter()
        .map(|piece| match &piece.what {
            What::Text(text) => Some(&**text),
            What::Media(_) => None,
        })
        .collect();
    match texts {
        Some(texts) if !sends_markers && (profile.text_as_string || texts.len() < 2) => {
            o.str("content", &texts.join(glue));
        }
        _ => o.array("content", |list| {
            for piece in said {
                list.object(|o| write_piece(o, piece, profile.cache_markers));
            }
        }),
    }
}

/// Hosts refuse empty text blocks; a message that has nothing else keeps its empty content.
pub(super) fn drop_empty(said: &mut Vec<Said<'_>>) {
    said.retain(|piece| !matches!(&piece.what, What::Text(text) if text.is_empty()));
}

/// Write parts into a list.
pub(super) fn write_all(list: &mut Array<'_>, said: &[Said<'_>]) {
    for piece in said {
        list.object(|o| write_piece(o, piece, CacheMarkers::Unknown));
    }
}

fn write_piece(o: &mut Object<'_>, piece: &Said<'_>, markers: CacheMarkers) {
    match &piece.what {
        What::Text(text) => {
            o.str("type", "text");
            o.str("text", text);
        }
        What::Media(media) => write_media(o, media),
    }
    if let Some(marker) = piece.cache {
        cache::write(o, marker, markers);
    }
}

fn write_media(o: &mut Object<'_>, media: &Media<'_>) {
    match media.kind {
        MediaKind::Image => write_at_url(o, "image_url", media),
        MediaKind::Video => write_at_url(o, "video_url", media),
        MediaKind::Audio => {
            o.str("type", "input_audio");
            o.object("input_audio", |o| media::write_audio(o, media));
        }
        MediaKind::File => {
            o.str("type", "file");
            o.object("file", |o| {
                media::write_url(o.key("file_data"), &media.source);
                o.str(
                    "filename",
                    media
                        .name
                        .as_deref()
                        .unwrap_or_else(|| media::file_name(&media.source)),
                );
            });
        }
    }
}

fn write_at_url(o: &mut Object<'_>, key: &str, media: &Media<'_>) {
    o.str("type", key);
    o.object(key, |o| {
        media::write_url(o.key("url"), &media.source);
        o.opt_str("detail", media.detail.as_deref());
    });
}
