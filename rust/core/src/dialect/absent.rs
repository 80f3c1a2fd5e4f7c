//! Stands in for a codec until its branch is merged; removed then.
#![allow(clippy::panic, missing_docs, clippy::unimplemented)]
use std::ops::Range;

use super::{
    Answer, ClientContext, Codec, Concept, DecodeContext, Emit, EncodeContext, EncodedRequest,
    Error, EventDecoder, EventEncoder, Fidelity, LossReport, Node, Relay, RelayContext, Request,
    Target,
};

#[derive(Debug)]
pub struct Absent;

impl Codec for Absent {
    fn decode_request<'a>(&self, _: Node<'a>, _: &ClientContext) -> Result<Request<'a>, Error> {
        unimplemented!()
    }
    fn encode_request(
        &self,
        _: &Request<'_>,
        _: &Target,
        _: &mut LossReport,
    ) -> Result<EncodedRequest, Error> {
        unimplemented!()
    }
    fn stream_decoder(&self, _: &DecodeContext) -> Box<dyn EventDecoder> {
        unimplemented!()
    }
    fn decode_response(
        &self,
        _: Node<'_>,
        _: &DecodeContext,
        _: &mut dyn Emit,
    ) -> Result<(), Error> {
        unimplemented!()
    }
    fn stream_encoder(&self, _: &EncodeContext) -> Box<dyn EventEncoder> {
        unimplemented!()
    }
    fn encode_response(&self, _: &Answer, _: &EncodeContext, _: &mut LossReport, _: &mut Vec<u8>) {
        unimplemented!()
    }
    fn decode_error(&self, _: u16, _: &[u8]) -> Error {
        unimplemented!()
    }
    fn encode_error(&self, _: &Error, _: &str) -> (u16, Vec<u8>) {
        unimplemented!()
    }
    fn relay(&self, _: &RelayContext) -> Box<dyn Relay> {
        unimplemented!()
    }
    fn relay_request(
        &self,
        _: Node<'_>,
        _: &Target,
        _: &ClientContext,
        _: &mut LossReport,
    ) -> Result<Vec<(Range<usize>, String)>, Error> {
        unimplemented!()
    }
    fn fidelity(&self, _: Concept) -> Fidelity {
        unimplemented!()
    }
    fn is_sequential(&self) -> bool {
        unimplemented!()
    }
    fn forgets_reasoning(&self) -> bool {
        unimplemented!()
    }
}
