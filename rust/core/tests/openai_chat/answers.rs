//! Answers for the encoders, and what they wrote, taken apart as SDKs do it.

use fastproxy_core::dialect::EncodeContext;
use fastproxy_core::ir::{
    Citation, Collector, Delta, Emit, Finish, FinishReason, Opaque, OpaqueKind, PartKind, Piece,
    Start, ToolKind, Usage,
};
use fastproxy_core::loss::LossReport;
use serde_json::{Value, json};

use crate::kit::chat;

/// What an encoder wrote: its events, and the losses.
pub(crate) struct Written {
    pub(crate) events: Vec<Value>,
    pub(crate) is_done: bool,
    pub(crate) losses: Vec<String>,
}

pub(crate) fn losses(loss: &LossReport) -> Vec<String> {
    loss.entries()
        .iter()
        .map(|loss| format!("{} {}", loss.code.name(), loss.path))
        .collect()
}

pub(crate) fn stream(deltas: &[Delta<'_>], cx: &EncodeContext) -> Written {
    let mut encoder = chat().stream_encoder(cx);
    let (mut out, mut loss) = (Vec::new(), LossReport::new());
    for delta in deltas {
        encoder.delta(delta, &mut loss, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    let frames: Vec<&str> = text.split_terminator("\n\n").collect();
    let payloads = frames
        .iter()
        .map(|frame| frame.strip_prefix("data: ").expect("data lines only"));
    let (done, events): (Vec<_>, Vec<_>) = payloads.partition(|payload| *payload == "[DONE]");
    let is_done = done.len() == 1 && frames.last() == Some(&"data: [DONE]");
    let events = events
        .into_iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    Written {
        events,
        is_done,
        losses: losses(&loss),
    }
}

pub(crate) fn whole(deltas: &[Delta<'_>], cx: &EncodeContext) -> (Value, Vec<String>) {
    let mut collector = Collector::default();
    for delta in deltas {
        collector.emit(delta.clone());
    }
    let (mut out, mut loss) = (Vec::new(), LossReport::new());
    chat().encode_response(&collector.answer, cx, &mut loss, &mut out);
    (serde_json::from_slice(&out).unwrap(), losses(&loss))
}

/// A whole answer between its head and its end.
pub(crate) fn answer(parts: Vec<Delta<'_>>, reason: FinishReason) -> Vec<Delta<'_>> {
    let start = Start {
        id: Some("msg_1"),
        model: Some("m-1"),
        service_tier: Some("standard"),
        ..Start::default()
    };
    let usage = Usage {
        input: Some(10),
        cache_read: Some(4),
        output: Some(7),
        ..Usage::default()
    };
    let mut all = vec![Delta::Start(start)];
    all.extend(parts);
    all.extend([
        Delta::Finish(Finish::new(reason, "native")),
        Delta::Usage(usage),
        Delta::End,
    ]);
    all
}

pub(crate) fn part<'a>(part: u32, kind: PartKind<'a>, pieces: Vec<Piece<'a>>) -> Vec<Delta<'a>> {
    let mut all = vec![Delta::PartStart { part, kind }];
    all.extend(pieces.into_iter().map(|piece| Delta::Piece { part, piece }));
    all.push(Delta::PartEnd { part });
    all
}

pub(crate) fn call<'a>(id: &'a str, name: &'a str, kind: ToolKind) -> PartKind<'a> {
    PartKind::ToolCall {
        id,
        name,
        namespace: None,
        kind,
    }
}

pub(crate) fn signature() -> Piece<'static> {
    Piece::Opaque(Opaque {
        origin: "vendor-b".into(),
        kind: OpaqueKind::Signature,
        data: "sig".into(),
    })
}

/// Every kind of part once.
pub(crate) fn rich() -> Vec<Delta<'static>> {
    let cited = Citation {
        url: Some("https://a.example"),
        title: Some("A"),
        ..Citation::default()
    };
    let mut parts = part(
        0,
        PartKind::Reasoning,
        vec![Piece::Text("Let me "), Piece::Text("see."), signature()],
    );
    parts.extend(part(1, PartKind::Text, vec![Piece::Text("Höhe: ")]));
    parts.extend(part(
        2,
        PartKind::Text,
        vec![Piece::Text("26"), Piece::Citation(cited), Piece::Text("94")],
    ));
    parts.extend(part(
        3,
        call("call_a", "f", ToolKind::Function),
        vec![Piece::Arguments("{\"x\""), Piece::Arguments(":1}")],
    ));
    parts.extend(part(4, call("call_b", "g", ToolKind::Function), vec![]));
    parts.extend(part(
        5,
        call("call_c", "patch", ToolKind::Custom),
        vec![Piece::Arguments("a\n")],
    ));
    answer(parts, FinishReason::ToolUse)
}

/// Put a stream together the way SDKs do.
pub(crate) fn accumulated(events: &[Value]) -> Value {
    let mut message =
        json!({"content": null, "tool_calls": [], "reasoning_details": [], "annotations": []});
    let mut finish = Value::Null;
    for choice in events.iter().filter_map(|event| event["choices"].get(0)) {
        for (key, value) in choice["delta"].as_object().unwrap() {
            match (key.as_str(), value) {
                ("tool_calls", Value::Array(calls)) => calls
                    .iter()
                    .for_each(|call| add_call(&mut message["tool_calls"], call)),
                ("reasoning_details" | "annotations", Value::Array(list)) => {
                    message[key]
                        .as_array_mut()
                        .unwrap()
                        .extend(list.iter().cloned());
                }
                (_, Value::String(text)) => {
                    let before = message[key].as_str().unwrap_or_default().to_owned();
                    message[key] = json!(before + text);
                }
                _ => {}
            }
        }
        if !choice["finish_reason"].is_null() {
            assert!(finish.is_null(), "one finish chunk");
            finish = choice["finish_reason"].clone();
        }
    }
    message["finish_reason"] = finish;
    message
}

pub(crate) fn add_call(calls: &mut Value, fragment: &Value) {
    let index = usize::try_from(fragment["index"].as_u64().unwrap()).unwrap();
    let calls = calls.as_array_mut().unwrap();
    if index == calls.len() {
        let mut call = fragment.clone();
        call.as_object_mut().unwrap().remove("index");
        calls.push(call);
        return;
    }
    for (word, key) in [("function", "arguments"), ("custom", "input")] {
        if let Some(more) = fragment[word][key].as_str() {
            let before = calls[index][word][key].as_str().unwrap().to_owned();
            calls[index][word][key] = json!(before + more);
        }
    }
}
