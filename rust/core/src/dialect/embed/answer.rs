//! An upstream's vectors → a client's answer.

use super::Form;
use super::vector;
use crate::dialect::openai::usage;
use crate::error::Error;
use crate::ir::Usage;
use crate::json::write::{self, Object};
use crate::json::{Node, edit};
use crate::loss::{Code, LossReport};
use crate::transcode::splice_into;

/// What an answer is to be told by.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) client: Form,
    pub(super) upstream: Form,
    pub(super) model: String,
    pub(super) count: usize,
    pub(super) is_base64: bool,
    pub(super) is_single: bool,
    /// Tokens of the inputs, for a client that must be told a number when the upstream says none.
    pub(super) estimate: u64,
}

/// What was learnt from an answer.
#[derive(Clone, Debug, Default)]
pub struct Learnt {
    /// Token counts.
    pub usage: Usage,
    /// The model that served.
    pub model: Option<String>,
}

impl Reply {
    /// Write the client's answer. `Err`: the upstream's is none.
    pub fn write(
        &self,
        text: &str,
        body: Node<'_>,
        loss: &mut LossReport,
        out: &mut Vec<u8>,
    ) -> Result<Learnt, Error> {
        let vectors = self.vectors(body)?;
        let learnt = Learnt {
            usage: self.usage(body),
            model: body.text("model").map(Into::into),
        };
        if self.client == self.upstream && !self.is_single {
            let model = body.get("model").filter(|node| !node.is(&self.model));
            let edits: Vec<_> = model
                .map(|node| (node.span(), edit::quoted(&self.model)))
                .into_iter()
                .collect();
            splice_into(text.as_bytes(), &edits, out);
            return Ok(learnt);
        }
        let mut written = Vec::with_capacity(text.len());
        self.list(&vectors, &mut written)?;
        let list = String::from_utf8(written)
            .map_err(|_| Error::malformed("the upstream's answer is not valid UTF-8"))?;
        let tokens = learnt.usage.is_known().then(|| learnt.usage.total_input());
        write::object(out, |o| match self.client {
            Form::Openai => self.openai(o, &list, tokens, loss),
            Form::Gemini => self.gemini(o, &list, tokens),
            Form::Ollama => self.ollama(o, &list, tokens),
        });
        Ok(learnt)
    }

    /// The upstream's vectors in the order of the inputs.
    fn vectors<'t>(&self, body: Node<'t>) -> Result<Vec<Node<'t>>, Error> {
        let vectors: Option<Vec<_>> = match self.upstream {
            Form::Openai => body.get("data").map(in_order),
            Form::Gemini => {
                let values = |node: Node<'t>| node.get("values");
                match body.get("embeddings") {
                    Some(list) => Some(list.items().filter_map(values).collect()),
                    None => body.get("embedding").and_then(values).map(|one| vec![one]),
                }
            }
            Form::Ollama => match body.get("embeddings") {
                Some(list) => Some(list.items().collect()),
                None => body.get("embedding").map(|one| vec![one]),
            },
        };
        let vectors =
            vectors.ok_or_else(|| Error::malformed("the upstream's answer holds no vectors"))?;
        if vectors.len() == self.count {
            return Ok(vectors);
        }
        let (got, asked) = (vectors.len(), self.count);
        let text = format!("the upstream answered with {got} vectors for {asked} inputs");
        Err(Error::malformed(text))
    }

    fn usage(&self, body: Node<'_>) -> Usage {
        let count = match self.upstream {
            Form::Openai => return body.get("usage").map(usage::read).unwrap_or_default(),
            Form::Gemini => body
                .get("usageMetadata")
                .and_then(|node| node.get("promptTokenCount")),
            Form::Ollama => body.get("prompt_eval_count"),
        };
        Usage {
            input: count.and_then(Node::as_u64),
            ..Usage::default()
        }
    }

    /// The elements of the client's list.
    fn list(&self, vectors: &[Node<'_>], out: &mut Vec<u8>) -> Result<(), Error> {
        for (at, vector) in vectors.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            match self.client {
                Form::Openai => {
                    let head = format!(r#"{{"object":"embedding","index":{at},"embedding":"#);
                    out.extend_from_slice(head.as_bytes());
                    if self.is_base64 {
                        vector::base64(out, *vector)?;
                    } else {
                        vector::numbers(out, *vector)?;
                    }
                    out.push(b'}');
                }
                Form::Gemini => {
                    out.extend_from_slice(br#"{"values":"#);
                    vector::numbers(out, *vector)?;
                    out.push(b'}');
                }
                Form::Ollama => vector::numbers(out, *vector)?,
            }
        }
        Ok(())
    }

    fn openai(&self, o: &mut Object<'_>, list: &str, tokens: Option<u64>, loss: &mut LossReport) {
        o.str("object", "list");
        o.raw("data", &format!("[{list}]"));
        o.str("model", &self.model);
        let tokens = tokens.unwrap_or_else(|| {
            loss.add(
                Code::UsageUnknown,
                "usage",
                "estimated: the upstream counts nothing",
            );
            self.estimate
        });
        o.object("usage", |usage| {
            usage.u64("prompt_tokens", tokens);
            usage.u64("total_tokens", tokens);
        });
    }

    fn gemini(&self, o: &mut Object<'_>, list: &str, tokens: Option<u64>) {
        if self.is_single {
            o.raw("embedding", list);
        } else {
            o.raw("embeddings", &format!("[{list}]"));
        }
        if let Some(tokens) = tokens {
            o.object("usageMetadata", |usage| {
                usage.u64("promptTokenCount", tokens);
                usage.u64("totalTokenCount", tokens);
            });
        }
    }

    fn ollama(&self, o: &mut Object<'_>, list: &str, tokens: Option<u64>) {
        if self.is_single {
            o.raw("embedding", list);
            return;
        }
        o.str("model", &self.model);
        o.raw("embeddings", &format!("[{list}]"));
        o.opt_u64("prompt_eval_count", tokens);
    }
}

/// By `index`, which hosts that split a batch need not keep in order.
fn in_order(data: Node<'_>) -> Vec<Node<'_>> {
    let mut entries: Vec<_> = data
        .items()
        .enumerate()
        .map(|(at, entry)| {
            let index = entry.get("index").and_then(Node::as_u64);
            (index.unwrap_or(at as u64), entry.get("embedding"))
        })
        .collect();
    entries.sort_by_key(|(index, _)| *index);
    entries
        .into_iter()
        .filter_map(|(_, vector)| vector)
        .collect()
}
