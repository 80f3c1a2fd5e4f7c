//! Answers in Anthropic Messages.

use super::answer::Script;
use super::ask::Ask;

/// The events of one stream.
pub(super) fn script(ask: &Ask, serial: u64) -> Script {
    let (model, output) = (ask.plan, ask.plan.events);
    Script {
        opening: vec![
            event(
                "message_start",
                &format!(
                    r#","message":{{"id":"msg_{serial:08x}","type":"message","role":"assistant","model":"{model}","content":[],"stop_reason":null,"stop_sequence":null,"usage":{}}}"#,
                    usage(1)
                ),
            ),
            event(
                "content_block_start",
                r#","index":0,"content_block":{"type":"text","text":""}"#,
            ),
            event("ping", ""),
        ],
        before: format!(
            "{}{}",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",",
            r#""index":0,"delta":{"type":"text_delta","text":""#
        ),
        after: "\"}}\n\n".to_owned(),
        closing: vec![
            event("content_block_stop", r#","index":0"#),
            event(
                "message_delta",
                &format!(
                    r#","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{}"#,
                    usage(output)
                ),
            ),
            event("message_stop", ""),
        ],
    }
}

/// The body of an answer that is not streamed.
pub(super) fn whole(ask: &Ask, serial: u64, text: &str) -> String {
    let (model, usage) = (ask.plan, usage(ask.plan.events));
    format!(
        r#"{{"id":"msg_{serial:08x}","type":"message","role":"assistant","model":"{model}","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{usage}}}"#
    )
}

/// The body of a 400.
pub(super) fn error(message: &str) -> String {
    format!(
        r#"{{"type":"error","error":{{"type":"invalid_request_error","message":{message}}},"request_id":"req_loadkit"}}"#
    )
}

fn event(name: &str, members: &str) -> String {
    format!("event: {name}\ndata: {{\"type\":\"{name}\"{members}}}\n\n")
}

fn usage(output: u32) -> String {
    format!(
        r#"{{"input_tokens":512,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{output},"service_tier":"standard"}}"#
    )
}
