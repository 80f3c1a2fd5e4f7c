//! Requests: parsed once, prepared for each target that is tried.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::media::{self, FetchedMedia, Wanted};
use crate::dialect::embed::{self, Form};
use crate::dialect::{ClientContext, Dialect, NameMap, Purpose, Target, codec};
use crate::error::{Error, Kind};
use crate::ir::Request;
use crate::json::{Doc, Node};
use crate::ledger::Ledger;
use crate::loss::{Code, LossReport};

/// A client's request: its body, parsed, and how it is to be read.
#[derive(Debug)]
pub struct ClientRequest {
    dialect: Dialect,
    doc: Doc,
    cx: ClientContext,
    model: String,
    stream: bool,
}

/// What `prepare` needs to know besides the target.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// Refuse what cannot be carried without loss.
    pub strict: bool,
    /// Media that was fetched for a target that takes no URLs.
    pub media: FetchedMedia,
    /// Remembers reasoning for clients that drop it, and whose it is.
    pub ledger: Option<(Arc<Ledger>, String)>,
}

/// A request ready for one target, and what its answer needs.
#[derive(Debug)]
pub struct Prepared {
    /// The body to send.
    pub body: Bytes,
    /// Tool names that were rewritten.
    pub names: NameMap,
    /// What could not be carried.
    pub loss: LossReport,
    /// Whether the raw lane is taken.
    pub is_raw: bool,
    /// We asked for usage and the client did not.
    pub hide_usage: bool,
    /// Whether the client wants usage in its stream.
    pub stream_usage: bool,
    /// The client's bound of output tokens, for reservations.
    pub max_output_tokens: Option<u64>,
    /// What an answer that is made of vectors is told by.
    pub embed: Option<embed::Reply>,
    /// The settings that the answer repeats, for [`crate::dialect::EncodeContext::echo`].
    pub echo: Option<String>,
}

impl ClientRequest {
    /// Parse a body. `Err`: not JSON, not an object, no usable `model`. Everything else is checked by
    /// [`ClientRequest::prepare`]. `model` and `stream` are for dialects that say them outside the body.
    pub fn parse(
        dialect: Dialect,
        body: Bytes,
        cx: ClientContext,
        outside: Option<(String, bool)>,
    ) -> Result<Self, Error> {
        let doc = Doc::parse(body).map_err(Error::from_json)?;
        let root = doc.root();
        if !root.is_object() {
            return Err(Error::bad_request(
                root,
                "the request body must be a JSON object",
            ));
        }
        let (model, stream) = if let Some(outside) = outside {
            outside
        } else {
            let model = root
                .get("model")
                .ok_or_else(|| Error::client("model is required").at("/model"))?;
            let name = model.as_str().filter(|name| !name.trim().is_empty());
            let name =
                name.ok_or_else(|| Error::bad_request(model, "model must be a non-empty string"))?;
            let stream = match root.get("stream") {
                Some(node) => node
                    .as_bool()
                    .ok_or_else(|| Error::bad_request(node, "stream must be a boolean"))?,
                None => cx.purpose == Purpose::Generate && codec(dialect).streams_by_default(),
            };
            (name.into_owned(), stream)
        };
        Ok(Self {
            dialect,
            doc,
            cx,
            model,
            stream,
        })
    }

    /// The client's dialect.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The model the client named.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether the client wants events.
    pub fn stream(&self) -> bool {
        self.stream
    }

    /// What is asked for.
    pub fn purpose(&self) -> Purpose {
        self.cx.purpose
    }

    /// The answer that it continues, kept by the upstream that gave it: `None` when its history stands in the request.
    pub fn continues(&self) -> Option<String> {
        let is_told = self.cx.is_expanded || self.dialect != Dialect::OpenaiResponses;
        let id = self.doc.root().text("previous_response_id");
        id.filter(|_| !is_told).map(Into::into)
    }

    /// Whether the client wants its answer kept, which OpenAI Responses does unless told otherwise.
    pub fn is_kept(&self) -> bool {
        let store = self.doc.root().get("store").and_then(Node::as_bool);
        self.dialect == Dialect::OpenaiResponses && store != Some(false)
    }

    /// The body as it came.
    pub fn body(&self) -> &Bytes {
        self.doc.bytes()
    }

    /// A hash of what stays the same over the turns of this request's conversation: tools, instructions, first turns.
    pub fn conversation(&self) -> u64 {
        super::conversation::hash(self.doc.root())
    }

    /// What is to be kept of this request with its answer, for [`super::Archive`].
    pub fn kept_input(&self) -> Option<String> {
        codec(self.dialect).kept_input(self.doc.root())
    }

    /// The whole answer, when no model is asked for anything and a target of this dialect could do nothing for it.
    /// `created`: Unix seconds.
    pub fn own_answer(&self, target: Dialect, created: u64) -> Option<Vec<u8>> {
        if target == self.dialect || self.cx.purpose != Purpose::Generate {
            return None;
        }
        codec(self.dialect).own_answer(self.doc.root(), &self.cx, created)
    }

    /// An estimate of the prompt's tokens. What is no conversation (a text to continue, texts to embed) counts with its
    /// frame, as text.
    pub fn estimate_tokens(&self) -> Result<u64, Error> {
        if self.cx.purpose == Purpose::Generate {
            return Ok(crate::context::estimate_tokens(&self.decode()?));
        }
        Ok(crate::context::text(&String::from_utf8_lossy(self.body())))
    }

    /// The request in no dialect's words.
    pub fn decode(&self) -> Result<Request<'_>, Error> {
        let mut request = codec(self.dialect).decode_request(self.doc.root(), &self.cx)?;
        request.model = self.model.as_str().into();
        request.stream = self.stream;
        Ok(request)
    }

    /// The URLs of media that a target needs the bytes of. None where the request is relayed as it is.
    pub fn wanted_media(&self, dialect: Dialect, target: &Target) -> Result<Vec<Wanted>, Error> {
        let takes_urls = target.profile.media_urls && codec(dialect).takes_media_urls();
        if takes_urls || dialect == self.dialect || self.cx.purpose != Purpose::Generate {
            return Ok(Vec::new());
        }
        let takes = |url: &str| target.profile.media_urls && codec(dialect).takes_media_url(url);
        Ok(media::wanted(&mut self.decode()?, &takes))
    }

    /// Write the request for a target of this dialect.
    ///
    /// `Err` is always the client's: the request is invalid, cannot be carried, or (strict) not without loss.
    pub fn prepare(
        &self,
        dialect: Dialect,
        target: &Target,
        routing: &Routing,
    ) -> Result<Prepared, Error> {
        let mut loss = LossReport::new();
        if self.cx.purpose == Purpose::Embed {
            return self.embed(dialect, target, routing.strict, loss);
        }
        let mut request = self.decode()?;
        let mut prepared = if dialect == self.dialect {
            self.relay(target, &request, &mut loss)?
        } else {
            if let Some((ledger, owner)) = &routing.ledger
                && codec(self.dialect).forgets_reasoning()
            {
                ledger.restore(owner, &mut request, Instant::now());
            }
            media::inline(&mut request, &routing.media, &mut loss);
            media::name_truly(&mut request, &mut loss);
            encode(dialect, target, &request, &mut loss)?
        };
        if routing.strict {
            refuse_losses(&loss)?;
        }
        prepared.loss = loss;
        prepared.stream_usage = request.stream_usage;
        prepared.max_output_tokens = request.max_output_tokens;
        prepared.echo = codec(self.dialect).echo(self.doc.root(), &self.cx);
        Ok(prepared)
    }

    fn embed(
        &self,
        dialect: Dialect,
        target: &Target,
        strict: bool,
        mut loss: LossReport,
    ) -> Result<Prepared, Error> {
        let forms = Form::of(self.dialect).zip(Form::of(dialect));
        let Some((client, upstream)) = forms else {
            let text = "this model's upstream has no embeddings";
            return Err(Error::client(text).at("/model"));
        };
        let root = self.doc.root();
        let request = embed::Request::read(root, client)?;
        let body = if client == upstream && !request.is_single {
            splice(
                self.doc.bytes(),
                &embed::renamed(root, client, &target.model),
            )
        } else {
            request.write(upstream, &target.model, &mut loss)?.into()
        };
        if strict {
            refuse_losses(&loss)?;
        }
        let mut prepared = Prepared::new(body, NameMap::default());
        prepared.loss = loss;
        prepared.embed = Some(request.reply(client, upstream, &self.model));
        Ok(prepared)
    }

    fn relay(
        &self,
        target: &Target,
        request: &Request<'_>,
        loss: &mut LossReport,
    ) -> Result<Prepared, Error> {
        let edits = codec(self.dialect).relay_request(self.doc.root(), target, &self.cx, loss)?;
        let mut prepared = Prepared::new(splice(self.doc.bytes(), &edits), NameMap::default());
        prepared.is_raw = true;
        prepared.hide_usage = self.stream && target.want_usage && !request.stream_usage;
        Ok(prepared)
    }
}

impl Prepared {
    fn new(body: Bytes, names: NameMap) -> Self {
        Self {
            body,
            names,
            loss: LossReport::new(),
            is_raw: false,
            hide_usage: false,
            stream_usage: false,
            max_output_tokens: None,
            embed: None,
            echo: None,
        }
    }
}

fn encode(
    dialect: Dialect,
    target: &Target,
    request: &Request<'_>,
    loss: &mut LossReport,
) -> Result<Prepared, Error> {
    if request.sampling.n.is_some_and(|n| n != 1) {
        return Err(Error::client(
            "several answers (n > 1) are not available from this model's upstream",
        )
        .at("/n"));
    }
    if let Some(refusal) = &request.native_only {
        return Err(refusal.clone());
    }
    for ext in &request.ext {
        loss.add(Code::FieldDropped, &ext.pointer, "no counterpart upstream");
    }
    let encoded = codec(dialect).encode_request(request, target, loss)?;
    Ok(Prepared::new(encoded.body.into(), encoded.names))
}

fn refuse_losses(loss: &LossReport) -> Result<(), Error> {
    let refused: Vec<_> = loss
        .entries()
        .iter()
        .filter(|entry| entry.code.is_refused_in_strict_mode())
        .collect();
    let Some(first) = refused.first() else {
        return Ok(());
    };
    let list: Vec<_> = refused
        .iter()
        .map(|e| format!("{} at {}", e.code.name(), e.path))
        .collect();
    let message = format!(
        "strict mode: the upstream cannot take this request without loss: {}",
        list.join("; ")
    );
    let mut error = Error::new(Kind::BadRequest, crate::error::Source::Client, message);
    error.pointer = Some(first.path.clone());
    Err(error.with_code("lossy_request"))
}

/// Apply edits, which are in ascending order. Without edits the bytes are shared, not copied.
pub(crate) fn splice(text: &Bytes, edits: &[(Range<usize>, String)]) -> Bytes {
    if edits.is_empty() {
        return text.clone();
    }
    let added: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut out = Vec::with_capacity(text.len() + added);
    splice_into(text, edits, &mut out);
    out.into()
}

/// Apply edits and append the result.
pub(crate) fn splice_into(text: &[u8], edits: &[(Range<usize>, String)], out: &mut Vec<u8>) {
    let mut from = 0;
    for (range, new) in edits {
        out.extend_from_slice(&text[from..range.start.max(from)]);
        out.extend_from_slice(new.as_bytes());
        from = range.end.max(from);
    }
    out.extend_from_slice(&text[from..]);
}
