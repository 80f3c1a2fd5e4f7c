//! The dialects, and what each of them must be able to do.
//!
//! A dialect is a folder with the same files in each (`fields read_request write_request read_answer write_answer relay
//! relay_request error usage`). It knows the IR and nothing about any other dialect; what several of them need stands
//! beside the folders. Adding one is a new folder and its line in [`Dialect`] and [`codec`].

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::envelope::Envelope;
use crate::error::Error;
use crate::ir::{Answer, Concept, Delta, Emit, Fidelity, Request, ToolKind, Usage};
use crate::json::Node;
use crate::loss::LossReport;

/// Writes an exhaustive `match`: a new concept does not build before every dialect has taken a stand.
macro_rules! stands {
    ($($concept:ident => $fidelity:expr,)+) => {
        /// The stand on one concept.
        pub(super) fn fidelity(concept: crate::ir::Concept) -> crate::ir::Fidelity {
            match concept { $(crate::ir::Concept::$concept => $fidelity,)+ }
        }
    };
}

mod carrier;
mod history;
mod names;
mod openai;
mod profile;

pub mod anthropic;
pub mod openai_chat;
pub mod openai_responses;

pub use names::make_id;
pub use profile::{CacheMarkers, Profile, Replay};

/// An API language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI Chat Completions.
    OpenaiChat,
    /// OpenAI Responses.
    OpenaiResponses,
    /// Anthropic Messages.
    Anthropic,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: &'static [Self] = &[Self::OpenaiChat, Self::OpenaiResponses, Self::Anthropic];

    /// The name in configuration and fixtures.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai_chat",
            Self::OpenaiResponses => "openai_responses",
            Self::Anthropic => "anthropic",
        }
    }

    /// The dialect of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|dialect| dialect.name() == name)
    }
}

/// The registry: one line per dialect.
pub fn codec(dialect: Dialect) -> &'static dyn Codec {
    match dialect {
        Dialect::OpenaiChat => &openai_chat::Chat,
        Dialect::OpenaiResponses => &openai_responses::Responses,
        Dialect::Anthropic => &anthropic::Anthropic,
    }
}

/// What a client's request is decoded with.
#[derive(Clone, Debug, Default)]
pub struct ClientContext {
    /// `anthropic-version`, when sent.
    pub version: Option<String>,
    /// Opens opaque state that we sealed.
    pub envelope: Arc<Envelope>,
    /// The request only asks for a token count: what only generation needs (`max_tokens`) may be missing.
    pub count_only: bool,
    /// What the request refers to stands in it: [`crate::response_store::ResponseStore::expand`] has put the history
    /// of `previous_response_id` in front of `input`.
    pub is_expanded: bool,
}

/// What a request is encoded for.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The upstream's model name.
    pub model: String,
    /// Tag of who issues opaque state there (a vendor, or the upstream's name).
    pub origin: String,
    /// `anthropic-version` that will be sent.
    pub version: Option<String>,
    /// What this upstream or model does differently.
    pub profile: Profile,
    /// Ask for usage inside the stream, whatever the client asked for.
    pub want_usage: bool,
}

/// A request ready to be sent, and what its answer needs to be read.
#[derive(Debug, Default)]
pub struct EncodedRequest {
    /// The body.
    pub body: Vec<u8>,
    /// Names that were rewritten.
    pub names: NameMap,
}

/// Upstream tool name → the client's tool.
#[derive(Clone, Debug, Default)]
pub struct NameMap {
    by_sent: HashMap<String, ClientTool>,
}

/// What the client called a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTool {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: Option<String>,
    /// Kind.
    pub kind: ToolKind,
}

impl NameMap {
    /// Remember that `sent` stands for `tool`.
    pub fn insert(&mut self, sent: impl Into<String>, tool: ClientTool) {
        self.by_sent.insert(sent.into(), tool);
    }

    /// The client's tool behind an upstream name, when it differs in any way.
    pub fn get(&self, sent: &str) -> Option<&ClientTool> {
        self.by_sent.get(sent)
    }

    /// Whether no name was rewritten.
    pub fn is_empty(&self) -> bool {
        self.by_sent.is_empty()
    }
}

/// What an upstream's answer is decoded with.
#[derive(Clone, Debug, Default)]
pub struct DecodeContext {
    /// Tag for opaque state issued by this upstream.
    pub origin: String,
    /// Makes ids where the upstream sends none: stable per attempt.
    pub id_seed: String,
}

/// What an answer is encoded with.
#[derive(Clone, Debug, Default)]
pub struct EncodeContext {
    /// The model name the client asked for: echoed in every answer.
    pub model: String,
    /// The request's id, base of answer ids where the upstream sends none.
    pub request_id: String,
    /// Unix seconds of the request.
    pub created: u64,
    /// Whether the client wants usage in the stream.
    pub stream_usage: bool,
    /// `anthropic-version` the client speaks.
    pub version: Option<String>,
    /// Seals opaque state for clients of another dialect.
    pub envelope: Arc<Envelope>,
    /// What the form of the answer takes from the request: what [`Codec::echo`] made of it.
    pub echo: Option<String>,
}

/// Decodes one upstream stream, event by event.
pub trait EventDecoder: Send + Sync {
    /// One framed event: its name (empty when it has none) and its joined data.
    ///
    /// An error event of the upstream is an `Err`, as is an event that is not in the dialect.
    fn event(&mut self, name: &str, data: &str, out: &mut dyn Emit) -> Result<(), Error>;

    /// The upstream closed. Emits what is still open, `Finish` and `End`; `Err(Truncated)` when the dialect's own end
    /// has not been seen. Called also after the terminator: then it does nothing.
    fn finish(&mut self, out: &mut dyn Emit) -> Result<(), Error>;

    /// Whether the terminator was seen: what follows is not read.
    fn is_complete(&self) -> bool;
}

/// Encodes one client stream.
pub trait EventEncoder: Send + Sync {
    /// Append the events for one delta.
    fn delta(&mut self, delta: &Delta<'_>, loss: &mut LossReport, out: &mut Vec<u8>);

    /// Append the dialect's error event. The caller closes abnormally after it.
    fn abort(&mut self, error: &Error, out: &mut Vec<u8>);

    /// Append what keeps the client waiting; nothing where every byte could hurt.
    fn keepalive(&mut self, out: &mut Vec<u8>);
}

/// What the raw lane learns from one event of the client's own dialect.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The event holds something of the answer: text, thinking, a tool call.
    pub has_content: bool,
    /// The event ends the stream; nothing after it is relayed.
    pub is_terminal: bool,
    /// The event exists only because we asked for it and is not relayed.
    pub drop: bool,
    /// Replacements in the data, in ascending order (the model's name).
    pub edits: Vec<(Range<usize>, String)>,
    /// An `event:` line to put before a `data:` line that has none and needs one.
    pub name: Option<&'static str>,
}

/// Reads along a stream that is relayed byte for byte: vouches for it, taps usage and finish.
pub trait Relay: Send + Sync {
    /// One event. `data` has been checked to be UTF-8. `Err`: not in the dialect, or the upstream's error event.
    fn event(&mut self, name: &str, data: &str) -> Result<Verdict, Error>;

    /// The upstream closed: what is missing for a proper end (a `[DONE]` after a finish chunk), or `Err(Truncated)`.
    fn finish(&mut self) -> Result<&'static [u8], Error>;

    /// Whether the terminator was seen.
    fn is_complete(&self) -> bool;

    /// Append the dialect's error event for an answer that fails after some of it was relayed. `false`: it depends on
    /// nothing that was relayed, and an encoder writes it as well.
    fn abort(&self, _error: &Error, _cx: &EncodeContext, _out: &mut Vec<u8>) -> bool {
        false
    }

    /// One whole answer. Edits as in [`Verdict::edits`]. `Err`: an error object with status 200, or not an answer.
    fn response(&mut self, body: Node<'_>) -> Result<Vec<(Range<usize>, String)>, Error>;

    /// Counts so far.
    fn usage(&self) -> Usage;

    /// The native stop reason, when seen.
    fn finish_reason(&self) -> Option<&str>;

    /// The upstream's id and model, when seen.
    fn served(&self) -> (Option<&str>, Option<&str>);
}

/// What a raw lane is set up with.
#[derive(Clone, Debug, Default)]
pub struct RelayContext {
    /// The model name the client asked for.
    pub model: String,
    /// We asked for usage and the client did not: hide what only our asking caused.
    pub hide_usage: bool,
}

/// Everything a dialect can do. One value per dialect, without state.
pub trait Codec: Sync {
    /// Read a client's request. Unknown fields go to `ext`; unknown part types to `Content::Native`.
    fn decode_request<'a>(&self, body: Node<'a>, cx: &ClientContext) -> Result<Request<'a>, Error>;

    /// What the form of the answer takes from the request, for [`EncodeContext::echo`]: the settings that Responses
    /// repeats (the members of a JSON object, without its braces); that a Chat client still says `functions`. `None`
    /// where it takes nothing.
    fn echo(&self, _body: Node<'_>) -> Option<String> {
        None
    }

    /// What a client's request adds to what is kept of its answer, so that later requests can refer to it: a raw JSON
    /// array of items. `None` where nothing is to be kept.
    fn kept_input(&self, _body: Node<'_>) -> Option<String> {
        None
    }

    /// Write a request for an upstream of this dialect. `Err`: the request cannot be carried at all (always the
    /// client's error, naming the field).
    fn encode_request(
        &self,
        request: &Request<'_>,
        target: &Target,
        loss: &mut LossReport,
    ) -> Result<EncodedRequest, Error>;

    /// Read an upstream's stream.
    fn stream_decoder(&self, cx: &DecodeContext) -> Box<dyn EventDecoder>;

    /// Read an upstream's whole answer: the same deltas as its stream. `Err` for an error object with status 200.
    fn decode_response(
        &self,
        body: Node<'_>,
        cx: &DecodeContext,
        out: &mut dyn Emit,
    ) -> Result<(), Error>;

    /// Write a client's stream.
    fn stream_encoder(&self, cx: &EncodeContext) -> Box<dyn EventEncoder>;

    /// Write a client's whole answer.
    fn encode_response(
        &self,
        answer: &Answer,
        cx: &EncodeContext,
        loss: &mut LossReport,
        out: &mut Vec<u8>,
    );

    /// Read an upstream's error answer. `body` may be anything (HTML, nothing). Status, kind, message, code; never
    /// keys or addresses.
    fn decode_error(&self, status: u16, body: &[u8]) -> Error;

    /// Write an error for a client: the HTTP status and the JSON body.
    fn encode_error(&self, error: &Error, request_id: &str) -> (u16, Vec<u8>);

    /// Read along a relayed stream.
    fn relay(&self, cx: &RelayContext) -> Box<dyn Relay>;

    /// Edits that turn a client's body into what an upstream of the same dialect is sent: the model's name, usage in
    /// the stream, foreign envelopes taken out. In ascending order.
    fn relay_request(
        &self,
        body: Node<'_>,
        target: &Target,
        cx: &ClientContext,
        loss: &mut LossReport,
    ) -> Result<Vec<(Range<usize>, String)>, Error>;

    /// How well this dialect's requests and answers say a concept.
    fn fidelity(&self, concept: Concept) -> Fidelity;

    /// Whether a client's stream must have one part open at a time; the pipeline then queues what comes early.
    fn is_sequential(&self) -> bool;

    /// Whether clients of this dialect drop opaque state, so that the ledger must remember it for them.
    fn forgets_reasoning(&self) -> bool;
}
