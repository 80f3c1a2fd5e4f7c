//! Token counts: two sums, in the last line.

use super::wire::Line;
use crate::ir::Usage;
use crate::json::write::Object;
use crate::loss::{Code, LossReport};

/// Read the counts of a line. The prompt's count is absent when all of it was cached.
pub(super) fn read(line: &Line<'_>) -> Usage {
    Usage {
        input: line.prompt_eval_count,
        output: line.eval_count,
        ..Usage::default()
    }
}

/// Write the counts, as far as they are known.
pub(super) fn write(o: &mut Object<'_>, usage: &Usage, loss: &mut LossReport) {
    if !usage.is_known() {
        loss.add(Code::UsageUnknown, "usage", "the upstream did not count");
        return;
    }
    o.u64("prompt_eval_count", usage.total_input());
    o.u64("eval_count", usage.total_output());
    let shares = [
        usage.cache_read,
        usage.cache_write,
        usage.cache_write_1h,
        usage.reasoning,
    ];
    if shares.into_iter().flatten().any(|count| count > 0) {
        let detail = "the shares of caches and of thinking are in the sums only";
        loss.add(Code::FieldDropped, "usage", detail);
    }
}
