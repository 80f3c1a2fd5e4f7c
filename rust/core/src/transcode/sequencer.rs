//! One part at a time: for client dialects whose streams never interleave parts (Anthropic, Responses).
//!
//! Chat upstreams may send the fragments of parallel calls mixed. The part that began first flows through; the others
//! wait in memory, bounded, and follow in the order they began. Everything else passes.

use std::collections::VecDeque;

use crate::error::Error;
use crate::ir::{Delta, Opaque, PartKind, Piece, ToolKind};

/// Bytes that may wait: arguments of parallel calls are kilobytes; a megabyte is a broken upstream.
const MAX_WAITING: usize = 16 << 20;

#[derive(Debug)]
enum Step {
    Start(OwnedKind),
    Text(String),
    Summary(u32, String),
    Arguments(String),
    Opaque(Opaque<'static>),
    Logprobs(String),
    Data(String),
    Native(String),
    Citation(crate::ir::OwnedCitation),
    End,
}

#[derive(Debug)]
enum OwnedKind {
    Text,
    Reasoning,
    Refusal,
    ToolCall {
        id: String,
        name: String,
        namespace: Option<String>,
        kind: ToolKind,
    },
    Media(String),
    Native(String),
}

#[derive(Debug, Default)]
pub(super) struct Sequencer {
    current: Option<u32>,
    waiting: VecDeque<(u32, Vec<Step>)>,
    bytes: usize,
}

type Next<'n> = dyn FnMut(Delta<'_>) + 'n;

impl Sequencer {
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.bytes > MAX_WAITING {
            return Err(Error::malformed(
                "the upstream interleaves more than can be kept in order",
            ));
        }
        Ok(())
    }

    pub(super) fn pass(&mut self, delta: Delta<'_>, next: &mut Next<'_>) {
        let part = match &delta {
            Delta::PartStart { part, .. } | Delta::Piece { part, .. } | Delta::PartEnd { part } => {
                *part
            }
            _ => return next(delta),
        };
        if self.current.is_none() && matches!(delta, Delta::PartStart { .. }) {
            self.current = Some(part);
        }
        if self.current != Some(part) {
            return self.keep(part, &delta);
        }
        let is_end = matches!(delta, Delta::PartEnd { .. });
        next(delta);
        if is_end {
            self.advance(next);
        }
    }

    fn keep(&mut self, part: u32, delta: &Delta<'_>) {
        let Some(step) = Step::from_delta(delta) else {
            return;
        };
        self.bytes += step.size();
        match self
            .waiting
            .iter_mut()
            .find(|(waiting, _)| *waiting == part)
        {
            Some((_, steps)) => steps.push(step),
            None => self.waiting.push_back((part, vec![step])),
        }
    }

    /// The current part ended: let the next ones follow, up to one that is still open.
    fn advance(&mut self, next: &mut Next<'_>) {
        self.current = None;
        while let Some((part, steps)) = self.waiting.pop_front() {
            let is_ended = matches!(steps.last(), Some(Step::End));
            for step in &steps {
                self.bytes -= step.size();
                next(step.delta(part));
            }
            if !is_ended {
                self.current = Some(part);
                return;
            }
        }
    }
}

impl Step {
    fn from_delta(delta: &Delta<'_>) -> Option<Self> {
        Some(match delta {
            Delta::PartStart { kind, .. } => Self::Start(OwnedKind::new(*kind)),
            Delta::PartEnd { .. } => Self::End,
            Delta::Piece { piece, .. } => match piece {
                Piece::Text(text) => Self::Text((*text).into()),
                Piece::Summary { index, text } => Self::Summary(*index, (*text).into()),
                Piece::Arguments(text) => Self::Arguments((*text).into()),
                Piece::Opaque(opaque) => Self::Opaque(opaque.clone().into_owned()),
                Piece::Logprobs(raw) => Self::Logprobs((*raw).into()),
                Piece::Data(data) => Self::Data((*data).into()),
                Piece::Native(raw) => Self::Native((*raw).into()),
                Piece::Citation(citation) => Self::Citation(citation.into()),
            },
            _ => return None,
        })
    }

    fn size(&self) -> usize {
        match self {
            Self::Text(text)
            | Self::Summary(_, text)
            | Self::Arguments(text)
            | Self::Logprobs(text)
            | Self::Data(text)
            | Self::Native(text) => text.len() + 32,
            Self::Opaque(opaque) => opaque.data.len() + 64,
            Self::Start(_) | Self::Citation(_) | Self::End => 64,
        }
    }

    fn delta(&self, part: u32) -> Delta<'_> {
        let piece = match self {
            Self::Start(kind) => {
                return Delta::PartStart {
                    part,
                    kind: kind.view(),
                };
            }
            Self::End => return Delta::PartEnd { part },
            Self::Text(text) => Piece::Text(text),
            Self::Summary(index, text) => Piece::Summary {
                index: *index,
                text,
            },
            Self::Arguments(text) => Piece::Arguments(text),
            Self::Opaque(opaque) => Piece::Opaque(opaque.clone()),
            Self::Logprobs(raw) => Piece::Logprobs(raw),
            Self::Data(data) => Piece::Data(data),
            Self::Native(raw) => Piece::Native(raw),
            Self::Citation(citation) => Piece::Citation(citation.view()),
        };
        Delta::Piece { part, piece }
    }
}

impl OwnedKind {
    fn new(kind: PartKind<'_>) -> Self {
        match kind {
            PartKind::Text => Self::Text,
            PartKind::Reasoning => Self::Reasoning,
            PartKind::Refusal => Self::Refusal,
            PartKind::ToolCall {
                id,
                name,
                namespace,
                kind,
            } => Self::ToolCall {
                id: id.into(),
                name: name.into(),
                namespace: namespace.map(Into::into),
                kind,
            },
            PartKind::Media { mime } => Self::Media(mime.into()),
            PartKind::Native { kind } => Self::Native(kind.into()),
        }
    }

    fn view(&self) -> PartKind<'_> {
        match self {
            Self::Text => PartKind::Text,
            Self::Reasoning => PartKind::Reasoning,
            Self::Refusal => PartKind::Refusal,
            Self::ToolCall {
                id,
                name,
                namespace,
                kind,
            } => PartKind::ToolCall {
                id,
                name,
                namespace: namespace.as_deref(),
                kind: *kind,
            },
            Self::Media(mime) => PartKind::Media { mime },
            Self::Native(kind) => PartKind::Native { kind },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a client would have: parts in order with their arguments; fails when two are open at once.
    #[derive(Debug, Default, PartialEq)]
    struct Seen {
        parts: Vec<(u32, String)>,
        open: Option<u32>,
    }

    impl Seen {
        fn take(&mut self, delta: &Delta<'_>) {
            match delta {
                Delta::PartStart { part, .. } => {
                    assert_eq!(self.open.replace(*part), None, "two parts open");
                    self.parts.push((*part, String::new()));
                }
                Delta::Piece {
                    part,
                    piece: Piece::Arguments(text),
                } => {
                    assert_eq!(self.open, Some(*part), "more of a part that is not open");
                    self.parts.last_mut().unwrap().1.push_str(text);
                }
                Delta::PartEnd { part } => assert_eq!(self.open.take(), Some(*part)),
                _ => {}
            }
        }
    }

    proptest! {
        /// However calls are interleaved, the client sees one at a time, in the order they began, and all of each.
        #[test]
        fn parts_come_one_at_a_time_and_whole(
            picks in prop::collection::vec((0u32..4, "[a-z]{1,3}"), 1..60),
            ends_early in prop::collection::vec(any::<bool>(), 4),
        ) {
            let mut sequencer = Sequencer::default();
            let mut seen = Seen::default();
            let mut sent: Vec<(u32, String)> = Vec::new();
            let mut ended = [false; 4];
            let mut pass = |delta: Delta<'_>| sequencer.pass(delta, &mut |delta| seen.take(&delta));
            for (pick, text) in &picks {
                let part = (*pick).min(sent.len() as u32);
                if part as usize == sent.len() {
                    let kind =
                        PartKind::ToolCall { id: "i", name: "n", namespace: None, kind: ToolKind::Function };
                    pass(Delta::PartStart { part, kind });
                    sent.push((part, String::new()));
                }
                let index = part as usize;
                if ended[index] {
                    continue;
                }
                pass(Delta::Piece { part, piece: Piece::Arguments(text) });
                sent[index].1.push_str(text);
                if ends_early[index] && text.len() == 3 {
                    pass(Delta::PartEnd { part });
                    ended[index] = true;
                }
            }
            for (part, _) in sent.clone() {
                if !ended[part as usize] {
                    pass(Delta::PartEnd { part });
                }
            }
            prop_assert_eq!(seen, Seen { parts: sent, open: None });
            prop_assert_eq!(sequencer.bytes, 0);
        }
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut sequencer = Sequencer::default();
        let mut drop = |_: Delta<'_>| {};
        sequencer.pass(
            Delta::PartStart {
                part: 0,
                kind: PartKind::Text,
            },
            &mut drop,
        );
        sequencer.pass(
            Delta::PartStart {
                part: 1,
                kind: PartKind::Text,
            },
            &mut drop,
        );
        let text = "x".repeat(1 << 20);
        for _ in 0..17 {
            sequencer.pass(
                Delta::Piece {
                    part: 1,
                    piece: Piece::Text(&text),
                },
                &mut drop,
            );
        }
        assert!(sequencer.check().is_err());
    }
}
