//! Content codings: every split, every way to end, and bodies made to explode.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;

use fastproxy_core::coding::{CHUNK, Decoder, Progress};
use fastproxy_core::error::{Error, Kind, Source};
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

/// Feed pieces; all that came out, and how it ended. No call may give more than a chunk.
fn decode<'p>(
    header: &str,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<u8>, Result<(), Error>) {
    let mut decoder = Decoder::for_header(header).unwrap();
    let (mut all, mut out) = (Vec::new(), Vec::new());
    let end = pieces.into_iter().try_for_each(|piece| {
        let mut rest = piece;
        loop {
            out.clear();
            let progress = decoder.feed(&mut rest, &mut out);
            assert!(out.len() <= CHUNK);
            all.extend_from_slice(&out);
            if progress? == Progress::Drained {
                assert!(rest.is_empty());
                return Ok(());
            }
        }
    });
    (all, end.and_then(|()| decoder.finish()))
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bare(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn br(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, 5, 22);
    encoder.write_all(text).unwrap();
    drop(encoder);
    out
}

/// Every form a body can come in, with its header.
fn forms(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (head, tail) = text.split_at(text.len() / 2);
    vec![
        ("", text.to_vec()),
        ("identity", text.to_vec()),
        ("gzip", gzip(text)),
        ("X-GZip", [gzip(head), gzip(tail), gzip(b"")].concat()),
        ("deflate", zlib(text)),
        ("deflate", bare(text)),
        ("br", br(text)),
        ("gzip, br", br(&gzip(text))),
        ("br ,identity,, GZIP", gzip(&br(text))),
        ("deflate, deflate, deflate", bare(&zlib(&bare(text)))),
    ]
}

/// A stream of events like those of a chat upstream.
fn events(count: usize) -> Vec<u8> {
    let event = |at: usize| {
        format!(
            "data: {{\"id\":\"c-1\",\"choices\":[{{\"delta\":{{\"content\":\"w{at} é\"}}}}]}}\n\n"
        )
    };
    (0..count).map(event).collect::<String>().into_bytes()
}

#[test]
fn every_form_at_every_split() {
    let text = events(12);
    for (header, body) in forms(&text) {
        assert_eq!(
            decode(header, body.chunks(1)),
            (text.clone(), Ok(())),
            "{header}, byte by byte"
        );
        for at in 0..=body.len() {
            let pieces = [&body[..at], &body[at..]];
            assert_eq!(
                decode(header, pieces),
                (text.clone(), Ok(())),
                "{header} at {at}"
            );
        }
    }
}

#[test]
fn bodies_larger_than_a_chunk() {
    let text = events(20_000);
    assert!(text.len() > 4 * CHUNK);
    for (header, body) in forms(&text) {
        assert_eq!(
            decode(header, [&body[..]]),
            (text.clone(), Ok(())),
            "{header}"
        );
    }
}

#[test]
fn a_cut_body_is_an_error_wherever_it_is_cut() {
    let text = events(3);
    for (header, body) in forms(&text).into_iter().skip(2) {
        assert_eq!(
            decode(header, []),
            (Vec::new(), Ok(())),
            "{header}: an empty body is one"
        );
        let first_member = gzip(&text[..text.len() / 2]).len();
        for length in 1..body.len() {
            let is_whole = header == "X-GZip"
                && (length == first_member || length == body.len() - gzip(b"").len());
            let (_, end) = decode(header, [&body[..length]]);
            assert_eq!(end.is_ok(), is_whole, "{header} cut to {length}");
            if let Err(error) = end {
                assert_eq!(
                    (error.kind, error.source),
                    (Kind::Truncated, Source::Upstream)
                );
            }
        }
    }
}

#[test]
fn what_comes_after_the_end_is_an_error_but_for_zeros_after_gzip() {
    let text = events(3);
    for (header, body) in forms(&text).into_iter().skip(2) {
        for garbage in [&b"x"[..], b"\0\0x", b"\x1F", b"data: more\n\n"] {
            for size in [1, 7, 4096] {
                let whole = [&body[..], garbage].concat();
                let (decoded, end) = decode(header, whole.chunks(size));
                assert!(
                    decoded.starts_with(&text) || header.contains(','),
                    "{header} {garbage:?}"
                );
                assert!(end.is_err(), "{header} {garbage:?} in pieces of {size}");
            }
        }
    }
    let padded = [gzip(&text), vec![0; 700]].concat();
    assert_eq!(decode("gzip", padded.chunks(100)), (text, Ok(())));
}

#[test]
fn damage_is_an_error() {
    let text = events(30);
    for (header, body) in [("gzip", gzip(&text)), ("deflate", zlib(&text))] {
        for at in 0..body.len() {
            let mut damaged = body.clone();
            damaged[at] ^= 0x10;
            let (decoded, end) = decode(header, [&damaged[..]]);
            // Time, system and flags of a gzip header are not covered by its checksum.
            let is_unchecked = header == "gzip" && (4..10).contains(&at);
            assert!(
                end.is_err() || (is_unchecked && decoded == text),
                "{header} damaged at {at}"
            );
        }
    }
}

#[test]
fn a_body_that_is_not_what_its_header_says() {
    for header in ["gzip", "deflate", "br", "gzip, br"] {
        for body in [
            &b"{\"error\":{\"message\":\"no\"}}"[..],
            b"data: {}\n\n",
            b"<html></html>",
            b"\xFF\xFF\xFF\xFF",
        ] {
            let (_, end) = decode(header, [body]);
            let error = end.unwrap_err();
            assert!(
                matches!(error.kind, Kind::Upstream | Kind::Truncated),
                "{header} {error:?}"
            );
        }
    }
}

#[test]
fn headers() {
    for unknown in [
        "zstd",
        "compress",
        "gzip, zstd",
        "gzipp",
        "gzip;q=1",
        "br, br, br, br",
    ] {
        let error = Decoder::for_header(unknown).unwrap_err();
        assert_eq!(
            (error.kind, error.source),
            (Kind::Upstream, Source::Upstream),
            "{unknown}"
        );
    }
    assert!(Decoder::for_header(" , identity").unwrap().is_identity());
    assert!(!Decoder::for_header("Br").unwrap().is_identity());
}

/// Encodes the next event of one stream and flushes it.
type Flusher = Box<dyn FnMut(&[u8]) -> Vec<u8>>;

fn flushers() -> Vec<(&'static str, Flusher)> {
    let inflated = |mut engine: Compress| -> Flusher {
        Box::new(move |event| {
            let mut out = Vec::with_capacity(4096);
            engine
                .compress_vec(event, &mut out, FlushCompress::Sync)
                .unwrap();
            out
        })
    };
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    let brotli: Flusher = Box::new(move |event| {
        writer.write_all(event).unwrap();
        writer.flush().unwrap();
        std::mem::take(writer.get_mut())
    });
    let level = Compression::default();
    vec![
        ("gzip", inflated(Compress::new_gzip(level, 15))),
        ("deflate", inflated(Compress::new(level, true))),
        ("deflate", inflated(Compress::new(level, false))),
        ("br", brotli),
    ]
}

#[test]
fn a_flushed_event_comes_out_at_once() {
    let event = events(1);
    for (header, mut flush) in flushers() {
        let mut decoder = Decoder::for_header(header).unwrap();
        for count in 0..50 {
            let (mut out, coded) = (Vec::new(), flush(&event));
            let progress = decoder.feed(&mut &coded[..], &mut out).unwrap();
            assert_eq!(
                (progress, &out),
                (Progress::Drained, &event),
                "{header}, event {count}"
            );
        }
        assert_eq!(decoder.finish().unwrap_err().kind, Kind::Truncated);
    }
}

#[test]
fn output_left_unread_is_not_a_whole_body() {
    let body = gzip(&events(20_000));
    let mut decoder = Decoder::for_header("gzip").unwrap();
    let mut rest = &body[..];
    assert_eq!(decoder.feed(&mut rest, &mut Vec::new()), Ok(Progress::More));
    assert_eq!(decoder.finish().unwrap_err().kind, Kind::Truncated);
}

#[test]
fn a_decoder_may_move_between_threads() {
    fn is_send<T: Send + 'static>(_: &T) -> bool {
        true
    }
    assert!(is_send(&Decoder::for_header("gzip, deflate, br").unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_in_any_pieces(
        text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a')], 0..3000),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        for (header, body) in forms(&text) {
            let mut places: Vec<_> = places.iter().map(|place| place.index(body.len() + 1)).collect();
            places.extend([0, body.len()]);
            places.sort_unstable();
            let pieces = places.windows(2).map(|pair| &body[pair[0]..pair[1]]);
            prop_assert_eq!(decode(header, pieces), (text.clone(), Ok(())));
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), head in 0_usize..3) {
        let magic: &[u8] = [&b"\x1F\x8B\x08\0"[..], b"\x78\x9C", b""][head];
        for header in ["gzip", "deflate", "br", "br, gzip"] {
            let body = [magic, &bytes].concat();
            let whole = decode(header, [&body[..]]);
            let bytewise = decode(header, body.chunks(1));
            prop_assert_eq!(whole.1.is_ok(), bytewise.1.is_ok());
        }
    }
}
