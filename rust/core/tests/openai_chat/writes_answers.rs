//! Answers towards Chat clients: streams, whole completions, and that both say the same.

use std::sync::Arc;

use fastproxy_core::dialect::EncodeContext;
use fastproxy_core::envelope::{Envelope, Opened};
use fastproxy_core::ir::{
    Citation, Delta, Finish, FinishReason, Opaque, OpaqueKind, PartKind, Piece, Start, ToolKind,
};
use serde_json::{Value, json};

use crate::answers::{accumulated, answer, call, part, rich, signature, stream, whole};
use crate::kit::{chat, encode_cx};

#[test]
fn the_stream_grammar() {
    let written = stream(&rich(), &encode_cx());
    assert!(written.is_done);
    for event in &written.events {
        assert_eq!(
            event["id"], "chatcmpl-77",
            "the upstream's id is not one of Chat's"
        );
        assert_eq!(
            (&event["object"], &event["model"]),
            (&json!("chat.completion.chunk"), &json!("asked-model"))
        );
        assert_eq!(
            (&event["created"], &event["service_tier"]),
            (&json!(1_700_000_000), &json!("default"))
        );
    }
    assert_eq!(
        written.events[0]["choices"][0]["delta"],
        json!({"role": "assistant", "content": "", "refusal": null})
    );
    let (usage, chunks) = written.events.split_last().unwrap();
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(
        usage["usage"],
        json!({"prompt_tokens": 14, "completion_tokens": 7, "total_tokens": 21, "prompt_tokens_details": {"cached_tokens": 4}})
    );
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some())
    );
    assert_eq!(
        chunks.last().unwrap()["choices"][0],
        json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": "tool_calls"})
    );
    let start = |chunk: &&Value| chunk["choices"][0]["delta"]["tool_calls"][0]["id"] == "call_a";
    let first = chunks.iter().find(start).unwrap();
    assert_eq!(
        first["choices"][0]["delta"]["tool_calls"],
        json!([{"index": 0, "id": "call_a", "type": "function", "function": {"name": "f", "arguments": ""}}])
    );
    assert!(written.losses.is_empty(), "{:?}", written.losses);
}

#[test]
fn usage_is_left_out_for_clients_that_did_not_ask() {
    let cx = EncodeContext {
        stream_usage: false,
        ..encode_cx()
    };
    let written = stream(&rich(), &cx);
    assert!(
        written.is_done
            && written
                .events
                .iter()
                .all(|event| event.get("usage").is_none())
    );
    let unknown = vec![
        Delta::Start(Start::default()),
        Delta::Finish(Finish::new(FinishReason::End, "")),
        Delta::End,
    ];
    let written = stream(&unknown, &encode_cx());
    assert!(written.is_done, "the end does not depend on usage");
    assert_eq!(written.losses, ["usage_unknown usage"]);
    assert_eq!(written.events.len(), 2);
}

#[test]
fn both_forms_say_the_same() {
    let streamed = accumulated(&stream(&rich(), &encode_cx()).events);
    let (body, losses) = whole(&rich(), &encode_cx());
    let choice = &body["choices"][0];
    for key in [
        "content",
        "reasoning_content",
        "tool_calls",
        "reasoning_details",
        "annotations",
    ] {
        assert_eq!(choice["message"][key], streamed[key], "{key}");
    }
    assert_eq!(choice["finish_reason"], streamed["finish_reason"]);
    assert_eq!(choice["message"]["content"], "Höhe: 2694");
    assert_eq!(
        choice["message"]["tool_calls"][1]["function"]["arguments"], "{}",
        "parsers want an object"
    );
    assert_eq!(
        choice["message"]["tool_calls"][2],
        json!({"id": "call_c", "type": "custom", "custom": {"name": "patch", "input": "a\n"}})
    );
    let citation = &choice["message"]["annotations"][0]["url_citation"];
    assert_eq!(
        (&citation["start_index"], &citation["end_index"]),
        (&json!(6), &json!(10)),
        "over the whole text"
    );
    assert_eq!(
        (&body["object"], &body["id"]),
        (&json!("chat.completion"), &json!("chatcmpl-77"))
    );
    assert_eq!(body["usage"]["total_tokens"], 21);
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn state_is_sealed_with_its_text() {
    let cx = EncodeContext {
        envelope: Arc::new(Envelope::new(*b"key")),
        ..encode_cx()
    };
    let (body, _) = whole(&rich(), &cx);
    let entry = &body["choices"][0]["message"]["reasoning_details"][0];
    assert_eq!(entry["type"], "reasoning.encrypted");
    let Opened::Ours { opaque, text } = cx.envelope.open(entry["data"].as_str().unwrap()) else {
        panic!("{entry}")
    };
    assert_eq!(
        (&*opaque.origin, &*opaque.data, text.as_deref()),
        ("vendor-b", "sig", Some("Let me see."))
    );
}

#[test]
fn ids_of_chat_are_kept() {
    let start = Start {
        id: Some("chatcmpl-up"),
        created: Some(5),
        fingerprint: Some("fp"),
        ..Start::default()
    };
    let deltas = vec![
        Delta::Start(start),
        Delta::Finish(Finish::new(FinishReason::End, "")),
        Delta::End,
    ];
    let (body, _) = whole(&deltas, &encode_cx());
    assert_eq!(
        (&body["id"], &body["created"], &body["system_fingerprint"]),
        (&json!("chatcmpl-up"), &json!(5), &json!("fp"))
    );
    assert_eq!(
        body["choices"][0]["message"]["content"], "",
        "an empty answer is well-formed"
    );
}

#[test]
fn stop_reasons() {
    let cases = [
        (FinishReason::End, "stop", None),
        (FinishReason::StopSequence, "stop", None),
        (FinishReason::ToolUse, "tool_calls", None),
        (FinishReason::MaxOutput, "length", None),
        (FinishReason::Refusal, "content_filter", None),
        (
            FinishReason::ContextFull,
            "length",
            Some("stop_approximated finish_reason"),
        ),
        (
            FinishReason::Recitation,
            "content_filter",
            Some("stop_approximated finish_reason"),
        ),
        (
            FinishReason::Pause,
            "stop",
            Some("stop_approximated finish_reason"),
        ),
        (
            FinishReason::BadToolCall,
            "stop",
            Some("stop_approximated finish_reason"),
        ),
    ];
    for (reason, word, loss) in cases {
        let deltas = answer(vec![], reason);
        let written = stream(&deltas, &encode_cx());
        assert_eq!(
            accumulated(&written.events)["finish_reason"],
            word,
            "{reason:?}"
        );
        assert_eq!(written.losses, loss.into_iter().collect::<Vec<_>>());
        assert_eq!(
            whole(&deltas, &encode_cx()).0["choices"][0]["finish_reason"],
            word
        );
    }
}

#[test]
fn a_refusal_in_words_is_a_normal_stop() {
    let deltas = answer(
        part(0, PartKind::Refusal, vec![Piece::Text("No.")]),
        FinishReason::Refusal,
    );
    let streamed = accumulated(&stream(&deltas, &encode_cx()).events);
    assert_eq!(
        (&streamed["refusal"], &streamed["finish_reason"]),
        (&json!("No."), &json!("stop"))
    );
    let (body, _) = whole(&deltas, &encode_cx());
    assert_eq!(
        body["choices"][0]["message"],
        json!({"role": "assistant", "content": null, "refusal": "No."})
    );
}

#[test]
fn what_chat_cannot_say_is_reported() {
    let finish = Finish {
        stop_sequence: Some("END"),
        category: Some("cyber"),
        ..Finish::new(FinishReason::StopSequence, "stop_sequence")
    };
    let mut deltas = vec![Delta::Start(Start::default())];
    deltas.extend(part(
        0,
        call("c", "f", ToolKind::Function),
        vec![Piece::Arguments("{}")],
    ));
    deltas.extend(part(
        1,
        PartKind::Text,
        vec![
            Piece::Text("after"),
            Piece::Citation(Citation::default()),
            signature(),
        ],
    ));
    deltas.extend(part(
        2,
        PartKind::Native {
            kind: "server_tool_use",
        },
        vec![Piece::Native("{}")],
    ));
    deltas.extend(part(
        3,
        PartKind::Media { mime: "audio/wav" },
        vec![Piece::Data("AA")],
    ));
    deltas.extend([Delta::Finish(finish), Delta::End]);
    let expected = [
        "order_lost content",
        "field_dropped citations",
        "opaque_dropped content",
        "field_dropped content",
        "media_dropped content",
        "stop_approximated stop_sequence",
        "field_dropped stop_details",
        "usage_unknown usage",
    ];
    let sorted = |mut losses: Vec<String>| {
        losses.sort();
        losses
    };
    let expected = sorted(expected.map(Into::into).to_vec());
    assert_eq!(sorted(stream(&deltas, &encode_cx()).losses), expected);
    assert_eq!(sorted(whole(&deltas, &encode_cx()).1), expected);
}

#[test]
fn images_logprobs_summaries_and_state_of_calls() {
    let tokens = r#"[{"token":"x","logprob":-1}]"#;
    let state = Piece::Opaque(Opaque {
        origin: "v".into(),
        kind: OpaqueKind::ThoughtSignature,
        data: "ts".into(),
    });
    let summary = |index, text| Piece::Summary { index, text };
    let mut parts = part(
        0,
        PartKind::Reasoning,
        vec![summary(0, "one"), summary(1, "two")],
    );
    parts.extend(part(
        1,
        PartKind::Text,
        vec![Piece::Text("x"), Piece::Logprobs(tokens)],
    ));
    parts.extend(part(
        2,
        PartKind::Media { mime: "image/png" },
        vec![Piece::Data("AA"), Piece::Data("BB")],
    ));
    parts.extend(part(
        3,
        call("c", "f", ToolKind::Function),
        vec![state, Piece::Arguments("{}")],
    ));
    let deltas = answer(parts, FinishReason::ToolUse);
    let written = stream(&deltas, &encode_cx());
    let (body, _) = whole(&deltas, &encode_cx());
    let message = &body["choices"][0]["message"];
    assert_eq!(message["reasoning_content"], "one\n\ntwo");
    assert_eq!(
        accumulated(&written.events)["reasoning_content"],
        "one\n\ntwo"
    );
    assert_eq!(
        message["images"][0]["image_url"]["url"],
        "data:image/png;base64,AABB"
    );
    let logprobs = json!({"content": [{"token": "x", "logprob": -1}], "refusal": null});
    assert_eq!(body["choices"][0]["logprobs"], logprobs);
    assert!(
        written
            .events
            .iter()
            .any(|event| event["choices"][0]["logprobs"] == logprobs)
    );
    let signature = message["tool_calls"][0]["extra_content"]["google"]["thought_signature"]
        .as_str()
        .unwrap();
    assert!(signature.starts_with("fp1."));
    let carrier =
        |event: &&Value| event["choices"][0]["delta"]["tool_calls"][0]["extra_content"].is_object();
    assert!(written.events.iter().any(|event| carrier(&event)));
}

#[test]
fn a_client_of_functions_is_told_of_one_call_in_the_words_it_knows() {
    let cx = EncodeContext {
        echo: chat().echo(
            fastproxy_core::json::Doc::parse(br#"{"functions":[{"name":"f"}]}"#.to_vec().into())
                .unwrap()
                .root(),
        ),
        ..encode_cx()
    };
    let mut parts = part(
        0,
        call("call_a", "f", ToolKind::Function),
        vec![
            signature(),
            Piece::Arguments("{\"a\":"),
            Piece::Arguments("1}"),
        ],
    );
    parts.extend(part(1, call("call_b", "g", ToolKind::Function), vec![]));
    let deltas = answer(parts, FinishReason::ToolUse);

    let (completion, lost) = whole(&deltas, &cx);
    let message = &completion["choices"][0]["message"];
    assert_eq!(
        message["function_call"],
        json!({"name": "f", "arguments": "{\"a\":1}"})
    );
    assert!(message.get("tool_calls").is_none());
    assert_eq!(completion["choices"][0]["finish_reason"], "function_call");
    assert!(lost.contains(&"tool_unsupported function_call".to_owned()));

    let written = stream(&deltas, &cx);
    let mut said = (String::new(), String::new());
    for event in &written.events {
        let delta = &event["choices"][0]["delta"];
        assert!(delta.get("tool_calls").is_none());
        said.0
            .push_str(delta["function_call"]["name"].as_str().unwrap_or(""));
        said.1
            .push_str(delta["function_call"]["arguments"].as_str().unwrap_or(""));
    }
    assert_eq!(said, ("f".into(), "{\"a\":1}".into()));
    assert!(
        written
            .events
            .iter()
            .any(|event| event["choices"][0]["finish_reason"] == "function_call")
    );
    assert_eq!(written.losses, lost);
}
