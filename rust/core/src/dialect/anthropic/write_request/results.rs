//! Which result answers which call.

use std::collections::HashMap;

use crate::ir::{CacheMarker, Content, ToolResult, Turn};

/// The results of a request, each to be used once.
#[derive(Debug)]
pub(super) struct Results<'r> {
    all: Vec<Found<'r>>,
    by_id: HashMap<&'r str, Vec<usize>>,
    calls: HashMap<&'r str, Vec<usize>>,
}

/// A result and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'r> {
    pub(super) turn: usize,
    pub(super) result: &'r ToolResult<'r>,
    pub(super) cache: Option<CacheMarker>,
    is_used: bool,
}

impl<'r> Results<'r> {
    /// Look them up.
    pub(super) fn of(turns: &'r [Turn<'r>]) -> Self {
        let mut results = Self {
            all: Vec::new(),
            by_id: HashMap::new(),
            calls: HashMap::new(),
        };
        for (turn, parts) in turns.iter().map(|turn| &turn.parts).enumerate() {
            for part in parts {
                match &part.content {
                    Content::ToolCall(call) => {
                        results.calls.entry(&call.id).or_default().push(turn);
                    }
                    Content::ToolResult(result) => {
                        let at = results.all.len();
                        results.by_id.entry(&result.id).or_default().push(at);
                        results.all.push(Found {
                            turn,
                            result,
                            cache: part.cache,
                            is_used: false,
                        });
                    }
                    _ => {}
                }
            }
        }
        results
    }

    /// The result of a call that was made before turn `from`: the first unused one before the same id is used for a
    /// new call.
    pub(super) fn take(&mut self, id: &str, from: usize) -> Option<Found<'r>> {
        let calls = self.calls.get(id).map_or(&[][..], Vec::as_slice);
        let until = calls.iter().find(|turn| **turn >= from);
        let until = until.copied().unwrap_or(usize::MAX);
        let at = self.by_id.get(id)?.iter().copied().find(|at| {
            let found = &self.all[*at];
            !found.is_used && found.turn >= from && found.turn < until
        })?;
        self.all[at].is_used = true;
        Some(self.all[at])
    }

    /// Those of one turn that no call has taken.
    pub(super) fn orphans(&self, turn: usize) -> Vec<&'r ToolResult<'r>> {
        let from = self.all.partition_point(|found| found.turn < turn);
        self.all[from..]
            .iter()
            .take_while(|found| found.turn == turn)
            .filter(|found| !found.is_used)
            .map(|found| found.result)
            .collect()
    }
}
