//! A conversation in a client's own form: it returns answers as it got them, and adds the results of its tools.

use fastproxy_core::dialect::Dialect;
use serde_json::{Value, json};

use super::client::Call;
use super::tool;

/// The history of a client.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    client: Dialect,
    history: Vec<Value>,
}

impl Talk {
    pub(crate) fn new(client: Dialect, question: &str) -> Self {
        let mut talk = Self {
            client,
            history: Vec::new(),
        };
        talk.ask(question);
        talk
    }

    pub(crate) fn ask(&mut self, question: &str) {
        let turn = match self.client {
            Dialect::Gemini => json!({"role": "user", "parts": [{"text": question}]}),
            Dialect::OpenaiResponses => {
                json!({"type": "message", "role": "user", "content": question})
            }
            _ => json!({"role": "user", "content": question}),
        };
        self.history.push(turn);
    }

    /// The answer goes back as it came; Chat clients keep nothing of it but text and calls.
    pub(crate) fn keep(&mut self, answer: &Value) {
        match self.client {
            Dialect::OpenaiChat => {
                let mut message = answer["choices"][0]["message"].clone();
                let kept = ["role", "content", "tool_calls"];
                message
                    .as_object_mut()
                    .unwrap()
                    .retain(|key, _| kept.contains(&key.as_str()));
                self.history.push(message);
            }
            Dialect::OpenaiResponses => {
                self.history
                    .extend_from_slice(answer["output"].as_array().unwrap());
            }
            Dialect::Anthropic => {
                self.history
                    .push(json!({"role": "assistant", "content": answer["content"]}));
            }
            Dialect::Gemini => self
                .history
                .push(answer["candidates"][0]["content"].clone()),
            Dialect::Ollama => self.history.push(answer["message"].clone()),
        }
    }

    /// The results of these calls, in this order.
    pub(crate) fn answer<'c>(&mut self, calls: impl IntoIterator<Item = &'c Call>) {
        let results: Vec<Value> = calls.into_iter().map(|call| self.result(call)).collect();
        match self.client {
            Dialect::Anthropic => self
                .history
                .push(json!({"role": "user", "content": results})),
            Dialect::Gemini => self.history.push(json!({"role": "user", "parts": results})),
            _ => self.history.extend(results),
        }
    }

    fn result(&self, call: &Call) -> Value {
        let said = format!("result of {} {}", call.name, call.arguments["n"]);
        match self.client {
            Dialect::OpenaiChat => {
                json!({"role": "tool", "tool_call_id": call.id, "content": said})
            }
            Dialect::OpenaiResponses => {
                json!({"type": "function_call_output", "call_id": call.id, "output": said})
            }
            Dialect::Anthropic => {
                json!({"type": "tool_result", "tool_use_id": call.id, "content": said})
            }
            Dialect::Gemini => json!({"functionResponse":
                {"id": call.id, "name": call.name, "response": {"result": said}}}),
            Dialect::Ollama => {
                json!({"role": "tool", "tool_name": call.name, "content": said})
            }
        }
    }

    /// The request for the next answer, without tools.
    pub(crate) fn bare(&self) -> Value {
        match self.client {
            Dialect::Gemini => json!({ "contents": self.history }),
            Dialect::OpenaiResponses => {
                json!({"model": "asked-model", "input": self.history, "store": false,
                    "include": ["reasoning.encrypted_content"]})
            }
            Dialect::Anthropic => {
                json!({"model": "asked-model", "max_tokens": 8000, "messages": self.history})
            }
            Dialect::Ollama => {
                json!({"model": "asked-model", "stream": false, "messages": self.history})
            }
            Dialect::OpenaiChat => json!({"model": "asked-model", "messages": self.history}),
        }
    }

    /// The same with two tools.
    pub(crate) fn body(&self) -> Value {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
        let mut body = self.bare();
        body["tools"] = json!([
            tool(self.client, "look", &schema),
            tool(self.client, "find", &schema)
        ]);
        body
    }
}
