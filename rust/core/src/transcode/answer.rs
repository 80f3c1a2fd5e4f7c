//! Answers: which form and lane they take.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::ir_lane::IrLane;
use super::raw_lane::RawLane;
use crate::dialect::{DecodeContext, Dialect, EncodeContext, NameMap, RelayContext, codec};
use crate::error::Error;
use crate::ir::{Delta, Emit, Finish, FinishReason, Start, Usage};
use crate::json::Tape;
use crate::ledger::Ledger;
use crate::loss::Loss;
use crate::response_store::ResponseStore;
use crate::sse::{Frame, SseFramer};

/// Byte order mark.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The code of Azure's error when its filter held a prompt or an answer back.
const CONTENT_FILTER: &str = "content_filter";

/// How an answer is to be read and written. One per attempt.
#[derive(Debug)]
pub struct Setup {
    /// The client's dialect.
    pub client: Dialect,
    /// The upstream's dialect.
    pub upstream: Dialect,
    /// Whether the client gets events.
    pub stream: bool,
    /// Whether request and answer take the raw lane.
    pub is_raw: bool,
    /// For decoding.
    pub decode: DecodeContext,
    /// For encoding.
    pub encode: EncodeContext,
    /// For relaying.
    pub relay: RelayContext,
    /// Tool names to restore.
    pub names: NameMap,
    /// Where to remember reasoning, and whose it is.
    pub ledger: Option<(Arc<Ledger>, String)>,
    /// Where the answer is to be kept.
    pub archive: Option<Archive>,
    /// Largest event accepted, bytes.
    pub event_limit: usize,
}

/// Where an answer is to be kept, so that later requests can refer to it. An answer that is relayed is kept by its
/// vendor.
#[derive(Clone, Debug)]
pub struct Archive {
    /// Keeps it.
    pub store: Arc<ResponseStore>,
    /// Whose it is.
    pub owner: String,
    /// What its request adds ([`super::ClientRequest::kept_input`]).
    pub input: String,
}

/// What an attempt's answer turned out to be.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Token counts as far as they came.
    pub usage: Usage,
    /// The upstream's word for why it ended.
    pub finish: Option<String>,
    /// The upstream's id of the answer.
    pub upstream_id: Option<String>,
    /// The model that served.
    pub upstream_model: Option<String>,
    /// What the answer lost on its way.
    pub losses: Vec<Loss>,
    /// Bytes of text, thinking and arguments seen: the basis of an estimate where the upstream counts nothing.
    pub output_bytes: u64,
}

enum Form {
    /// Nothing but white space so far, and this many bytes of a byte order mark.
    Unknown(usize),
    Events(SseFramer),
    Whole(Vec<u8>),
}

enum Lane {
    Raw(RawLane),
    Ir(Box<IrLane>),
}

/// One per attempt; a retry starts with a fresh one.
pub struct Transcoder {
    setup: Setup,
    form: Form,
    lane: Option<Lane>,
    is_complete: bool,
}

impl std::fmt::Debug for Transcoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transcoder")
            .field("setup", &self.setup)
            .finish_non_exhaustive()
    }
}

impl Transcoder {
    /// A fresh answer path.
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            form: Form::Unknown(0),
            lane: None,
            is_complete: false,
        }
    }

    /// More bytes of a 2xx body, content coding removed. Client bytes are appended to `out`; `Err` leaves in `out`
    /// what was complete before the error. After an `Err`, only `abort` and `report` may be called.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if self.is_complete {
            return Ok(());
        }
        let bytes = self.sniff(bytes)?;
        match &mut self.form {
            Form::Unknown(_) => Ok(()),
            Form::Whole(body) => {
                body.extend_from_slice(bytes);
                Ok(())
            }
            Form::Events(framer) => {
                let Some(lane) = &mut self.lane else {
                    return Ok(());
                };
                framer.feed(bytes, &mut |frame| lane.frame(&frame, out))?;
                self.is_complete = lane.is_complete();
                Ok(())
            }
        }
    }

    /// The upstream's body ended properly on the HTTP level. `Err(Truncated)` when the answer had not.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        match std::mem::replace(&mut self.form, Form::Unknown(0)) {
            Form::Unknown(_) if self.lane.is_none() => {
                Err(Error::malformed("the upstream's answer is empty"))
            }
            Form::Unknown(_) => Ok(()),
            Form::Whole(body) => self.whole(&body, out),
            Form::Events(mut framer) => {
                let Some(lane) = &mut self.lane else {
                    return Ok(());
                };
                if !self.is_complete {
                    framer.finish(&mut |frame| lane.frame(&frame, out))?;
                }
                lane.finish(out)?;
                self.is_complete = true;
                Ok(())
            }
        }
    }

    /// Append the client dialect's error event. For streams; a one-shot answer that fails is never begun.
    pub fn abort(&mut self, error: &Error, out: &mut Vec<u8>) {
        match &mut self.lane {
            Some(Lane::Ir(lane)) => lane.abort(error, out),
            Some(Lane::Raw(lane)) if lane.abort(error, &self.setup.encode, out) => {}
            _ => codec(self.setup.client)
                .stream_encoder(&self.setup.encode)
                .abort(error, out),
        }
    }

    /// Append what keeps a waiting client connected.
    pub fn keepalive(&mut self, out: &mut Vec<u8>) {
        match &mut self.lane {
            Some(Lane::Ir(lane)) => lane.keepalive(out),
            Some(Lane::Raw(lane)) if lane.has_content() => {
                codec(self.setup.client)
                    .stream_encoder(&self.setup.encode)
                    .keepalive(out);
            }
            _ => {}
        }
    }

    /// Whether something of the answer has been decoded: from here on a retry would be seen by the client.
    pub fn has_content(&self) -> bool {
        match &self.lane {
            Some(Lane::Raw(lane)) => lane.has_content(),
            Some(Lane::Ir(lane)) => lane.has_content(),
            None => false,
        }
    }

    /// Whether the answer is complete and nothing more need be read.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether the client gets events or one body.
    pub fn is_stream(&self) -> bool {
        self.setup.stream
    }

    /// What the answer turned out to be so far.
    pub fn report(&self) -> Report {
        match &self.lane {
            Some(Lane::Raw(lane)) => lane.report(),
            Some(Lane::Ir(lane)) => lane.report(),
            None => Report::default(),
        }
    }

    /// Read the upstream's error answer in its dialect.
    pub fn decode_error(&self, status: u16, body: &[u8]) -> Error {
        let mut error = codec(self.setup.upstream).decode_error(status, body);
        if self.setup.client != self.setup.upstream {
            // It points into the body that we wrote, not into the client's.
            error.pointer = None;
        }
        error
    }

    /// Whether an error answer says that a filter held the answer back, and the client's dialect says so in an answer:
    /// then that answer is appended to `out`, complete. Azure answers a filtered prompt with a 400; its own dialect's
    /// clients know that, others wait for a refusal.
    pub fn withheld(&mut self, status: u16, body: &[u8], out: &mut Vec<u8>) -> bool {
        let error = self.decode_error(status, body);
        if self.setup.is_raw || error.code.as_deref() != Some(CONTENT_FILTER) {
            return false;
        }
        let mut lane = IrLane::new(&mut self.setup);
        let mut pipe = lane.pipe(out);
        pipe.emit(Delta::Start(Start::default()));
        pipe.emit(Delta::Finish(Finish {
            explanation: Some(&error.message),
            ..Finish::new(FinishReason::Refusal, CONTENT_FILTER)
        }));
        pipe.emit(Delta::End);
        self.is_complete = lane.finish_whole(out).is_ok();
        self.lane = Some(Lane::Ir(Box::new(lane)));
        self.is_complete
    }

    /// Decide by the first byte that means something, and leave out what is before it. Padding before JSON
    /// (OpenRouter) and blank lines before events are both white space; content types lie too often to be asked.
    fn sniff<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Error> {
        let Form::Unknown(mark) = &mut self.form else {
            return Ok(bytes);
        };
        let is_padding = |byte: &u8| {
            let is_mark = BOM.get(*mark) == Some(byte);
            *mark += usize::from(is_mark);
            is_mark || byte.is_ascii_whitespace()
        };
        let padding = bytes.iter().copied().take_while(is_padding).count();
        let rest = &bytes[padding..];
        match rest.first() {
            None => {}
            Some(b'{' | b'[') => self.form = Form::Whole(Vec::new()),
            Some(b'<') => return Err(Error::malformed("the upstream answered with a web page")),
            Some(_) => {
                self.form = Form::Events(SseFramer::new(self.setup.event_limit));
                self.lane = Some(self.open_lane(self.setup.is_raw && self.setup.stream));
            }
        }
        Ok(rest)
    }

    fn open_lane(&mut self, raw: bool) -> Lane {
        if raw {
            Lane::Raw(RawLane::new(
                codec(self.setup.client).relay(&self.setup.relay),
            ))
        } else {
            Lane::Ir(Box::new(IrLane::new(&mut self.setup)))
        }
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let text = std::str::from_utf8(body)
            .map_err(|_| Error::malformed("the upstream's answer is not valid UTF-8"))?;
        let mut tape = Tape::new();
        let root = tape.parse(text).map_err(|error| {
            Error::malformed(format!("the upstream's answer is not valid JSON: {error}"))
        })?;
        let mut lane = self.open_lane(self.setup.is_raw && !self.setup.stream);
        let result = match &mut lane {
            Lane::Raw(lane) => lane.whole(text, root, out),
            Lane::Ir(lane) => codec(self.setup.upstream)
                .decode_response(root, &self.setup.decode, &mut lane.pipe(out))
                .and_then(|()| lane.finish_whole(out)),
        };
        self.is_complete = result.is_ok();
        self.lane = Some(lane);
        result
    }
}

impl Lane {
    fn frame(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<ControlFlow<()>, Error> {
        match self {
            Self::Raw(lane) => lane.frame(frame, out),
            Self::Ir(lane) => lane.frame(frame, out),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Raw(lane) => lane.finish(out),
            Self::Ir(lane) => lane.finish(out),
        }
    }

    fn is_complete(&self) -> bool {
        match self {
            Self::Raw(lane) => lane.is_complete(),
            Self::Ir(lane) => lane.is_complete(),
        }
    }
}
