//! Content parts of messages and outputs.

use crate::dialect::openai::{cache, media};
use crate::dialect::{CacheMarkers, Target};
use crate::error::Error;
use crate::ir::{Content, Media, MediaKind, MediaSource, Part, Request};
use crate::json::write::{Array, Object};

/// Refuse media that no upstream of this dialect can be sent, before anything is written.
pub(super) fn check(request: &Request<'_>) -> Result<(), Error> {
    for media in media::all(request) {
        let why = match (&media.source, media.kind) {
            (MediaSource::FileId(_), _) => {
                "a file id is known to one vendor only; send the file inline"
            }
            (MediaSource::Url(_), MediaKind::Audio) => {
                "this model's upstream takes no audio by URL; send it inline"
            }
            _ => continue,
        };
        return Err(Error::client(why).at(media.pointer.as_str()));
    }
    Ok(())
}

/// Whether the upstream takes breakpoints.
pub(super) fn has_markers(target: &Target) -> bool {
    target.profile.cache_markers != CacheMarkers::Unknown
}

/// Write text and media of a message or an output: one plain text as a string, else parts.
pub(super) fn write(o: &mut Object<'_>, key: &str, said: &[&Part<'_>], markers: CacheMarkers) {
    let is_marked = |part: &Part<'_>| part.cache.is_some() && markers != CacheMarkers::Unknown;
    match said {
        [] => o.str(key, ""),
        [part] if !is_marked(part) => match &part.content {
            Content::Text(text) | Content::Refusal(text) => o.str(key, text),
            _ => o.array(key, |list| write_part(list, part, markers)),
        },
        parts => o.array(key, |list| {
            for part in parts {
                write_part(list, part, markers);
            }
        }),
    }
}

fn write_part(list: &mut Array<'_>, part: &Part<'_>, markers: CacheMarkers) {
    list.object(|o| {
        match &part.content {
            Content::Text(text) | Content::Refusal(text) => write_text(o, text),
            Content::Media(media) => match media::document(media) {
                Some(text) => write_text(o, &text),
                None => write_media(o, media),
            },
            _ => {}
        }
        if let Some(marker) = part.cache {
            cache::write(o, marker, markers);
        }
    });
}

/// A text part of what a person or a tool says.
pub(super) fn write_text(o: &mut Object<'_>, text: &str) {
    o.str("type", "input_text");
    o.str("text", text);
}

/// What the model said.
pub(super) fn write_spoken(o: &mut Object<'_>, said: &[&Part<'_>], markers: CacheMarkers) {
    o.array("content", |list| {
        for part in said {
            list.object(|o| {
                match &part.content {
                    Content::Refusal(text) => {
                        o.str("type", "refusal");
                        o.str("refusal", text);
                    }
                    Content::Text(text) => {
                        o.str("type", "output_text");
                        o.str("text", text);
                        o.array("annotations", |_| {});
                    }
                    _ => {}
                }
                if let Some(marker) = part.cache {
                    cache::write(o, marker, markers);
                }
            });
        }
    });
}

fn write_media(o: &mut Object<'_>, media: &Media<'_>) {
    match media.kind {
        MediaKind::Image => {
            o.str("type", "input_image");
            media::write_url(o.key("image_url"), &media.source);
            o.str("detail", media.detail.as_deref().unwrap_or("auto"));
        }
        MediaKind::Video => {
            o.str("type", "input_video");
            media::write_url(o.key("video_url"), &media.source);
        }
        MediaKind::Audio => {
            o.str("type", "input_audio");
            o.object("input_audio", |o| media::write_audio(o, media));
        }
        MediaKind::File => {
            o.str("type", "input_file");
            write_file(o, media);
        }
    }
}

/// Inline bytes need a name, a URL has one.
fn write_file(o: &mut Object<'_>, media: &Media<'_>) {
    let name = media.name.as_deref();
    if matches!(media.source, MediaSource::Url(_)) {
        media::write_url(o.key("file_url"), &media.source);
        o.opt_str("filename", name);
    } else {
        media::write_url(o.key("file_data"), &media.source);
        let name = name.unwrap_or_else(|| media::file_name(&media.source));
        o.str("filename", name);
    }
}
