//! Token counts: disjoint prompt counters, and an output that includes thinking.

use crate::ir::Usage;
use crate::json::Node;
use crate::json::write::Object;

/// The counters as they stand on the wire. Kept apart from [`Usage`] because events are cumulative field by field: an
/// output without its thinking must not be added to the thinking of an earlier event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_creation: Option<u64>,
    cache_5m: Option<u64>,
    cache_1h: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
    searches: Option<u64>,
}

impl Counts {
    /// Take over what a `usage` object says. A zero never replaces a prompt count: hosts that do not repeat those in
    /// `message_delta` fill them with zeros.
    pub(super) fn take(&mut self, usage: Node<'_>) {
        fn set(old: &mut Option<u64>, new: Option<u64>) {
            if new.is_some_and(|new| new > 0 || old.is_none()) {
                *old = new;
            }
        }
        let count = |key| usage.get(key).and_then(Node::as_u64);
        let nested = |outer, key| {
            usage
                .get(outer)
                .and_then(|object| object.get(key))
                .and_then(Node::as_u64)
        };
        set(&mut self.input, count("input_tokens"));
        set(&mut self.cache_read, count("cache_read_input_tokens"));
        set(
            &mut self.cache_creation,
            count("cache_creation_input_tokens"),
        );
        set(
            &mut self.cache_5m,
            nested("cache_creation", "ephemeral_5m_input_tokens"),
        );
        set(
            &mut self.cache_1h,
            nested("cache_creation", "ephemeral_1h_input_tokens"),
        );
        self.output = count("output_tokens").or(self.output);
        self.thinking = nested("output_tokens_details", "thinking_tokens").or(self.thinking);
        set(
            &mut self.searches,
            nested("server_tool_use", "web_search_requests"),
        );
    }

    /// The same in the IR's partition.
    pub(super) fn usage(&self) -> Usage {
        let hour = self.cache_1h.unwrap_or(0);
        let cache_write = match (self.cache_creation, self.cache_5m) {
            (Some(total), _) => Some(total.saturating_sub(hour)),
            (None, short) => short,
        };
        let thinking = self.thinking.unwrap_or(0);
        Usage {
            input: self.input,
            cache_read: self.cache_read,
            cache_write,
            cache_write_1h: self.cache_1h,
            output: self.output.map(|total| total.saturating_sub(thinking)),
            reasoning: self.thinking,
            web_searches: self.searches,
            ..Usage::default()
        }
    }
}

/// Write the members of a `usage` object. The two that clients require are always there; of the rest, unknown is
/// absent, not 0.
pub(super) fn write(o: &mut Object<'_>, usage: &Usage) {
    let input = usage.input.unwrap_or(0);
    o.u64(
        "input_tokens",
        input.saturating_add(usage.tool_prompt.unwrap_or(0)),
    );
    let (short, hour) = (usage.cache_write, usage.cache_write_1h);
    if short.is_some() || hour.is_some() {
        let total = short.unwrap_or(0).saturating_add(hour.unwrap_or(0));
        o.u64("cache_creation_input_tokens", total);
    }
    o.opt_u64("cache_read_input_tokens", usage.cache_read);
    if let Some(hour) = hour {
        o.object("cache_creation", |o| {
            o.u64("ephemeral_5m_input_tokens", short.unwrap_or(0));
            o.u64("ephemeral_1h_input_tokens", hour);
        });
    }
    o.u64("output_tokens", usage.total_output());
    if let Some(thinking) = usage.reasoning {
        o.object("output_tokens_details", |o| {
            o.u64("thinking_tokens", thinking);
        });
    }
    if let Some(searches) = usage.web_searches {
        o.object("server_tool_use", |o| {
            o.u64("web_search_requests", searches);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Tape;

    fn counts(events: &[&str]) -> Usage {
        let mut counts = Counts::default();
        for event in events {
            counts.take(Tape::new().parse(event).unwrap());
        }
        counts.usage()
    }

    #[test]
    fn no_token_is_in_two_counters() {
        let usage = counts(&[r#"{"input_tokens":10,"cache_read_input_tokens":7,
            "cache_creation_input_tokens":5,
            "cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":3},
            "output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}"#]);
        assert_eq!(
            (usage.cache_write, usage.cache_write_1h),
            (Some(2), Some(3))
        );
        assert_eq!((usage.output, usage.reasoning), (Some(5), Some(4)));
        assert_eq!(usage.total_input(), 10 + 7 + 5);
        assert_eq!(usage.total_output(), 9);
    }

    #[test]
    fn a_refusal_may_produce_nothing() {
        let usage = counts(&[r#"{"output_tokens":1}"#, r#"{"output_tokens":0}"#]);
        assert_eq!(usage.output, Some(0));
    }

    #[test]
    fn later_events_replace_and_zeros_do_not() {
        let usage = counts(&[
            r#"{"input_tokens":10,"cache_read_input_tokens":3,"output_tokens":1}"#,
            r#"{"input_tokens":0,"cache_read_input_tokens":null,"output_tokens":20,
                "output_tokens_details":{"thinking_tokens":5}}"#,
            r#"{"output_tokens":30}"#,
        ]);
        assert_eq!((usage.input, usage.cache_read), (Some(10), Some(3)));
        assert_eq!((usage.output, usage.reasoning), (Some(25), Some(5)));
        assert_eq!(usage.cache_write, None, "unknown is not zero");
    }
}
