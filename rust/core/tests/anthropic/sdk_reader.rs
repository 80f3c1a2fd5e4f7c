//! Reads a client stream as strictly as the official SDKs do, into the message they would build.

use serde_json::{Value, json};

/// The events of a stream: name and data. Every frame must have the one form that all clients read.
pub(crate) fn events(stream: &str) -> Vec<(String, Value)> {
    assert!(
        stream.is_empty() || stream.ends_with("\n\n"),
        "the last event is ended"
    );
    let frames = stream.split("\n\n").filter(|frame| !frame.is_empty());
    frames
        .map(|frame| {
            let (name, data) = frame.split_once('\n').expect("two lines");
            let name = name.strip_prefix("event: ").expect("a name");
            let data = data.strip_prefix("data: ").expect("data");
            assert!(!data.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']));
            let data: Value = serde_json::from_str(data).unwrap();
            assert_eq!(data["type"], name);
            (name.to_owned(), data)
        })
        .collect()
}

/// The message of a complete stream.
pub(crate) fn message(stream: &str) -> Value {
    let events = events(stream);
    assert_eq!(
        events[0].0, "message_start",
        "message_start before anything"
    );
    let mut message = events[0].1["message"].clone();
    let mut open: Option<usize> = None;
    let mut json = String::new();
    let mut is_stopped = false;
    for (name, data) in &events[1..] {
        assert!(!is_stopped, "{name} after message_stop");
        let content = message["content"].as_array_mut().unwrap();
        match name.as_str() {
            "content_block_start" => {
                assert!(open.is_none(), "one block at a time");
                assert_eq!(data["index"], content.len(), "indexes 0, 1, 2, …");
                check_start(&data["content_block"]);
                content.push(data["content_block"].clone());
                open = Some(content.len() - 1);
                json.clear();
            }
            "content_block_delta" => {
                let at = open.expect("an open block");
                assert_eq!(data["index"], at);
                add(&mut content[at], &data["delta"], &mut json);
            }
            "content_block_stop" => {
                assert_eq!(data["index"], open.take().expect("an open block"));
            }
            "message_delta" => {
                assert!(open.is_none() && message["stop_reason"].is_null());
                for (key, value) in data["delta"].as_object().unwrap() {
                    message[key] = value.clone();
                }
                for (key, value) in data["usage"].as_object().unwrap() {
                    message["usage"][key] = value.clone();
                }
            }
            "message_stop" => is_stopped = true,
            "ping" => {}
            _ => panic!("{name}"),
        }
    }
    assert!(is_stopped && message["stop_reason"].is_string());
    message
}

/// Blocks begin empty, whatever they will hold.
fn check_start(block: &Value) {
    let expected = match block["type"].as_str().unwrap() {
        "text" => json!({"type": "text", "text": ""}),
        "thinking" => json!({"type": "thinking", "thinking": "", "signature": ""}),
        "tool_use" => {
            assert!(block["id"].is_string() && block["name"].is_string());
            assert_eq!(block["input"], json!({}));
            return;
        }
        _ => return,
    };
    assert_eq!(*block, expected);
}

fn add(block: &mut Value, delta: &Value, json: &mut String) {
    let mut append = |key: &str| {
        let text = format!(
            "{}{}",
            block[key].as_str().unwrap(),
            delta[key].as_str().unwrap()
        );
        block[key] = text.into();
    };
    match delta["type"].as_str().unwrap() {
        "text_delta" => append("text"),
        "thinking_delta" => append("thinking"),
        "signature_delta" => block["signature"] = delta["signature"].clone(),
        "citations_delta" => {
            if block.get("citations").is_none() {
                block["citations"] = json!([]);
            }
            block["citations"]
                .as_array_mut()
                .unwrap()
                .push(delta["citation"].clone());
        }
        "input_json_delta" => {
            json.push_str(delta["partial_json"].as_str().unwrap());
            // Cut short by max_tokens, the SDKs keep what can be read.
            if let Ok(input) = serde_json::from_str(json) {
                block["input"] = input;
            }
        }
        other => panic!("{other}"),
    }
}
