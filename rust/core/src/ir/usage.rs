//! Token counts.

/// Disjoint counters: no token is in two of them (the audio counts are shares of the others). `None`: the upstream did
/// not say, which is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens read afresh.
    pub input: Option<u64>,
    /// Prompt tokens read from a cache.
    pub cache_read: Option<u64>,
    /// Prompt tokens written to a cache kept for five minutes (or for a time unknown).
    pub cache_write: Option<u64>,
    /// Prompt tokens written to a cache kept for an hour.
    pub cache_write_1h: Option<u64>,
    /// Prompt tokens that the vendor's own tools added.
    pub tool_prompt: Option<u64>,
    /// Tokens produced, thinking not included.
    pub output: Option<u64>,
    /// Tokens of thinking.
    pub reasoning: Option<u64>,
    /// Audio share of the prompt.
    pub audio_input: Option<u64>,
    /// Audio share of the output.
    pub audio_output: Option<u64>,
    /// Predicted tokens that were used (OpenAI).
    pub accepted_prediction: Option<u64>,
    /// Predicted tokens that were not (OpenAI).
    pub rejected_prediction: Option<u64>,
    /// Searches the vendor ran.
    pub web_searches: Option<u64>,
}

impl Usage {
    /// Whether the upstream said anything.
    pub fn is_known(&self) -> bool {
        *self != Self::default()
    }

    /// All prompt tokens: what OpenAI calls `prompt_tokens`.
    pub fn total_input(&self) -> u64 {
        [
            self.input,
            self.cache_read,
            self.cache_write,
            self.cache_write_1h,
            self.tool_prompt,
        ]
        .into_iter()
        .flatten()
        .fold(0, u64::saturating_add)
    }

    /// All tokens produced: what OpenAI calls `completion_tokens`.
    pub fn total_output(&self) -> u64 {
        self.output
            .unwrap_or(0)
            .saturating_add(self.reasoning.unwrap_or(0))
    }

    /// Prompt and output.
    pub fn total(&self) -> u64 {
        self.total_input().saturating_add(self.total_output())
    }

    /// Take over every field that the newer snapshot has.
    pub fn merge(&mut self, newer: &Self) {
        fn take(old: &mut Option<u64>, new: Option<u64>) {
            if new.is_some() {
                *old = new;
            }
        }
        take(&mut self.input, newer.input);
        take(&mut self.cache_read, newer.cache_read);
        take(&mut self.cache_write, newer.cache_write);
        take(&mut self.cache_write_1h, newer.cache_write_1h);
        take(&mut self.tool_prompt, newer.tool_prompt);
        take(&mut self.output, newer.output);
        take(&mut self.reasoning, newer.reasoning);
        take(&mut self.audio_input, newer.audio_input);
        take(&mut self.audio_output, newer.audio_output);
        take(&mut self.accepted_prediction, newer.accepted_prediction);
        take(&mut self.rejected_prediction, newer.rejected_prediction);
        take(&mut self.web_searches, newer.web_searches);
    }

    /// From counts where the parts are included in the totals (OpenAI, Gemini). Hosts that send exclusive counts in
    /// inclusive fields are recognised by parts larger than their total.
    pub fn from_inclusive(
        prompt: Option<u64>,
        cache_read: Option<u64>,
        cache_write: Option<u64>,
        completion: Option<u64>,
        reasoning: Option<u64>,
    ) -> Self {
        let cached = cache_read
            .unwrap_or(0)
            .saturating_add(cache_write.unwrap_or(0));
        let input = prompt.map(|total| total.checked_sub(cached).unwrap_or(total));
        let thought = reasoning.unwrap_or(0);
        let output = completion.map(|total| total.checked_sub(thought).unwrap_or(total));
        Self {
            input,
            cache_read,
            cache_write,
            output,
            reasoning,
            ..Self::default()
        }
    }
}
