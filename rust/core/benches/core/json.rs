//! Reading and writing JSON, beside serde_json.

use std::borrow::Cow;
use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use fastproxy_core::json::{Doc, Node, Tape, write};
use serde::Deserialize;
use serde_json::Value;

use crate::workload;

pub(crate) fn run(c: &mut Criterion) {
    request(c);
    chunk(c);
    writing(c);
}

/// A client's request: strictly, once, kept.
fn request(c: &mut Criterion) {
    let text = workload::request();
    let bytes = Bytes::from(text.clone());
    let doc = Doc::parse(bytes.clone()).ok();
    let root = doc.as_ref().map(Doc::root);
    let count = |key| {
        root.and_then(|root| root.get(key))
            .map(|list| list.items().count())
    };
    assert_eq!((count("messages"), count("tools")), (Some(37), Some(12)));
    assert!((17_000..19_500).contains(&text.len()), "{}", text.len());

    let mut group = c.benchmark_group("request");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("doc", |b| {
        b.iter(|| Doc::parse(black_box(bytes.clone())).is_ok());
    });
    let mut tape = Tape::new();
    group.bench_function("tape", |b| b.iter(|| tape.parse(black_box(&text)).is_ok()));
    group.bench_function("tape_strict", |b| {
        b.iter(|| tape.parse_strict(black_box(&text)).is_ok());
    });
    group.bench_function("serde_json_value", |b| {
        b.iter(|| serde_json::from_str::<Value>(black_box(&text)).is_ok());
    });
    group.bench_function("serde_json_skip", |b| {
        b.iter(|| serde_json::from_str::<serde::de::IgnoredAny>(black_box(&text)).is_ok());
    });
    group.finish();
}

/// What a decoder asks of a chunk.
fn delta_text(root: Node<'_>) -> Option<Cow<'_, str>> {
    let choice = root.get("choices")?.items().next()?;
    black_box(choice.get("finish_reason"));
    black_box(root.get("usage"));
    choice.get("delta")?.text("content")
}

#[derive(Deserialize)]
struct Chunk<'t> {
    #[serde(borrow)]
    choices: Vec<Choice<'t>>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Choice<'t> {
    #[serde(borrow)]
    delta: Delta<'t>,
    finish_reason: Option<&'t str>,
}

#[derive(Deserialize)]
struct Delta<'t> {
    #[serde(borrow)]
    content: Option<Cow<'t, str>>,
}

/// One event of an upstream: parsed and its text found.
fn chunk(c: &mut Criterion) {
    let text = workload::chunk();
    assert_eq!(text.len(), 286);
    let mut tape = Tape::new();
    assert_eq!(
        tape.parse(&text).ok().and_then(delta_text).as_deref(),
        Some(" really")
    );
    let typed = serde_json::from_str::<Chunk<'_>>(&text).ok();
    let typed = typed.map(|chunk| {
        (
            chunk.choices[0].delta.content.clone(),
            chunk.usage,
            chunk.choices[0].finish_reason,
        )
    });
    assert_eq!(typed, Some((Some(" really".into()), None, None)));

    let mut group = c.benchmark_group("chunk");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("tape", |b| {
        b.iter(|| {
            tape.parse(black_box(&text))
                .ok()
                .and_then(delta_text)
                .map(|text| text.len())
        });
    });
    group.bench_function("serde_json_typed", |b| {
        b.iter(|| {
            serde_json::from_str::<Chunk<'_>>(black_box(&text))
                .ok()
                .map(|chunk| chunk.choices.len())
        });
    });
    group.bench_function("serde_json_value", |b| {
        b.iter(|| {
            serde_json::from_str::<Value>(black_box(&text))
                .ok()
                .map(|value| value["choices"].is_array())
        });
    });
    group.finish();
}

/// Strings with what has to be escaped in them, and one whole chunk.
fn writing(c: &mut Criterion) {
    let mut group = c.benchmark_group("write");
    let texts = [
        ("token", " really".to_owned()),
        ("prose", workload::prose(0, 3000)),
        ("code", workload::code(0, 300)),
        ("chinese", "流式传输的每个事件都不应该等待。".repeat(340)),
        (
            "typographic",
            "He said: “It’s a rather long sentence – of ordinary words…” ".repeat(240),
        ),
    ];
    for (name, text) in &texts {
        let mut out = Vec::with_capacity(2 * text.len() + 2);
        write::string(&mut out, text);
        assert_eq!(
            serde_json::from_slice::<String>(&out).ok().as_ref(),
            Some(text)
        );
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("string_{name}"), |b| {
            b.iter(|| {
                out.clear();
                write::string(&mut out, black_box(text));
                out.len()
            });
        });
        group.bench_function(format!("serde_json_{name}"), |b| {
            b.iter(|| {
                out.clear();
                serde_json::to_writer(&mut out, black_box(text)).is_ok()
            });
        });
    }
    group.finish();
}
