//! The golden matrix: every fixture through every other dialect.
//!
//! `tests/fixtures/<dialect>/{request,response,stream,error}/NAME.*` are inputs in that dialect;
//! `tests/golden/<dialect>/<kind>/NAME/<target>.*` what each other dialect makes of them, with the losses. Python runs
//! the same files through `fastproxy._core` (tests/unit/test_golden.py). `UPDATE_EXPECT=1 cargo test --test golden`
//! rewrites the golden files; every change to them is reviewed as what it is, a change of behaviour.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use expect_test::expect_file;
use fastproxy_core::dialect::{
    ClientContext, DecodeContext, Dialect, EncodeContext, NameMap, RelayContext, Target, codec,
};
use fastproxy_core::error::Error;
use fastproxy_core::framing::Framing;
use fastproxy_core::loss::Loss;
use fastproxy_core::sse::DEFAULT_EVENT_LIMIT;
use fastproxy_core::transcode::{ClientRequest, Routing, Setup, Transcoder};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// Every fixture of a kind: (dialect, name, content). Fails when there are none: a gate must not pass on nothing.
fn fixtures(kind: &str) -> Vec<(Dialect, String, Vec<u8>)> {
    let mut found = Vec::new();
    for &dialect in Dialect::ALL {
        let folder = root().join("fixtures").join(dialect.name()).join(kind);
        let entries =
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            found.push((dialect, name, fs::read(&file).unwrap()));
        }
    }
    assert!(!found.is_empty(), "no {kind} fixtures");
    found
}

fn check(from: Dialect, kind: &str, name: &str, to: Dialect, extension: &str, actual: &str) {
    let path = root()
        .join("golden")
        .join(from.name())
        .join(kind)
        .join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(&path).unwrap();
    }
    expect_file![path.join(format!("{}.{extension}", to.name()))].assert_eq(actual);
}

/// The extension of a dialect's streams.
fn extension(of: Dialect) -> &'static str {
    match codec(of).framing() {
        Framing::Events => "sse",
        Framing::Lines => "ndjson",
    }
}

fn others(of: Dialect) -> impl Iterator<Item = Dialect> {
    Dialect::ALL
        .iter()
        .copied()
        .filter(move |dialect| *dialect != of)
}

/// What a dialect says in its path.
fn outside(dialect: Dialect) -> Option<(String, bool)> {
    (dialect == Dialect::Gemini).then(|| ("client-model".into(), false))
}

fn pretty(json: &[u8]) -> String {
    let value: Value = serde_json::from_slice(json)
        .unwrap_or_else(|error| panic!("not JSON: {error}: {}", String::from_utf8_lossy(json)));
    serde_json::to_string_pretty(&value).unwrap()
}

fn with_losses(mut text: String, losses: &[Loss]) -> String {
    for loss in losses {
        let _ = write!(
            text,
            "\n// {} {}: {}",
            loss.code.name(),
            loss.path,
            loss.detail
        );
    }
    text.push('\n');
    text
}

fn failed(error: &Error) -> String {
    format!("// {}: {error}\n", error.kind.name())
}

fn setup(upstream: Dialect, client: Dialect, stream: bool) -> Setup {
    Setup {
        client,
        upstream,
        stream,
        is_raw: client == upstream,
        decode: DecodeContext {
            origin: "test".into(),
            id_seed: "test".into(),
        },
        encode: EncodeContext {
            model: "client-model".into(),
            request_id: "req_test".into(),
            created: 1_700_000_000,
            stream_usage: true,
            ..EncodeContext::default()
        },
        relay: RelayContext {
            model: "client-model".into(),
            hide_usage: false,
            ..RelayContext::default()
        },
        names: NameMap::default(),
        ledger: None,
        archive: None,
        event_limit: DEFAULT_EVENT_LIMIT,
    }
}

/// Client bytes (and the error event, for a stream that fails), fed in these pieces.
fn run<'b>(setup: Setup, pieces: impl Iterator<Item = &'b [u8]>) -> (String, Vec<Loss>) {
    let stream = setup.stream;
    let mut transcoder = Transcoder::new(setup);
    let mut out = Vec::new();
    let mut pieces = pieces;
    let result = pieces
        .try_for_each(|bytes| transcoder.feed(bytes, &mut out))
        .and_then(|()| transcoder.finish(&mut out));
    if let Err(error) = result {
        if stream && transcoder.has_content() {
            transcoder.abort(&error, &mut out);
        } else {
            out = failed(&error).into_bytes();
        }
    }
    let losses = transcoder.report().losses;
    (
        String::from_utf8(out).expect("client bytes are UTF-8"),
        losses,
    )
}

#[test]
fn requests() {
    let target = Target {
        model: "upstream-model".into(),
        origin: "test".into(),
        ..Target::default()
    };
    for (from, name, body) in fixtures("request") {
        for to in others(from) {
            let body = Bytes::from(body.clone());
            let text = ClientRequest::parse(from, body, ClientContext::default(), outside(from))
                .and_then(|request| request.prepare(to, &target, &Routing::default()))
                .map_or_else(
                    |error| failed(&error),
                    |prepared| with_losses(pretty(&prepared.body), prepared.loss.entries()),
                );
            check(from, "request", &name, to, "json", &text);
        }
    }
}

#[test]
fn responses() {
    for (from, name, body) in fixtures("response") {
        for to in others(from) {
            let (text, losses) = run(setup(from, to, false), std::iter::once(body.as_slice()));
            let is_error = text.starts_with("//");
            let text = if is_error {
                text
            } else {
                with_losses(pretty(text.as_bytes()), &losses)
            };
            check(from, "response", &name, to, "json", &text);
        }
    }
}

#[test]
fn streams() {
    for (from, name, body) in fixtures("stream") {
        for to in others(from) {
            let (text, losses) = run(setup(from, to, true), std::iter::once(body.as_slice()));
            check(
                from,
                "stream",
                &name,
                to,
                extension(to),
                &with_losses(text, &losses),
            );
        }
    }
}

#[test]
fn errors() {
    for (from, name, body) in fixtures("error") {
        let value: Value = serde_json::from_slice(&body).unwrap();
        let status = value["status"]
            .as_u64()
            .and_then(|status| status.try_into().ok());
        let status: u16 = status.expect("an error fixture has a status");
        let body = value["body"]
            .as_str()
            .map_or_else(|| value["body"].to_string(), Into::into);
        for &to in Dialect::ALL {
            let error = codec(from).decode_error(status, body.as_bytes());
            let (status, body) = codec(to).encode_error(&error, "req_test");
            let text = format!("// {status}\n{}\n", pretty(&body));
            check(from, "error", &name, to, "json", &text);
        }
    }
}

/// What a stream becomes does not depend on how the network cut it.
#[test]
fn every_split_of_every_stream_gives_the_same_bytes() {
    for (from, name, body) in fixtures("stream") {
        for &to in Dialect::ALL {
            let whole = run(setup(from, to, true), std::iter::once(body.as_slice()));
            for piece in [1, 2, 3, 7, 64] {
                let split = run(setup(from, to, true), body.chunks(piece));
                assert_eq!(split, whole, "{name} to {} by {piece}", to.name());
            }
            for cut in 1..body.len().min(6_000) {
                let (head, tail) = body.split_at(cut);
                let split = run(setup(from, to, true), [head, tail].into_iter());
                assert_eq!(split, whole, "{name} to {} cut at {cut}", to.name());
            }
        }
    }
}

/// The raw lane relays every valid stream byte for byte. What it may add is a missing end, what it may leave out is
/// what follows the terminator; fixtures named `repaired…` break a rule that it mends.
#[test]
fn equal_dialects_relay_byte_for_byte() {
    const ENDS: [&str; 4] = ["\n", "\n\n", "data: [DONE]\n\n", "\ndata: [DONE]\n\n"];
    for (dialect, name, body) in fixtures("stream") {
        let mut setup = setup(dialect, dialect, true);
        setup.relay.model = served_model(&body);
        let mut lane = Transcoder::new(setup);
        let mut out = Vec::new();
        let result = lane
            .feed(&body, &mut out)
            .and_then(|()| lane.finish(&mut out));
        if result.is_err() || name.contains("repaired") {
            continue;
        }
        let (out, body) = (
            String::from_utf8(out).unwrap(),
            String::from_utf8(body).unwrap(),
        );
        // The one exception: Ollama's Python reader splits lines at these, though they stand inside of strings.
        let body = match dialect {
            Dialect::Ollama => body
                .replace('\u{2028}', "\\u2028")
                .replace('\u{85}', "\\u0085"),
            _ => body,
        };
        let is_ended = out
            .strip_prefix(&body)
            .is_some_and(|end| ENDS.contains(&end));
        let is_cut_after_its_end = body.starts_with(&out) && out.contains("[DONE]");
        if !is_ended && !is_cut_after_its_end {
            assert_eq!(out, body, "{name}");
        }
    }
}

/// The model an upstream stream names: asked for by the same name, nothing has to be edited.
fn served_model(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let found = [
        "\"model\":\"",
        "\"modelVersion\":\"",
        "\"modelVersion\": \"",
    ]
    .into_iter()
    .find_map(|key| Some(text.rfind(key)? + key.len()));
    let Some(at) = found else {
        return String::new();
    };
    text[at..].chars().take_while(|c| *c != '"').collect()
}
