//! Framing a stream as the network delivers it, and writing one.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::{Criterion, Throughput};
use fastproxy_core::coding::{Decoder, Progress};
use fastproxy_core::sse::{SseFramer, write_event};
use flate2::{Compress, Compression, FlushCompress};

use crate::workload;

pub(crate) fn run(c: &mut Criterion) {
    framing(c);
    writing(c);
    coding(c);
}

/// Frames with data in a stream fed in pieces of this size, and the bytes of that data.
fn frame(stream: &[u8], size: usize) -> (usize, usize) {
    let mut framer = SseFramer::default();
    let (mut frames, mut bytes) = (0, 0);
    for piece in stream.chunks(size) {
        let fed = framer.feed(piece, &mut |frame| {
            if let Some(data) = frame.data {
                frames += 1;
                bytes += data.len();
            }
            Ok(ControlFlow::Continue(()))
        });
        assert!(fed.is_ok());
    }
    (frames, bytes)
}

fn framing(c: &mut Criterion) {
    let stream = workload::stream(1000);
    let mut group = c.benchmark_group("framer");
    group.throughput(Throughput::Bytes(stream.len() as u64));
    for (name, size) in [
        ("64K", 64 << 10),
        ("16K", 16 << 10),
        ("mss", 1448),
        ("event", 294),
        ("odd", 100),
    ] {
        assert_eq!(frame(&stream, size), (1001, 286_000 + 6));
        group.bench_function(name, |b| b.iter(|| frame(black_box(&stream), size)));
    }
    let large = [b"data: ", &*vec![b'x'; 16 << 20], b"\n\n"].concat();
    assert_eq!(frame(&large, 16 << 10), (1, 16 << 20));
    group.sample_size(10);
    group.throughput(Throughput::Bytes(large.len() as u64));
    group.bench_function("one_event_of_16M", |b| {
        b.iter(|| frame(black_box(&large), 16 << 10));
    });
    group.finish();
}

fn writing(c: &mut Criterion) {
    let chunk = workload::chunk();
    let mut out = Vec::new();
    write_event(&mut out, None, |out| {
        out.extend_from_slice(chunk.as_bytes());
    });
    assert_eq!(frame(&out, out.len()), (1, 286));

    let mut group = c.benchmark_group("writer");
    group.throughput(Throughput::Bytes(out.len() as u64));
    group.bench_function("event", |b| {
        b.iter(|| {
            out.clear();
            write_event(&mut out, None, |out| {
                out.extend_from_slice(black_box(&chunk).as_bytes());
            });
            out.len()
        });
    });
    group.finish();
}

/// Bytes that come out of one body.
fn decode(body: &[u8], size: usize, out: &mut Vec<u8>) -> usize {
    let mut decoder = Decoder::for_header("gzip").ok();
    let mut made = 0;
    for mut piece in body.chunks(size) {
        loop {
            out.clear();
            let progress = decoder
                .as_mut()
                .map(|decoder| decoder.feed(&mut piece, out));
            made += out.len();
            if !matches!(progress, Some(Ok(Progress::More))) {
                break;
            }
        }
    }
    made
}

/// A gzip stream that is flushed after each event.
fn coding(c: &mut Criterion) {
    let stream = workload::stream(1000);
    let mut engine = Compress::new_gzip(Compression::default(), 15);
    let mut body = Vec::with_capacity(stream.len());
    for event in stream.chunks(294) {
        assert!(
            engine
                .compress_vec(event, &mut body, FlushCompress::Sync)
                .is_ok()
        );
    }
    let mut out = Vec::new();
    assert_eq!(decode(&body, 16 << 10, &mut out), stream.len());

    let mut group = c.benchmark_group("gzip");
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("16K", |b| {
        b.iter(|| decode(black_box(&body), 16 << 10, &mut out));
    });
    group.bench_function("event", |b| {
        b.iter(|| decode(black_box(&body), 24, &mut out));
    });
    group.finish();
}
