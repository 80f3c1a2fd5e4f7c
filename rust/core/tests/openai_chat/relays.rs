//! The raw lane: edits, vouching, and what is left untouched.

use std::ops::Range;

use fastproxy_core::dialect::{Relay, RelayContext};
use fastproxy_core::error::{Error, Kind};
use fastproxy_core::json::Tape;

use crate::kit::chat;

pub(crate) fn spliced(text: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut out = String::new();
    let mut from = 0;
    for (range, new) in edits {
        assert!(
            range.start >= from,
            "edits overlap or are out of order: {edits:?}"
        );
        out += &text[from..range.start];
        out += new;
        from = range.end;
    }
    out + &text[from..]
}

fn relay(hide_usage: bool) -> Box<dyn Relay> {
    chat().relay(&RelayContext {
        model: "asked \"model\"".into(),
        hide_usage,
        ..RelayContext::default()
    })
}

/// What a client sees of one event; `None`: nothing.
fn seen(relay: &mut dyn Relay, data: &str) -> Result<Option<String>, Error> {
    let verdict = relay.event("", data)?;
    Ok((!verdict.drop).then(|| spliced(data, &verdict.edits)))
}

const TEXT: &str = r#"{"id":"c1", "model":"up","choices":[{"index":0,"delta":{"content":"A"},"finish_reason":null}],"usage":null}"#;
const FINISH: &str =
    r#"{"id":"c1","model":"up","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const USAGE: &str = r#"{"id":"c1","model":"up","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;

#[test]
fn the_model_is_named_as_the_client_named_it() {
    let mut relay = relay(false);
    let text = seen(&mut *relay, TEXT).unwrap().unwrap();
    assert_eq!(text, TEXT.replace("\"up\"", r#""asked \"model\"""#));
    let mut same = chat().relay(&RelayContext {
        model: "up".into(),
        hide_usage: false,
        ..RelayContext::default()
    });
    assert_eq!(seen(&mut *same, TEXT).unwrap().unwrap(), TEXT);
}

#[test]
fn what_only_our_asking_caused_is_hidden() {
    let mut hiding = relay(true);
    let text = seen(&mut *hiding, TEXT).unwrap().unwrap();
    assert!(
        !text.contains("usage") && serde_json::from_str::<serde_json::Value>(&text).is_ok(),
        "{text}"
    );
    for chunk in [
        r#"{"usage":null,"choices":[]}"#,
        r#"{"usage":null}"#,
        r#"{"model":"up","usage":null,"choices":[]}"#,
    ] {
        if let Some(text) = seen(&mut *hiding, chunk).unwrap() {
            assert!(
                serde_json::from_str::<serde_json::Value>(&text).is_ok() && !text.contains("usage"),
                "{text}"
            );
        }
    }
    assert!(seen(&mut *hiding, FINISH).unwrap().is_some());
    assert_eq!(seen(&mut *hiding, USAGE).unwrap(), None);
    assert_eq!(hiding.usage().total(), 4, "tapped all the same");
    let unasked = FINISH.replace("\"choices\"", r#""usage":{"total_tokens":4},"choices""#);
    assert!(
        seen(&mut *hiding, &unasked)
            .unwrap()
            .unwrap()
            .contains("total_tokens"),
        "sent without our asking"
    );
    let mut open = relay(false);
    assert!(seen(&mut *open, USAGE).unwrap().is_some());
}

#[test]
fn an_end_is_only_an_end_behind_a_stop_reason() {
    let mut cut = relay(false);
    cut.event("", TEXT).unwrap();
    assert_eq!(cut.event("", "[DONE]").unwrap_err().kind, Kind::Truncated);
    assert_eq!(cut.finish().unwrap_err().kind, Kind::Truncated);
    let mut whole = relay(false);
    for data in [TEXT, FINISH] {
        assert!(!whole.event("", data).unwrap().is_terminal);
    }
    assert!(!whole.is_complete());
    assert_eq!(
        whole.finish().unwrap(),
        b"data: [DONE]\n\n",
        "hosts that leave it out"
    );
    let mut done = relay(false);
    done.event("", FINISH).unwrap();
    assert!(done.event("", " [DONE] ").unwrap().is_terminal && done.is_complete());
    assert_eq!(done.finish().unwrap(), b"");
    assert_eq!(done.finish_reason(), Some("stop"));
    assert_eq!(done.served(), (Some("c1"), Some("up")));
    assert_eq!(
        relay(false).finish().unwrap_err().kind,
        Kind::Truncated,
        "nothing came at all"
    );
}

#[test]
fn every_one_of_several_answers_must_end() {
    let chunk = |index: u8, finish: &str| {
        format!(
            r#"{{"choices":[{{"index":{index},"delta":{{"content":"x"}},"finish_reason":{finish}}}]}}"#
        )
    };
    let mut relay = relay(false);
    for data in [chunk(0, "null"), chunk(1, "null"), chunk(0, "\"stop\"")] {
        relay.event("", &data).unwrap();
    }
    assert_eq!(relay.event("", "[DONE]").unwrap_err().kind, Kind::Truncated);
    relay.event("", &chunk(1, "\"length\"")).unwrap();
    assert!(relay.event("", "[DONE]").unwrap().is_terminal);
}

#[test]
fn content_is_told_from_preliminaries() {
    let has = |delta: &str| {
        let data = format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
        relay(false).event("", &data).unwrap().has_content
    };
    for silent in [
        "{}",
        r#"{"role":"assistant","content":"","refusal":null,"tool_calls":[]}"#,
        r#"{"obfuscation":"x8"}"#,
    ] {
        assert!(!has(silent), "{silent}");
    }
    for said in [
        r#"{"content":"a"}"#,
        r#"{"reasoning":"a"}"#,
        r#"{"tool_calls":[{"index":0}]}"#,
        r#"{"audio":{"id":"a"}}"#,
    ] {
        assert!(has(said), "{said}");
    }
}

#[test]
fn failures_inside_a_stream_are_errors() {
    for (name, data, kind) in [
        (
            "",
            r#"{"error":{"message":"x","code":429}}"#,
            Kind::RateLimit,
        ),
        ("error", r#"{"message":"x"}"#, Kind::Upstream),
        (
            "",
            r#"{"choices":[{"delta":{},"finish_reason":"error","error":{"code":503,"message":"x"}}]}"#,
            Kind::Overloaded,
        ),
        ("", "{\"choices\":", Kind::Upstream),
        ("", "[1]", Kind::Upstream),
    ] {
        assert_eq!(
            relay(false).event(name, data).unwrap_err().kind,
            kind,
            "{data}"
        );
    }
    assert!(
        relay(false).event("", "").unwrap().drop,
        "clients parse every payload"
    );
    assert!(
        relay(false).event("", r#"{"type":"ping"}"#).unwrap().drop,
        "clients check every payload"
    );
}

#[test]
fn whole_answers() {
    let mut tape = Tape::new();
    let body = r#"{"id":"c1","model":"up","choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}"#;
    let mut fine = relay(false);
    let edits = fine.response(tape.parse(body).unwrap()).unwrap();
    assert_eq!(
        spliced(body, &edits),
        body.replace("\"up\"", r#""asked \"model\"""#)
    );
    assert_eq!(
        (fine.usage().input, fine.finish_reason(), fine.is_complete()),
        (Some(3), Some("stop"), true)
    );
    for (body, kind) in [
        (r#"{"error":{"message":"x","code":401}}"#, Kind::Auth),
        ("{}", Kind::Upstream),
        ("[]", Kind::Upstream),
    ] {
        assert_eq!(
            relay(false)
                .response(tape.parse(body).unwrap())
                .unwrap_err()
                .kind,
            kind,
            "{body}"
        );
    }
}
