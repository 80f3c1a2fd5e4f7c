//! Content parts of messages and of tool outputs.

use crate::dialect::openai::{cache, media, read};
use crate::error::Error;
use crate::ir::{Content, Ext, Media, MediaKind, MediaSource, Part};
use crate::json::Node;

/// Read a text or a list of parts. `name`: the member that holds it; `at`: its pointer.
pub(super) fn read<'a>(
    content: Node<'a>,
    name: &str,
    at: &str,
    ext: &mut Vec<Ext<'a>>,
) -> Result<Vec<Part<'a>>, Error> {
    if let Some(text) = content.as_str() {
        return Ok(vec![Content::Text(text).into()]);
    }
    if !content.is_array() {
        let text = format!("{name} must be a string or an array of parts");
        return Err(Error::bad_request(content, text));
    }
    let parts = content.items().enumerate();
    parts
        .map(|(n, node)| part(node, format!("{at}/{n}"), ext))
        .collect()
}

fn part<'a>(node: Node<'a>, pointer: String, ext: &mut Vec<Ext<'a>>) -> Result<Part<'a>, Error> {
    let kind = read::required(read::object(node, "a content part")?, "type")?;
    let kind = read::string(kind, "type")?;
    let content = match &*kind {
        "input_text" | "output_text" | "text" => {
            if let Some(sources) = node.get("annotations") {
                read::keep(ext, &pointer, "annotations", sources);
            }
            Content::Text(read::string(read::required(node, "text")?, "text")?)
        }
        "refusal" => Content::Refusal(read::string(read::required(node, "refusal")?, "refusal")?),
        "input_image" => Content::Media(image(node, pointer)?),
        "input_file" => Content::Media(file(node, pointer)?),
        "input_audio" => Content::Media(media::audio(node, pointer)?),
        "input_video" => Content::Media(video(node, pointer)?),
        _ => Content::Native {
            pointer,
            kind,
            raw: node.raw().into(),
        },
    };
    Ok(Part {
        content,
        cache: cache::read(node)?,
    })
}

/// `image_url` is a text here; clients that come from Chat send an object.
fn image(node: Node<'_>, pointer: String) -> Result<Media<'_>, Error> {
    let source = match (node.get("image_url"), node.get("file_id")) {
        (Some(url), _) if url.is_object() => media::source(read::required(url, "url")?, "url")?,
        (Some(url), _) => media::source(url, "image_url")?,
        (None, Some(id)) => MediaSource::FileId(read::filled(id, "file_id")?),
        (None, None) => {
            let text = "an image needs image_url or file_id";
            return Err(Error::bad_request(node, text));
        }
    };
    let detail = node.get("detail");
    Ok(Media {
        kind: MediaKind::Image,
        source,
        name: None,
        detail: detail.map(|d| read::string(d, "detail")).transpose()?,
        pointer,
    })
}

fn video(node: Node<'_>, pointer: String) -> Result<Media<'_>, Error> {
    Ok(Media {
        kind: MediaKind::Video,
        source: media::source(read::required(node, "video_url")?, "video_url")?,
        name: None,
        detail: None,
        pointer,
    })
}

fn file(node: Node<'_>, pointer: String) -> Result<Media<'_>, Error> {
    let name = node.get("filename");
    let name = name.map(|n| read::string(n, "filename")).transpose()?;
    let members = ["file_data", "file_url", "file_id"];
    let given = members.iter().find_map(|key| Some((*key, node.get(key)?)));
    let source = match given {
        Some(("file_data", data)) => inline(data, name.as_deref())?,
        Some(("file_url", url)) => media::source(url, "file_url")?,
        Some((key, id)) => MediaSource::FileId(read::filled(id, key)?),
        None => {
            let text = "a file needs file_data, file_url or file_id";
            return Err(Error::bad_request(node, text));
        }
    };
    Ok(Media {
        kind: MediaKind::File,
        source,
        name,
        detail: None,
        pointer,
    })
}

/// A data URL, or bare base64, whose type only the file's name tells.
fn inline<'a>(data: Node<'a>, name: Option<&str>) -> Result<MediaSource<'a>, Error> {
    match media::source(data, "file_data")? {
        MediaSource::Url(url) if url.contains("://") => {
            let text = "file_data must be base64 or a data URL; a file elsewhere is a file_url";
            Err(Error::bad_request(data, text))
        }
        MediaSource::Url(data) => Ok(MediaSource::Inline {
            mime: mime(name.unwrap_or_default()).into(),
            data,
        }),
        source => Ok(source),
    }
}

fn mime(name: &str) -> &'static str {
    let extension = name.rsplit('.').next().unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "json" => "application/json",
        "csv" => "text/csv",
        "md" => "text/markdown",
        "html" | "htm" => "text/html",
        "txt" | "text" | "log" => "text/plain",
        _ => "application/octet-stream",
    }
}
