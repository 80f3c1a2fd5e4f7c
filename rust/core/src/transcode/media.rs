//! Media that a client names by URL, for upstreams that need the bytes: which they are, and putting the bytes in. Who
//! fetches them, and whether, is decided elsewhere. And pictures that are declared as what they are not.

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

/// Call each picture what its bytes say it is: clients go by the end of a file's name, and vendors refuse the whole
/// request over a type that is not that of the bytes.
pub(super) fn name_truly(request: &mut Request<'_>, loss: &mut LossReport) {
    visit(request, &mut |media| {
        let MediaSource::Inline { mime, data } = &mut media.source else {
            return;
        };
        let head = data.get(..16).and_then(|head| STANDARD.decode(head).ok());
        let found = head.and_then(|head| crate::media::sniff(&head));
        let is_known = |found: &&str| found.starts_with("image/") && is_another(mime, found);
        if let Some(found) = found.filter(is_known) {
            let detail = format!("the data is {found}, not {mime}");
            loss.add(Code::ValueClamped, &media.pointer, detail);
            *mime = found.into();
        }
    });
}

/// Whether a declared type says that the bytes are of another kind than they are.
fn is_another(declared: &str, found: &str) -> bool {
    let declared = declared.split(';').next().unwrap_or_default().trim();
    let is_jpeg = found == "image/jpeg" && declared.eq_ignore_ascii_case("image/jpg");
    declared
        .get(..6)
        .is_some_and(|class| class.eq_ignore_ascii_case("image/"))
        && !declared.eq_ignore_ascii_case(found)
        && !is_jpeg
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
