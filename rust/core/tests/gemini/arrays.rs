//! Streams for clients that did not ask for events: one JSON array, valid however the stream ends.

use fastproxy_core::dialect::Dialect;
use serde_json::{Value, json};

use crate::kit::{chunk, events, last, run, setup};

fn elements(out: &str) -> Vec<Value> {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// The same answer from an upstream of this dialect (relayed) and of another (translated).
fn lanes() -> [(Dialect, Vec<String>); 2] {
    let chat = |delta: Value, finish: Value| {
        format!(
            "data: {}\n\n",
            json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        )
    };
    [
        (
            Dialect::Gemini,
            vec![
                events(&[chunk(json!([{"text": "Hel"}]))]),
                ": comment\r\n\r\nevent: x\r\n".to_owned()
                    + &events(&[chunk(json!([{"text": "lo\u{2028}"}]))]),
                events(&[last("STOP")]),
            ],
        ),
        (
            Dialect::OpenaiChat,
            vec![
                chat(json!({"content": "Hel"}), Value::Null),
                chat(json!({"content": "lo\u{2028}"}), Value::Null),
                chat(json!({}), json!("stop")),
            ],
        ),
    ]
}

#[test]
fn a_complete_stream_is_a_complete_array() {
    for (upstream, pieces) in lanes() {
        let pieces: Vec<_> = pieces.iter().map(String::as_str).collect();
        let (out, end) = run(setup(upstream, true), &pieces);
        assert!(end.is_ok(), "{end:?}");
        let all = elements(&out);
        let text: String = all
            .iter()
            .filter_map(|c| c["candidates"][0]["content"]["parts"][0]["text"].as_str())
            .collect();
        assert_eq!(text, "Hello\u{2028}", "{}", upstream.name());
        assert_eq!(all.last().unwrap()["candidates"][0]["finishReason"], "STOP");
        assert!(out.starts_with("[{") && out.contains("},\n{") && out.ends_with("}]"));
        if upstream == Dialect::Gemini {
            assert_eq!(all.last().unwrap()["modelVersion"], "asked-model");
        }
    }
}

#[test]
fn a_broken_stream_is_an_array_with_the_error_last() {
    for (upstream, pieces) in lanes() {
        for length in 0..3 {
            let pieces: Vec<_> = pieces[..length].iter().map(String::as_str).collect();
            let (out, end) = run(setup(upstream, true), &pieces);
            assert!(end.is_err());
            let all = elements(&out);
            assert_eq!(all.len(), length + 1);
            assert_eq!(all[length]["error"]["code"], 502, "{out}");
        }
    }
}
