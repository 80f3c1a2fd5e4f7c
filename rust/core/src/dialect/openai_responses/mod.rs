//! OpenAI Responses, as OpenAI, the Open Responses hosts and Codex speak it.
//!
//! `read_request` and `write_answer` face clients, `write_request` and `read_answer` face upstreams; `relay` and
//! `relay_request` serve the raw lane. Reading takes streams without event names, numbers or deltas; writing keeps the
//! whole grammar, because Codex acts on `output_item.done` alone and strict clients check every event.

mod echo;
mod fields;
mod items;
mod kept;
mod read_answer;
mod read_request;
mod relay;
mod relay_request;
mod state;
mod usage;
mod write_answer;
mod write_request;

pub(crate) use kept::{Kept, expand};

use std::ops::Range;

use super::openai::error;
use super::{
    ClientContext, Codec, DecodeContext, EncodeContext, EncodedRequest, EventDecoder, EventEncoder,
    Relay, RelayContext, Target,
};
use crate::error::Error;
use crate::ir::{Answer, Concept, Emit, Fidelity, Request};
use crate::json::Node;
use crate::loss::LossReport;

/// Origin of opaque state that a client sent bare: some vendor of this dialect issued it.
const NATIVE_ORIGIN: &str = "native:openai_responses";

/// The codec of OpenAI Responses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Responses;

impl Codec for Responses {
    fn decode_request<'a>(&self, body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error> {
        read_request::read(body, cx)
    }

    fn echo(&self, body: Node<'_>, _cx: &ClientContext) -> Option<String> {
        Some(echo::settings(body))
    }

    fn kept_input(&self, body: Node<'_>) -> Option<String> {
        kept::input(body)
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
        error::decode(status, body)
    }

    fn encode_error(&self, error: &Error, request_id: &str) -> (u16, Vec<u8>) {
        error::encode(error, request_id)
    }

    fn relay(&self, cx: &RelayContext) -> Box<dyn Relay> {
        Box::new(relay::ResponsesRelay::new(cx))
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

    /// The grammar numbers items, but every measured host sends one after the other.
    fn is_sequential(&self) -> bool {
        true
    }

    /// Reasoning items come back whole, Codex and the SDKs see to it.
    fn forgets_reasoning(&self) -> bool {
        false
    }
}
