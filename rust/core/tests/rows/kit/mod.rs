//! What the tests share: one script told by any upstream, read by any client, and sent on to the next turn.

mod client;
mod said;
mod talk;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fastproxy_core::dialect::{
    ClientContext, DecodeContext, Dialect, EncodeContext, RelayContext, Target,
};
use fastproxy_core::error::Error;
use fastproxy_core::ledger::Ledger;
use fastproxy_core::loss::Loss;
use fastproxy_core::sse::DEFAULT_EVENT_LIMIT;
use fastproxy_core::transcode::{ClientRequest, Prepared, Routing, Setup, Transcoder};
use serde_json::{Value, json};

pub(crate) use client::{Call, Heard, folded, heard};
pub(crate) use said::{Script, Stop, call, text, thought};
pub(crate) use talk::Talk;

pub(crate) const ORIGIN: &str = "vendor-a";

/// Every upstream with every client of another dialect.
pub(crate) fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    let all = Dialect::ALL.iter().copied();
    all.clone().flat_map(move |upstream| {
        let others = all.clone().filter(move |client| *client != upstream);
        others.map(move |client| (upstream, client))
    })
}

pub(crate) fn target(origin: &str) -> Target {
    Target {
        model: "up-model".into(),
        origin: origin.into(),
        ..Target::default()
    }
}

/// A request of a client, prepared for an upstream.
pub(crate) fn prepare(
    client: Dialect,
    upstream: Dialect,
    body: &Value,
    target: &Target,
    ledger: Option<&Arc<Ledger>>,
) -> Result<Prepared, Error> {
    let outside = (client == Dialect::Gemini).then(|| ("asked-model".to_owned(), false));
    let bytes = Bytes::from(body.to_string());
    let routing = Routing {
        ledger: ledger.map(|ledger| (Arc::clone(ledger), "key".into())),
        ..Routing::default()
    };
    let request = ClientRequest::parse(client, bytes, ClientContext::default(), outside)?;
    request.prepare(upstream, target, &routing)
}

/// The body an upstream is sent, and `code path` of what was lost.
pub(crate) fn sent(client: Dialect, upstream: Dialect, body: &Value) -> (Value, Vec<String>) {
    let prepared = prepare(client, upstream, body, &target(ORIGIN), None)
        .unwrap_or_else(|error| panic!("{client:?} to {upstream:?}: {error}: {body}"));
    let losses = prepared.loss.entries().iter();
    let losses = losses.map(|loss| format!("{} {}", loss.code.name(), loss.path));
    (
        serde_json::from_slice(&prepared.body).unwrap(),
        losses.collect(),
    )
}

/// A request with one question and these fields besides, in a client's dialect.
pub(crate) fn asking(client: Dialect, more: &Value) -> Value {
    let mut body = Talk::new(client, "go").bare();
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

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
        encode: EncodeContext {
            model: "asked-model".into(),
            request_id: "req_1".into(),
            created: 1_700_000_000,
            stream_usage: true,
            ..EncodeContext::default()
        },
        relay: RelayContext {
            model: "asked-model".into(),
            ..RelayContext::default()
        },
        names: fastproxy_core::dialect::NameMap::default(),
        ledger: None,
        archive: None,
        event_limit: DEFAULT_EVENT_LIMIT,
    }
}

/// The client's bytes, with the error event of a stream that fails after it began.
pub(crate) fn run(setup: Setup, bytes: &[u8]) -> (String, Result<(), Error>, Vec<Loss>) {
    let is_stream = setup.stream;
    let mut transcoder = Transcoder::new(setup);
    let mut out = Vec::new();
    let end = transcoder
        .feed(bytes, &mut out)
        .and_then(|()| transcoder.finish(&mut out));
    match &end {
        Err(error) if is_stream && transcoder.has_content() => transcoder.abort(error, &mut out),
        Err(_) => out.clear(),
        Ok(()) => {}
    }
    let losses = transcoder.report().losses;
    (String::from_utf8(out).unwrap(), end, losses)
}

/// The whole answer as a client has it in the end, asked for in one piece or as events.
pub(crate) fn told(setup: Setup, bytes: &[u8]) -> Value {
    let (client, upstream, stream) = (setup.client, setup.upstream, setup.stream);
    let (out, end, _) = run(setup, bytes);
    end.unwrap_or_else(|error| panic!("{upstream:?} to {client:?}: {error}"));
    if stream {
        folded(client, &out)
    } else {
        serde_json::from_str(&out).unwrap()
    }
}

/// A script through every pair, whole and streamed, as each client hears it.
pub(crate) fn everywhere(script: &Script, check: impl Fn(Dialect, Dialect, bool, &Heard)) {
    for (upstream, client) in pairs() {
        for stream in [false, true] {
            let bytes = script.bytes(upstream, stream);
            let answer = told(setup(upstream, client, stream), bytes.as_bytes());
            check(upstream, client, stream, &heard(client, &answer));
        }
    }
}

pub(crate) fn fixture(path: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    std::fs::read(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A function tool in a client's dialect.
pub(crate) fn tool(client: Dialect, name: &str, schema: &Value) -> Value {
    let function = json!({"name": name, "description": "d", "parameters": schema});
    match client {
        Dialect::OpenaiChat | Dialect::Ollama => json!({"type": "function", "function": function}),
        Dialect::OpenaiResponses => {
            json!({"type": "function", "name": name, "description": "d", "parameters": schema})
        }
        Dialect::Anthropic => json!({"name": name, "description": "d", "input_schema": schema}),
        Dialect::Gemini => json!({"functionDeclarations": [{"name": name, "description": "d",
            "parametersJsonSchema": schema}]}),
    }
}
