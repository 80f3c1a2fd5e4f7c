//! The request, made once and sent every time: 2 KB of it, as an agent's short question is.

use super::options::Options;
use crate::dialect::Dialect;

const SYSTEM: &str =
    "You are a careful assistant. Answer in plain words and say what you do not know.";
const SENTENCE: &str =
    "The harbour lay quiet under a thin fog, and the pilots waited for the tide to turn. ";
/// Sentences in the question.
const SENTENCES: usize = 19;

/// Head and body.
pub(super) fn render(options: &Options) -> Vec<u8> {
    let body = body(options);
    let (host, key) = (&options.host, &options.key);
    let credentials = match options.dialect {
        Dialect::OpenaiChat => format!("authorization: Bearer {key}"),
        Dialect::Anthropic => format!("x-api-key: {key}\r\nanthropic-version: 2023-06-01"),
    };
    format!(
        "POST {}{} HTTP/1.1\r\nhost: {host}\r\nuser-agent: loadkit\r\naccept: application/json\r\n{credentials}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        options.base,
        options.dialect.path(),
        body.len(),
    )
    .into_bytes()
}

fn body(options: &Options) -> String {
    let (prefix, plan, stream) = (&options.prefix, options.plan, options.stream);
    let question = SENTENCE.repeat(SENTENCES);
    let question = question.trim_end();
    match options.dialect {
        Dialect::OpenaiChat => {
            let usage = if stream {
                r#","stream_options":{"include_usage":true}"#
            } else {
                ""
            };
            format!(
                r#"{{"model":"{prefix}{plan}","stream":{stream}{usage},"temperature":0.7,"max_tokens":4096,"messages":[{{"role":"system","content":"{SYSTEM}"}},{{"role":"user","content":"{question}"}}]}}"#
            )
        }
        Dialect::Anthropic => format!(
            r#"{{"model":"{prefix}{plan}","stream":{stream},"temperature":0.7,"max_tokens":4096,"system":"{SYSTEM}","messages":[{{"role":"user","content":"{question}"}}]}}"#
        ),
    }
}
