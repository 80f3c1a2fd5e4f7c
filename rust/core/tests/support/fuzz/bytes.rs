//! Framer, tape and codings.

use std::ops::ControlFlow;

use bytes::Bytes;
use fastproxy_core::coding::{CHUNK, Decoder, Progress};
use fastproxy_core::framing::{Framer, Framing};
use fastproxy_core::json::{Doc, JsonErrorKind, Kind, Node, Tape, write};
use serde::de::IgnoredAny;

/// A frame: raw bytes, name, data, whether its blank line is missing.
type Seen = (Vec<u8>, String, Option<String>, bool);

/// Frames do not depend on the cuts, and their raw bytes are the stream. The first byte says where to cut.
pub(crate) fn sse_framer(data: &[u8]) {
    framer(Framing::Events, data);
}

/// The same of lines.
pub(crate) fn line_framer(data: &[u8]) {
    framer(Framing::Lines, data);
}

fn framer(framing: Framing, data: &[u8]) {
    let Some((&size, stream)) = data.split_first() else {
        return;
    };
    let size = usize::from(size).max(1);
    for limit in [8, 64, 1 << 20] {
        let whole = frames(framing, limit, [stream]);
        assert_eq!(
            whole,
            frames(framing, limit, stream.chunks(1)),
            "byte by byte"
        );
        assert_eq!(
            whole,
            frames(framing, limit, stream.chunks(size)),
            "by {size}"
        );
        let raw: Vec<u8> = whole.0.iter().flat_map(|frame| frame.0.clone()).collect();
        assert!(stream.starts_with(&raw) && (!whole.1 || stream == raw));
    }
}

fn frames<'p>(
    framing: Framing,
    limit: usize,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<Seen>, bool) {
    let mut framer = Framer::new(framing, limit);
    let mut seen = Vec::new();
    let mut on = |frame: fastproxy_core::sse::Frame<'_>| {
        assert!(!frame.raw.is_empty() && frame.raw.len() <= limit);
        if let (Some(span), Some(data)) = (frame.span.clone(), frame.data) {
            assert_eq!(&frame.raw[span], data.as_bytes());
        }
        let data = frame.data.map(Into::into);
        seen.push((
            frame.raw.to_vec(),
            frame.name.to_owned(),
            data,
            frame.is_unterminated,
        ));
        Ok(ControlFlow::Continue(()))
    };
    let fed = pieces
        .into_iter()
        .try_for_each(|piece| framer.feed(piece, &mut on));
    let is_ok = fed.and_then(|()| framer.finish(&mut on)).is_ok();
    (seen, is_ok)
}

/// The same texts as serde_json's are accepted, and every string reads and writes back to itself.
pub(crate) fn json_tape(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(Doc::parse(Bytes::copy_from_slice(data)).is_err());
        return;
    };
    let mut tape = Tape::new();
    let theirs = serde_json::from_str::<IgnoredAny>(text).is_ok();
    match tape.parse(text) {
        Ok(root) => {
            assert!(theirs);
            check(text, root);
        }
        Err(error) if error.kind == JsonErrorKind::Depth => return,
        Err(error) => assert!(!theirs && error.at <= text.len()),
    }
    match Doc::parse(Bytes::copy_from_slice(data)) {
        Ok(doc) => {
            assert!(theirs && doc.root().raw() == text.trim_matches([' ', '\t', '\r', '\n']));
        }
        Err(error) => assert!(!theirs || error.kind == JsonErrorKind::DuplicateKey),
    }
}

fn check(text: &str, node: Node<'_>) {
    assert_eq!(&text[node.span()], node.raw());
    match node.kind() {
        Kind::Plain | Kind::Escaped => rewrite(&node.as_str().expect("a string")),
        Kind::Number => assert_eq!(node.as_number().map(|number| number.0), Some(node.raw())),
        _ => {}
    }
    node.items().for_each(|item| check(text, item));
    node.entries().for_each(|(key, value)| {
        check(text, key);
        check(text, value);
    });
}

fn rewrite(value: &str) {
    let mut out = Vec::new();
    write::string(&mut out, value);
    let written = String::from_utf8(out).expect("UTF-8");
    assert_eq!(
        serde_json::from_str::<String>(&written).ok().as_deref(),
        Some(value)
    );
    assert!(!written.contains(['\u{85}', '\u{2028}', '\u{2029}', '\n', '\r']));
}

/// What comes out does not depend on the cuts and is bounded. The first byte chooses the codings.
pub(crate) fn coding(data: &[u8]) {
    const HEADERS: [&str; 6] = [
        "identity",
        "gzip",
        "deflate",
        "br",
        "gzip, br",
        "deflate, gzip",
    ];
    let Some((&choice, body)) = data.split_first() else {
        return;
    };
    let header = HEADERS[usize::from(choice) % HEADERS.len()];
    let whole = decode(header, [body]);
    let bytewise = decode(header, body.chunks(1));
    assert_eq!(whole.1, bytewise.1, "{header}");
    if whole.1 {
        assert_eq!(whole.0, bytewise.0, "{header}");
    }
}

fn decode<'p>(header: &str, pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<u8>, bool) {
    const BOUND: u64 = 1 << 20;
    let decoder = Decoder::for_header(header).expect("a known coding");
    let mut decoder = decoder.with_max_output(BOUND);
    let (mut all, mut out) = (Vec::new(), Vec::new());
    for mut piece in pieces {
        loop {
            out.clear();
            let progress = decoder.feed(&mut piece, &mut out);
            assert!(out.len() <= CHUNK);
            all.extend_from_slice(&out);
            match progress {
                Ok(Progress::More) => {}
                Ok(Progress::Drained) => break,
                Err(_) => return (all, false),
            }
        }
    }
    assert!(decoder.is_identity() || all.len() as u64 <= BOUND);
    (all, decoder.finish().is_ok())
}
