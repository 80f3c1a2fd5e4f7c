//! Decoding and encoding of the own dialect keeps the meaning: requests, answers, stands on concepts.

use std::sync::Arc;

use bytes::Bytes;
use fastproxy_core::dialect::{
    CacheMarkers, ClientContext, Dialect, EncodeContext, Profile, Replay,
};
use fastproxy_core::ir::{Collector, Concept, Fidelity};
use fastproxy_core::json::{Doc, Tape};
use fastproxy_core::loss::LossReport;
use serde_json::{Value, json};

use crate::kit::{
    chat, decode_cx, decode_whole, encode, encode_cx, fixture, names, send, summary, target_with,
};

/// An upstream that takes everything that Chat has.
fn able() -> Profile {
    Profile {
        text_as_string: false,
        cache_markers: CacheMarkers::Breakpoint,
        replay_reasoning: Replay::Always,
        ..Profile::default()
    }
}

#[test]
fn a_full_request_comes_back() {
    let body: Value = serde_json::from_slice(&fixture("request", "full.json")).unwrap();
    let sent = send(Dialect::OpenaiChat, &body, &target_with(able()));
    let mut expected = body.clone();
    expected["model"] = json!("up-model");
    // What has no place in the IR, what is a default, and the newer name of `user`.
    for field in [
        "prediction",
        "web_search_options",
        "modalities",
        "safety_identifier",
    ] {
        expected.as_object_mut().unwrap().remove(field);
    }
    expected["user"] = json!("user-81");
    expected["stream_options"] = json!({"include_usage": true});
    // Results follow in call order; the host wants thinking on every turn.
    let messages = expected["messages"].as_array_mut().unwrap();
    messages.swap(4, 5);
    messages[7]["reasoning_content"] = json!("");
    assert_eq!(sent.body, expected);
    assert_eq!(sent.losses(), ["opaque_filled /messages/7"]);
}

#[test]
fn encoding_is_stable() {
    for name in names("request") {
        let body: Value = serde_json::from_slice(&fixture("request", &name)).unwrap();
        let target = target_with(able());
        let Ok(first) = crate::kit::with_request(Dialect::OpenaiChat, &body.to_string(), |r| {
            encode(r, &target)
        })
        .unwrap() else {
            assert_eq!(name, "file_id.json", "the only one that cannot be sent");
            continue;
        };
        let second = send(Dialect::OpenaiChat, &first.body, &target);
        assert_eq!(first.body, second.body, "{name}");
    }
}

#[test]
fn answers_come_back() {
    for name in names("response") {
        let body = String::from_utf8(fixture("response", &name)).unwrap();
        let Ok(answer) = decode_whole(&body) else {
            continue;
        };
        let mut out = Vec::new();
        chat().encode_response(&answer, &encode_cx(), &mut LossReport::new(), &mut out);
        let again = decode_whole(std::str::from_utf8(&out).unwrap()).unwrap();
        let calls = |text: String| text.replace("find_hut \"\"", "find_hut \"{}\"");
        let kinds = |text: String| text.replace(" Replay", " ").replace(" Details", " ");
        let first = kinds(calls(summary(&answer)));
        let reasons = |text: &str| {
            text.rsplit_once('\n')
                .map_or("", |(parts, _)| parts)
                .to_owned()
        };
        assert_eq!(reasons(&kinds(summary(&again))), reasons(&first), "{name}");
        assert_eq!(again.usage.total(), answer.usage.total(), "{name}");
    }
}

/// Thinking of another vendor survives two turns with a client that keeps `reasoning_details`.
#[test]
fn state_survives_a_client_that_keeps_it() {
    let upstream = r#"{"id":"x","choices":[{"message":{"content":"a","reasoning":"Hm.","reasoning_details":[{"type":"reasoning.text","text":"Hm.","signature":"s"}]},"finish_reason":"stop"}]}"#;
    let mut tape = Tape::new();
    let mut collector = Collector::default();
    chat()
        .decode_response(tape.parse(upstream).unwrap(), &decode_cx(), &mut collector)
        .unwrap();
    let cx = EncodeContext {
        envelope: Arc::default(),
        ..encode_cx()
    };
    let mut out = Vec::new();
    chat().encode_response(&collector.answer, &cx, &mut LossReport::new(), &mut out);
    let answer: Value = serde_json::from_slice(&out).unwrap();
    let next = json!({"model": "m", "messages": [{"role": "user", "content": "x"}, answer["choices"][0]["message"], {"role": "user", "content": "y"}]});
    let doc = Doc::parse(Bytes::from(next.to_string())).unwrap();
    let request = chat()
        .decode_request(doc.root(), &ClientContext::default())
        .unwrap();
    let sent = encode(&request, &target_with(Profile::default())).unwrap();
    assert_eq!(
        sent.messages()[1]["reasoning_details"],
        json!([{"type": "reasoning.text", "text": "Hm.", "signature": "s"}])
    );
    let mut elsewhere = target_with(Profile::default());
    elsewhere.origin = "vendor-b".into();
    let foreign = encode(&request, &elsewhere).unwrap();
    assert_eq!(
        foreign.messages()[1],
        json!({"role": "assistant", "content": "a"})
    );
    assert_eq!(foreign.losses(), ["opaque_dropped /messages/1"]);
}

#[test]
fn every_concept_has_a_stand() {
    for concept in Concept::ALL {
        match chat().fidelity(*concept) {
            Fidelity::Exact(place) => assert!(!place.is_empty(), "{}", concept.name()),
            Fidelity::Lossy(place, _, why) => {
                assert!(!place.is_empty() && !why.is_empty(), "{}", concept.name());
            }
            Fidelity::Unsupported(_, why) => assert!(!why.is_empty(), "{}", concept.name()),
        }
    }
    assert!(!chat().is_sequential() && chat().forgets_reasoning());
}
