//! Opaque state: out to a client of this dialect, back with its next request, and only to its issuer.

use fastproxy_core::dialect::openai_responses::Responses;
use fastproxy_core::dialect::{Codec, Dialect};
use fastproxy_core::ir::{Answer, AnswerPart, Content, FinishReason, Opaque, OpaqueKind, ToolKind};
use serde_json::{Value, json};

use super::kit::{
    ORIGIN, client, doc, encode_cx, prepared, read, run, sealing_cx, sent, setup, told,
};

fn state(kind: OpaqueKind, data: &'static str) -> Opaque<'static> {
    Opaque {
        origin: ORIGIN.into(),
        kind,
        data: data.into(),
    }
}

fn thinking(text: &str, opaque: Vec<Opaque<'static>>) -> AnswerPart {
    AnswerPart::Reasoning {
        text: text.into(),
        summary: Vec::new(),
        opaque,
    }
}

fn call(opaque: Vec<Opaque<'static>>) -> AnswerPart {
    AnswerPart::ToolCall {
        id: "call:1".into(),
        name: "f".into(),
        namespace: None,
        kind: ToolKind::Function,
        arguments: "{}".into(),
        opaque,
    }
}

/// What a client sends back: the items as they were, as Codex does (`content: null`).
fn returned(parts: Vec<AnswerPart>) -> Value {
    let answer = Answer {
        parts,
        finish: Some(FinishReason::End),
        ..Answer::default()
    };
    let mut items = told(&answer, &encode_cx()).0["output"].take();
    let mut input = vec![json!({"role": "user", "content": "x"})];
    for item in items.as_array_mut().unwrap() {
        if item["type"] == "reasoning" {
            item["content"] = Value::Null;
        }
        input.push(item.clone());
        if item["type"] == "function_call" {
            input.push(
                json!({"type": "function_call_output", "call_id": item["call_id"], "output": "r"}),
            );
        }
    }
    json!({"model": "m", "input": input})
}

#[test]
fn thinking_keeps_its_text_and_all_its_state() {
    let states = vec![
        state(OpaqueKind::Signature, "sig"),
        state(OpaqueKind::Replay, ""),
    ];
    let body = returned(vec![thinking("why", states.clone())]);
    read(&body, |request| {
        let Content::Reasoning(reasoning) = &request.turns[1].parts[0].content else {
            panic!()
        };
        assert_eq!(
            reasoning.text.as_deref(),
            Some("why"),
            "though the client dropped it"
        );
        assert_eq!(reasoning.opaque, states);
        assert!(reasoning.summary.is_empty(), "said once");
    });
}

/// Row 5: no blobs in ids. State of a call, and of a text, rides in an item of its own.
#[test]
fn state_of_a_call_finds_its_call_again() {
    let signature = || vec![state(OpaqueKind::ThoughtSignature, "s+/=")];
    let text = AnswerPart::Text {
        text: "a".into(),
        citations: Vec::new(),
        logprobs: None,
        opaque: signature(),
    };
    let body = returned(vec![text, call(signature())]);
    let ids: Vec<_> = body["input"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["call_id"].as_str())
        .collect();
    assert_eq!(ids, ["call:1", "call:1"]);
    read(&body, |request| {
        let parts: Vec<_> = request.turns.iter().flat_map(|turn| &turn.parts).collect();
        let calls: Vec<_> = parts
            .iter()
            .filter_map(|part| match &part.content {
                Content::ToolCall(call) => Some(call.opaque.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(calls, [signature()]);
        let beside: Vec<_> = parts
            .iter()
            .filter_map(|part| match &part.content {
                Content::Reasoning(reasoning) => Some(reasoning.opaque.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(beside, [signature()], "that of the text stands beside it");
    });
}

#[test]
fn forged_state_is_worth_nothing() {
    let body = returned(vec![thinking(
        "why",
        vec![state(OpaqueKind::Signature, "sig")],
    )]);
    let doc = doc(&body);
    let request = Responses
        .decode_request(doc.root(), &sealing_cx(b"another key"))
        .unwrap();
    let Content::Reasoning(reasoning) = &request.turns[1].parts[0].content else {
        panic!()
    };
    assert!(reasoning.opaque.is_empty());
}

/// Rows 25 to 28, 44, 66, 79: two turns with thinking at a vendor of another dialect, through a client of this one.
#[test]
fn an_upstreams_thinking_comes_back_to_it() {
    for (upstream, stream, sent_back) in [
        (
            Dialect::Anthropic,
            concat!(
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"content\":[],\"usage\":{\"input_tokens\":1}}}\n\n",
                "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Why é\"}}\n\n",
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"U2ln+/=\"}}\n\n",
                "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
                "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}}\n\n",
                "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
                "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":2}}\n\n",
                "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            ),
            json!({"type": "thinking", "thinking": "Why é", "signature": "U2ln+/="}),
        ),
        (
            Dialect::OpenaiChat,
            concat!(
                "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"Why \"}}]}\n\n",
                "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"é\"}}]}\n\n",
                "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\n\n",
                "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n",
            ),
            json!("Why é"),
        ),
    ] {
        let (out, end) = run(
            setup(upstream, Dialect::OpenaiResponses, true),
            stream.as_bytes(),
        );
        end.unwrap();
        let mut input = vec![json!({"role": "user", "content": "x"})];
        input.extend(super::grammar::read(&out).items);
        let id = input.last().unwrap()["call_id"].clone();
        input.push(json!({"type": "function_call_output", "call_id": id, "output": "r"}));
        let request = client(
            Dialect::OpenaiResponses,
            &json!({"model": "m", "input": input}),
        );
        let back = sent(&prepared(&request, upstream, ORIGIN));
        let assistant = &back["messages"][1];
        let found = match upstream {
            Dialect::Anthropic => &assistant["content"][0],
            _ => &assistant["reasoning_content"],
        };
        assert_eq!(found, &sent_back, "{back}");
        let elsewhere = sent(&prepared(&request, upstream, "vendor-b")).to_string();
        assert!(
            !elsewhere.contains("Why é") && !elsewhere.contains("U2ln"),
            "{elsewhere}"
        );
    }
}

/// This dialect's own vendor behind clients of the others: the item comes back with its id and its state.
#[test]
fn the_vendors_own_items_come_back_through_other_clients() {
    let answer = json!({"id": "resp_1", "status": "completed", "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "why"}], "encrypted_content": "gAAA+/=="},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}]});
    let (out, end) = run(
        setup(Dialect::OpenaiResponses, Dialect::Anthropic, false),
        answer.to_string().as_bytes(),
    );
    end.unwrap();
    let message: Value = serde_json::from_str(&out).unwrap();
    let body = json!({"model": "m", "max_tokens": 99, "messages": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "r"}]}]});
    let request = client(Dialect::Anthropic, &body);
    let back = sent(&prepared(&request, Dialect::OpenaiResponses, ORIGIN));
    let item =
        json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA+/=="});
    assert_eq!(back["input"][1], item);
    let elsewhere = sent(&prepared(&request, Dialect::OpenaiResponses, "vendor-b"));
    assert!(!elsewhere.to_string().contains("gAAA"));
}
