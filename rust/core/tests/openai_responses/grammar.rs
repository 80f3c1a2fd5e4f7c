//! The grammar of written streams, checked as a strict reader does: every stream fixture of every dialect, written for
//! a client of this one.

use std::collections::HashMap;

use fastproxy_core::dialect::Dialect;
use serde_json::Value;

use super::kit::{all, run, setup};

/// Members that every response object has, possibly null.
const RESPONSE: [&str; 34] = [
    "id",
    "object",
    "created_at",
    "completed_at",
    "status",
    "error",
    "incomplete_details",
    "model",
    "output",
    "usage",
    "service_tier",
    "background",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
    "presence_penalty",
    "frequency_penalty",
    "object",
    "id",
];

/// What a reader has put together.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    next: u64,
    /// The response objects of `created` and of the end.
    pub(crate) first: Option<Value>,
    pub(crate) last: Option<Value>,
    /// Items that are done, in order.
    pub(crate) items: Vec<Value>,
    open: Option<Value>,
    /// Texts in progress by event family and part.
    texts: HashMap<(String, u64), String>,
    open_parts: Vec<(String, u64)>,
    pub(crate) is_failed: bool,
}

/// Read a stream to its end.
pub(crate) fn read(stream: &str) -> Reader {
    let mut reader = Reader::default();
    for frame in stream.split_terminator("\n\n") {
        if frame.starts_with(':') {
            continue;
        }
        let (name, data) = frame.split_once('\n').expect(frame);
        let name = name.strip_prefix("event: ").expect(frame);
        let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        reader.event(name, &event);
    }
    reader
}

fn text<'v>(event: &'v Value, key: &str) -> &'v str {
    event[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {event}"))
}

impl Reader {
    fn event(&mut self, name: &str, event: &Value) {
        assert_eq!(event["type"], name);
        assert_eq!(event["sequence_number"], self.next, "{event}");
        self.next += 1;
        assert!(self.last.is_none(), "{name} after the end");
        match name {
            "response.created" => {
                assert!(self.first.is_none() && self.next == 1);
                self.first = Some(response(event, "in_progress"));
            }
            "response.in_progress" => {
                assert_eq!(self.next, 2);
                assert_eq!(self.first.as_ref(), Some(&response(event, "in_progress")));
            }
            "error" => {
                self.is_failed = true;
                for holder in [event, &event["error"]] {
                    assert!(holder["message"].is_string(), "{event}");
                    assert!(holder.get("code").is_some() && holder.get("param").is_some());
                }
                assert!(event["error"]["type"].is_string());
            }
            "response.failed" => {
                assert!(self.is_failed);
                let failed = response(event, "failed");
                assert!(
                    failed["error"]["code"].is_string() && failed["error"]["message"].is_string()
                );
                self.end(failed);
            }
            "response.completed" => self.end(response(event, "completed")),
            "response.incomplete" => {
                let last = response(event, "incomplete");
                assert!(last["incomplete_details"]["reason"].is_string());
                self.end(last);
            }
            _ => self.item_event(name, event),
        }
    }

    fn end(&mut self, last: Value) {
        let first = self.first.as_ref().expect("an end without a beginning");
        for key in ["id", "model", "created_at", "tools", "metadata"] {
            assert_eq!(first[key], last[key]);
        }
        if !self.is_failed {
            assert_eq!(self.open, None, "an item is still open");
        }
        assert_eq!(
            last["output"],
            Value::from(self.items.clone()),
            "streamed and final items"
        );
        self.last = Some(last);
    }

    fn item_event(&mut self, name: &str, event: &Value) {
        assert_eq!(
            self.next > 2,
            self.first.is_some(),
            "{name} before the beginning"
        );
        assert_eq!(event["output_index"], self.items.len(), "{event}");
        match name {
            "response.output_item.added" => {
                assert_eq!(self.open, None, "one item at a time");
                assert!(self.texts.is_empty() && self.open_parts.is_empty());
                self.open = Some(event["item"].clone());
                return;
            }
            "response.output_item.done" => return self.item_done(&event["item"]),
            _ => {}
        }
        let open = self
            .open
            .as_ref()
            .unwrap_or_else(|| panic!("{name} without an item"));
        assert_eq!(text(event, "item_id"), text(open, "id"));
        self.part_event(name, event);
    }

    fn part_event(&mut self, name: &str, event: &Value) {
        let index = event.get("content_index").or(event.get("summary_index"));
        let index = index.map_or(0, |index| index.as_u64().unwrap());
        let (family, what) = name.rsplit_once('.').unwrap();
        if family.ends_with("_part") {
            let part = (family.to_owned(), index);
            if what == "added" {
                assert!(self.open_parts.is_empty(), "one part at a time");
                self.open_parts.push(part);
            } else {
                assert_eq!(self.open_parts.pop(), Some(part), "{event}");
                let whole = event["part"].get("text").or(event["part"].get("refusal"));
                let said = self
                    .texts
                    .values()
                    .last()
                    .expect("a part that was not whole");
                assert_eq!(whole.unwrap(), said);
                let item = self.open.as_mut().unwrap();
                let key = if family.contains("summary") {
                    "summary"
                } else {
                    "content"
                };
                let parts = item
                    .as_object_mut()
                    .unwrap()
                    .entry(key)
                    .or_insert(Value::from(Vec::<Value>::new()));
                let parts = parts.as_array_mut().unwrap();
                assert_eq!(parts.len() as u64, index, "parts count up");
                parts.push(event["part"].clone());
                self.texts.clear();
            }
            return;
        }
        let is_call = family.contains("_call");
        assert!(
            is_call || family.ends_with("annotation") || !self.open_parts.is_empty(),
            "{event}"
        );
        match what {
            "delta" => {
                let said = self.texts.entry((family.into(), index)).or_default();
                said.push_str(text(event, "delta"));
                if family == "response.output_text" {
                    assert!(event["logprobs"].is_array(), "{event}");
                }
            }
            "done" => {
                let keys = ["text", "refusal", "arguments", "input"];
                let whole = keys.iter().find_map(|key| event[*key].as_str()).unwrap();
                let said = self.texts.entry((family.into(), index)).or_default();
                assert_eq!(said, whole, "deltas and {name}");
                if is_call {
                    let key = if family.contains("custom") {
                        "input"
                    } else {
                        "arguments"
                    };
                    self.open.as_mut().unwrap()[key] = whole.into();
                    self.texts.clear();
                }
            }
            "added" => assert_eq!(event["annotation"]["type"], "url_citation"),
            _ => panic!("{name}"),
        }
    }

    fn item_done(&mut self, item: &Value) {
        let mut open = self.open.take().expect("done without added");
        assert!(
            self.texts.is_empty() && self.open_parts.is_empty(),
            "{item}"
        );
        for (key, value) in item.as_object().unwrap() {
            let is_late = ["status", "encrypted_content", "result"].contains(&key.as_str());
            if is_late {
                open[key] = value.clone();
            }
        }
        assert_eq!(&open, item, "what was streamed and what is done");
        self.items.push(item.clone());
    }
}

fn response(event: &Value, status: &str) -> Value {
    let response = event["response"].clone();
    for key in RESPONSE {
        assert!(response.get(key).is_some(), "no {key} in {response}");
    }
    assert_eq!(response["status"], status);
    response
}

#[test]
fn every_stream_of_every_dialect_is_written_in_the_whole_grammar() {
    for &upstream in Dialect::ALL {
        for (name, body) in all(upstream, "stream") {
            let mut setup = setup(upstream, Dialect::OpenaiResponses, true);
            setup.is_raw = false;
            let (out, end) = run(setup, &body);
            if out.is_empty() {
                assert!(end.is_err(), "{name}");
                continue;
            }
            let reader = read(&out);
            assert_eq!(reader.is_failed, end.is_err(), "{name}");
            assert!(
                reader.last.is_some() || reader.first.is_none(),
                "{name} has no end"
            );
        }
    }
}

/// The one-shot form is the streaming form: the same answer asked for as a whole is the final object of the stream.
#[test]
fn a_whole_answer_is_the_final_object_of_its_stream() {
    for &upstream in Dialect::ALL {
        for (name, body) in all(upstream, "stream") {
            let run = |stream: bool| {
                let mut setup = setup(upstream, Dialect::OpenaiResponses, stream);
                setup.is_raw = false;
                run(setup, &body)
            };
            let ((streamed, end), (whole, _)) = (run(true), run(false));
            if end.is_ok() {
                let whole: Value = serde_json::from_str(&whole).unwrap();
                assert_eq!(read(&streamed).last, Some(whole), "{name}");
            }
        }
    }
}
