//! The Anthropic Messages codec, called directly.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod answers;
mod api_rules;
mod build;
mod client_requests;
mod client_rules;
mod errors;
mod history;
mod opaque_state;
mod relay;
mod relay_requests;
mod sdk_reader;
mod upstream_answers;
mod upstream_options;
mod upstream_requests;
mod vertex;
mod written_answers;
mod written_parts;

use std::ops::ControlFlow;
use std::path::Path;

use bytes::Bytes;
use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::dialect::{ClientContext, Codec, DecodeContext, EncodeContext, Target};
use fastproxy_core::error::Error;
use fastproxy_core::ir::{Answer, Collector, Concept, Delta, Emit, Fidelity, Request};
use fastproxy_core::json::Doc;
use fastproxy_core::loss::LossReport;
use fastproxy_core::sse::{DEFAULT_EVENT_LIMIT, SseFramer};
use serde_json::Value;

const ORIGIN: &str = "vendor.test";

fn fixture(kind: &str, name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/anthropic");
    std::fs::read(root.join(kind).join(name)).unwrap()
}

/// Every fixture of a kind, by name.
fn fixtures(kind: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/anthropic");
    let files = std::fs::read_dir(root.join(kind)).unwrap();
    let mut names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
        .into_iter()
        .map(|name| (name.clone(), fixture(kind, &name)))
        .collect()
}

fn doc(value: &Value) -> Doc {
    Doc::parse(Bytes::from(value.to_string())).unwrap()
}

fn version(version: &str) -> ClientContext {
    ClientContext {
        version: Some(version.into()),
        ..ClientContext::default()
    }
}

fn target() -> Target {
    Target {
        model: "upstream-model".into(),
        origin: ORIGIN.into(),
        ..Target::default()
    }
}

fn decode_cx() -> DecodeContext {
    DecodeContext {
        origin: ORIGIN.into(),
        id_seed: "seed".into(),
    }
}

fn encode_cx() -> EncodeContext {
    EncodeContext {
        model: "client-model".into(),
        request_id: "req_test".into(),
        ..EncodeContext::default()
    }
}

/// Encode and check against the rules of the API.
fn encoded(request: &Request<'_>, target: &Target) -> (Value, LossReport) {
    let mut loss = LossReport::new();
    let encoded = Anthropic
        .encode_request(request, target, &mut loss)
        .unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    api_rules::check(&body);
    (body, loss)
}

/// Codes and paths of a report.
fn losses(report: &LossReport) -> Vec<(&'static str, &str)> {
    let entries = report.entries().iter();
    entries
        .map(|loss| (loss.code.name(), loss.path.as_str()))
        .collect()
}

/// Feed a stream to a decoder in these pieces.
fn decode_stream<'b>(
    pieces: impl IntoIterator<Item = &'b [u8]>,
    out: &mut dyn Emit,
) -> Result<(), Error> {
    let mut framer = SseFramer::new(DEFAULT_EVENT_LIMIT);
    let mut decoder = Anthropic.stream_decoder(&decode_cx());
    for piece in pieces {
        framer.feed(piece, &mut |frame| {
            if let Some(data) = frame.data {
                decoder.event(frame.name, data, out)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    framer.finish(&mut |frame| {
        if let Some(data) = frame.data {
            decoder.event(frame.name, data, out)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    decoder.finish(out)?;
    assert!(decoder.is_complete());
    decoder.finish(out)
}

/// What a stream says, collected; the promises of `ir::delta` are checked on the way.
fn answer(stream: &[u8]) -> Result<Answer, Error> {
    let mut collector = Collector::default();
    let mut promises = Promises::default();
    let result = decode_stream([stream], &mut |delta: Delta<'_>| {
        promises.check(&delta);
        collector.emit(delta);
    });
    result.map(|()| collector.answer)
}

/// What every decoder promises.
#[derive(Default)]
struct Promises {
    parts: Vec<bool>,
    is_started: bool,
    is_finished: bool,
    is_ended: bool,
}

impl Promises {
    fn check(&mut self, delta: &Delta<'_>) {
        assert!(!self.is_ended, "{delta:?} after End");
        if !matches!(delta, Delta::Start(_) | Delta::Keepalive) {
            assert!(self.is_started, "{delta:?} before Start");
        }
        match delta {
            Delta::Start(_) => assert!(!std::mem::replace(&mut self.is_started, true)),
            Delta::PartStart { part, .. } => {
                assert_eq!(*part as usize, self.parts.len());
                self.parts.push(true);
            }
            Delta::Piece { part, .. } => assert!(self.parts[*part as usize]),
            Delta::PartEnd { part } => {
                assert!(std::mem::replace(&mut self.parts[*part as usize], false));
            }
            Delta::Finish(_) => {
                assert!(!std::mem::replace(&mut self.is_finished, true));
                assert!(!self.parts.contains(&true), "parts end before Finish");
            }
            Delta::End => {
                assert!(self.is_finished, "Finish before End");
                self.is_ended = true;
            }
            Delta::Usage(_) | Delta::Keepalive => {}
        }
    }
}

#[test]
fn the_dialect_takes_a_stand_on_every_concept() {
    for concept in Concept::ALL {
        let (place, reason) = match Anthropic.fidelity(*concept) {
            Fidelity::Exact(place) => (place, "-"),
            Fidelity::Lossy(place, _, reason) => (place, reason),
            Fidelity::Unsupported(_, reason) => ("-", reason),
        };
        assert!(
            !place.is_empty() && !reason.is_empty(),
            "{}",
            concept.name()
        );
    }
    assert!(Anthropic.is_sequential() && !Anthropic.forgets_reasoning());
}
