//! What must hold for any answer and any cut.

use fastproxy_core::dialect::Dialect;
use fastproxy_core::ir::AnswerPart;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::kit::{heard, lines, run, setup};

/// Lines of an answer: thinking, text and calls in any order.
fn said() -> impl Strategy<Value = Vec<Value>> {
    let text = "[a-z\u{e9}\u{2028}\\\\\"\n]{0,6}";
    let line = prop_oneof![
        text.prop_map(|text| json!({"role": "assistant", "content": text})),
        text.prop_map(|text| json!({"role": "assistant", "content": "", "thinking": text})),
        text.prop_map(
            |text| json!({"role": "assistant", "content": "", "tool_calls": [
            {"function": {"name": "f", "arguments": {"x": text}}}]})
        ),
    ];
    prop::collection::vec(line, 0..12)
}

const END: &str = r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":1}"#;

fn stream(messages: &[Value]) -> String {
    let line = |message: &Value| json!({"model": "m", "created_at": "2026-03-01T10:20:30Z", "message": message, "done": false});
    let mut lines: Vec<String> = messages.iter().map(|said| line(said).to_string()).collect();
    lines.push(END.into());
    lines.join("\n") + "\n"
}

fn joined(messages: &[Value], key: &str) -> String {
    messages
        .iter()
        .filter_map(|message| message[key].as_str())
        .collect()
}

proptest! {
    /// Through Chat and back nothing that was said is lost.
    #[test]
    fn through_another_dialect_and_back(messages in said()) {
        let first = stream(&messages);
        let (chat, end, _) = run(setup(Dialect::Ollama, Dialect::OpenaiChat, true, "chat"), first.as_bytes());
        prop_assert_eq!(end, Ok(()));
        let (again, end, _) = run(setup(Dialect::OpenaiChat, Dialect::Ollama, true, "chat"), chat.as_bytes());
        prop_assert_eq!(end, Ok(()));
        let lines = lines(&again);
        let told: Vec<Value> = lines.iter().map(|line| line["message"].clone()).collect();
        prop_assert_eq!(joined(&told, "content"), joined(&messages, "content"));
        prop_assert_eq!(joined(&told, "thinking"), joined(&messages, "thinking"));
        let calls = |messages: &[Value]| -> Vec<Value> {
            let calls = messages.iter().flat_map(|m| m["tool_calls"].as_array().cloned().unwrap_or_default());
            calls.map(|call| call["function"]["arguments"].clone()).collect()
        };
        prop_assert_eq!(calls(&told), calls(&messages));
    }

    /// Parts are of one kind each, and neighbours differ unless they are calls.
    #[test]
    fn parts_are_opened_only_when_the_kind_changes(messages in said()) {
        let answer = heard(stream(&messages).as_bytes()).unwrap();
        let kind = |part: &AnswerPart| match part {
            AnswerPart::Text { text, .. } => ("text", text.is_empty()),
            AnswerPart::Reasoning { text, .. } => ("thinking", text.is_empty()),
            _ => ("call", false),
        };
        let kinds: Vec<_> = answer.parts.iter().map(kind).collect();
        prop_assert!(kinds.iter().all(|(_, is_empty)| !is_empty));
        prop_assert!(kinds.windows(2).all(|pair| pair[0] != pair[1] || pair[0].0 == "call"));
    }

    /// A stream cut anywhere before its last line is an error, and never looks whole.
    #[test]
    fn a_cut_stream_never_looks_whole(messages in said(), place in any::<prop::sample::Index>()) {
        let whole = stream(&messages);
        let last = whole.trim_end().rfind('\n').map_or(0, |at| at + 1);
        let cut = place.index(last + 1);
        for client in [Dialect::Ollama, Dialect::OpenaiChat] {
            let (out, end, _) = run(setup(Dialect::Ollama, client, true, "chat"), &whole.as_bytes()[..cut]);
            prop_assert!(end.is_err());
            prop_assert!(!out.contains("\"done\":true") && !out.contains("[DONE]"));
        }
    }
}
