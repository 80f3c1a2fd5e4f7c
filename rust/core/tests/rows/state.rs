//! State that only its vendor understands: lost, mangled, invented, or sent to another vendor.

use std::sync::Arc;

use fastproxy_core::dialect::Dialect;
use fastproxy_core::ledger::{Ledger, Limits};
use serde_json::{Value, json};

use super::kit::{
    Heard, ORIGIN, Script, Talk, call, folded, heard, pairs, prepare, run, setup, target, text,
    thought,
};

/// What two vendors' states read like, and what they must not turn into.
const STATES: [&str; 3] = ["U3RhdGVPbmU=", "U3RhdGVUd28=", "U3RhdGVUaHJlZQ=="];

/// A conversation at work: every answer goes through the proxy to the client, which returns it.
struct Loop {
    upstream: Dialect,
    client: Dialect,
    stream: bool,
    talk: Talk,
    ledger: Arc<Ledger>,
}

impl Loop {
    fn new(upstream: Dialect, client: Dialect, stream: bool) -> Self {
        Self {
            upstream,
            client,
            stream,
            talk: Talk::new(client, "go"),
            ledger: Arc::new(Ledger::new(Limits::default())),
        }
    }

    /// What this upstream is sent for the next answer.
    fn sent(&self, upstream: Dialect, origin: &str) -> Value {
        let target = target(origin);
        let prepared = prepare(
            self.client,
            upstream,
            &self.talk.body(),
            &target,
            Some(&self.ledger),
        );
        let prepared =
            prepared.unwrap_or_else(|error| panic!("{:?} {upstream:?} {error}", self.client));
        serde_json::from_slice(&prepared.body).unwrap()
    }

    /// The answer to that; the client keeps it.
    fn answered(&mut self, script: &Script) -> Heard {
        let prepared = prepare(
            self.client,
            self.upstream,
            &self.talk.body(),
            &target(ORIGIN),
            Some(&self.ledger),
        );
        let mut setup = setup(self.upstream, self.client, self.stream);
        let prepared = prepared.unwrap();
        setup.names = prepared.names;
        setup.encode.echo = prepared.echo;
        setup.ledger = Some((Arc::clone(&self.ledger), "key".into()));
        let (out, end, _) = run(setup, script.bytes(self.upstream, self.stream).as_bytes());
        end.unwrap();
        let answer = if self.stream {
            folded(self.client, &out)
        } else {
            serde_json::from_str(&out).unwrap()
        };
        self.talk.keep(&answer);
        heard(self.client, &answer)
    }

    /// An answer with two calls, whose results come back in the order of completion.
    fn called(&mut self, state: &'static str, ids: [&'static str; 2]) {
        let script = Script::new(vec![
            thought("I think."),
            call(ids[0], "look", json!({"n": 1})),
            call(ids[1], "find", json!({"n": 2})),
        ]);
        let heard = self.answered(&script.with_state(state));
        self.talk.answer(heard.calls.iter().rev());
    }
}

/// Where an upstream finds the state of its answers, one entry per assistant turn.
fn states(upstream: Dialect, body: &Value) -> Vec<Value> {
    let list = |key: &str| body[key].as_array().unwrap().clone();
    match upstream {
        Dialect::OpenaiChat => {
            let said = list("messages")
                .into_iter()
                .filter(|turn| turn["role"] == "assistant");
            said.map(|turn| turn["reasoning_content"].clone()).collect()
        }
        Dialect::OpenaiResponses => {
            let items = list("input")
                .into_iter()
                .filter(|item| item["type"] == "reasoning");
            items
                .map(|item| {
                    json!([
                        item["encrypted_content"],
                        item["id"],
                        item["summary"].is_array()
                    ])
                })
                .collect()
        }
        Dialect::Anthropic => {
            let said = list("messages")
                .into_iter()
                .filter(|turn| turn["role"] == "assistant");
            said.map(|turn| {
                json!([
                    turn["content"][0]["thinking"],
                    turn["content"][0]["signature"]
                ])
            })
            .collect()
        }
        Dialect::Gemini => {
            let said = list("contents")
                .into_iter()
                .filter(|turn| turn["role"] == "model");
            let calls = said.map(|turn| {
                let parts = turn["parts"].as_array().unwrap().clone();
                let calls = parts
                    .into_iter()
                    .filter(|part| part.get("functionCall").is_some());
                calls
                    .map(|part| part["thoughtSignature"].clone())
                    .collect::<Value>()
            });
            calls.collect()
        }
        Dialect::Ollama => {
            let said = list("messages")
                .into_iter()
                .filter(|turn| turn["role"] == "assistant");
            said.map(|turn| turn["thinking"].clone()).collect()
        }
    }
}

fn expected(upstream: Dialect, state: &str) -> Value {
    match upstream {
        Dialect::OpenaiChat | Dialect::Ollama => json!("I think."),
        Dialect::OpenaiResponses => json!([state, "rs_0", true]),
        Dialect::Anthropic => json!(["I think.", state]),
        Dialect::Gemini => json!([state, null]),
    }
}

/// bifrost#5274, aiproxy#450, snow-cli#104, antigravity2api#86, securo#884, CLIProxyAPI#3710, litellm#31439, new-api#4806.
#[test]
fn a_tool_loop_lost_its_thinking_on_the_way_back() {
    for (upstream, client) in pairs() {
        for stream in [false, true] {
            let mut conversation = Loop::new(upstream, client, stream);
            conversation.called(STATES[0], ["call_a", "call_b"]);
            conversation.called(STATES[1], ["call_c", "call_d"]);
            conversation.called(STATES[2], ["call_e", "call_f"]);
            let body = conversation.sent(upstream, ORIGIN);
            let wanted: Vec<_> = STATES
                .iter()
                .map(|state| expected(upstream, state))
                .collect();
            assert_eq!(
                states(upstream, &body),
                wanted,
                "{upstream:?} by {client:?}, {stream}: {body}"
            );
            assert!(
                !body.to_string().contains("fp1."),
                "an envelope went out: {body}"
            );
        }
    }
}

/// CLIProxyAPI PR#570, claude-code-hub#518: the state of one vendor sent to another, which refuses the request.
#[test]
fn a_vendor_was_sent_anothers_state() {
    for (upstream, client) in pairs() {
        for &next in Dialect::ALL {
            let mut conversation = Loop::new(upstream, client, true);
            conversation.called(STATES[0], ["call_a", "call_b"]);
            let body = conversation.sent(next, "vendor-b").to_string();
            let place = format!("{upstream:?} by {client:?} to {next:?}: {body}");
            assert!(
                !body.contains(STATES[0]) && !body.contains("fp1."),
                "{place}"
            );
            assert!(!body.contains("rs_0"), "{place}");
            let signed = body.contains("\"signature\"") || body.contains("encrypted_content\":\"");
            assert!(!signed, "nothing is invented: {place}");
        }
    }
}

/// oh-my-openagent#2775, openclaw#84430: thinking without a signature, made up or cut off, poisons the session.
#[test]
fn unsigned_thinking_was_replayed() {
    let history = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "cut sho", "signature": ""},
            {"type": "text", "text": "hello"}]},
        {"role": "user", "content": "on"}]});
    for upstream in [
        Dialect::OpenaiChat,
        Dialect::OpenaiResponses,
        Dialect::Gemini,
        Dialect::Ollama,
    ] {
        let prepared = prepare(
            Dialect::Anthropic,
            upstream,
            &history,
            &target(ORIGIN),
            None,
        )
        .unwrap();
        let body = String::from_utf8(prepared.body.to_vec()).unwrap();
        assert!(
            !body.contains("cut sho"),
            "not as thinking and not as text: {upstream:?} {body}"
        );
    }
    for client in [Dialect::OpenaiChat, Dialect::Ollama] {
        let field = if client == Dialect::Ollama {
            "thinking"
        } else {
            "reasoning_content"
        };
        let history = json!({"model": "m", "messages": [{"role": "user", "content": "go"},
            {"role": "assistant", "content": "hello", field: "cut sho"}, {"role": "user", "content": "on"}]});
        let prepared =
            prepare(client, Dialect::Anthropic, &history, &target(ORIGIN), None).unwrap();
        let body = String::from_utf8(prepared.body.to_vec()).unwrap();
        assert!(!body.contains("cut sho"), "{client:?} {body}");
    }
}

/// CLIProxyAPI#2172, bifrost#6342: thinking written anew is not the thinking that was signed.
#[test]
fn signed_thinking_was_written_anew() {
    let blocks = "[{\"type\": \"thinking\",  \"signature\":\"U2ln\", \"thinking\":\"\\u00e9 \\/ é\"},\
        {\"type\":\"redacted_thinking\",\"data\":\"cmVk\"}, {\"type\":\"text\",\"text\":\"x\"}]";
    let body = format!(
        "{{\"model\":\"asked\",\"max_tokens\":9,\"messages\":[{{\"role\":\"user\",\"content\":\"a\"}},\
        {{\"role\":\"assistant\",\"content\":{blocks}}},{{\"role\":\"user\",\"content\":\"b\"}}]}}"
    );
    let request = fastproxy_core::transcode::ClientRequest::parse(
        Dialect::Anthropic,
        body.clone().into(),
        fastproxy_core::dialect::ClientContext::default(),
        None,
    );
    let prepared = request.unwrap().prepare(
        Dialect::Anthropic,
        &target(ORIGIN),
        &fastproxy_core::transcode::Routing::default(),
    );
    let sent = String::from_utf8(prepared.unwrap().body.to_vec()).unwrap();
    assert_eq!(sent, body.replacen("\"asked\"", "\"up-model\"", 1));
}

/// routatic/proxy PR#34: DeepSeek, once it thinks, wants thinking with every answer, also those of another model.
#[test]
fn a_host_that_wants_all_thinking_got_a_history_without_any() {
    let mut wants = target(ORIGIN);
    wants.profile.replay_reasoning = fastproxy_core::dialect::Replay::Always;
    for (_, client) in pairs().filter(|pair| pair.0 == Dialect::OpenaiChat) {
        let mut conversation = Loop::new(Dialect::OpenaiChat, client, false);
        let answer = conversation.answered(&Script::new(vec![
            text("I look."),
            call("call_a", "look", json!({"n": 1})),
        ]));
        conversation.talk.answer(&answer.calls);
        let prepared = prepare(
            client,
            Dialect::OpenaiChat,
            &conversation.talk.body(),
            &wants,
            None,
        )
        .unwrap();
        let body: Value = serde_json::from_slice(&prepared.body).unwrap();
        assert!(
            states(Dialect::OpenaiChat, &body)[0].is_string(),
            "{client:?}: {body}"
        );
    }
}

/// Envelopes that nobody sealed, in each client's own slot.
#[test]
fn forged_state_was_believed() {
    let forged = "fp1.dmVuZG9yLWE.s.AAAAAXg.AAAA";
    let bodies = [
        (
            Dialect::Anthropic,
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "a"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": forged},
            {"type": "text", "text": "t"}]}, {"role": "user", "content": "b"}]}),
        ),
        (
            Dialect::OpenaiResponses,
            json!({"model": "m", "input": [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": forged},
            {"role": "user", "content": "b"}]}),
        ),
        (
            Dialect::Gemini,
            json!({"contents": [{"role": "user", "parts": [{"text": "a"}]},
            {"role": "model", "parts": [{"text": "t", "thoughtSignature": forged}]},
            {"role": "user", "parts": [{"text": "b"}]}]}),
        ),
        (
            Dialect::OpenaiChat,
            json!({"model": "m", "messages": [{"role": "user", "content": "a"},
            {"role": "assistant", "content": "t",
            "reasoning_details": [{"type": "reasoning.encrypted", "data": forged}]},
            {"role": "user", "content": "b"}]}),
        ),
    ];
    for (client, body) in &bodies {
        for &upstream in Dialect::ALL {
            let prepared = prepare(*client, upstream, body, &target(ORIGIN), None).unwrap();
            let sent = String::from_utf8(prepared.body.to_vec()).unwrap();
            assert!(!sent.contains("fp1."), "{client:?} to {upstream:?}: {sent}");
        }
    }
}
