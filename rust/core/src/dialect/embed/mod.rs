//! Embeddings: texts to vectors, in the words of OpenAI, Gemini and Ollama.
//!
//! Not a codec: there is no stream, no turn and no tool, only a list of texts and a list of vectors. Numbers are copied as
//! text, so that a vector arrives as the upstream wrote it; base64 (OpenAI's default in its own SDKs) is the one form that
//! is computed, and loses nothing that a 32-bit number holds.

mod answer;
mod read;
mod vector;
mod write;

use std::borrow::Cow;

pub use answer::{Learnt, Reply};

use crate::dialect::Dialect;
use crate::error::Error;
use crate::json::Node;
use crate::json::edit::{self, Edit};
use crate::loss::{Code, LossReport};

/// Whose words a request or an answer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `/v1/embeddings`.
    Openai,
    /// `:embedContent` and `:batchEmbedContents`.
    Gemini,
    /// `/api/embed` and the older `/api/embeddings`.
    Ollama,
}

impl Form {
    /// The words of a dialect; `None`: it has none for this.
    pub fn of(dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => Some(Self::Openai),
            Dialect::Gemini => Some(Self::Gemini),
            Dialect::Ollama => Some(Self::Ollama),
            Dialect::Anthropic => None,
        }
    }
}

/// The edits that name the upstream's model in a body of the same form.
pub(crate) fn renamed(body: Node<'_>, form: Form, model: &str) -> Vec<Edit> {
    let named = |holder: Node<'_>, name: &str| {
        let node = holder.get("model").filter(|node| !node.is(name))?;
        Some((node.span(), edit::quoted(name)))
    };
    if form != Form::Gemini {
        return named(body, model).into_iter().collect();
    }
    let name = write::gemini_name(model);
    let requests = body.get("requests").into_iter().flat_map(Node::items);
    requests.filter_map(|one| named(one, &name)).collect()
}

/// A request for vectors.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// What is to become a vector, one each.
    pub inputs: Vec<Input<'a>>,
    /// Length of the vectors wanted.
    pub dimensions: Option<u64>,
    /// What the vectors are for (Gemini's `taskType`).
    pub task: Option<Cow<'a, str>>,
    /// Title of the document (Gemini).
    pub title: Option<Cow<'a, str>>,
    /// Whether a text that is too long may be cut; OpenAI never does.
    pub truncate: Option<bool>,
    /// Whether vectors are wanted as base64.
    pub is_base64: bool,
    /// Whether one vector is wanted and not a list (`:embedContent`, `/api/embeddings`).
    pub is_single: bool,
    /// Fields that only the client's own vendor understands: JSON pointers.
    pub unknown: Vec<String>,
}

/// What is to become a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// Tokens of the upstream's own tokenizer (OpenAI): raw JSON array.
    Tokens(&'a str),
}

impl<'a> Request<'a> {
    /// Read a client's request. `Err`: it cannot be one.
    pub fn read(body: Node<'a>, form: Form) -> Result<Self, Error> {
        let request = match form {
            Form::Openai => read::openai(body),
            Form::Gemini => read::gemini(body),
            Form::Ollama => read::ollama(body),
        }?;
        if request.inputs.is_empty() {
            return Err(Error::client("there is nothing to embed"));
        }
        Ok(request)
    }

    /// Write it for an upstream. `Err`: it cannot be carried.
    pub fn write(&self, form: Form, model: &str, loss: &mut LossReport) -> Result<Vec<u8>, Error> {
        for pointer in &self.unknown {
            loss.add(Code::FieldDropped, pointer, "no counterpart upstream");
        }
        match form {
            Form::Openai => Ok(write::openai(self, model, loss)),
            Form::Gemini => write::gemini(self, model),
            Form::Ollama => write::ollama(self, model, loss),
        }
    }

    /// What its answer must be told by.
    pub fn reply(&self, client: Form, upstream: Form, model: &str) -> Reply {
        let texts = self.inputs.iter().map(|input| match input {
            Input::Text(text) => crate::context::text(text),
            Input::Tokens(raw) => raw.split(',').count() as u64,
        });
        Reply {
            client,
            upstream,
            model: model.into(),
            count: self.inputs.len(),
            is_base64: self.is_base64,
            is_single: self.is_single,
            estimate: texts.sum(),
        }
    }
}
