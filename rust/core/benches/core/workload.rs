//! What is measured on: built here, the same on every machine.

use serde_json::{Value, json};

/// An agent's request of about 18 KB: 37 messages (system, then turns with tool calls and results), 12 tools.
pub(crate) fn request() -> String {
    let mut messages = vec![json!({"role": "system", "content": prose(0, 220)})];
    for turn in 0..12 {
        let id = format!("call_{turn:08x}");
        let arguments =
            json!({"path": format!("src/module_{turn}/lib.rs"), "limit": 200}).to_string();
        messages.push(json!({"role": "user", "content": prose(turn, 40)}));
        messages.push(json!({"role": "assistant", "content": prose(turn + 5, 12), "tool_calls": [
            {"id": id, "type": "function", "function": {"name": format!("tool_{turn}"), "arguments": arguments}},
        ]}));
        messages.push(json!({"role": "tool", "tool_call_id": id, "content": code(turn, 6)}));
    }
    let tools: Vec<_> = (0..12).map(tool).collect();
    json!({
        "model": "gpt-x", "stream": true, "stream_options": {"include_usage": true},
        "messages": messages, "tools": tools, "tool_choice": "auto", "temperature": 0.7, "max_tokens": 4096,
    })
    .to_string()
}

fn tool(at: usize) -> Value {
    json!({"type": "function", "function": {
        "name": format!("tool_{at}"),
        "description": prose(at, 18),
        "parameters": {
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": prose(at + 1, 8)},
                "limit": {"type": "integer", "minimum": 1, "maximum": 2000},
                "mode": {"type": "string", "enum": ["read", "write", "append"]},
            },
            "required": ["path"],
            "additionalProperties": false,
        },
    }})
}

/// One chunk of a chat stream, 286 bytes as JSON.
pub(crate) fn chunk() -> String {
    let start = concat!(
        r#"{"id":"chatcmpl-BxQ4mZ7vK2pLw9sTn3rEaYcUd1hGf","object":"chat.completion.chunk","created":1763640000,"#,
        r#""model":"gpt-x-2026-08-01","system_fingerprint":"fp_51e1070cf2","#,
        r#""choices":[{"index":0,"delta":{"content":" really"},"logprobs":null,"finish_reason":null}],"usage":null"#,
    );
    let filler = 286 - start.len() - r#","obfuscation":""}"#.len();
    format!(r#"{start},"obfuscation":"{}"}}"#, "x".repeat(filler))
}

/// A stream of such chunks, with its end.
pub(crate) fn stream(count: usize) -> Vec<u8> {
    let frame = format!("data: {}\n\n", chunk());
    format!("{}data: [DONE]\n\n", frame.repeat(count)).into_bytes()
}

/// A proper answer: a head, so many pieces of text, a finish, usage, the end.
pub(crate) fn answer(count: usize) -> Vec<u8> {
    let chunk = |rest: &str| {
        format!(
            concat!(
                r#"data: {{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1763640000,"#,
                r#""model":"gpt-x","choices":[{}}}"#,
                "\n\n"
            ),
            rest
        )
    };
    let head =
        chunk(r#"{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]"#);
    let piece = format!("data: {}\n\n", self::chunk());
    let finish = chunk(r#"{"index":0,"delta":{},"finish_reason":"stop"}]"#);
    let usage =
        chunk(r#"],"usage":{"prompt_tokens":9,"completion_tokens":256,"total_tokens":265}"#);
    let pieces = piece.repeat(count);
    format!("{head}{pieces}{finish}{usage}data: [DONE]\n\n").into_bytes()
}

/// English text.
pub(crate) fn prose(seed: usize, words: usize) -> String {
    const WORDS: [&str; 16] = [
        "the", "account", "answers", "slowly", "while", "another", "stream", "opens", "and",
        "every", "token", "counts", "before", "it", "is", "sent.",
    ];
    let words: Vec<_> = (0..words)
        .map(|at| WORDS[(at * 7 + seed * 3) % 16])
        .collect();
    words.join(" ")
}

/// Source text: line breaks, quotes, tabs.
pub(crate) fn code(seed: usize, lines: usize) -> String {
    let line = |at| format!("\tlet line_{at} = format!(\"{{}} {seed}\", value_{at});\n");
    (0..lines).map(line).collect::<Vec<_>>().concat()
}
