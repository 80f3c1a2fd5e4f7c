//! Anthropic Messages, in both of its live versions.
//!
//! `read_request` and `write_answer` face clients, `write_request` and `read_answer` face upstreams; `relay` and
//! `relay_request` serve the raw lane. Of the two versions, `2026-10-21` takes no `temperature`, `top_p` or `top_k`,
//! no `document` directly in an assistant turn and no `citations` on a user's text; everything else is the same.

mod error;
mod fields;
mod ids;
mod read_answer;
mod read_request;
mod relay;
mod relay_request;
mod stop;
mod usage;
mod write_answer;
mod write_request;

use std::ops::Range;

use super::{
    ClientContext, Codec, DecodeContext, EncodeContext, EncodedRequest, EventDecoder, EventEncoder,
    Relay, RelayContext, Target, carrier,
};
use crate::error::Error;
use crate::ir::{Answer, Concept, Emit, Fidelity, Opaque, OpaqueKind, Request};
use crate::json::Node;
use crate::loss::LossReport;

/// Origin of opaque state that a client sent bare: some vendor of this dialect issued it.
const NATIVE_ORIGIN: &str = "native:anthropic";

/// Whether the state may be sent to the target: of the kinds that this dialect has, and issued by it.
fn is_admissible(opaque: &Opaque<'_>, target: &Target) -> bool {
    let fits = matches!(opaque.kind, OpaqueKind::Signature | OpaqueKind::Redacted);
    fits && carrier::is_issued(opaque, target, NATIVE_ORIGIN)
}

/// The codec of Anthropic Messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anthropic;

/// The API versions that differ. Versions are dates, so a later one takes the newest rules that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// `2023-06-01`, and what clients that send no version mean.
    V2023,
    /// `2026-10-21` and later.
    V2026,
}

impl Version {
    fn of(header: Option<&str>) -> Self {
        match header {
            Some(date) if date.trim() >= "2026-10-21" => Self::V2026,
            _ => Self::V2023,
        }
    }
}

impl Codec for Anthropic {
    fn decode_request<'a>(&self, body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error> {
        read_request::read(body, cx)
    }

    fn encode_request(
        &self,
        request: &Request<'_>,
        target: &Target,
        loss: &mut LossReport,
    ) -> Result<EncodedRequest, Error> {
        write_request::write(request, target, loss)
    }

    fn stream_decoder(&self, cx: &DecodeContext) -> Box<dyn EventDecoder> {
        Box::new(read_answer::StreamDecoder::new(cx))
    }

    fn decode_response(
        &self,
        body: Node<'_>,
        cx: &DecodeContext,
        out: &mut dyn Emit,
    ) -> Result<(), Error> {
        read_answer::response(body, cx, out)
    }

    fn stream_encoder(&self, cx: &EncodeContext) -> Box<dyn EventEncoder> {
        Box::new(write_answer::StreamEncoder::new(cx))
    }

    fn encode_response(
        &self,
        answer: &Answer,
        cx: &EncodeContext,
        loss: &mut LossReport,
        out: &mut Vec<u8>,
    ) {
        write_answer::response(answer, cx, loss, out);
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> Error {
        error::read(status, body)
    }

    fn encode_error(&self, error: &Error, request_id: &str) -> (u16, Vec<u8>) {
        error::write(error, request_id)
    }

    fn relay(&self, cx: &RelayContext) -> Box<dyn Relay> {
        Box::new(relay::MessagesRelay::new(cx))
    }

    fn relay_request(
        &self,
        body: Node<'_>,
        target: &Target,
        cx: &ClientContext,
        loss: &mut LossReport,
    ) -> Result<Vec<(Range<usize>, String)>, Error> {
        relay_request::edits(body, target, cx, loss)
    }

    fn fidelity(&self, concept: Concept) -> Fidelity {
        fields::fidelity(concept)
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn forgets_reasoning(&self) -> bool {
        false
    }
}
