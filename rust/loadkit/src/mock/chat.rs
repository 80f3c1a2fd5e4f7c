//! Answers in Chat Completions.

use super::answer::Script;
use super::ask::Ask;

/// The events of one stream.
pub(super) fn script(ask: &Ask, serial: u64) -> Script {
    let model = ask.plan;
    let head = format!(
        r#"data: {{"id":"chatcmpl-{serial:08x}","object":"chat.completion.chunk","created":1760000000,"model":"{model}","choices":["#
    );
    let mut closing = vec![format!(
        "{head}{}\n\n",
        r#"{"index":0,"delta":{},"finish_reason":"stop"}]}"#
    )];
    if ask.usage {
        closing.push(format!("{head}],{}}}\n\n", usage(ask)));
    }
    closing.push("data: [DONE]\n\n".to_owned());
    Script {
        opening: vec![format!(
            "{head}{}\n\n",
            r#"{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}]}"#
        )],
        before: format!(r#"{head}{{"index":0,"delta":{{"content":""#),
        after: "\"},\"finish_reason\":null}]}\n\n".to_owned(),
        closing,
    }
}

/// The body of an answer that is not streamed.
pub(super) fn whole(ask: &Ask, serial: u64, text: &str) -> String {
    let (model, usage) = (ask.plan, usage(ask));
    format!(
        r#"{{"id":"chatcmpl-{serial:08x}","object":"chat.completion","created":1760000000,"model":"{model}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],{usage},"service_tier":"default","system_fingerprint":"fp_loadkit"}}"#
    )
}

/// The body of a 400.
pub(super) fn error(message: &str) -> String {
    format!(
        r#"{{"error":{{"message":{message},"type":"invalid_request_error","param":null,"code":null}}}}"#
    )
}

fn usage(ask: &Ask) -> String {
    let output = ask.plan.events;
    format!(
        r#""usage":{{"prompt_tokens":512,"completion_tokens":{output},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}}"#,
        output + 512
    )
}
