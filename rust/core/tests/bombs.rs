//! Bodies of some megabytes that decode to gigabytes: cut early, with little memory, after each of their codings.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;
use std::time::{Duration, Instant};

use fastproxy_core::coding::{CHUNK, Decoder, MAX_RATIO, Progress, RATIO_FLOOR};
use fastproxy_core::error::{Error, Kind, Source};
use flate2::{Compress, Compression, FlushCompress};

/// Feed in pieces of a network read; how much came out before the end, and how it ended.
fn defuse(mut decoder: Decoder, bomb: &[u8]) -> (u64, Result<(), Error>) {
    let (mut made, mut out) = (0, Vec::new());
    let end = bomb.chunks(64 << 10).try_for_each(|piece| {
        let mut rest = piece;
        loop {
            out.clear();
            let progress = decoder.feed(&mut rest, &mut out);
            assert!(out.len() <= CHUNK && out.capacity() <= 2 * CHUNK);
            made += out.len() as u64;
            if progress? == Progress::Drained {
                return Ok(());
            }
        }
    });
    (made, end)
}

fn is_defused(header: &str, bomb: &[u8]) {
    let (made, end) = defuse(Decoder::for_header(header).unwrap(), bomb);
    let error = end.unwrap_err();
    assert_eq!(
        (error.kind, error.source),
        (Kind::Upstream, Source::Upstream),
        "{header}"
    );
    assert!(
        made < 2 * RATIO_FLOOR,
        "{header}: {made} bytes came out first"
    );
}

/// A megabyte of zeros, deflated so that it can stand after itself any number of times.
fn charge(header: &mut Vec<u8>, engine: &mut Compress) -> Vec<u8> {
    let zeros = vec![0; 1 << 20];
    engine
        .compress_vec(b"", header, FlushCompress::Full)
        .unwrap();
    let mut out = Vec::with_capacity(8 << 10);
    engine
        .compress_vec(&zeros, &mut out, FlushCompress::Full)
        .unwrap();
    assert!(out.len() < 2048);
    out
}

fn bomb(mut engine: Compress, megabytes: usize) -> Vec<u8> {
    let mut body = Vec::with_capacity(64);
    let charge = charge(&mut body, &mut engine);
    for _ in 0..megabytes {
        body.extend_from_slice(&charge);
    }
    body
}

fn gzip_engine() -> Compress {
    Compress::new_gzip(Compression::best(), 15)
}

#[test]
fn ten_megabytes_of_gzip_for_gigabytes() {
    let body = bomb(gzip_engine(), 10_200);
    assert!(body.len() > 10_000_000, "{}", body.len());
    is_defused("gzip", &body);
}

#[test]
fn the_charge_is_real() {
    let body = bomb(gzip_engine(), 6);
    let (made, end) = defuse(Decoder::for_header("gzip").unwrap(), &body);
    assert_eq!((made, end), (6 << 20, Ok(())));
}

#[test]
fn deflate() {
    is_defused(
        "deflate",
        &bomb(Compress::new(Compression::best(), true), 200),
    );
    is_defused(
        "deflate",
        &bomb(Compress::new(Compression::best(), false), 200),
    );
}

#[test]
fn brotli() {
    let mut body = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut body, 1 << 20, 2, 22);
    for _ in 0..20 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    drop(encoder);
    assert!(body.len() < 1000, "{}", body.len());
    is_defused("br", &body);
}

#[test]
fn gzip_in_gzip_is_cut_between_the_two() {
    let inner = bomb(gzip_engine(), 2_000);
    let mut outer = Vec::with_capacity(inner.len() + 64);
    gzip_engine()
        .compress_vec(&inner, &mut outer, FlushCompress::Finish)
        .unwrap();
    assert!(outer.len() < inner.len() / 50, "{}", outer.len());
    is_defused("gzip, gzip", &outer);
}

#[test]
fn many_small_members() {
    let zeros = vec![0; 100_000];
    let mut member = Vec::with_capacity(4096);
    gzip_engine()
        .compress_vec(&zeros, &mut member, FlushCompress::Finish)
        .unwrap();
    is_defused("gzip", &member.repeat(2_000));
}

#[test]
fn empty_members_cost_no_more_than_their_bytes() {
    let mut member = Vec::with_capacity(64);
    gzip_engine()
        .compress_vec(b"", &mut member, FlushCompress::Finish)
        .unwrap();
    let body = member.repeat(10_000);
    let start = Instant::now();
    assert_eq!(
        defuse(Decoder::for_header("gzip").unwrap(), &body),
        (0, Ok(()))
    );
    let spent = start.elapsed();
    assert!(
        spent < Duration::from_secs(5),
        "{} bytes took {spent:?}",
        body.len()
    );
}

#[test]
fn a_ratio_within_bounds_passes() {
    let mut text = Vec::new();
    while (text.len() as u64) < RATIO_FLOOR + RATIO_FLOOR / 2 {
        let id = text.len();
        let event = format!(
            "data: {{\"id\":\"chatcmpl-1\",\"choices\":[{{\"delta\":{{\"content\":\" {id}\"}}}}]}}\n\n"
        );
        text.extend_from_slice(event.as_bytes());
    }
    let mut body = Vec::with_capacity(text.len());
    gzip_engine()
        .compress_vec(&text, &mut body, FlushCompress::Finish)
        .unwrap();
    assert!(text.len() / body.len() > 10 && text.len() / body.len() < MAX_RATIO as usize / 2);
    let (made, end) = defuse(Decoder::for_header("gzip").unwrap(), &body);
    assert_eq!((made, end), (text.len() as u64, Ok(())));
}

#[test]
fn a_bound_of_ones_own() {
    let body = bomb(gzip_engine(), 2);
    let decoder = || Decoder::for_header("gzip").unwrap();
    assert!(defuse(decoder().with_max_output(2 << 20), &body).1.is_ok());
    let (_, end) = defuse(decoder().with_max_output((2 << 20) - 1), &body);
    assert_eq!(end.unwrap_err().kind, Kind::Upstream);
}
