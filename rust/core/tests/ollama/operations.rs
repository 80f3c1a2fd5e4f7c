//! `/api/chat` and `/api/generate`: told apart, answered each in its form, and loading a model.

use fastproxy_core::dialect::{ClientContext, Dialect};
use fastproxy_core::ir::{Content, Role};
use fastproxy_core::transcode::Routing;
use serde_json::{Value, json};

use super::kit::{client, fixture, fixture_json, lines, operation, read, run, setup, target};

fn own(body: Value, cx: ClientContext, target: Dialect) -> Option<Value> {
    let answer = client(Dialect::Ollama, &body, cx).own_answer(target, 1_700_000_000)?;
    Some(serde_json::from_slice(&answer).unwrap())
}

#[test]
fn a_prompt_is_a_conversation_of_one_turn() {
    read(&fixture_json("request", "generate.json"), |request| {
        let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
        assert_eq!(roles, [Role::System, Role::User]);
        let parts = &request.turns[1].parts;
        assert!(matches!(&parts[0].content, Content::Media(_)));
        assert!(matches!(&parts[2].content, Content::Text(text) if text == "Describe both."));
        assert_eq!(request.max_output_tokens, Some(64));
        let kept: Vec<_> = request.ext.iter().map(|ext| ext.pointer.as_str()).collect();
        assert_eq!(kept, ["/template"], "an empty context says nothing");
    });
}

#[test]
fn the_path_decides_and_the_body_where_it_does_not() {
    let prompt = json!({"model": "m", "prompt": "x"});
    assert_eq!(
        own(prompt.clone(), ClientContext::default(), Dialect::Anthropic),
        None
    );
    assert_eq!(
        own(prompt.clone(), operation("generate"), Dialect::Anthropic),
        None
    );
    let chat = own(prompt, operation("chat"), Dialect::Anthropic).unwrap();
    assert_eq!(
        chat["done_reason"], "load",
        "to /api/chat a prompt says nothing"
    );
}

#[test]
fn a_request_without_a_prompt_is_answered_here_in_its_own_form() {
    let chat = json!({"model": "x:1", "messages": []});
    assert_eq!(
        own(chat.clone(), operation("chat"), Dialect::OpenaiChat),
        Some(json!({"model": "x:1", "created_at": "2023-11-14T22:13:20Z",
            "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "load"}))
    );
    assert_eq!(
        own(
            json!({"model": "x"}),
            operation("generate"),
            Dialect::OpenaiChat
        ),
        Some(
            json!({"model": "x", "created_at": "2023-11-14T22:13:20Z", "response": "", "done": true, "done_reason": "load"})
        )
    );
    assert_eq!(
        own(chat, operation("chat"), Dialect::Ollama),
        None,
        "an Ollama has something to load"
    );
}

#[test]
fn to_be_kept_for_no_time_is_to_be_unloaded() {
    for (keep, reason) in [
        (json!(0), "unload"),
        (json!("0"), "unload"),
        (json!("0s"), "unload"),
        (json!("0h0m"), "unload"),
        (json!("5m"), "load"),
        (json!(-1), "load"),
        (json!(""), "load"),
        (json!("10m"), "load"),
    ] {
        let body = json!({"model": "m", "keep_alive": keep, "prompt": ""});
        let answer = own(body, operation("generate"), Dialect::OpenaiChat).unwrap();
        assert_eq!(answer["done_reason"], reason, "{keep}");
    }
}

#[test]
fn a_load_is_relayed_to_an_ollama_and_its_answer_is_whole() {
    let body = json!({"model": "m", "keep_alive": "5m"});
    let request = client(Dialect::Ollama, &body, operation("generate"));
    let prepared = request
        .prepare(Dialect::Ollama, &target(), &Routing::default())
        .unwrap();
    assert!(prepared.is_raw);
    let (out, end, transcoder) = run(
        setup(Dialect::Ollama, Dialect::Ollama, true, "chat"),
        &fixture("stream", "load.ndjson"),
    );
    assert_eq!(end, Ok(()));
    assert_eq!(lines(&out)[0]["done_reason"], "load");
    assert_eq!(transcoder.report().finish.as_deref(), Some("load"));
}

#[test]
fn a_generated_answer_has_a_response_instead_of_a_message() {
    let stream = br#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"x","choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}

data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"x","choices":[{"index":0,"delta":{"content":"yes"}}]}

data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"x","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}

data: [DONE]

"#;
    let (out, end, _) = run(
        setup(Dialect::OpenaiChat, Dialect::Ollama, true, "generate"),
        stream,
    );
    assert_eq!(end, Ok(()));
    let lines = lines(&out);
    assert!(
        lines
            .iter()
            .all(|line| line.get("message").is_none() && line["response"].is_string())
    );
    assert_eq!(lines[0]["thinking"], "hm");
    assert_eq!(lines[1]["response"], "yes");
    assert_eq!(lines[2]["tool_calls"][0]["function"]["name"], "f");
    assert_eq!(
        (&lines[3]["done"], &lines[3]["done_reason"]),
        (&json!(true), &json!("stop"))
    );

    let whole = br#"{"id":"c","object":"chat.completion","created":1,"model":"x","choices":[{"index":0,"message":{"role":"assistant","content":"yes","reasoning_content":"hm"},"finish_reason":"length"}]}"#;
    let (out, end, _) = run(
        setup(Dialect::OpenaiChat, Dialect::Ollama, false, "generate"),
        whole,
    );
    assert_eq!(end, Ok(()));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        answer,
        json!({"model": "asked-model", "created_at": "1970-01-01T00:00:01Z", "response": "yes", "thinking": "hm",
            "done": true, "done_reason": "length"})
    );
}

#[test]
fn the_answer_knows_the_operation_of_its_request() {
    for (name, cx) in [
        ("chat", operation("chat")),
        ("generate", operation("generate")),
    ] {
        let body =
            json!({"model": "m", "prompt": "x", "messages": [{"role": "user", "content": "x"}]});
        let request = client(Dialect::Ollama, &body, cx);
        let prepared = request
            .prepare(Dialect::OpenaiChat, &target(), &Routing::default())
            .unwrap();
        assert_eq!(prepared.echo.as_deref(), Some(name));
    }
}
