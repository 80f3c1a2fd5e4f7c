//! Properties: whatever order fragments come in, nothing is lost, doubled or moved; whatever bytes come, nothing panics.

use fastproxy_core::ir::AnswerPart;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::kit::{chat, decode_stream, decode_whole, fixture, names};

fn event(delta: &Value) -> String {
    let chunk =
        json!({"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

fn end() -> String {
    let chunk = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}

/// The texts of all parts of a kind, joined.
fn joined(parts: &[AnswerPart], key: &str) -> String {
    let texts = parts.iter().filter_map(|part| match (part, key) {
        (AnswerPart::Text { text, .. }, "content")
        | (AnswerPart::Reasoning { text, .. }, "reasoning_content")
        | (AnswerPart::Refusal { text }, "refusal") => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// `text` cut at these shares of its length, between characters.
fn cut(text: &str, shares: &[prop::sample::Index]) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut places: Vec<usize> = shares
        .iter()
        .map(|share| share.index(chars.len() + 1))
        .collect();
    places.extend([0, chars.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| chars[pair[0]..pair[1]].iter().collect())
        .collect()
}

proptest! {
    #[test]
    fn texts_come_through_in_any_mixture(
        pieces in prop::collection::vec((prop::sample::select(vec!["content", "reasoning_content", "refusal"]), any::<String>()), 0..12),
    ) {
        let events: String = pieces.iter().map(|(key, text)| event(&json!({*key: text}))).chain([end()]).collect();
        let answer = decode_stream([events.as_bytes()]).unwrap();
        for key in ["content", "reasoning_content", "refusal"] {
            let expected: String = pieces.iter().filter(|(k, _)| *k == key).map(|(_, text)| text.as_str()).collect();
            prop_assert_eq!(joined(&answer.parts, key), expected);
        }
    }

    #[test]
    fn interleaved_calls_keep_their_arguments(
        calls in prop::collection::vec((any::<String>(), prop::collection::vec(any::<prop::sample::Index>(), 0..4)), 1..5),
        order in any::<u64>(),
        has_ids in any::<bool>(),
        first in 0_u64..3,
    ) {
        let mut queues: Vec<Vec<String>> = calls.iter().map(|(text, shares)| cut(text, shares)).collect();
        let mut events = String::new();
        for (n, _) in calls.iter().enumerate() {
            let mut call = json!({"index": first + n as u64, "function": {"name": format!("f{n}"), "arguments": ""}});
            if has_ids {
                call["id"] = json!(format!("call_{n}"));
            }
            events += &event(&json!({"tool_calls": [call]}));
        }
        let mut seed = order;
        while queues.iter().any(|queue| !queue.is_empty()) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let n = usize::try_from(seed >> 33).unwrap() % queues.len();
            if !queues[n].is_empty() {
                let piece = queues[n].remove(0);
                events += &event(&json!({"tool_calls": [{"index": first + n as u64, "function": {"arguments": piece}}]}));
            }
        }
        events += &end();
        let answer = decode_stream([events.as_bytes()]).unwrap();
        prop_assert_eq!(answer.parts.len(), calls.len());
        for (n, part) in answer.parts.iter().enumerate() {
            let AnswerPart::ToolCall { name, arguments, .. } = part else { panic!("{part:?}") };
            prop_assert_eq!(name, &format!("f{n}"));
            prop_assert_eq!(arguments, &calls[n].0);
        }
    }

    #[test]
    fn damaged_streams_and_answers_are_read_or_refused(
        stream in prop::sample::select(names("stream")),
        response in prop::sample::select(names("response")),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = fixture("stream", &stream);
        let mut body = fixture("response", &response);
        for (place, byte) in &places {
            let (at, from) = (place.index(bytes.len()), place.index(body.len()));
            bytes[at] = *byte;
            body[from] = *byte;
        }
        // The checked collector panics when the promises between decoders and encoders are broken.
        let _ = decode_stream([bytes.as_slice()]);
        if let Ok(text) = std::str::from_utf8(&body)
            && serde_json::from_str::<Value>(text).is_ok()
        {
            let _ = decode_whole(text);
        }
        let error = chat().decode_error(500, &body);
        prop_assert!(!error.message.is_empty());
    }
}
