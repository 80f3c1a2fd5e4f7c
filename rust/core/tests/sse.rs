//! The framer and the writer against the measured framing matrix, at every split, and against a second reader.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/frames.rs"]
mod frames;

use frames::{Kept, cut, read, read_limited};
use proptest::prelude::*;

/// A stream and the events (name, data) that a reader must see in it.
type Row = (
    &'static str,
    &'static [u8],
    &'static [(&'static str, &'static str)],
);

/// What upstreams were seen to send, and what the grammar allows beyond.
#[rustfmt::skip]
const MATRIX: &[Row] = &[
    ("lf", b"data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]),
    ("crlf", b"event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", &[("x", "a"), ("", "b")]),
    ("bare cr", b"event: x\rdata: a\r\rdata: b\r\r", &[("x", "a"), ("", "b")]),
    ("mixed ends", b"event: x\r\ndata: a\n\rdata: b\r\n\ndata: c\r\r", &[("x", "a"), ("", "b"), ("", "c")]),
    ("cr crlf", b"data: a\r\r\ndata: b\r\r\n", &[("", "a"), ("", "b")]),
    ("no space", b"data:a\n\n", &[("", "a")]),
    ("one space only", b"data:  a \n\n", &[("", " a ")]),
    ("event after data", b"data: a\nevent: x\n\n", &[("x", "a")]),
    ("last event wins", b"event: x\nevent: y\ndata: a\n\n", &[("y", "a")]),
    ("event without space", b"event:x\ndata:a\n\n", &[("x", "a")]),
    ("several data lines", b"data: {\ndata:  \"a\": 1\ndata: }\n\n", &[("", "{\n \"a\": 1\n}")]),
    ("data lines apart", b"data: a\nid: 1\nevent: x\ndata:\ndata: b\n\n", &[("x", "a\n\nb")]),
    ("empty data lines", b"data:\ndata\n\ndata: a\n\n", &[("", "\n"), ("", "a")]),
    ("comment frame at start", b": x\n\ndata: a\n\n", &[("", "a")]),
    ("comment frame between", b"data: a\n\n: OPENROUTER PROCESSING\n\ndata: b\n\n", &[("", "a"), ("", "b")]),
    ("comment glued", b": x\ndata: a\n\n", &[("", "a")]),
    ("comment like data", b":data: a\n: data: b\n\n", &[]),
    ("ping without data", b"event: ping\n\ndata: a\n\n", &[("", "a")]),
    ("ping with data", b"event: ping\ndata: {\"type\":\"ping\"}\n\n", &[("ping", "{\"type\":\"ping\"}")]),
    ("ids", b"id: 1\ndata: a\n\nid: 2\ndata: b\n\n", &[("", "a"), ("", "b")]),
    ("ids and blank lines", b"id: 1\ndata: a\n\n\nid: 2\ndata: b\n\n\n", &[("", "a"), ("", "b")]),
    ("retry alone", b"retry: 10\n\ndata: a\n\n", &[("", "a")]),
    ("retry glued", b"retry: 10\ndata: a\n\n", &[("", "a")]),
    ("data empty", b"data:\n\ndata\n\ndata: \n\n", &[("", ""), ("", ""), ("", "")]),
    ("unknown fields", b"database: 1\ndat: 2\nevents: x\nData: 3\ndata : 4\n\ndata: a\n\n", &[("", "a")]),
    ("bom", b"\xEF\xBB\xBFdata: a\n\n", &[("", "a")]),
    ("bom and blank line", b"\xEF\xBB\xBF\r\ndata: a\r\n\r\n", &[("", "a")]),
    ("bom alone", b"\xEF\xBB\xBF", &[]),
    ("second bom is none", b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: b\n\n", &[("", "b")]),
    ("later bom is none", b"data: a\n\n\xEF\xBB\xBFdata: b\n\n", &[("", "a")]),
    ("leading blank lines", b"\n\r\n\r\ndata: a\n\n", &[("", "a")]),
    ("done", b"data: a\n\ndata: [DONE]\n\n", &[("", "a"), ("", "[DONE]")]),
    ("no last blank line", b"data: a\n\ndata: b\n", &[("", "a"), ("", "b")]),
    ("no last line end", b"data: a\n\nevent: x\ndata: b", &[("", "a"), ("x", "b")]),
    ("no last line end, crlf", b"data: a\r\n\r\ndata: b\r", &[("", "a"), ("", "b")]),
    ("unicode line breaks", b"data: \xE2\x80\xA8\xC2\x85\x0b\x0ca\n\n", &[("", "\u{2028}\u{85}\u{b}\u{c}a")]),
    ("long characters", "event: é\ndata: é€😀\n\n".as_bytes(), &[("é", "é€😀")]),
    ("not utf-8 where nobody looks", b": \xFF\nid: \xFE\ndata: a\n\n", &[("", "a")]),
    ("json padded", b"\n \n{\"error\":{}}", &[]),
    ("nothing", b"", &[]),
];

fn events(frames: &[Kept]) -> Vec<(&str, &str)> {
    frames
        .iter()
        .filter_map(|frame| Some((&*frame.name, frame.data.as_deref()?)))
        .collect()
}

/// What holds for every list of frames, whatever the stream.
fn check(stream: &[u8], frames: &[Kept]) {
    let raw: Vec<u8> = frames.iter().flat_map(|frame| frame.raw.clone()).collect();
    assert_eq!(raw, stream);
    for (at, frame) in frames.iter().enumerate() {
        assert!(!frame.raw.is_empty());
        assert_eq!(
            frame.has_bom,
            at == 0 && stream.starts_with(b"\xEF\xBB\xBF")
        );
        assert!(!frame.is_unterminated || at + 1 == frames.len());
        if let Some(span) = &frame.span {
            assert_eq!(
                &frame.raw[span.clone()],
                frame.data.as_ref().unwrap().as_bytes()
            );
        }
    }
}

/// A second reader, written line by line from the grammar, with the last frame delivered as we do.
fn reference(stream: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(stream.to_vec()).unwrap();
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(&text)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let mut events = Vec::new();
    let (mut name, mut data): (&str, Vec<&str>) = ("", Vec::new());
    for line in text.split('\n').chain([""]) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            _ if line.is_empty() => {
                if !data.is_empty() {
                    events.push((name.to_owned(), data.join("\n")));
                }
                (name, data) = ("", Vec::new());
            }
            "event" => name = value,
            "data" => data.push(value),
            _ => {}
        }
    }
    events
}

#[test]
fn the_framing_matrix() {
    for (row, stream, expected) in MATRIX {
        let (frames, end) = read([*stream]);
        assert_eq!(end, Ok(()), "{row}");
        assert_eq!(events(&frames), *expected, "{row}");
        check(stream, &frames);
    }
}

#[test]
fn frames_do_not_depend_on_the_cuts() {
    for (row, stream, _) in MATRIX {
        let whole = read([*stream]);
        let bytewise = read(stream.chunks(1));
        assert_eq!(bytewise, whole, "{row}, byte by byte");
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                assert_eq!(
                    read(cut(stream, &[first, second])),
                    whole,
                    "{row} at {first}, {second}"
                );
            }
        }
    }
}

#[test]
fn fixtures_at_every_byte() {
    for fixture in fixtures::of_kind("stream") {
        let whole = read([&fixture.bytes[..]]);
        check(&fixture.bytes, &whole.0);
        assert_eq!(
            read(fixture.bytes.chunks(1)),
            whole,
            "{}, byte by byte",
            fixture.name
        );
        for at in 0..fixture.bytes.len() {
            assert_eq!(
                read(cut(&fixture.bytes, &[at])),
                whole,
                "{} at {at}",
                fixture.name
            );
        }
    }
}

/// Text that is mostly framing.
fn stream() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "data:",
        "data: ",
        "data",
        "event:",
        "event: x",
        "id: 1",
        "retry: 5",
        ":",
        " ",
        "\n",
        "\n",
        "\n\n",
        "\r",
        "\r\r",
        "\r\n",
        "\r\n\r\n",
        "{\"a\":1}",
        "a",
        "é",
        "😀",
        "\u{feff}",
        "\u{2028}",
        "[DONE]",
        "\0",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn agrees_with_a_second_reader(stream in stream()) {
        let (frames, end) = read([stream.as_bytes()]);
        prop_assert_eq!(end, Ok(()));
        check(stream.as_bytes(), &frames);
        let seen: Vec<_> = events(&frames).into_iter().map(|(n, d)| (n.to_owned(), d.to_owned())).collect();
        prop_assert_eq!(seen, reference(stream.as_bytes()));
    }

    #[test]
    fn any_bytes_in_any_pieces(
        bytes in prop_oneof![stream().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..200)],
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        limit in 1_usize..60,
    ) {
        let mut places: Vec<_> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        prop_assert_eq!(read(cut(&bytes, &places)), read([&bytes[..]]));
        prop_assert_eq!(read_limited(limit, cut(&bytes, &places)), read_limited(limit, [&bytes[..]]));
    }
}
