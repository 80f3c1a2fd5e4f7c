//! Media that a client names by URL, for upstreams that need the bytes: which they are, and putting the bytes in. Who
//! fetches them, and whether, is decided elsewhere.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ir::{Content, Media, MediaSource, Part, Request};
use crate::loss::{Code, LossReport};

/// What was fetched, by URL.
pub type FetchedMedia = HashMap<String, Fetched>;

/// The bytes behind a URL.
#[derive(Clone, Debug)]
pub struct Fetched {
    mime: String,
    /// Standard base64.
    data: String,
}

impl Fetched {
    /// Bytes of this media type.
    pub fn new(mime: String, bytes: &[u8]) -> Self {
        let data = STANDARD.encode(bytes);
        Self { mime, data }
    }
}

/// A URL, and the JSON pointer of the part that names it.
pub type Wanted = (String, String);

/// The URLs that are to be fetched: those that the upstream does not take.
pub(super) fn wanted(request: &mut Request<'_>, takes: &dyn Fn(&str) -> bool) -> Vec<Wanted> {
    let mut found = Vec::new();
    visit(request, &mut |media| {
        if let MediaSource::Url(url) = &media.source
            && !takes(url)
        {
            found.push((url.to_string(), media.pointer.clone()));
        }
    });
    found
}

/// Put in what was fetched.
pub(super) fn inline(request: &mut Request<'_>, fetched: &FetchedMedia, loss: &mut LossReport) {
    if fetched.is_empty() {
        return;
    }
    visit(request, &mut |media| {
        let MediaSource::Url(url) = &media.source else {
            return;
        };
        let Some(found) = fetched.get(&**url) else {
            return;
        };
        loss.add(Code::MediaFetched, &media.pointer, "fetched by the proxy");
        media.source = MediaSource::Inline {
            mime: found.mime.clone().into(),
            data: found.data.clone().into(),
        };
    });
}

fn visit<'a>(request: &mut Request<'a>, on: &mut dyn FnMut(&mut Media<'a>)) {
    for turn in &mut request.turns {
        visit_parts(&mut turn.parts, on);
    }
}

fn visit_parts<'a>(parts: &mut [Part<'a>], on: &mut dyn FnMut(&mut Media<'a>)) {
    for part in parts {
        match &mut part.content {
            Content::Media(media) => on(media),
            Content::ToolResult(result) => visit_parts(&mut result.parts, on),
            _ => {}
        }
    }
}
