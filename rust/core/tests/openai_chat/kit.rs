//! What the tests share: fixtures, a checked collector, requests through the codec.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use bytes::Bytes;
use fastproxy_core::dialect::{
    ClientContext, Codec, DecodeContext, Dialect, EncodeContext, EncodedRequest, EventDecoder,
    Profile, Target, codec,
};
use fastproxy_core::error::Error;
use fastproxy_core::ir::{Answer, AnswerPart, Collector, Delta, Emit, Request};
use fastproxy_core::json::{Doc, Tape};
use fastproxy_core::loss::{Code, LossReport};
use fastproxy_core::sse::{DEFAULT_EVENT_LIMIT, SseFramer};
use serde_json::Value;

pub(crate) fn chat() -> &'static dyn Codec {
    codec(Dialect::OpenaiChat)
}

pub(crate) fn fixture(kind: &str, name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/openai_chat");
    let path = root.join(kind).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of all fixtures of a kind, with their extension.
pub(crate) fn names(kind: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/openai_chat");
    let files = fs::read_dir(root.join(kind)).unwrap();
    let mut names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

pub(crate) fn decode_cx() -> DecodeContext {
    DecodeContext {
        origin: "vendor-a".into(),
        id_seed: "seed".into(),
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

pub(crate) fn target() -> Target {
    Target {
        model: "up-model".into(),
        origin: "vendor-a".into(),
        ..Target::default()
    }
}

pub(crate) fn target_with(profile: Profile) -> Target {
    Target {
        profile,
        ..target()
    }
}

/// Collects deltas and panics on any that breaks the promises of `ir::delta`.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) seen: Collector,
    open: Vec<bool>,
    is_started: bool,
    is_finished: bool,
    is_ended: bool,
}

impl Emit for Checked {
    fn emit(&mut self, delta: Delta<'_>) {
        assert!(!self.is_ended, "{delta:?} after the end");
        match &delta {
            Delta::Start(_) => {
                assert!(!self.is_started, "a second start");
                self.is_started = true;
            }
            Delta::PartStart { part, .. } => {
                assert!(
                    self.is_started && !self.is_finished,
                    "{delta:?} out of place"
                );
                assert_eq!(
                    *part as usize,
                    self.open.len(),
                    "parts are numbered in order"
                );
                self.open.push(true);
            }
            Delta::Piece { part, .. } => {
                assert!(self.open[*part as usize], "{delta:?} of a closed part");
            }
            Delta::PartEnd { part } => {
                assert!(
                    std::mem::replace(&mut self.open[*part as usize], false),
                    "{delta:?} twice"
                );
            }
            Delta::Finish(_) => {
                assert!(
                    !self.is_finished && !self.open.contains(&true),
                    "finish too early or twice"
                );
                self.is_finished = true;
            }
            Delta::End => {
                assert!(self.is_finished);
                self.is_ended = true;
            }
            Delta::Usage(_) => assert!(self.is_started),
            Delta::Keepalive => {}
        }
        self.seen.emit(delta);
    }
}

/// Decode a whole stream, fed in these pieces.
pub(crate) fn decode_stream<'b>(
    pieces: impl IntoIterator<Item = &'b [u8]>,
) -> Result<Answer, Error> {
    let mut decoder: Box<dyn EventDecoder> = chat().stream_decoder(&decode_cx());
    let mut framer = SseFramer::new(DEFAULT_EVENT_LIMIT);
    let mut out = Checked::default();
    for piece in pieces {
        framer.feed(piece, &mut |frame| {
            if let Some(data) = frame.data {
                decoder.event(frame.name, data, &mut out)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    decoder.finish(&mut out)?;
    assert!(decoder.is_complete() && out.is_ended);
    decoder.finish(&mut out)?;
    Ok(out.seen.answer)
}

pub(crate) fn decode_whole(body: &str) -> Result<Answer, Error> {
    let mut tape = Tape::new();
    let mut out = Checked::default();
    chat().decode_response(tape.parse(body).unwrap(), &decode_cx(), &mut out)?;
    assert!(out.is_ended);
    Ok(out.seen.answer)
}

/// An answer in one line per part, for tables of expectations.
pub(crate) fn summary(answer: &Answer) -> String {
    let mut lines: Vec<String> = answer.parts.iter().map(part).collect();
    lines.push(format!(
        "{:?} {}",
        answer.finish.unwrap(),
        answer.native_finish
    ));
    lines.join("\n")
}

fn part(part: &AnswerPart) -> String {
    match part {
        AnswerPart::Text { text, .. } => format!("text {text:?}"),
        AnswerPart::Reasoning { text, opaque, .. } => {
            let kinds: Vec<_> = opaque
                .iter()
                .map(|state| format!("{:?}", state.kind))
                .collect();
            format!("thinking {text:?} {}", kinds.join("+"))
        }
        AnswerPart::Refusal { text } => format!("refusal {text:?}"),
        AnswerPart::ToolCall {
            id,
            name,
            kind,
            arguments,
            ..
        } => {
            let id = if id.len() > 20 { "made" } else { id };
            format!("{kind:?} {id} {name} {arguments:?}")
        }
        AnswerPart::Media { mime, data } => format!("media {mime} {data}"),
        AnswerPart::Native { kind, .. } => format!("native {kind}"),
    }
}

/// Decode a client's request of a dialect and hand it on.
pub(crate) fn with_request<T>(
    dialect: Dialect,
    body: &str,
    then: impl FnOnce(&Request<'_>) -> T,
) -> Result<T, Error> {
    let doc = Doc::parse(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let request = codec(dialect).decode_request(doc.root(), &ClientContext::default())?;
    Ok(then(&request))
}

/// What a Chat upstream is sent.
pub(crate) struct Sent {
    pub(crate) body: Value,
    pub(crate) encoded: EncodedRequest,
    pub(crate) loss: LossReport,
}

impl Sent {
    /// The losses as `code path`.
    pub(crate) fn losses(&self) -> Vec<String> {
        self.loss
            .entries()
            .iter()
            .map(|loss| format!("{} {}", loss.code.name(), loss.path))
            .collect()
    }

    pub(crate) fn has(&self, code: Code) -> bool {
        self.loss.entries().iter().any(|loss| loss.code == code)
    }

    pub(crate) fn messages(&self) -> &Vec<Value> {
        self.body["messages"].as_array().unwrap()
    }
}

pub(crate) fn encode(request: &Request<'_>, target: &Target) -> Result<Sent, Error> {
    let mut loss = LossReport::new();
    let encoded = chat().encode_request(request, target, &mut loss)?;
    let body = serde_json::from_slice(&encoded.body).expect("the body is JSON");
    Ok(Sent {
        body,
        encoded,
        loss,
    })
}

/// A client's request of this dialect, as sent to a Chat upstream.
pub(crate) fn send(dialect: Dialect, body: &Value, target: &Target) -> Sent {
    with_request(dialect, &body.to_string(), |request| {
        encode(request, target)
    })
    .unwrap()
    .unwrap()
}

/// A minimal Anthropic request with these messages.
pub(crate) fn anthropic(messages: Value) -> Value {
    serde_json::json!({"model": "m", "max_tokens": 100, "messages": messages})
}
