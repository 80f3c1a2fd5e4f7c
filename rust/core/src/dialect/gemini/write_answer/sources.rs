//! What is said about the answer's text at its end: `groundingMetadata` and `logprobsResult`.

use crate::ir::{Citation, OwnedCitation};
use crate::json::write::{Array, Object};
use crate::json::{Node, Tape};
use crate::loss::{Code, LossReport};

/// Sources and tokens so far.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// The text of the part in progress: places are said in its code points, and written in bytes.
    text: String,
    /// Bytes of the texts before it.
    before: usize,
    citations: Vec<Placed>,
    /// Raw JSON token objects with commas between them.
    tokens: String,
}

#[derive(Debug)]
struct Placed {
    citation: OwnedCitation,
    /// First byte and one past the last.
    bytes: Option<(usize, usize)>,
}

impl Sources {
    pub(super) fn begin_part(&mut self) {
        self.before += self.text.len();
        self.text.clear();
    }

    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn cite(&mut self, citation: &Citation<'_>, loss: &mut LossReport) {
        if citation.url.is_none_or(str::is_empty) {
            loss.add(
                Code::FieldDropped,
                "groundingMetadata",
                "a source without a URL",
            );
            return;
        }
        let place = |chars: Option<u64>| {
            let chars = usize::try_from(chars?).ok()?;
            let ends = self.text.char_indices().map(|(at, _)| at);
            let at = ends.chain([self.text.len()]).nth(chars)?;
            Some(at + self.before)
        };
        let (start, end) = (place(citation.start), place(citation.end));
        self.citations.push(Placed {
            citation: citation.into(),
            bytes: start.zip(end).filter(|(start, end)| start < end),
        });
    }

    pub(super) fn tokens(&mut self, array: &str) {
        let inner = array.trim().trim_start_matches('[').trim_end_matches(']');
        if !inner.trim().is_empty() {
            if !self.tokens.is_empty() {
                self.tokens.push(',');
            }
            self.tokens.push_str(inner);
        }
    }

    /// Write the members of a candidate.
    pub(super) fn write(&self, o: &mut Object<'_>) {
        if !self.citations.is_empty() {
            o.object("groundingMetadata", |o| self.write_grounding(o));
        }
        if !self.tokens.is_empty() {
            let text = format!("[{}]", self.tokens);
            if let Ok(tokens) = Tape::new().parse(&text) {
                o.object("logprobsResult", |o| write_tokens(tokens, o));
            }
        }
    }

    fn write_grounding(&self, o: &mut Object<'_>) {
        o.array("groundingChunks", |list| {
            for Placed { citation, .. } in &self.citations {
                list.object(|o| {
                    o.object("web", |o| {
                        o.opt_str("uri", citation.url.as_deref());
                        o.opt_str("title", citation.title.as_deref());
                    });
                });
            }
        });
        o.array("groundingSupports", |list| {
            for (at, Placed { citation, bytes }) in self.citations.iter().enumerate() {
                let Some((start, end)) = bytes else {
                    continue;
                };
                list.object(|o| {
                    o.object("segment", |o| {
                        o.u64("startIndex", *start as u64);
                        o.u64("endIndex", *end as u64);
                        o.opt_str("text", citation.quote.as_deref());
                    });
                    o.array("groundingChunkIndices", |list| {
                        list.raw(&at.to_string());
                    });
                });
            }
        });
    }
}

/// Chat's token objects in this dialect's two lists.
fn write_tokens(tokens: Node<'_>, o: &mut Object<'_>) {
    o.array("chosenCandidates", |list| {
        tokens.items().for_each(|token| write_token(token, list));
    });
    o.array("topCandidates", |list| {
        for token in tokens.items() {
            list.object(|o| {
                o.array("candidates", |list| {
                    let top = token.get("top_logprobs");
                    for other in top.into_iter().flat_map(Node::items) {
                        write_token(other, list);
                    }
                });
            });
        }
    });
}

fn write_token(token: Node<'_>, list: &mut Array<'_>) {
    list.object(|o| {
        o.opt_str("token", token.text("token").as_deref());
        let value = token.get("logprob").and_then(Node::as_number);
        o.opt_raw("logProbability", value.map(|number| number.0));
    });
}
