//! The framer of JSON lines: what is a line, its bounds, and that no cut of the stream matters.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/fixtures.rs"]
mod fixtures;

use std::ops::ControlFlow;

use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::ndjson::{LineFramer, write_line};
use fastproxy_core::sse::DEFAULT_EVENT_LIMIT;
use proptest::prelude::*;

/// Raw bytes, data, whether the line's end is missing.
type Seen = (Vec<u8>, Option<String>, bool);

fn read<'p>(
    limit: usize,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<Seen>, Result<(), Error>) {
    let mut framer = LineFramer::new(limit);
    let mut seen = Vec::new();
    let mut on = |frame: fastproxy_core::sse::Frame<'_>| {
        assert!(frame.name.is_empty());
        if let (Some(data), Some(span)) = (frame.data, &frame.span) {
            assert_eq!(&frame.raw[span.clone()], data.as_bytes());
        }
        let data = frame.data.map(Into::into);
        seen.push((frame.raw.to_vec(), data, frame.is_unterminated));
        Ok(ControlFlow::Continue(()))
    };
    let fed = pieces
        .into_iter()
        .try_for_each(|piece| framer.feed(piece, &mut on));
    let end = fed.and_then(|()| framer.finish(&mut on));
    (seen, end)
}

fn data(stream: &[u8]) -> Vec<Option<String>> {
    let (seen, end) = read(DEFAULT_EVENT_LIMIT, [stream]);
    end.unwrap();
    seen.into_iter().map(|(_, data, _)| data).collect()
}

#[test]
fn a_line_is_what_stands_before_a_line_feed() {
    for (stream, lines) in [
        ("", vec![]),
        ("{}\n", vec![Some("{}")]),
        ("{}\r\n[]\n", vec![Some("{}"), Some("[]")]),
        ("\n \t\r\n{}\n", vec![None, None, Some("{}")]),
        (" {}\n", vec![Some(" {}")]),
        (
            "{\"a\":\"\u{2028}\u{85}\"}\n",
            vec![Some("{\"a\":\"\u{2028}\u{85}\"}")],
        ),
        ("{\"a\":1}\r{\"b\":2}\n", vec![Some("{\"a\":1}\r{\"b\":2}")]),
        (
            "\u{feff}{}\n\u{feff}{}\n",
            vec![Some("{}"), Some("\u{feff}{}")],
        ),
        ("{}\n{}", vec![Some("{}"), Some("{}")]),
        ("{}\n  ", vec![Some("{}"), None]),
    ] {
        let lines: Vec<_> = lines
            .into_iter()
            .map(|line| line.map(str::to_owned))
            .collect();
        assert_eq!(data(stream.as_bytes()), lines, "{stream:?}");
    }
}

#[test]
fn only_the_last_line_can_lack_its_end() {
    let (seen, end) = read(DEFAULT_EVENT_LIMIT, [&b"{}\n{\"a\":{}}"[..]]);
    assert_eq!(end, Ok(()));
    assert_eq!(
        seen.iter().map(|line| line.2).collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn a_stream_that_ends_inside_a_line_is_truncated() {
    for stream in ["{\"a\"", "{}\n{\"a\":1,", "{}\n{\"a\":\"\u{e9}"] {
        let (seen, end) = read(DEFAULT_EVENT_LIMIT, [stream.as_bytes()]);
        assert_eq!(end.unwrap_err().kind, Kind::Truncated, "{stream:?}");
        assert!(seen.len() < 2);
    }
}

#[test]
fn what_is_not_utf8_is_refused() {
    for stream in [
        &b"{\"a\":\"\xff\"}\n"[..],
        b"{}\n\xc3\n",
        b"{\"\xed\xa0\x80\":1}",
    ] {
        let error = read(DEFAULT_EVENT_LIMIT, [stream]).1.unwrap_err();
        assert_eq!(
            (error.kind, error.source),
            (Kind::Upstream, Source::Upstream)
        );
    }
}

#[test]
fn a_line_is_bounded_whether_it_ends_or_not() {
    let fits = read(8, [&b"{\"a\":1}\n"[..]]);
    assert_eq!((fits.0.len(), fits.1), (1, Ok(())));
    for stream in [&b"{}\n{\"a\":12}\n{}\n"[..], b"{}\n{\"a\":1234567"] {
        for pieces in [vec![stream], stream.chunks(1).collect()] {
            let (seen, end) = read(8, pieces);
            assert_eq!(seen.len(), 1, "what was complete before is delivered");
            let error = end.unwrap_err();
            assert_eq!(error.kind, Kind::Upstream);
            assert!(error.message.contains("8 bytes"), "{error}");
        }
    }
}

#[test]
fn a_line_is_delivered_with_its_last_byte_and_reading_stops_when_told() {
    let mut framer = LineFramer::new(100);
    let mut seen = 0;
    for byte in b"{}\n{}\n{}\n" {
        let mut on = |_: fastproxy_core::sse::Frame<'_>| {
            seen += 1;
            Ok(if seen == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        };
        framer.feed(&[*byte], &mut on).unwrap();
    }
    let mut late = |_: fastproxy_core::sse::Frame<'_>| Err(Error::malformed("read on"));
    framer.finish(&mut late).unwrap();
    assert_eq!(seen, 2);
}

#[test]
fn a_written_line_is_read_back() {
    let mut out = Vec::new();
    for text in ["a", "\u{2028}\u{e9}\n"] {
        write_line(&mut out, |out| {
            fastproxy_core::json::write::string(out, text);
        });
    }
    assert_eq!(out, b"\"a\"\n\"\\u2028\xc3\xa9\\n\"\n");
    assert_eq!(data(&out).len(), 2);
}

#[test]
fn no_cut_of_a_fixture_matters() {
    for fixture in fixtures::of_kind("stream") {
        let bytes = &fixture.bytes[..];
        let whole = read(DEFAULT_EVENT_LIMIT, [bytes]);
        assert_eq!(
            whole,
            read(DEFAULT_EVENT_LIMIT, bytes.chunks(1)),
            "{}",
            fixture.name
        );
        let raw: Vec<u8> = whole.0.iter().flat_map(|line| line.0.clone()).collect();
        assert!(bytes.starts_with(&raw), "{}", fixture.name);
        for cut in 0..bytes.len().min(3_000) {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(
                whole,
                read(DEFAULT_EVENT_LIMIT, [head, tail]),
                "{} at {cut}",
                fixture.name
            );
        }
    }
}

proptest! {
    #[test]
    fn no_cut_of_any_bytes_matters(
        stream in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\n\r{}\" a".to_vec())], 0..200),
        size in 1_usize..9,
        limit in 1_usize..40,
    ) {
        let whole = read(limit, [&stream[..]]);
        prop_assert_eq!(&whole, &read(limit, stream.chunks(size)));
        let raw: Vec<u8> = whole.0.iter().flat_map(|line| line.0.clone()).collect();
        prop_assert!(stream.starts_with(&raw));
        prop_assert!(whole.1.is_err() || raw == stream);
    }
}
