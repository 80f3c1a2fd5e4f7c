//! Tool results in the order that Chat demands: directly behind the turn that called, one per call, in call order.
//!
//! Parallel results come back in the order they were done (Claude Code), other dialects allow text between them, and
//! long conversations lose some.

use std::collections::HashMap;

use crate::dialect::make_id;
use crate::ir::{Content, Request, Role, ToolCall, ToolResult, Turn};
use crate::loss::{Code, LossReport};

/// One step of the conversation as it is sent.
#[derive(Debug)]
pub(in crate::dialect) enum Step<'r, 'a> {
    /// A turn, calls included; its slots say which id each call gets.
    Turn(&'r Turn<'a>, Vec<Slot<'r, 'a>>),
    /// A result that answers nothing.
    Orphan(&'r ToolResult<'a>),
}

/// One call and its result.
#[derive(Debug)]
pub(in crate::dialect) struct Slot<'r, 'a> {
    pub(in crate::dialect) call: &'r ToolCall<'a>,
    /// The call's id; made up where the client's dialect has none.
    pub(in crate::dialect) id: String,
    /// `None`: the history has no result.
    pub(in crate::dialect) result: Option<&'r ToolResult<'a>>,
}

/// Where a call stands: step and slot.
type Place = (usize, usize);

#[derive(Default)]
struct Plan<'r, 'a> {
    steps: Vec<Step<'r, 'a>>,
    /// The latest call of each id: hosts reuse `call_0` in every turn.
    by_id: HashMap<&'r str, Place>,
    /// The last step with calls.
    latest: Option<usize>,
    /// Something other than results came since.
    is_interrupted: bool,
}

/// Order the conversation.
pub(in crate::dialect) fn plan<'r, 'a>(
    request: &'r Request<'a>,
    loss: &mut LossReport,
) -> Vec<Step<'r, 'a>> {
    let mut plan = Plan::default();
    for turn in &request.turns {
        if turn.role == Role::Tool {
            for part in &turn.parts {
                if let Content::ToolResult(result) = &part.content {
                    plan.result(result, loss);
                }
            }
        } else {
            plan.turn(turn);
        }
    }
    for step in &plan.steps {
        if let Step::Turn(turn, slots) = step
            && slots.iter().any(|slot| slot.result.is_none())
        {
            let detail = "a tool call has no result; a note stands in its place";
            loss.add(Code::ResultSynthesised, &turn.pointer, detail);
        }
    }
    plan.steps
}

impl<'r, 'a> Plan<'r, 'a> {
    fn turn(&mut self, turn: &'r Turn<'a>) {
        let step = self.steps.len();
        let mut slots = Vec::new();
        for part in &turn.parts {
            let Content::ToolCall(call) = &part.content else {
                continue;
            };
            let id = match &*call.id {
                "" => make_id("call_", &turn.pointer, slots.len()),
                id => {
                    self.by_id.insert(id, (step, slots.len()));
                    id.to_owned()
                }
            };
            slots.push(Slot {
                call,
                id,
                result: None,
            });
        }
        self.is_interrupted = slots.is_empty();
        if !slots.is_empty() {
            self.latest = Some(step);
        }
        self.steps.push(Step::Turn(turn, slots));
    }

    fn result(&mut self, result: &'r ToolResult<'a>, loss: &mut LossReport) {
        let place = if result.id.is_empty() {
            self.unnamed(result)
        } else {
            self.by_id.get(&*result.id).copied()
        };
        let Some((step, at)) = place else {
            loss.add(
                Code::RoleMoved,
                &result.pointer,
                "the result answers no call and is sent as user text",
            );
            self.steps.push(Step::Orphan(result));
            return;
        };
        if self.is_interrupted || self.latest != Some(step) {
            loss.add(
                Code::OrderLost,
                &result.pointer,
                "moved directly behind the turn that called",
            );
        }
        let Some(Step::Turn(_, slots)) = self.steps.get_mut(step) else {
            return;
        };
        let slot = &mut slots[at];
        if slot.result.is_some() {
            loss.add(
                Code::FieldDropped,
                &result.pointer,
                "a second result of the same call",
            );
            return;
        }
        slot.result = Some(result);
    }

    /// Dialects without ids: the first open call of that name in the last turn that called.
    fn unnamed(&self, result: &ToolResult<'_>) -> Option<Place> {
        let step = self.latest?;
        let Step::Turn(_, slots) = self.steps.get(step)? else {
            return None;
        };
        let fits = |slot: &Slot<'_, '_>| {
            slot.result.is_none()
                && result
                    .name
                    .as_ref()
                    .is_none_or(|name| *name == slot.call.name)
        };
        Some((step, slots.iter().position(fits)?))
    }
}
