//! The ledger: reasoning state remembered for clients that drop it.
//!
//! Chat clients return `tool_calls[].id` and little else. From the id of each call of a turn, the ledger finds the
//! turn's reasoning again, so that a tool loop with thinking works. Bounded in entries, bytes and time; a miss
//! degrades (the turn is sent without its reasoning), it never fails.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::ir::{AnswerPart, Content, Opaque, Reasoning, Request, Role};
pub use crate::shelf::Limits;
use crate::shelf::{Shelf, key};

/// Reasoning of one turn, shared by the ids of its calls.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Text and state per reasoning part, in order.
    pub reasoning: Vec<(String, Vec<Opaque<'static>>)>,
    /// State that belongs to one call.
    pub calls: Vec<(String, Vec<Opaque<'static>>)>,
}

impl Remembered {
    fn size(&self) -> usize {
        let of = |parts: &[(String, Vec<Opaque<'static>>)]| -> usize {
            parts
                .iter()
                .map(|(text, opaque)| {
                    text.len() + opaque.iter().map(|o| o.data.len() + 64).sum::<usize>()
                })
                .sum()
        };
        of(&self.reasoning) + of(&self.calls) + 64
    }
}

/// Remembers reasoning by client and tool call id.
#[derive(Debug, Default)]
pub struct Ledger {
    shelf: Mutex<Shelf<Arc<Remembered>>>,
    limits: Limits,
}

impl Ledger {
    /// With these bounds.
    pub fn new(limits: Limits) -> Self {
        Self {
            shelf: Mutex::default(),
            limits,
        }
    }

    /// Remember the reasoning of an answer under each of its calls. `owner` keeps clients apart.
    pub fn remember(&self, owner: &str, parts: &[AnswerPart], now: Instant) {
        let mut turn = Remembered::default();
        let mut ids = Vec::new();
        for part in parts {
            match part {
                AnswerPart::Reasoning { text, opaque, .. } if !opaque.is_empty() => {
                    turn.reasoning.push((text.clone(), opaque.clone()));
                }
                AnswerPart::ToolCall { id, opaque, .. } => {
                    ids.push(key(owner, id));
                    if !opaque.is_empty() {
                        turn.calls.push((id.clone(), opaque.clone()));
                    }
                }
                _ => {}
            }
        }
        if ids.is_empty() || turn == Remembered::default() || turn.size() > self.limits.bytes / 4 {
            return;
        }
        self.put(ids, &Arc::new(turn), now);
    }

    fn put(&self, ids: Vec<String>, turn: &Arc<Remembered>, now: Instant) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            shelf.put(id, Arc::clone(turn), turn.size(), now);
        }
        shelf.make_room(&self.limits, now);
    }

    fn get(&self, owner: &str, id: &str, now: Instant) -> Option<Arc<Remembered>> {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.get(&key(owner, id), &self.limits, now)
    }

    /// Give the assistant turns of a request their reasoning back where the client dropped it.
    pub fn restore(&self, owner: &str, request: &mut Request<'_>, now: Instant) {
        for turn in request
            .turns
            .iter_mut()
            .filter(|turn| turn.role == Role::Assistant)
        {
            let first = turn.parts.iter().find_map(|part| match &part.content {
                Content::ToolCall(call) => Some(call.id.clone()),
                _ => None,
            });
            let Some(remembered) = first.and_then(|id| self.get(owner, &id, now)) else {
                continue;
            };
            let has_state = turn
                .parts
                .iter()
                .any(|part| matches!(&part.content, Content::Reasoning(r) if !r.opaque.is_empty()));
            if !has_state && !remembered.reasoning.is_empty() {
                turn.parts
                    .retain(|part| !matches!(part.content, Content::Reasoning(_)));
                let restored = remembered.reasoning.iter().map(|(text, opaque)| {
                    let text = (!text.is_empty()).then(|| text.clone().into());
                    Content::Reasoning(Reasoning {
                        text,
                        opaque: opaque.clone(),
                        ..Reasoning::default()
                    })
                    .into()
                });
                turn.parts.splice(0..0, restored.collect::<Vec<_>>());
            }
            for part in &mut turn.parts {
                let Content::ToolCall(call) = &mut part.content else {
                    continue;
                };
                let state = remembered.calls.iter().find(|(id, _)| *id == call.id);
                if let (true, Some((_, opaque))) = (call.opaque.is_empty(), state) {
                    call.opaque.clone_from(opaque);
                }
            }
        }
    }

    /// Calls and bytes remembered now.
    pub fn size(&self) -> (usize, usize) {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.size()
    }
}
