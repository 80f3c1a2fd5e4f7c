//! Ollama's own API: `/api/chat` and `/api/generate`, streamed as one JSON object a line.
//!
//! Clients may speak either operation; upstreams are asked at `/api/chat`, and at `/api/generate` only when a request of
//! that kind is relayed. Streaming is the default. There is no field for opaque state, calls have ids only in newer
//! versions, and results are told apart by the tool's name: `read_request` pairs them.

mod error;
mod fields;
mod image;
mod operation;
mod read_answer;
mod read_request;
mod relay;
mod relay_request;
mod stop;
mod time;
mod usage;
mod wire;
mod write_answer;
mod write_request;

use std::ops::Range;

use super::{
    ClientContext, Codec, DecodeContext, EncodeContext, EncodedRequest, EventDecoder, EventEncoder,
    Relay, RelayContext, Target,
};
use crate::error::Error;
use crate::framing::Framing;
use crate::ir::{Answer, Concept, Emit, Fidelity, Request};
use crate::json::Node;
use crate::loss::LossReport;

use self::operation::Operation;

/// Origin of opaque state that came bare in this dialect's own words. There is no such field; thinking is text.
const NATIVE_ORIGIN: &str = "native:ollama";

/// The codec.
#[derive(Clone, Copy, Debug)]
pub struct Ollama;

impl Codec for Ollama {
    fn decode_request<'a>(&self, body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error> {
        read_request::read(body, cx)
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    /// It takes the bytes only.
    fn takes_media_urls(&self) -> bool {
        false
    }

    fn streams_by_default(&self) -> bool {
        true
    }

    fn echo(&self, body: Node<'_>, cx: &ClientContext) -> Option<String> {
        Some(Operation::of(body, cx).name().into())
    }

    fn own_answer(&self, body: Node<'_>, cx: &ClientContext, created: u64) -> Option<Vec<u8>> {
        let operation = Operation::of(body, cx);
        let reason = operation.loading(body)?;
        Some(write_answer::write_loaded(body, operation, reason, created))
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
        read_answer::read_whole(body, cx, out)
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
        write_answer::write_whole(answer, cx, loss, out);
    }

    fn decode_error(&self, status: u16, body: &[u8]) -> Error {
        error::decode(status, body)
    }

    fn encode_error(&self, error: &Error, request_id: &str) -> (u16, Vec<u8>) {
        error::encode(error, request_id)
    }

    fn relay(&self, cx: &RelayContext) -> Box<dyn Relay> {
        Box::new(relay::LineRelay::new(cx))
    }

    fn relay_request(
        &self,
        body: Node<'_>,
        target: &Target,
        _cx: &ClientContext,
        _loss: &mut LossReport,
    ) -> Result<Vec<(Range<usize>, String)>, Error> {
        Ok(relay_request::edits(body, target))
    }

    fn fidelity(&self, concept: Concept) -> Fidelity {
        fields::fidelity(concept)
    }

    /// Thinking, text and calls have a field each, and a call is written when it is complete.
    fn is_sequential(&self) -> bool {
        false
    }

    /// Nothing opaque has a place here; newer clients keep the ids of calls.
    fn forgets_reasoning(&self) -> bool {
        true
    }
}
