//! What a client makes of its bytes, by nothing but the rules of its own dialect.

use fastproxy_core::dialect::Dialect;
use serde_json::{Value, json};

/// A call as a client sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

/// An answer as a client sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) thought: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) stop: String,
    /// All prompt tokens, those of them that came from a cache, all tokens produced.
    pub(crate) counts: Option<(u64, u64, u64)>,
}

impl Heard {
    fn add_call(&mut self, id: &Value, name: &Value, arguments: &Value) {
        let arguments = match arguments {
            Value::String(text) => serde_json::from_str(text).unwrap(),
            other => other.clone(),
        };
        self.calls.push(Call {
            id: id.as_str().unwrap_or_default().into(),
            name: name.as_str().unwrap().into(),
            arguments,
        });
    }
}

/// Read a whole answer.
pub(crate) fn heard(client: Dialect, body: &Value) -> Heard {
    match client {
        Dialect::OpenaiChat => chat(body),
        Dialect::OpenaiResponses => responses(body),
        Dialect::Anthropic => anthropic(body),
        Dialect::Gemini => gemini(body),
        Dialect::Ollama => ollama(body),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn chat(body: &Value) -> Heard {
    assert_eq!(list(&body["choices"]).len(), 1, "one choice: {body}");
    let choice = &body["choices"][0];
    let mut heard = Heard {
        text: text(&choice["message"]["content"]) + &text(&choice["message"]["refusal"]),
        thought: text(&choice["message"]["reasoning_content"]),
        stop: text(&choice["finish_reason"]),
        ..Heard::default()
    };
    for call in list(&choice["message"]["tool_calls"]) {
        let function = &call["function"];
        heard.add_call(&call["id"], &function["name"], &function["arguments"]);
    }
    let usage = &body["usage"];
    if usage.is_object() {
        let (input, output) = (
            count(&usage["prompt_tokens"]),
            count(&usage["completion_tokens"]),
        );
        assert_eq!(count(&usage["total_tokens"]), input + output);
        let cached = count(&usage["prompt_tokens_details"]["cached_tokens"]);
        heard.counts = Some((input, cached, output));
    }
    heard
}

fn responses(body: &Value) -> Heard {
    let mut heard = Heard {
        stop: text(&body["status"]),
        ..Heard::default()
    };
    if let Some(reason) = body["incomplete_details"]["reason"].as_str() {
        heard.stop = format!("{} {reason}", heard.stop);
    }
    for item in list(&body["output"]) {
        match item["type"].as_str().unwrap() {
            "reasoning" => {
                for part in list(&item["summary"]).iter().chain(list(&item["content"])) {
                    heard.thought += part["text"].as_str().unwrap();
                }
            }
            "message" => {
                for part in list(&item["content"]) {
                    heard.text += &(text(&part["text"]) + &text(&part["refusal"]));
                }
            }
            _ => heard.add_call(&item["call_id"], &item["name"], &item["arguments"]),
        }
    }
    let usage = &body["usage"];
    if usage.is_object() {
        let (input, output) = (
            count(&usage["input_tokens"]),
            count(&usage["output_tokens"]),
        );
        assert_eq!(count(&usage["total_tokens"]), input + output);
        let cached = count(&usage["input_tokens_details"]["cached_tokens"]);
        heard.counts = Some((input, cached, output));
    }
    heard
}

fn anthropic(body: &Value) -> Heard {
    let mut heard = Heard {
        stop: text(&body["stop_reason"]),
        ..Heard::default()
    };
    for block in list(&body["content"]) {
        match block["type"].as_str().unwrap() {
            "text" => heard.text += block["text"].as_str().unwrap(),
            "thinking" => heard.thought += block["thinking"].as_str().unwrap(),
            "tool_use" => heard.add_call(&block["id"], &block["name"], &block["input"]),
            _ => {}
        }
    }
    let usage = &body["usage"];
    let cached = count(&usage["cache_read_input_tokens"]);
    let input =
        count(&usage["input_tokens"]) + cached + count(&usage["cache_creation_input_tokens"]);
    heard.counts = Some((input, cached, count(&usage["output_tokens"])));
    heard
}

fn gemini(body: &Value) -> Heard {
    let candidate = &body["candidates"][0];
    let mut heard = Heard {
        stop: text(&candidate["finishReason"]),
        ..Heard::default()
    };
    for part in list(&candidate["content"]["parts"]) {
        if let Some(call) = part.get("functionCall") {
            heard.add_call(&call["id"], &call["name"], &call["args"]);
        } else if part["thought"] == json!(true) {
            heard.thought += part["text"].as_str().unwrap();
        } else {
            heard.text += &text(&part["text"]);
        }
    }
    let usage = &body["usageMetadata"];
    if usage.is_object() {
        let input = count(&usage["promptTokenCount"]) + count(&usage["toolUsePromptTokenCount"]);
        let output = count(&usage["candidatesTokenCount"]) + count(&usage["thoughtsTokenCount"]);
        assert_eq!(count(&usage["totalTokenCount"]), input + output);
        heard.counts = Some((input, count(&usage["cachedContentTokenCount"]), output));
    }
    heard
}

fn ollama(body: &Value) -> Heard {
    assert_eq!(body["done"], json!(true));
    let message = &body["message"];
    let mut heard = Heard {
        text: text(&message["content"]),
        thought: text(&message["thinking"]),
        stop: text(&body["done_reason"]),
        ..Heard::default()
    };
    for call in list(&message["tool_calls"]) {
        let function = &call["function"];
        heard.add_call(&call["id"], &function["name"], &function["arguments"]);
    }
    if body.get("eval_count").is_some() {
        let input = count(&body["prompt_eval_count"]);
        heard.counts = Some((input, 0, count(&body["eval_count"])));
    }
    heard
}

/// A stream put together as its client's SDK does it: the whole answer.
pub(crate) fn folded(client: Dialect, stream: &str) -> Value {
    let events = stream.lines().filter_map(|line| match client {
        Dialect::Ollama => Some(line),
        _ => line.strip_prefix("data: ").filter(|data| *data != "[DONE]"),
    });
    let events: Vec<Value> = events
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    match client {
        Dialect::OpenaiChat => fold_chat(&events),
        Dialect::OpenaiResponses => events.last().unwrap()["response"].clone(),
        Dialect::Anthropic => fold_anthropic(&events),
        Dialect::Gemini => fold_gemini(&events),
        Dialect::Ollama => fold_ollama(&events),
    }
}

fn append(to: &mut Value, more: &Value) {
    *to = json!(text(to) + &text(more));
}

fn fold_chat(events: &[Value]) -> Value {
    let mut choice = json!({"message": {"role": "assistant"}, "finish_reason": null});
    let mut calls: Vec<Value> = Vec::new();
    let mut usage = Value::Null;
    for event in events {
        if event["usage"].is_object() {
            usage = event["usage"].clone();
        }
        for part in list(&event["choices"]) {
            assert_eq!(part["index"], 0, "one choice");
            for field in ["content", "reasoning_content", "refusal"] {
                if part["delta"][field].is_string() {
                    append(&mut choice["message"][field], &part["delta"][field]);
                }
            }
            for call in list(&part["delta"]["tool_calls"]) {
                let index: usize = call["index"].as_u64().unwrap().try_into().unwrap();
                if index == calls.len() {
                    calls.push(call.clone());
                } else {
                    let more = call["function"]["arguments"].clone();
                    append(&mut calls[index]["function"]["arguments"], &more);
                }
            }
            if part["finish_reason"].is_string() {
                assert!(choice["finish_reason"].is_null(), "one finish");
                choice["finish_reason"] = part["finish_reason"].clone();
            }
        }
    }
    if !calls.is_empty() {
        choice["message"]["tool_calls"] = calls.into();
    }
    json!({"choices": [choice], "usage": usage})
}

/// Blocks one after the other, each delta in the block that is open: what anthropic-python relies on.
fn fold_anthropic(events: &[Value]) -> Value {
    assert_eq!(events[0]["type"], "message_start");
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    let mut message = events[0]["message"].clone();
    let mut blocks: Vec<Value> = Vec::new();
    let (mut open, mut input) = (None, String::new());
    for event in &events[1..] {
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert!(
                    open.is_none() && event["index"] == json!(blocks.len()),
                    "{event}"
                );
                open = Some(blocks.len());
                blocks.push(event["content_block"].clone());
                input.clear();
            }
            "content_block_delta" => {
                assert_eq!(event["index"], json!(open.unwrap()), "only the open block");
                let block = blocks.last_mut().unwrap();
                let delta = &event["delta"];
                for field in ["text", "thinking", "signature"] {
                    if delta[field].is_string() {
                        append(&mut block[field], &delta[field]);
                    }
                }
                input += &text(&delta["partial_json"]);
            }
            "content_block_stop" => {
                assert_eq!(event["index"], json!(open.take().unwrap()));
                let block = blocks.last_mut().unwrap();
                if block["type"] == "tool_use" && !input.is_empty() {
                    block["input"] = serde_json::from_str(&input).unwrap();
                }
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                for (key, value) in event["usage"].as_object().into_iter().flatten() {
                    message["usage"][key] = value.clone();
                }
            }
            "message_start" => panic!("a second message_start"),
            _ => {}
        }
    }
    assert!(open.is_none(), "an open block");
    message["content"] = blocks.into();
    message
}

fn fold_gemini(events: &[Value]) -> Value {
    let mut whole = events.last().unwrap().clone();
    let parts = events
        .iter()
        .flat_map(|event| list(&event["candidates"][0]["content"]["parts"]));
    let parts: Vec<Value> = parts.cloned().collect();
    whole["candidates"][0]["content"] = json!({"role": "model", "parts": parts});
    whole
}

fn fold_ollama(events: &[Value]) -> Value {
    let mut whole = events.last().unwrap().clone();
    let mut message = json!({"role": "assistant", "content": ""});
    let mut calls = Vec::new();
    for event in events {
        for field in ["content", "thinking"] {
            if event["message"][field].is_string() {
                append(&mut message[field], &event["message"][field]);
            }
        }
        calls.extend_from_slice(list(&event["message"]["tool_calls"]));
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    whole["message"] = message;
    whole
}
