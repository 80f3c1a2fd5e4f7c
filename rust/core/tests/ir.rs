//! Token counts, losses, envelopes: what must hold whatever the numbers and bytes are.

use std::collections::HashSet;

use fastproxy_core::envelope::{Envelope, Opened, PREFIX};
use fastproxy_core::error::Kind;
use fastproxy_core::ir::{Effort, Opaque, OpaqueKind, Usage};
use fastproxy_core::loss::{Code, LossReport, MAX_LOSSES};
use proptest::prelude::*;

fn count() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(None), (0_u64..200_000).prop_map(Some)]
}

/// Counts as most hosts send them: shares within their totals.
fn inclusive() -> impl Strategy<Value = (u64, u64, u64, u64, u64)> {
    (
        0_u64..100_000,
        0_u64..100_000,
        0_u64..100_000,
        0_u64..100_000,
        0_u64..100_000,
    )
        .prop_map(|(fresh, read, write, visible, thought)| {
            (
                fresh + read + write,
                read,
                write,
                visible + thought,
                thought,
            )
        })
}

fn usage() -> impl Strategy<Value = Usage> {
    prop::array::uniform12(count()).prop_map(|c| Usage {
        input: c[0],
        cache_read: c[1],
        cache_write: c[2],
        cache_write_1h: c[3],
        tool_prompt: c[4],
        output: c[5],
        reasoning: c[6],
        audio_input: c[7],
        audio_output: c[8],
        accepted_prediction: c[9],
        rejected_prediction: c[10],
        web_searches: c[11],
    })
}

proptest! {
    #[test]
    fn inclusive_counts_keep_their_totals((prompt, read, write, completion, thought) in inclusive()) {
        let usage = Usage::from_inclusive(Some(prompt), Some(read), Some(write), Some(completion), Some(thought));
        prop_assert_eq!(usage.total_input(), prompt);
        prop_assert_eq!(usage.total_output(), completion);
        prop_assert_eq!(usage.total(), prompt + completion);
        prop_assert_eq!(usage.input, Some(prompt - read - write));
        prop_assert_eq!(usage.output, Some(completion - thought));
    }

    #[test]
    fn counts_never_go_below_zero_and_absent_stays_absent(
        prompt in count(), read in count(), write in count(), completion in count(), thought in count(),
    ) {
        let usage = Usage::from_inclusive(prompt, read, write, completion, thought);
        prop_assert_eq!(usage.input.is_some(), prompt.is_some());
        prop_assert_eq!(usage.output.is_some(), completion.is_some());
        prop_assert!(usage.input <= prompt && usage.output <= completion);
        prop_assert_eq!((usage.cache_read, usage.cache_write, usage.reasoning), (read, write, thought));
        prop_assert!(usage.total_input() >= prompt.unwrap_or(0));
    }

    #[test]
    fn the_totals_are_the_sum_of_disjoint_parts(usage in usage()) {
        let sum = |parts: &[Option<u64>]| parts.iter().flatten().sum::<u64>();
        let input = [usage.input, usage.cache_read, usage.cache_write, usage.cache_write_1h, usage.tool_prompt];
        prop_assert_eq!(usage.total_input(), sum(&input));
        prop_assert_eq!(usage.total_output(), sum(&[usage.output, usage.reasoning]));
        prop_assert_eq!(usage.total(), usage.total_input() + usage.total_output());
    }

    #[test]
    fn a_later_snapshot_replaces_what_it_has(older in usage(), newer in usage()) {
        let mut merged = older;
        merged.merge(&newer);
        prop_assert_eq!(merged.input, newer.input.or(older.input));
        prop_assert_eq!(merged.cache_write_1h, newer.cache_write_1h.or(older.cache_write_1h));
        prop_assert_eq!(merged.web_searches, newer.web_searches.or(older.web_searches));
        let once = merged;
        merged.merge(&newer);
        prop_assert_eq!(merged, once, "snapshots are not added up");
        merged.merge(&Usage::default());
        prop_assert_eq!(merged, once);
    }

    #[test]
    fn envelopes_open_to_what_was_sealed(
        origin in any::<String>(), data in any::<String>(), text in any::<Option<String>>(), kind in kind(),
        key in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let opaque = Opaque { origin: origin.into(), kind, data: data.into() };
        let sealed = Envelope::new(key.clone()).seal(&opaque, text.as_deref());
        prop_assert!(sealed.starts_with(PREFIX));
        prop_assert!(sealed.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "fits any string field");
        prop_assert_eq!(Envelope::new(key.clone()).open(&sealed), Opened::Ours { opaque, text });
        let other = [key, vec![1]].concat();
        prop_assert_eq!(Envelope::new(other).open(&sealed), Opened::Broken);
    }

    #[test]
    fn nothing_else_opens(
        data in "[ -~]{0,40}", change in "[A-Za-z0-9._-]{0,3}",
        from in any::<prop::sample::Index>(), length in 0_usize..4,
    ) {
        let envelope = Envelope::default();
        let opaque = Opaque { origin: "vendor".into(), kind: OpaqueKind::Encrypted, data: data.into() };
        let sealed = envelope.seal(&opaque, None);
        let from = from.index(sealed.len());
        let mut changed = sealed.clone();
        changed.replace_range(from..sealed.len().min(from + length), &change);
        if changed != sealed {
            let expected = if changed.starts_with(PREFIX) { Opened::Broken } else { Opened::Foreign };
            prop_assert_eq!(envelope.open(&changed), expected);
        }
        prop_assert_eq!(envelope.open(&sealed[..from]) == Opened::Foreign, from < PREFIX.len());
    }

    #[test]
    fn any_text_is_opened_without_panic(tail in any::<String>(), parts in prop::collection::vec("[A-Za-z0-9_-]{0,8}", 0..6)) {
        let envelope = Envelope::default();
        for text in [tail.clone(), format!("{PREFIX}{tail}"), format!("{PREFIX}{}", parts.join("."))] {
            let is_opened = matches!(envelope.open(&text), Opened::Ours { .. });
            prop_assert!(!is_opened);
        }
    }

    #[test]
    fn loss_headers_are_short_and_clean(
        losses in prop::collection::vec((0..Code::ALL.len(), prop_oneof!["[ -~é\r\n]{0,20}", (0_usize..1500).prop_map(|length| "x".repeat(length))]), 0..60),
    ) {
        let mut report = LossReport::new();
        for (code, path) in &losses {
            report.add(Code::ALL[*code], path, "why");
        }
        let header = report.header();
        prop_assert!(header.len() <= 1010, "{}", header.len());
        prop_assert!(header.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
        let shown = header.matches(';').count() - usize::from(header.ends_with("...=more"));
        prop_assert!(shown <= report.entries().len());
        prop_assert_eq!(shown < report.entries().len(), header.ends_with("...=more"));
        prop_assert_eq!(report.is_empty(), losses.is_empty());
        prop_assert!(report.entries().len() <= MAX_LOSSES);
        let different: HashSet<_> = report.entries().iter().map(|loss| (loss.code, &loss.path)).collect();
        prop_assert_eq!(different.len(), report.entries().len());
    }
}

fn kind() -> impl Strategy<Value = OpaqueKind> {
    prop::sample::select(vec![
        OpaqueKind::Signature,
        OpaqueKind::Redacted,
        OpaqueKind::Encrypted,
        OpaqueKind::ThoughtSignature,
        OpaqueKind::Details,
        OpaqueKind::Replay,
    ])
}

#[test]
fn hosts_that_send_exclusive_counts_in_inclusive_fields() {
    let usage = Usage::from_inclusive(Some(20), Some(5000), None, Some(3), Some(40));
    assert_eq!((usage.input, usage.cache_read), (Some(20), Some(5000)));
    assert_eq!((usage.output, usage.reasoning), (Some(3), Some(40)));
    assert_eq!((usage.total_input(), usage.total_output()), (5020, 43));
}

#[test]
fn cache_writes_are_input_and_cached_prompts_count() {
    let usage = Usage {
        input: Some(3),
        cache_read: Some(100),
        cache_write: Some(10),
        cache_write_1h: Some(7),
        output: Some(2),
        ..Usage::default()
    };
    assert_eq!(
        (usage.total_input(), usage.total_output(), usage.total()),
        (120, 2, 122)
    );
}

#[test]
fn unknown_is_not_zero() {
    assert!(!Usage::default().is_known());
    assert!(
        Usage {
            output: Some(0),
            ..Usage::default()
        }
        .is_known()
    );
    assert!(!Usage::from_inclusive(None, None, None, None, None).is_known());
    let huge = Usage {
        input: Some(u64::MAX),
        cache_read: Some(1),
        output: Some(u64::MAX),
        ..Usage::default()
    };
    assert_eq!(
        huge.total(),
        u64::MAX,
        "counts of a hostile upstream saturate"
    );
}

#[test]
fn losses_are_listed_once_and_counted() {
    let mut report = LossReport::new();
    assert_eq!(report.header(), "0");
    report.add(Code::FieldDropped, "/logit_bias", "no counterpart");
    report.add(Code::FieldDropped, "/logit_bias", "again");
    report.add(Code::ValueClamped, "/logit_bias", "other code");
    report.add(Code::SchemaLowered, "/tools/2/a b;c\r\nx: y", "");
    let header = "3; field_dropped=/logit_bias; value_clamped=/logit_bias; schema_lowered=/tools/2/a_b_c__x:_y";
    assert_eq!(report.header(), header);
    assert_eq!(report.entries()[0].detail, "no counterpart");
    for at in 0..100 {
        report.add(Code::FieldDropped, format!("/{at}"), "");
    }
    assert_eq!(report.entries().len(), MAX_LOSSES);
    assert!(report.header().starts_with("103; "));
}

#[test]
fn names_are_distinct_and_lead_back() {
    let codes: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(codes.len(), Code::ALL.len());
    for kind in Kind::ALL {
        assert_eq!(Kind::from_name(kind.name()), Some(kind));
        assert!((400..=599).contains(&kind.status()));
    }
    for tag in "sretdp".chars() {
        assert_eq!(OpaqueKind::from_tag(tag).map(OpaqueKind::tag), Some(tag));
    }
    assert_eq!(OpaqueKind::from_tag('x'), None);
}

#[test]
fn efforts_and_budgets_lead_back() {
    for name in ["none", "minimal", "low", "medium", "high", "xhigh", "max"] {
        let effort = Effort::from_name(name).map(|effort| {
            (
                effort.name(),
                Effort::from_budget(effort.budget()) == effort,
            )
        });
        assert_eq!(effort, Some((name, true)));
    }
    let efforts: Vec<_> = [0, 1, 1025, 5000, 9000, 30_000, u64::MAX]
        .map(Effort::from_budget)
        .into();
    assert!(efforts.is_sorted() && efforts.len() == 7);
}
