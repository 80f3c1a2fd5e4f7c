//! Token counts, as both dialects and the hosts that imitate them say them.

use crate::ir::Usage;
use crate::json::Node;

/// Read a `usage` object. OpenAI's totals include their details; hosts that send exclusive counts in the same fields
/// are told apart by `total_tokens` first (xAI's reasoning), by parts larger than their total otherwise.
pub(in crate::dialect) fn read(usage: Node<'_>) -> Usage {
    let count = |node: Option<Node<'_>>, key: &str| node?.get(key)?.as_u64();
    let whole = Some(usage);
    let input = usage
        .get("prompt_tokens_details")
        .or(usage.get("input_tokens_details"));
    let output = usage
        .get("completion_tokens_details")
        .or(usage.get("output_tokens_details"));
    let read = count(input, "cached_tokens")
        .or_else(|| count(whole, "prompt_cache_hit_tokens"))
        .or_else(|| count(whole, "cached_tokens"))
        .or_else(|| count(whole, "cache_read_input_tokens"));
    let written = count(input, "cache_write_tokens")
        .or_else(|| count(input, "cache_creation_tokens"))
        .or_else(|| count(whole, "cache_creation_input_tokens"));
    let reasoning = count(output, "reasoning_tokens").or_else(|| count(whole, "reasoning_tokens"));
    let mut totals = Totals {
        prompt: count(whole, "prompt_tokens").or_else(|| count(whole, "input_tokens")),
        completion: count(whole, "completion_tokens").or_else(|| count(whole, "output_tokens")),
    };
    let total = count(whole, "total_tokens");
    let mut reasoning = reasoning;
    if let Some(missing) = total.and_then(|total| totals.missing(total)) {
        totals.include(
            missing,
            read.unwrap_or(0).saturating_add(written.unwrap_or(0)),
            &mut reasoning,
        );
    }
    Usage {
        audio_input: count(input, "audio_tokens"),
        audio_output: count(output, "audio_tokens"),
        accepted_prediction: count(output, "accepted_prediction_tokens"),
        rejected_prediction: count(output, "rejected_prediction_tokens"),
        web_searches: count(usage.get("server_tool_use"), "web_search_requests"),
        ..Usage::from_inclusive(totals.prompt, read, written, totals.completion, reasoning)
    }
}

struct Totals {
    prompt: Option<u64>,
    completion: Option<u64>,
}

impl Totals {
    /// How much of the total neither side explains.
    fn missing(&self, total: u64) -> Option<u64> {
        let known = self.prompt?.saturating_add(self.completion?);
        total.checked_sub(known).filter(|missing| *missing > 0)
    }

    /// Make exclusive counts inclusive where exactly that explains the total. A rest without any detail is thinking:
    /// Gemini's OpenAI face counts it in the total only.
    fn include(&mut self, missing: u64, cached: u64, reasoning: &mut Option<u64>) {
        let thought = reasoning.unwrap_or(0);
        let add =
            |count: &mut Option<u64>, more: u64| *count = count.map(|n| n.saturating_add(more));
        if missing == thought {
            add(&mut self.completion, thought);
        } else if missing == cached {
            add(&mut self.prompt, cached);
        } else if missing == cached.saturating_add(thought) {
            add(&mut self.prompt, cached);
            add(&mut self.completion, thought);
        } else if reasoning.is_none() {
            *reasoning = Some(missing);
            add(&mut self.completion, missing);
        }
    }
}

/// Two counts that one field says.
pub(in crate::dialect) fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
    }
}
