//! An answer as each vendor would send it.

use std::fmt::Write as _;

use fastproxy_core::dialect::Dialect;
use serde_json::{Value, json};

/// One part of the answer.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Thought(&'static str),
    Text(&'static str),
    Call(&'static str, &'static str, Value),
}

pub(crate) fn thought(text: &'static str) -> Part {
    Part::Thought(text)
}

pub(crate) fn text(text: &'static str) -> Part {
    Part::Text(text)
}

pub(crate) fn call(id: &'static str, name: &'static str, arguments: Value) -> Part {
    Part::Call(id, name, arguments)
}

/// Why it ends, besides the calls in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    End,
    Length,
    Filter,
}

/// An answer. With counts: 100 in (20 of them from a cache), 42 out (12 of them thinking where a vendor says so).
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) parts: Vec<Part>,
    pub(crate) stop: Stop,
    pub(crate) counts: bool,
    /// What the vendor's own state reads like, where it has any.
    pub(crate) state: &'static str,
}

impl Script {
    pub(crate) fn new(parts: Vec<Part>) -> Self {
        Self {
            parts,
            stop: Stop::End,
            counts: true,
            state: "U3RhdGVPbmU=",
        }
    }

    pub(crate) fn ending(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    pub(crate) fn without_counts(self) -> Self {
        Self {
            counts: false,
            ..self
        }
    }

    pub(crate) fn with_state(self, state: &'static str) -> Self {
        Self { state, ..self }
    }

    /// The vendor's bytes.
    pub(crate) fn bytes(&self, upstream: Dialect, stream: bool) -> String {
        let whole = self.whole(upstream);
        if stream {
            streamed(upstream, &whole)
        } else {
            whole.to_string()
        }
    }

    fn has_calls(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Call(..)))
    }

    /// The word for the end, of these four.
    fn word<'w>(&self, words: [&'w str; 4]) -> &'w str {
        match self.stop {
            Stop::Length => words[2],
            Stop::Filter => words[3],
            Stop::End if self.has_calls() => words[1],
            Stop::End => words[0],
        }
    }

    pub(crate) fn whole(&self, upstream: Dialect) -> Value {
        match upstream {
            Dialect::OpenaiChat => self.chat(),
            Dialect::OpenaiResponses => self.responses(),
            Dialect::Anthropic => self.anthropic(),
            Dialect::Gemini => self.gemini(),
            Dialect::Ollama => self.ollama(),
        }
    }

    /// Text, thinking and calls, for the dialects that know no order among them.
    fn message(&self, thinking: &str, call: impl Fn(&str, &str, &Value) -> Value) -> Value {
        let mut message = json!({"role": "assistant", "content": ""});
        let mut calls = Vec::new();
        for part in &self.parts {
            match part {
                Part::Thought(text) => message[thinking] = json!(text),
                Part::Text(text) => message["content"] = json!(text),
                Part::Call(id, name, arguments) => calls.push(call(id, name, arguments)),
            }
        }
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        message
    }

    fn chat(&self) -> Value {
        let message = self.message("reasoning_content", |id, name, arguments| {
            json!({"id": id, "type": "function",
                "function": {"name": name, "arguments": arguments.to_string()}})
        });
        let finish = self.word(["stop", "tool_calls", "length", "content_filter"]);
        let mut body = json!({"id": "chatcmpl-up", "object": "chat.completion", "created": 1, "model": "up-model",
            "choices": [{"index": 0, "message": message, "finish_reason": finish}]});
        if self.counts {
            body["usage"] = json!({"prompt_tokens": 100, "completion_tokens": 42, "total_tokens": 142,
                "prompt_tokens_details": {"cached_tokens": 20},
                "completion_tokens_details": {"reasoning_tokens": 12}});
        }
        body
    }

    fn responses(&self) -> Value {
        let output = self.parts.iter().enumerate().map(|(at, part)| match part {
            Part::Thought(text) => json!({"id": format!("rs_{at}"), "type": "reasoning",
                "summary": [{"type": "summary_text", "text": text}], "encrypted_content": self.state}),
            Part::Text(text) => json!({"id": format!("msg_{at}"), "type": "message", "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": text, "annotations": []}]}),
            Part::Call(id, name, arguments) => json!({"id": format!("fc_{at}"), "type": "function_call",
                "call_id": id, "name": name, "arguments": arguments.to_string(), "status": "completed"}),
        });
        let mut body = json!({"id": "resp_up", "object": "response", "created_at": 1, "model": "up-model",
            "status": self.word(["completed", "completed", "incomplete", "incomplete"]),
            "output": output.collect::<Vec<_>>(), "error": null, "incomplete_details": null, "usage": null});
        if self.stop != Stop::End {
            let reason = self.word(["", "", "max_output_tokens", "content_filter"]);
            body["incomplete_details"] = json!({ "reason": reason });
        }
        if self.counts {
            body["usage"] = json!({"input_tokens": 100, "output_tokens": 42, "total_tokens": 142,
                "input_tokens_details": {"cached_tokens": 20},
                "output_tokens_details": {"reasoning_tokens": 12}});
        }
        body
    }

    fn anthropic(&self) -> Value {
        let content = self.parts.iter().map(|part| match part {
            Part::Thought(text) => {
                json!({"type": "thinking", "thinking": text, "signature": self.state})
            }
            Part::Text(text) => json!({"type": "text", "text": text}),
            Part::Call(id, name, input) => {
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            }
        });
        let stop = self.word(["end_turn", "tool_use", "max_tokens", "refusal"]);
        let mut body = json!({"id": "msg_up", "type": "message", "role": "assistant", "model": "up-model",
            "content": content.collect::<Vec<_>>(), "stop_reason": stop, "stop_sequence": null});
        if self.counts {
            body["usage"] = json!({"input_tokens": 70, "cache_read_input_tokens": 20,
                "cache_creation_input_tokens": 10, "output_tokens": 42});
        }
        body
    }

    fn gemini(&self) -> Value {
        let mut unsigned = true;
        let parts = self.parts.iter().map(|part| match part {
            Part::Thought(text) => json!({"text": text, "thought": true}),
            Part::Text(text) => json!({ "text": text }),
            Part::Call(id, name, args) => {
                let mut part = json!({"functionCall": {"id": id, "name": name, "args": args}});
                if std::mem::take(&mut unsigned) {
                    part["thoughtSignature"] = json!(self.state);
                }
                part
            }
        });
        let parts: Vec<_> = parts.collect();
        let finish = self.word(["STOP", "STOP", "MAX_TOKENS", "SAFETY"]);
        let mut body = json!({"responseId": "gem-up", "modelVersion": "up-model", "candidates": [{"index": 0,
            "content": {"role": "model", "parts": parts}, "finishReason": finish}]});
        if self.counts {
            body["usageMetadata"] = json!({"promptTokenCount": 100, "cachedContentTokenCount": 20,
                "candidatesTokenCount": 30, "thoughtsTokenCount": 12, "totalTokenCount": 142});
        }
        body
    }

    fn ollama(&self) -> Value {
        let message = self.message(
            "thinking",
            |_, name, arguments| json!({"function": {"name": name, "arguments": arguments}}),
        );
        let reason = self.word(["stop", "stop", "length", "stop"]);
        let mut body = json!({"model": "up-model", "created_at": "2026-01-01T00:00:00Z", "message": message,
            "done": true, "done_reason": reason});
        if self.counts {
            body["prompt_eval_count"] = json!(100);
            body["eval_count"] = json!(42);
        }
        body
    }
}

/// A whole answer as the same vendor streams it.
fn streamed(upstream: Dialect, whole: &Value) -> String {
    match upstream {
        Dialect::OpenaiChat => chat_chunks(whole),
        Dialect::OpenaiResponses => named(&responses_events(whole)),
        Dialect::Anthropic => named(&anthropic_events(whole)),
        Dialect::Gemini => gemini_chunks(whole),
        Dialect::Ollama => ollama_lines(whole),
    }
}

fn chat_chunks(whole: &Value) -> String {
    let choice = &whole["choices"][0];
    let mut deltas = vec![json!({"role": "assistant", "content": ""})];
    for field in ["reasoning_content", "content"] {
        if let Some(text) = choice["message"][field]
            .as_str()
            .filter(|text| !text.is_empty())
        {
            deltas.push(json!({ field: text }));
        }
    }
    for (index, call) in choice["message"]["tool_calls"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let arguments = call["function"]["arguments"].as_str().unwrap();
        let (head, tail) = arguments.split_at(arguments.len() / 2);
        deltas.push(
            json!({"tool_calls": [{"index": index, "id": call["id"], "type": "function",
            "function": {"name": call["function"]["name"], "arguments": head}}]}),
        );
        deltas.push(json!({"tool_calls": [{"index": index, "function": {"arguments": tail}}]}));
    }
    let mut out = String::new();
    let mut chunk = |choices: Value, usage: &Value| {
        let chunk = json!({"id": whole["id"], "object": "chat.completion.chunk", "created": 1,
            "model": whole["model"], "choices": choices, "usage": usage});
        let _ = write!(out, "data: {chunk}\n\n");
    };
    for delta in deltas {
        chunk(
            json!([{"index": 0, "delta": delta, "finish_reason": null}]),
            &Value::Null,
        );
    }
    chunk(
        json!([{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]),
        &Value::Null,
    );
    if whole["usage"].is_object() {
        chunk(json!([]), &whole["usage"]);
    }
    out + "data: [DONE]\n\n"
}

fn named(events: &[Value]) -> String {
    let mut out = String::new();
    for event in events {
        let name = event["type"].as_str().unwrap();
        let _ = write!(out, "event: {name}\ndata: {event}\n\n");
    }
    out
}

fn responses_events(whole: &Value) -> Vec<Value> {
    let mut begun = whole.clone();
    begun["status"] = json!("in_progress");
    begun["output"] = json!([]);
    begun["usage"] = Value::Null;
    let mut events = vec![json!({"type": "response.created", "response": begun})];
    for (index, item) in whole["output"].as_array().unwrap().iter().enumerate() {
        events.push(json!({"type": "response.output_item.added", "output_index": index, "item": opened(item)}));
        let place = json!({"item_id": item["id"], "output_index": index});
        let (kind, field, text) = match item["type"].as_str().unwrap() {
            "message" => (
                "response.output_text",
                "content_index",
                &item["content"][0]["text"],
            ),
            "reasoning" => (
                "response.reasoning_summary_text",
                "summary_index",
                &item["summary"][0]["text"],
            ),
            _ => ("response.function_call_arguments", "", &item["arguments"]),
        };
        let mut delta = place;
        delta["type"] = json!(format!("{kind}.delta"));
        delta["delta"] = text.clone();
        if !field.is_empty() {
            delta[field] = json!(0);
        }
        events.push(delta);
        events.push(
            json!({"type": "response.output_item.done", "output_index": index, "item": item}),
        );
    }
    let end = format!("response.{}", whole["status"].as_str().unwrap());
    events.push(json!({"type": end, "response": whole}));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = json!(number);
    }
    events
}

fn opened(item: &Value) -> Value {
    let mut opened = item.clone();
    for (field, empty) in [
        ("content", json!([])),
        ("summary", json!([])),
        ("arguments", json!("")),
    ] {
        if opened.get(field).is_some() {
            opened[field] = empty;
        }
    }
    opened
}

fn anthropic_events(whole: &Value) -> Vec<Value> {
    let mut head = whole.clone();
    head["content"] = json!([]);
    head["stop_reason"] = Value::Null;
    if whole["usage"].is_object() {
        head["usage"]["output_tokens"] = json!(1);
    }
    let mut events = vec![json!({"type": "message_start", "message": head})];
    for (index, block) in whole["content"].as_array().unwrap().iter().enumerate() {
        let (start, deltas) = match block["type"].as_str().unwrap() {
            "thinking" => (
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                vec![
                    json!({"type": "thinking_delta", "thinking": block["thinking"]}),
                    json!({"type": "signature_delta", "signature": block["signature"]}),
                ],
            ),
            "text" => (
                json!({"type": "text", "text": ""}),
                vec![json!({"type": "text_delta", "text": block["text"]})],
            ),
            _ => {
                let input = block["input"].to_string();
                let start = json!({"type": "tool_use", "id": block["id"], "name": block["name"], "input": {}});
                (
                    start,
                    vec![json!({"type": "input_json_delta", "partial_json": input})],
                )
            }
        };
        events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
        for delta in deltas {
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let mut end = json!({"type": "message_delta",
        "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": null}});
    if whole["usage"].is_object() {
        end["usage"] = json!({"output_tokens": whole["usage"]["output_tokens"]});
    }
    events.extend([end, json!({"type": "message_stop"})]);
    events
}

/// One chunk per part, but all calls in one: that is how Gemini sends parallel calls.
fn gemini_chunks(whole: &Value) -> String {
    let parts = whole["candidates"][0]["content"]["parts"]
        .as_array()
        .unwrap();
    let (calls, others): (Vec<_>, Vec<_>) = parts
        .iter()
        .cloned()
        .partition(|part| part.get("functionCall").is_some());
    let mut groups: Vec<Vec<Value>> = others.into_iter().map(|part| vec![part]).collect();
    if !calls.is_empty() {
        groups.push(calls);
    }
    let mut out = String::new();
    for parts in groups {
        let chunk =
            json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}}]});
        let _ = write!(out, "data: {chunk}\r\n\r\n");
    }
    let mut end = whole.clone();
    end["candidates"][0]["content"]["parts"] = json!([{"text": ""}]);
    let _ = write!(out, "data: {end}\r\n\r\n");
    out
}

fn ollama_lines(whole: &Value) -> String {
    let mut out = String::new();
    for field in ["thinking", "content", "tool_calls"] {
        let value = &whole["message"][field];
        if value.is_array() || value.as_str().is_some_and(|text| !text.is_empty()) {
            let mut message = json!({"role": "assistant", "content": ""});
            message[field] = value.clone();
            let line = json!({"model": "up-model", "created_at": "2026-01-01T00:00:00Z",
                "message": message, "done": false});
            let _ = writeln!(out, "{line}");
        }
    }
    let mut end = whole.clone();
    end["message"] = json!({"role": "assistant", "content": ""});
    let _ = writeln!(out, "{end}");
    out
}
