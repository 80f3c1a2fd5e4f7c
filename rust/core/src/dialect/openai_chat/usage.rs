//! Token counts of an answer.

use crate::dialect::openai::usage::sum;
use crate::ir::Usage;
use crate::json::write;

/// Write the value of `usage`.
pub(super) fn write(out: &mut Vec<u8>, usage: &Usage) {
    write::object(out, |o| {
        o.u64("prompt_tokens", usage.total_input());
        o.u64("completion_tokens", usage.total_output());
        o.u64("total_tokens", usage.total());
        let written = sum(usage.cache_write, usage.cache_write_1h);
        if usage.cache_read.or(written).or(usage.audio_input).is_some() {
            o.object("prompt_tokens_details", |o| {
                o.u64("cached_tokens", usage.cache_read.unwrap_or(0));
                o.opt_u64("cache_write_tokens", written);
                o.opt_u64("audio_tokens", usage.audio_input);
            });
        }
        let details = [
            ("reasoning_tokens", usage.reasoning),
            ("audio_tokens", usage.audio_output),
            ("accepted_prediction_tokens", usage.accepted_prediction),
            ("rejected_prediction_tokens", usage.rejected_prediction),
        ];
        if details.iter().any(|(_, count)| count.is_some()) {
            o.object("completion_tokens_details", |o| {
                for (key, count) in details {
                    o.opt_u64(key, count);
                }
            });
        }
    });
}
