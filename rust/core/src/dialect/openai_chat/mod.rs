//! OpenAI Chat Completions, as OpenAI and the many hosts that imitate it really speak it.
//!
//! Reading is lenient where hosts differ (`wire`, `read_answer`), writing keeps to what strict clients and hosts
//! accept. The text of answers is one string and opaque state has no typed field: what that costs stands in `fields`.

mod fields;
mod read_answer;
mod read_request;
mod relay;
mod relay_request;
mod stop;
mod usage;
mod wire;
mod write_answer;
mod write_request;

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

/// Origin of opaque state that came bare in Chat's own words: only some vendor of this dialect can have issued it.
const NATIVE_ORIGIN: &str = "native:openai_chat";

/// The codec.
#[derive(Clone, Copy, Debug)]
pub struct Chat;

impl Codec for Chat {
    fn decode_request<'a>(&self, body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error> {
        read_request::read(body, cx)
    }

    /// A client that declares `functions` knows `function_call` only, and one call in an answer.
    fn echo(&self, body: Node<'_>) -> Option<String> {
        let is_old = body.get("functions").is_some() && body.get("tools").is_none();
        is_old.then(|| "functions".into())
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
        Box::new(relay::ChatRelay::new(cx))
    }

    fn relay_request(
        &self,
        body: Node<'_>,
        target: &Target,
        cx: &ClientContext,
        loss: &mut LossReport,
    ) -> Result<Vec<(Range<usize>, String)>, Error> {
        Ok(relay_request::edits(body, target, cx, loss))
    }

    fn fidelity(&self, concept: Concept) -> Fidelity {
        fields::fidelity(concept)
    }

    /// Calls have an index each, and text has a field of its own.
    fn is_sequential(&self) -> bool {
        false
    }

    /// Most clients keep `tool_calls[].id` and nothing else that is opaque.
    fn forgets_reasoning(&self) -> bool {
        true
    }
}
