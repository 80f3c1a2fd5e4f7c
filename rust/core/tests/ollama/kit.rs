//! What the tests share: fixtures, requests and answers through the codec and through the pipeline.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use bytes::Bytes;
use fastproxy_core::dialect::ollama::Ollama;
use fastproxy_core::dialect::{
    ClientContext, Codec, DecodeContext, Dialect, EncodeContext, NameMap, RelayContext, Target,
};
use fastproxy_core::error::Error;
use fastproxy_core::ir::{Answer, Collector, Request};
use fastproxy_core::json::{Doc, Tape};
use fastproxy_core::loss::LossReport;
use fastproxy_core::ndjson::LineFramer;
use fastproxy_core::sse::DEFAULT_EVENT_LIMIT;
use fastproxy_core::transcode::{ClientRequest, Prepared, Routing, Setup, Transcoder};
use serde_json::{Value, json};

pub(crate) const ORIGIN: &str = "ollama-a";

pub(crate) fn fixture(kind: &str, name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/ollama");
    let path = root.join(kind).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn fixture_json(kind: &str, name: &str) -> Value {
    serde_json::from_slice(&fixture(kind, name)).unwrap()
}

pub(crate) fn doc(value: &Value) -> Doc {
    Doc::parse(Bytes::from(value.to_string())).unwrap()
}

/// A chat of one user message with these other fields.
pub(crate) fn chat(more: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

pub(crate) fn operation(name: &str) -> ClientContext {
    ClientContext {
        operation: Some(name.into()),
        ..ClientContext::default()
    }
}

/// Read a request and look at it.
pub(crate) fn read<T>(body: &Value, look: impl FnOnce(&Request<'_>) -> T) -> T {
    let doc = doc(body);
    let request = Ollama.decode_request(doc.root(), &ClientContext::default());
    look(&request.unwrap_or_else(|error| panic!("{error}: {body}")))
}

/// Where and why a request is refused.
pub(crate) fn refused(body: &Value) -> (String, String) {
    let doc = doc(body);
    let request = Ollama.decode_request(doc.root(), &ClientContext::default());
    let error = request.map(|_| ()).expect_err(&body.to_string());
    assert_eq!(error.kind.status(), 400);
    (error.pointer.unwrap_or_default(), error.message)
}

pub(crate) fn client(dialect: Dialect, body: &Value, cx: ClientContext) -> ClientRequest {
    ClientRequest::parse(dialect, body.to_string().into(), cx, None).unwrap()
}

pub(crate) fn target() -> Target {
    Target {
        model: "up-model".into(),
        origin: ORIGIN.into(),
        ..Target::default()
    }
}

/// A client's request of another dialect, prepared for an Ollama.
pub(crate) fn prepared(dialect: Dialect, body: &Value, target: &Target) -> Result<Prepared, Error> {
    let request = client(dialect, body, ClientContext::default());
    request.prepare(Dialect::Ollama, target, &Routing::default())
}

/// The body that an Ollama is sent for a client's request, and the codes and paths of what was lost.
pub(crate) fn sent(dialect: Dialect, body: &Value) -> (Value, Vec<(&'static str, String)>) {
    sent_to(dialect, body, &target())
}

pub(crate) fn sent_to(
    dialect: Dialect,
    body: &Value,
    target: &Target,
) -> (Value, Vec<(&'static str, String)>) {
    let prepared =
        prepared(dialect, body, target).unwrap_or_else(|error| panic!("{error}: {body}"));
    (
        serde_json::from_slice(&prepared.body).unwrap(),
        losses(&prepared.loss),
    )
}

/// Codes and paths of a report.
pub(crate) fn losses(report: &LossReport) -> Vec<(&'static str, String)> {
    let entries = report.entries().iter();
    entries
        .map(|loss| (loss.code.name(), loss.path.clone()))
        .collect()
}

pub(crate) fn decode_cx() -> DecodeContext {
    DecodeContext {
        origin: ORIGIN.into(),
        id_seed: "seed".into(),
    }
}

/// What a stream of lines says.
pub(crate) fn heard(stream: &[u8]) -> Result<Answer, Error> {
    let mut decoder = Ollama.stream_decoder(&decode_cx());
    let mut framer = LineFramer::new(DEFAULT_EVENT_LIMIT);
    let mut collector = Collector::default();
    let mut on = |frame: fastproxy_core::sse::Frame<'_>| {
        if let Some(data) = frame.data {
            decoder.event(frame.name, data, &mut collector)?;
        }
        Ok(ControlFlow::Continue(()))
    };
    framer.feed(stream, &mut on)?;
    framer.finish(&mut on)?;
    decoder.finish(&mut collector)?;
    Ok(collector.answer)
}

/// What a whole answer says.
pub(crate) fn heard_whole(body: &[u8]) -> Result<Answer, Error> {
    let mut tape = Tape::new();
    let root = tape.parse(std::str::from_utf8(body).unwrap()).unwrap();
    let mut collector = Collector::default();
    Ollama.decode_response(root, &decode_cx(), &mut collector)?;
    Ok(collector.answer)
}

pub(crate) fn encode_cx(operation: &str) -> EncodeContext {
    EncodeContext {
        model: "asked-model".into(),
        request_id: "req_77".into(),
        created: 1_700_000_000,
        stream_usage: true,
        echo: Some(operation.into()),
        ..EncodeContext::default()
    }
}

/// How an answer of this upstream gets to its client.
pub(crate) fn setup(upstream: Dialect, client: Dialect, stream: bool, operation: &str) -> Setup {
    Setup {
        client,
        upstream,
        stream,
        is_raw: client == upstream,
        decode: decode_cx(),
        encode: EncodeContext {
            echo: (client == Dialect::Ollama).then(|| operation.into()),
            ..encode_cx(operation)
        },
        relay: RelayContext {
            model: "asked-model".into(),
            hide_usage: false,
            json_array: false,
        },
        names: NameMap::default(),
        ledger: None,
        archive: None,
        event_limit: DEFAULT_EVENT_LIMIT,
    }
}

/// The client's bytes, with the error line for an answer that fails after it began, and how it ended.
pub(crate) fn run(setup: Setup, body: &[u8]) -> (String, Result<(), Error>, Transcoder) {
    let mut transcoder = Transcoder::new(setup);
    let mut out = Vec::new();
    let fed = transcoder.feed(body, &mut out);
    let end = fed.and_then(|()| transcoder.finish(&mut out));
    if let Err(error) = &end
        && transcoder.is_stream()
        && transcoder.has_content()
    {
        transcoder.abort(error, &mut out);
    }
    (String::from_utf8(out).unwrap(), end, transcoder)
}

/// The lines of a client's stream.
pub(crate) fn lines(stream: &str) -> Vec<Value> {
    assert!(stream.is_empty() || stream.ends_with('\n'), "{stream}");
    stream
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
