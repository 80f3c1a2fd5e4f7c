//! Token counts of an answer.

use crate::dialect::openai::usage::sum;
use crate::ir::Usage;
use crate::json::write;

/// Write the value of `usage`. The details without an `opt_` are required by the official
/// types, also where nothing is known of them.
pub(super) fn write(out: &mut Vec<u8>, usage: &Usage) {
    write::object(out, |o| {
        o.u64("input_tokens", usage.total_input());
        o.object("input_tokens_details", |o| {
            o.u64("cached_tokens", usage.cache_read.unwrap_or(0));
            let written = sum(usage.cache_write, usage.cache_write_1h);
            o.u64("cache_write_tokens", written.unwrap_or(0));
            o.opt_u64("audio_tokens", usage.audio_input);
        });
        o.u64("output_tokens", usage.total_output());
        o.object("output_tokens_details", |o| {
            o.u64("reasoning_tokens", usage.reasoning.unwrap_or(0));
            o.opt_u64("audio_tokens", usage.audio_output);
        });
        o.u64("total_tokens", usage.total());
    });
}
