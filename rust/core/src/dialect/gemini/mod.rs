//! Google Gemini: `generateContent` and `streamGenerateContent`.
//!
//! `read_request` and `write_answer` face clients, `write_request` and `read_answer` face upstreams; `relay` and
//! `relay_request` serve the raw lane. The model and whether the answer is streamed stand in the path, not in the body:
//! [`crate::transcode::ClientRequest::parse`] is given them. A stream has no terminator: it ends with a chunk that has a
//! `finishReason`, and then the connection's end. Clients that do not ask for `alt=sse` get it as one JSON array
//! ([`crate::dialect::EncodeContext::json_array`]).

mod error;
mod fields;
mod finish;
mod model;
mod read_answer;
mod read_request;
mod relay;
mod relay_request;
mod schema;
mod spelling;
mod state;
mod usage;
mod write_answer;
mod write_request;

use std::ops::Range;

use super::{
    ClientContext, Codec, DecodeContext, EncodeContext, EncodedRequest, EventDecoder, EventEncoder,
    Relay, RelayContext, Target,
};
use crate::error::Error;
use crate::ir::{Answer, Concept, Emit, Fidelity, Request};
use crate::json::Node;
use crate::loss::LossReport;

/// Origin of opaque state that a client sent bare: some vendor of this dialect issued it.
const NATIVE_ORIGIN: &str = "native:gemini";

/// The codec of Gemini.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gemini;

impl Codec for Gemini {
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
        Box::new(relay::ContentRelay::new(cx))
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

    fn takes_media_urls(&self) -> bool {
        false
    }

    fn takes_media_url(&self, url: &str) -> bool {
        write_request::is_readable(url)
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn forgets_reasoning(&self) -> bool {
        false
    }
}
