//! Whole requests and single events through every pair of dialects, beside a plain scan of the same bytes.
//!
//! The samples of each dialect are made from one Chat sample by the codecs themselves, so a new dialect is measured
//! as soon as it is in the registry. Goals: a request of 18 KB decoded and encoded in less than 40 µs, a text event
//! in less than 0.5 µs.

#![allow(clippy::panic, reason = "a benchmark of a wrong answer means nothing")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use fastproxy_core::dialect::{
    ClientContext, DecodeContext, Dialect, EncodeContext, NameMap, RelayContext, Target,
};
use fastproxy_core::sse::DEFAULT_EVENT_LIMIT;
use fastproxy_core::transcode::{ClientRequest, Prepared, Routing, Setup, Transcoder};

use crate::workload;

const EVENTS: usize = 256;

pub(crate) fn run(c: &mut Criterion) {
    requests(c);
    streams(c);
}

fn parse(dialect: Dialect, body: &Bytes) -> ClientRequest {
    let cx = ClientContext {
        version: (dialect == Dialect::Anthropic).then(|| "2023-06-01".into()),
        ..ClientContext::default()
    };
    let parsed = ClientRequest::parse(dialect, body.clone(), cx, None);
    parsed.unwrap_or_else(|error| panic!("{}: {error}", dialect.name()))
}

fn prepare(request: &ClientRequest, dialect: Dialect) -> Prepared {
    let target = Target {
        model: "target-model".into(),
        origin: "bench".into(),
        version: Some("2023-06-01".into()),
        ..Target::default()
    };
    let prepared = request.prepare(dialect, &target, &Routing::default());
    prepared.unwrap_or_else(|error| panic!("to {}: {error}", dialect.name()))
}

/// What a request must still say after it was translated.
fn check_request(body: &[u8], original: &str) {
    let text = String::from_utf8_lossy(body);
    assert!(text.len() > original.len() * 2 / 3, "{}", text.len());
    for turn in 0..12 {
        assert!(text.contains(&format!("tool_{turn}")));
        assert!(text.contains(&format!("src/module_{turn}/lib.rs")));
    }
}

fn requests(c: &mut Criterion) {
    let chat = workload::request();
    let sample = |dialect| {
        let body = Bytes::from(chat.clone());
        if dialect == Dialect::OpenaiChat {
            return body;
        }
        prepare(&parse(Dialect::OpenaiChat, &body), dialect).body
    };
    let mut group = c.benchmark_group("translate_request");
    for &client in Dialect::ALL {
        let body = sample(client);
        group.throughput(Throughput::Bytes(body.len() as u64));
        scan(&mut group, client, &body);
        for &target in Dialect::ALL {
            check_request(&prepare(&parse(client, &body), target).body, &chat);
            group.bench_function(format!("{}/{}", client.name(), target.name()), |b| {
                b.iter(|| prepare(&parse(client, black_box(&body)), target));
            });
        }
    }
    group.finish();
}

/// What reading the bytes once costs: each quote and each escape looked at, nothing made of it.
fn scan(group: &mut BenchmarkGroup<'_, WallTime>, client: Dialect, body: &Bytes) {
    group.bench_function(format!("{}/plain_scan", client.name()), |b| {
        b.iter(|| memchr::memchr2_iter(b'"', b'\\', black_box(body)).count());
    });
}

fn setup(upstream: Dialect, client: Dialect) -> Setup {
    Setup {
        client,
        upstream,
        stream: true,
        is_raw: client == upstream,
        decode: DecodeContext {
            origin: "bench".into(),
            id_seed: "bench".into(),
        },
        encode: EncodeContext {
            model: "client-model".into(),
            request_id: "req_bench".into(),
            created: 1_763_640_000,
            stream_usage: true,
            ..EncodeContext::default()
        },
        relay: RelayContext {
            model: "client-model".into(),
            hide_usage: false,
        },
        names: NameMap::default(),
        ledger: None,
        archive: None,
        event_limit: DEFAULT_EVENT_LIMIT,
    }
}

fn transcode(upstream: Dialect, client: Dialect, stream: &[u8], out: &mut Vec<u8>) {
    let mut transcoder = Transcoder::new(setup(upstream, client));
    for piece in stream.chunks(4096) {
        let fed = transcoder.feed(piece, out);
        assert!(fed.is_ok(), "{fed:?}");
    }
    let ended = transcoder.finish(out);
    assert!(ended.is_ok(), "{ended:?}");
}

fn streams(c: &mut Criterion) {
    let chat = workload::answer(EVENTS);
    let mut out = Vec::new();
    let mut group = c.benchmark_group("translate_events");
    group.throughput(Throughput::Elements(EVENTS as u64));
    for &upstream in Dialect::ALL {
        let mut stream = chat.clone();
        if upstream != Dialect::OpenaiChat {
            stream.clear();
            transcode(Dialect::OpenaiChat, upstream, &chat, &mut stream);
        }
        for &client in Dialect::ALL {
            out.clear();
            transcode(upstream, client, &stream, &mut out);
            let said = String::from_utf8_lossy(&out).matches(" really\"").count();
            assert!(said >= EVENTS, "{said} pieces of text");
            group.bench_function(format!("{}/{}", upstream.name(), client.name()), |b| {
                b.iter(|| {
                    out.clear();
                    transcode(upstream, client, black_box(&stream), &mut out);
                    out.len()
                });
            });
        }
    }
    group.finish();
}
