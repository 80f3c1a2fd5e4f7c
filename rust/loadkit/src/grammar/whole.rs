//! Answers that are not streamed.

use serde::Deserialize;

use super::Expected;
use crate::dialect::Dialect;
use crate::fault::{Fault, excerpt};
use crate::stamp::Stamp;

#[derive(Deserialize)]
struct Completion {
    object: String,
    choices: Vec<Choice>,
    usage: ChatUsage,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: String,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

#[derive(Deserialize)]
struct ChatUsage {
    completion_tokens: u64,
}

#[derive(Deserialize)]
struct Reply {
    r#type: String,
    role: String,
    content: Vec<Block>,
    stop_reason: String,
    usage: ReplyUsage,
}

#[derive(Deserialize)]
struct Block {
    r#type: String,
    text: String,
}

#[derive(Deserialize)]
struct ReplyUsage {
    output_tokens: u64,
}

/// Check a whole answer: its form, all of its text, its end and its usage.
pub fn check_whole(body: &[u8], expected: &Expected) -> Result<Stamp, Fault> {
    let (text, tokens) = match expected.dialect {
        Dialect::OpenaiChat => chat(body),
        Dialect::Anthropic => messages(body),
    }
    .ok_or_else(|| Fault::grammar("not a whole answer", &String::from_utf8_lossy(body)))?;
    expected.usage(Some(tokens))?;
    let stamp = Stamp::read(text.as_bytes(), expected.plan.whole_text())
        .ok_or_else(|| Fault::Text(excerpt(&text)))?;
    if stamp.number != 0 {
        return Err(Fault::Order {
            expected: 0,
            got: stamp.number,
        });
    }
    if stamp.at < expected.not_before {
        return Err(Fault::Stale);
    }
    Ok(stamp)
}

fn chat(body: &[u8]) -> Option<(String, u64)> {
    let Completion {
        object,
        choices,
        usage,
    } = serde_json::from_slice(body).ok()?;
    let [
        Choice {
            message,
            finish_reason,
        },
    ] = <[Choice; 1]>::try_from(choices).ok()?;
    let whole =
        object == "chat.completion" && message.role == "assistant" && finish_reason == "stop";
    whole.then_some((message.content, usage.completion_tokens))
}

fn messages(body: &[u8]) -> Option<(String, u64)> {
    let Reply {
        r#type,
        role,
        content,
        stop_reason,
        usage,
    } = serde_json::from_slice(body).ok()?;
    let [block] = <[Block; 1]>::try_from(content).ok()?;
    let whole = r#type == "message" && role == "assistant" && stop_reason == "end_turn";
    (whole && block.r#type == "text").then_some((block.text, usage.output_tokens))
}
