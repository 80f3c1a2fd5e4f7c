//! `thinkingConfig`: a level from Gemini 3 on, a budget before. What the client did not ask for is not sent.

use super::super::model;
use super::Writer;
use crate::ir::{Effort, ReasoningIntent, Visibility};
use crate::json::write::Object;
use crate::loss::Code;

/// The largest budget of any model.
const MAX_BUDGET: u64 = 32_768;

/// How much to think.
enum Amount {
    Level(&'static str),
    Budget(u64),
    /// The model decides.
    Dynamic,
}

impl Writer<'_, '_> {
    pub(super) fn thinking(&mut self, intent: Option<ReasoningIntent>, o: &mut Object<'_>) {
        let Some(intent) = intent else {
            return;
        };
        if !self.may_send("thinkingConfig", "/reasoning") {
            return;
        }
        let amount = if model::thinks_by_level(&self.target.model) {
            self.level(&intent)
        } else {
            self.budget(&intent)
        };
        // Who switches thinking on is used to reading it.
        let is_shown = match intent.visibility {
            Some(visibility) => Some(visibility == Visibility::Shown),
            None => intent.enabled.filter(|is_on| *is_on),
        };
        if amount.is_none() && is_shown.is_none() {
            return;
        }
        o.object("thinkingConfig", |o| {
            match amount {
                Some(Amount::Level(level)) => o.str("thinkingLevel", level),
                Some(Amount::Budget(budget)) => o.u64("thinkingBudget", budget),
                Some(Amount::Dynamic) => o.raw("thinkingBudget", "-1"),
                None => {}
            }
            if let Some(is_shown) = is_shown {
                o.bool("includeThoughts", is_shown);
            }
        });
    }

    fn clamped(&mut self, detail: &str) {
        self.loss.add(Code::ValueClamped, "/reasoning", detail);
    }

    fn level(&mut self, intent: &ReasoningIntent) -> Option<Amount> {
        let effort = if intent.enabled == Some(false) {
            Effort::Off
        } else if let Some(effort) = intent.effort {
            effort
        } else {
            let budget = intent.budget?;
            self.clamped("a thinking budget is sent as the nearest level");
            Effort::from_budget(budget)
        };
        Some(Amount::Level(match effort {
            Effort::Off => {
                self.clamped("thinking cannot be switched off: the lowest level is sent");
                "MINIMAL"
            }
            Effort::Minimal => "MINIMAL",
            Effort::Low => "LOW",
            Effort::Medium => "MEDIUM",
            Effort::High => "HIGH",
            Effort::XHigh | Effort::Max => {
                self.clamped("the highest level is sent");
                "HIGH"
            }
        }))
    }

    fn budget(&mut self, intent: &ReasoningIntent) -> Option<Amount> {
        if intent.enabled == Some(false) || intent.effort == Some(Effort::Off) {
            return Some(Amount::Budget(0));
        }
        if let Some(budget) = intent.budget {
            if budget > MAX_BUDGET {
                self.clamped("the largest thinking budget is sent");
            }
            return Some(Amount::Budget(budget.min(MAX_BUDGET)));
        }
        match intent.effort {
            Some(Effort::XHigh | Effort::Max) => Some(Amount::Budget(MAX_BUDGET)),
            Some(effort) => Some(Amount::Budget(effort.budget())),
            None => intent.adaptive.then_some(Amount::Dynamic),
        }
    }
}
