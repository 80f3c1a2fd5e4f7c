//! The raw lane's answers: byte for byte, vouched for.

use fastproxy_core::dialect::anthropic::Anthropic;
use fastproxy_core::dialect::{Codec, Relay, RelayContext};
use fastproxy_core::error::{Error, Kind};
use fastproxy_core::json::Tape;

use super::fixture;

fn relay(model: &str) -> Box<dyn Relay> {
    Anthropic.relay(&RelayContext {
        model: model.into(),
        hide_usage: false,
        ..RelayContext::default()
    })
}

/// Events of a fixture as (name, data).
fn frames(name: &str) -> Vec<(String, String)> {
    let text = String::from_utf8(fixture("stream", &format!("{name}.sse"))).unwrap();
    let frames = text.split("\n\n").filter(|frame| !frame.is_empty());
    frames
        .map(|frame| {
            let mut pair = (String::new(), String::new());
            for line in frame.lines() {
                match line.split_once(": ").unwrap() {
                    ("event", value) => pair.0 = value.into(),
                    (_, value) => pair.1 = value.into(),
                }
            }
            pair
        })
        .collect()
}

fn run(relay: &mut dyn Relay, name: &str) -> Result<&'static [u8], Error> {
    for (name, data) in frames(name) {
        relay.event(&name, &data)?;
    }
    relay.finish()
}

#[test]
fn only_the_models_name_is_edited() {
    let mut relay = relay("client \"m\"");
    for (name, data) in frames("full") {
        let verdict = relay.event(&name, &data).unwrap();
        assert!(!verdict.drop && verdict.name.is_none());
        assert_eq!(verdict.is_terminal, name == "message_stop");
        if name != "message_start" {
            assert!(verdict.edits.is_empty());
            continue;
        }
        let (range, new) = &verdict.edits[0];
        assert_eq!(&data[range.clone()], "\"upstream-model\"");
        assert_eq!(new, "\"client \\\"m\\\"\"");
    }
    assert_eq!(relay.finish().unwrap(), b"");
    assert_eq!(
        relay.served(),
        (Some("msg_01Stream"), Some("upstream-model"))
    );
    assert_eq!(relay.finish_reason(), Some("tool_use"));
    assert_eq!(
        (relay.usage().total_input(), relay.usage().total_output()),
        (105, 77)
    );
    let mut same = self::relay("upstream-model");
    let (name, data) = &frames("full")[0];
    assert!(
        same.event(name, data).unwrap().edits.is_empty(),
        "equal names are not touched"
    );
}

#[test]
fn content_is_what_the_model_says() {
    let mut relay = relay("m");
    let mut seen = Vec::new();
    for (name, data) in frames("full") {
        if relay.event(&name, &data).unwrap().has_content {
            seen.push(name);
        }
    }
    assert_eq!(
        seen[0], "content_block_delta",
        "an empty thinking block is no content"
    );
    assert_eq!(
        seen.iter()
            .filter(|name| *name == "content_block_start")
            .count(),
        2,
        "calls are"
    );
}

#[test]
fn repairs() {
    let mut nameless = relay("m");
    for (name, data) in frames("repaired_no_event_names") {
        let verdict = nameless.event(&name, &data).unwrap();
        assert!(
            verdict.name.is_some_and(|name| data.contains(name)),
            "{data}"
        );
    }
    let mut unstopped = relay("m");
    let rest = run(unstopped.as_mut(), "repaired_no_message_stop").unwrap();
    assert_eq!(
        rest,
        b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
    );
    assert!(unstopped.is_complete());
    assert_eq!(unstopped.finish().unwrap(), b"", "once");
    let mut twice = relay("m");
    let drops: Vec<_> = frames("repaired_twice_and_done")
        .iter()
        .map(|(name, data)| twice.event(name, data).unwrap().drop)
        .collect();
    assert_eq!(
        drops,
        [false, true, false, false, false, false, false, true, true]
    );
}

#[test]
fn events_without_data_are_left_out() {
    let mut relay = relay("m");
    for (name, data) in [("ping", ""), ("", " ")] {
        assert!(relay.event(name, data).unwrap().drop);
    }
    assert_eq!(run(&mut *relay, "full").unwrap(), b"");
}

#[test]
fn what_is_no_answer_is_an_error() {
    for (name, kind) in [
        ("bad_overloaded_first", Kind::Overloaded),
        ("bad_error_midway", Kind::Upstream),
        ("bad_error_unnamed", Kind::RateLimit),
        ("bad_not_json", Kind::Upstream),
        ("bad_truncated", Kind::Truncated),
        ("bad_no_message_start", Kind::Upstream),
    ] {
        assert_eq!(
            run(relay("m").as_mut(), name).unwrap_err().kind,
            kind,
            "{name}"
        );
    }
    let unknown = run(relay("m").as_mut(), "unknown_events");
    assert!(unknown.is_ok(), "what is new goes through");
}

#[test]
fn whole_answers() {
    let text = String::from_utf8(fixture("response", "full.json")).unwrap();
    let mut tape = Tape::new();
    let mut relay = relay("client-model");
    let edits = relay.response(tape.parse(&text).unwrap()).unwrap();
    assert_eq!(edits.len(), 1);
    assert_eq!(&text[edits[0].0.clone()], "\"upstream-model\"");
    assert_eq!(relay.usage().total_input(), 180);
    assert_eq!(relay.finish_reason(), Some("tool_use"));
    for name in ["bad_error_200", "bad_not_a_message"] {
        let text = String::from_utf8(fixture("response", &format!("{name}.json"))).unwrap();
        let mut relay = self::relay("m");
        assert!(
            relay.response(tape.parse(&text).unwrap()).is_err(),
            "{name}"
        );
    }
}
