//! What the tests share: fixtures, requests and answers through the codec and through the pipeline.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use fastproxy_core::dialect::openai_responses::Responses;
use fastproxy_core::dialect::{
    ClientContext, Codec, DecodeContext, Dialect, EncodeContext, NameMap, RelayContext, Target,
};
use fastproxy_core::envelope::Envelope;
use fastproxy_core::error::Error;
use fastproxy_core::ir::{Answer, Collector, Content, Request, Role, Turn};
use fastproxy_core::json::{Doc, Tape};
use fastproxy_core::loss::LossReport;
use fastproxy_core::sse::{DEFAULT_EVENT_LIMIT, SseFramer};
use fastproxy_core::transcode::{ClientRequest, Prepared, Routing, Setup, Transcoder};
use serde_json::Value;

pub(crate) const ORIGIN: &str = "vendor-a";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

pub(crate) fn fixture(kind: &str, name: &str) -> Vec<u8> {
    let path = fixtures().join("openai_responses").join(kind).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file of a kind of this dialect: name and content.
pub(crate) fn all(dialect: Dialect, kind: &str) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(fixtures().join(dialect.name()).join(kind)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    };
    files.into_iter().map(named).collect()
}

pub(crate) fn doc(value: &Value) -> Doc {
    Doc::parse(Bytes::from(value.to_string())).unwrap()
}

pub(crate) fn target() -> Target {
    Target {
        model: "up-model".into(),
        origin: ORIGIN.into(),
        ..Target::default()
    }
}

pub(crate) fn encode_cx() -> EncodeContext {
    EncodeContext {
        model: "asked-model".into(),
        request_id: "req_77".into(),
        created: 1_700_000_000,
        stream_usage: true,
        ..EncodeContext::default()
    }
}

/// Codes and paths of a report.
pub(crate) fn losses(report: &LossReport) -> Vec<(&'static str, String)> {
    let entries = report.entries().iter();
    entries
        .map(|loss| (loss.code.name(), loss.path.clone()))
        .collect()
}

/// Read a request and look at it.
pub(crate) fn read<T>(body: &Value, look: impl FnOnce(&Request<'_>) -> T) -> T {
    let doc = doc(body);
    let cx = ClientContext::default();
    let request = Responses.decode_request(doc.root(), &cx);
    look(&request.unwrap_or_else(|error| panic!("{error}: {body}")))
}

/// Why a request is refused.
pub(crate) fn refused(body: &Value) -> Error {
    let doc = doc(body);
    let cx = ClientContext::default();
    let request = Responses.decode_request(doc.root(), &cx);
    request.map(|_| ()).expect_err(&body.to_string())
}

/// Write a request for an upstream of this dialect.
pub(crate) fn written(request: &Request<'_>, target: &Target) -> (Value, LossReport, NameMap) {
    let mut loss = LossReport::new();
    let encoded = Responses.encode_request(request, target, &mut loss);
    let encoded = encoded.unwrap_or_else(|error| panic!("{error}"));
    let body = serde_json::from_slice(&encoded.body).unwrap();
    (body, loss, encoded.names)
}

pub(crate) fn client(dialect: Dialect, body: &Value) -> ClientRequest {
    let cx = ClientContext::default();
    ClientRequest::parse(dialect, body.to_string().into(), cx, None).unwrap()
}

/// A request on its way to an upstream.
pub(crate) fn prepared(request: &ClientRequest, upstream: Dialect, origin: &str) -> Prepared {
    let target = Target {
        origin: origin.into(),
        ..target()
    };
    let prepared = request.prepare(upstream, &target, &Routing::default());
    prepared.unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn sent(prepared: &Prepared) -> Value {
    serde_json::from_slice(&prepared.body).unwrap()
}

/// How an answer of this upstream gets to its client.
pub(crate) fn setup(upstream: Dialect, client: Dialect, stream: bool) -> Setup {
    Setup {
        client,
        upstream,
        stream,
        is_raw: client == upstream,
        decode: DecodeContext {
            origin: ORIGIN.into(),
            id_seed: "seed".into(),
        },
        encode: encode_cx(),
        relay: RelayContext {
            model: "asked-model".into(),
            hide_usage: false,
            ..RelayContext::default()
        },
        names: NameMap::default(),
        ledger: None,
        archive: None,
        event_limit: DEFAULT_EVENT_LIMIT,
    }
}

/// The client's bytes; with the error event for an answer that fails after it began, none for one that fails before.
pub(crate) fn run(setup: Setup, body: &[u8]) -> (String, Result<(), Error>) {
    let is_stream = setup.stream;
    let mut transcoder = Transcoder::new(setup);
    let mut out = Vec::new();
    let fed = transcoder.feed(body, &mut out);
    let end = fed.and_then(|()| transcoder.finish(&mut out));
    match &end {
        Err(error) if is_stream && transcoder.has_content() => transcoder.abort(error, &mut out),
        // Nothing was sent yet: the error becomes a status.
        Err(_) => out.clear(),
        Ok(()) => {}
    }
    (String::from_utf8(out).unwrap(), end)
}

/// What an upstream's stream of this dialect says.
pub(crate) fn heard(stream: &[u8]) -> Result<Answer, Error> {
    let cx = DecodeContext {
        origin: ORIGIN.into(),
        id_seed: "seed".into(),
    };
    let mut decoder = Responses.stream_decoder(&cx);
    let mut framer = SseFramer::new(DEFAULT_EVENT_LIMIT);
    let mut collector = Collector::default();
    framer.feed(stream, &mut |frame| {
        if let Some(data) = frame.data {
            decoder.event(frame.name, data, &mut collector)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    decoder.finish(&mut collector)?;
    Ok(collector.answer)
}

/// What an upstream's whole answer of this dialect says.
pub(crate) fn heard_whole(body: &[u8]) -> Result<Answer, Error> {
    let mut tape = Tape::new();
    let root = tape.parse(std::str::from_utf8(body).unwrap()).unwrap();
    let cx = DecodeContext {
        origin: ORIGIN.into(),
        id_seed: "seed".into(),
    };
    let mut collector = Collector::default();
    Responses.decode_response(root, &cx, &mut collector)?;
    Ok(collector.answer)
}

/// A whole answer for a client.
pub(crate) fn told(answer: &Answer, cx: &EncodeContext) -> (Value, LossReport) {
    let (mut body, mut loss) = (Vec::new(), LossReport::new());
    Responses.encode_response(answer, cx, &mut loss, &mut body);
    (serde_json::from_slice(&body).unwrap(), loss)
}

pub(crate) fn sealing_cx(key: &[u8]) -> ClientContext {
    ClientContext {
        envelope: Arc::new(Envelope::new(key)),
        ..ClientContext::default()
    }
}

pub(crate) fn turn(role: Role, content: Content<'static>) -> Turn<'static> {
    Turn {
        role,
        name: None,
        parts: vec![content.into()],
        pointer: "/messages/0".into(),
    }
}

pub(crate) fn asked(turns: Vec<Turn<'static>>) -> Request<'static> {
    Request {
        model: "m".into(),
        turns,
        ..Request::default()
    }
}
