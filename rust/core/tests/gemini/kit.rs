//! What the tests share.

use std::fmt::Write as _;

use bytes::Bytes;
use fastproxy_core::dialect::gemini::Gemini;
use fastproxy_core::dialect::{
    ClientContext, Codec, DecodeContext, Dialect, EncodeContext, NameMap, RelayContext, Target,
};
use fastproxy_core::error::Error;
use fastproxy_core::ir::{Answer, Collector, Request};
use fastproxy_core::json::{Doc, Tape};
use fastproxy_core::loss::LossReport;
use fastproxy_core::sse::DEFAULT_EVENT_LIMIT;
use fastproxy_core::transcode::{ClientRequest, Prepared, Routing, Setup, Transcoder};
use serde_json::{Value, json};

pub(crate) const ORIGIN: &str = "google.test";

pub(crate) fn doc(value: &Value) -> Doc {
    Doc::parse(Bytes::from(value.to_string())).unwrap()
}

/// A request with these contents.
pub(crate) fn asking(contents: impl Into<Value>) -> Value {
    json!({ "contents": contents.into() })
}

pub(crate) fn decode<T>(body: &Value, check: impl FnOnce(Request<'_>) -> T) -> T {
    let doc = doc(body);
    check(
        Gemini
            .decode_request(doc.root(), &ClientContext::default())
            .unwrap(),
    )
}

/// Why a request is refused.
pub(crate) fn refusal(body: &Value) -> Error {
    let doc = doc(body);
    let read = Gemini.decode_request(doc.root(), &ClientContext::default());
    read.err().unwrap_or_else(|| panic!("{body} is accepted"))
}

pub(crate) fn target(model: &str) -> Target {
    Target {
        model: model.into(),
        origin: ORIGIN.into(),
        ..Target::default()
    }
}

/// A client's request as an upstream is sent it.
pub(crate) fn prepared(
    from: Dialect,
    to: Dialect,
    model: &str,
    body: &Value,
) -> Result<Prepared, Error> {
    let outside = (from == Dialect::Gemini).then(|| ("asked-model".to_owned(), false));
    let bytes = Bytes::from(body.to_string());
    ClientRequest::parse(from, bytes, ClientContext::default(), outside)?.prepare(
        to,
        &target(model),
        &Routing::default(),
    )
}

/// A Chat request as Gemini is sent it, and the codes of what it lost.
pub(crate) fn from_chat(model: &str, body: &Value) -> (Value, Vec<String>) {
    let mut body = body.clone();
    body["model"] = json!("asked-model");
    let prepared = prepared(Dialect::OpenaiChat, Dialect::Gemini, model, &body).unwrap();
    let entries = prepared.loss.entries().iter();
    let losses = entries
        .map(|loss| format!("{} {}", loss.code.name(), loss.path))
        .collect();
    (serde_json::from_slice(&prepared.body).unwrap(), losses)
}

/// A whole answer of an upstream.
pub(crate) fn answer(body: &Value) -> Result<Answer, Error> {
    let text = body.to_string();
    let mut tape = Tape::new();
    let mut collector = Collector::default();
    let cx = DecodeContext {
        origin: ORIGIN.into(),
        id_seed: "seed".into(),
    };
    Gemini.decode_response(tape.parse(&text).unwrap(), &cx, &mut collector)?;
    Ok(collector.answer)
}

/// A stream of an upstream.
pub(crate) fn streamed(chunks: &[Value]) -> Result<Answer, Error> {
    let mut collector = Collector::default();
    let cx = DecodeContext {
        origin: ORIGIN.into(),
        id_seed: "seed".into(),
    };
    let mut decoder = Gemini.stream_decoder(&cx);
    for chunk in chunks {
        decoder.event("", &chunk.to_string(), &mut collector)?;
    }
    decoder.finish(&mut collector)?;
    Ok(collector.answer)
}

/// One chunk with these parts.
pub(crate) fn chunk(parts: impl Into<Value>) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts.into()}, "index": 0}]})
}

/// The last chunk.
pub(crate) fn last(reason: &str) -> Value {
    json!({"candidates": [{"finishReason": reason, "index": 0}], "modelVersion": "m",
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}})
}

/// An upstream's stream as bytes.
pub(crate) fn events(chunks: &[Value]) -> String {
    let mut events = String::new();
    for chunk in chunks {
        let _ = write!(events, "data: {chunk}\r\n\r\n");
    }
    events
}

/// What a whole answer is written as.
pub(crate) fn written(answer: &Answer) -> (Value, LossReport) {
    let cx = EncodeContext {
        model: "asked-model".into(),
        request_id: "req_1".into(),
        ..EncodeContext::default()
    };
    let (mut loss, mut out) = (LossReport::new(), Vec::new());
    Gemini.encode_response(answer, &cx, &mut loss, &mut out);
    (serde_json::from_slice(&out).unwrap(), loss)
}

/// How an answer is taken to a Gemini client.
pub(crate) fn setup(upstream: Dialect, json_array: bool) -> Setup {
    Setup {
        client: Dialect::Gemini,
        upstream,
        stream: true,
        is_raw: upstream == Dialect::Gemini,
        decode: DecodeContext {
            origin: ORIGIN.into(),
            id_seed: "seed".into(),
        },
        encode: EncodeContext {
            model: "asked-model".into(),
            request_id: "req_1".into(),
            json_array,
            ..EncodeContext::default()
        },
        relay: RelayContext {
            model: "asked-model".into(),
            json_array,
            ..RelayContext::default()
        },
        names: NameMap::default(),
        ledger: None,
        archive: None,
        event_limit: DEFAULT_EVENT_LIMIT,
    }
}

/// Client bytes, keep-alives between the pieces, the error event of a stream that fails.
pub(crate) fn run(setup: Setup, pieces: &[&str]) -> (String, Result<(), Error>) {
    let mut transcoder = Transcoder::new(setup);
    let mut out = Vec::new();
    let mut end = Ok(());
    for piece in pieces {
        end = end.and_then(|()| transcoder.feed(piece.as_bytes(), &mut out));
        transcoder.keepalive(&mut out);
    }
    let end = end.and_then(|()| transcoder.finish(&mut out));
    if let Err(error) = &end {
        transcoder.abort(error, &mut out);
    }
    (String::from_utf8(out).unwrap(), end)
}
