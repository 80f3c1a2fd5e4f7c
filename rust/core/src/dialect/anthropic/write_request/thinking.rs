//! How hard to think: one intent, two ways to say it. Models of the adaptive kind take an effort and decide
//! themselves; older ones take a budget of tokens, which counts into `max_tokens` and rules out some parameters.

use super::Writer;
use super::blocks::{Block, Message, Speaker};
use crate::ir::{Effort, ReasoningIntent, Request, Visibility};
use crate::json::write::Object;
use crate::loss::Code;

/// Smallest budget that the API takes.
const LEAST: u64 = 1024;

/// What is said about thinking, and the bound of output tokens that goes with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) mode: Mode,
    pub(super) effort: Option<&'static str>,
    pub(super) display: Option<&'static str>,
    pub(super) max_tokens: u64,
}

/// `thinking.type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not a word.
    #[default]
    Unsaid,
    Disabled,
    Adaptive,
    Budget(u64),
}

impl Plan {
    /// With a budget, the API takes no temperature, no `top_k` and no forced tool.
    pub(super) fn is_manual(&self) -> bool {
        matches!(self.mode, Mode::Budget(_))
    }

    /// Whether anything is said about thinking.
    pub(super) fn is_said(&self) -> bool {
        self.mode != Mode::Unsaid
    }

    pub(super) fn write(&self, o: &mut Object<'_>) {
        o.object("thinking", |o| {
            match self.mode {
                Mode::Unsaid | Mode::Disabled => return o.str("type", "disabled"),
                Mode::Adaptive => o.str("type", "adaptive"),
                Mode::Budget(tokens) => {
                    o.str("type", "enabled");
                    o.u64("budget_tokens", tokens);
                }
            }
            o.opt_str("display", self.display);
        });
    }
}

impl Writer<'_, '_> {
    /// Decide. The messages are needed because a budget demands that the turn in progress begins with thinking.
    pub(super) fn thinking(&mut self, request: &Request<'_>, messages: &[Message<'_>]) -> Plan {
        let mut plan = Plan {
            max_tokens: self.max_tokens(request),
            ..Plan::default()
        };
        let Some(intent) = &request.reasoning else {
            return plan;
        };
        let is_off = intent.enabled == Some(false)
            || intent.effort == Some(Effort::Off)
            || intent.budget == Some(0);
        let is_on = intent.enabled == Some(true)
            || intent.adaptive
            || intent.effort.is_some()
            || intent.budget.is_some();
        if is_off {
            plan.mode = Mode::Disabled;
        } else if !is_on {
            let detail = "nothing was said about thinking but how to show it";
            self.loss.add(Code::FieldDropped, "/reasoning", detail);
            return plan;
        } else if self.target.profile.adaptive_thinking {
            self.adaptive(intent, &mut plan);
        } else {
            self.manual(intent, request, messages, &mut plan);
        }
        plan.display = intent.visibility.map(|visibility| match visibility {
            Visibility::Shown => "summarized",
            Visibility::Hidden => "omitted",
        });
        plan
    }

    fn max_tokens(&mut self, request: &Request<'_>) -> u64 {
        let profile = &self.target.profile;
        let wanted = request.max_output_tokens.unwrap_or_else(|| {
            let detail = "the upstream requires a bound of output tokens";
            self.loss.add(Code::DefaultFilled, "/max_tokens", detail);
            profile.default_max_tokens
        });
        match profile.max_output_tokens {
            Some(most) if wanted > most => {
                if request.max_output_tokens.is_some() {
                    let detail = format!("the model's bound is {most}");
                    self.loss.add(Code::ValueClamped, "/max_tokens", detail);
                }
                most
            }
            _ => wanted,
        }
    }

    fn adaptive(&mut self, intent: &ReasoningIntent, plan: &mut Plan) {
        plan.mode = Mode::Adaptive;
        let effort = match (intent.effort, intent.budget) {
            (Some(effort), _) => Some(effort),
            (None, Some(budget)) => {
                let detail = "the model takes an effort instead of a thinking budget";
                self.loss.add(Code::ValueClamped, "/reasoning", detail);
                Some(Effort::from_budget(budget))
            }
            (None, None) => None,
        };
        if intent.effort == Some(Effort::Minimal) {
            let detail = "the least effort upstream is low";
            self.loss.add(Code::ValueClamped, "/reasoning", detail);
        }
        plan.effort = effort.map(|effort| effort.max(Effort::Low).name());
    }

    fn manual(
        &mut self,
        intent: &ReasoningIntent,
        request: &Request<'_>,
        messages: &[Message<'_>],
        plan: &mut Plan,
    ) {
        if !begins_with_thinking(messages) {
            let detail = "thinking left out: the turn in progress has no thinking of this upstream";
            self.loss.add(Code::ParamForbidden, "/reasoning", detail);
            return;
        }
        let mut budget = match (intent.budget, intent.effort) {
            (Some(budget), _) => budget,
            (None, Some(effort)) => effort.budget(),
            (None, None) => {
                let detail = "the model requires a thinking budget";
                self.loss.add(Code::DefaultFilled, "/reasoning", detail);
                Effort::Medium.budget()
            }
        };
        if budget < LEAST {
            let detail = "the smallest thinking budget is 1024";
            self.loss.add(Code::ValueClamped, "/reasoning", detail);
            budget = LEAST;
        }
        plan.mode = Mode::Budget(self.fit(budget, request.max_output_tokens.is_some(), plan));
    }

    /// A budget below `max_tokens`. A bound that the client set stays, unless it leaves no room for the smallest
    /// budget; one that we filled in grows by the budget.
    fn fit(&mut self, budget: u64, is_clients: bool, plan: &mut Plan) -> u64 {
        let most = self.target.profile.max_output_tokens.unwrap_or(u64::MAX);
        if !is_clients {
            plan.max_tokens = plan.max_tokens.saturating_add(budget).min(most);
        }
        if plan.max_tokens <= LEAST {
            let detail = "raised: thinking counts into the bound and takes 1024 at least";
            self.loss.add(Code::ValueClamped, "/max_tokens", detail);
            plan.max_tokens = plan.max_tokens.saturating_add(LEAST).max(LEAST + 1);
        }
        if budget < plan.max_tokens {
            return budget;
        }
        let detail = "the thinking budget is lowered to fit into the bound of output tokens";
        self.loss.add(Code::ValueClamped, "/reasoning", detail);
        (plan.max_tokens / 2).max(LEAST)
    }
}

/// With a thinking budget, the last assistant message must begin with thinking when it called tools or is to be
/// continued.
fn begins_with_thinking(messages: &[Message<'_>]) -> bool {
    let is_assistant = |message: &&Message<'_>| message.speaker == Speaker::Assistant;
    let Some(last) = messages.iter().rev().find(is_assistant) else {
        return true;
    };
    let is_call =
        |placed: &super::blocks::Placed<'_>| matches!(placed.block, Block::ToolUse { .. });
    let is_last = messages
        .last()
        .is_some_and(|message| message.speaker == Speaker::Assistant);
    if !is_last && !last.blocks.iter().any(is_call) {
        return true;
    }
    let first = last.blocks.first().map(|placed| &placed.block);
    matches!(first, Some(Block::Thinking { .. } | Block::Redacted(_)))
}
