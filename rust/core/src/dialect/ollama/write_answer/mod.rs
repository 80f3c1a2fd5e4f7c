//! Deltas → a client's answer. The members are the same in lines and in whole answers: their writers stand here.

mod response;
mod stream;

pub(super) use response::write as write_whole;
pub(super) use stream::StreamEncoder;

use crate::dialect::EncodeContext;
use crate::dialect::arguments::Input;
use crate::ir::{Finish, Opaque, OpaqueKind, ToolKind, Usage};
use crate::json::write::{self, Array, Object};
use crate::json::{Node, Tape};
use crate::loss::{Code, LossReport};

use super::operation::Operation;
use super::{stop, time, usage};

/// Between two summaries of one thinking part.
const SUMMARY_GAP: &str = "\n\n";

/// What a line or an answer says.
#[derive(Clone, Copy, Debug, Default)]
struct Said<'s> {
    content: &'s str,
    thinking: &'s str,
    /// Raw elements, without the array's brackets.
    calls: &'s str,
}

/// The members that every line begins with.
fn head(o: &mut Object<'_>, model: &str, created: u64) {
    o.str("model", model);
    o.str("created_at", &time::write(created));
}

/// What is said, in the form of the operation. The text is always there: clients add it up unseen.
fn body(o: &mut Object<'_>, operation: Operation, said: &Said<'_>) {
    match operation {
        Operation::Chat => o.object("message", |o| {
            o.str("role", "assistant");
            o.str("content", said.content);
            extras(o, said);
        }),
        Operation::Generate => {
            o.str("response", said.content);
            extras(o, said);
        }
    }
}

fn extras(o: &mut Object<'_>, said: &Said<'_>) {
    if !said.thinking.is_empty() {
        o.str("thinking", said.thinking);
    }
    if !said.calls.is_empty() {
        let calls = o.key("tool_calls");
        calls.push(b'[');
        calls.extend_from_slice(said.calls.as_bytes());
        calls.push(b']');
    }
}

/// The members that the last line ends with.
fn end(o: &mut Object<'_>, finish: &Finish<'_>, counts: &Usage, loss: &mut LossReport) {
    o.bool("done", true);
    o.str("done_reason", stop::encode(finish, loss));
    usage::write(o, counts, loss);
}

/// The answer to a request that only loads or unloads a model, which is always there.
pub(super) fn write_loaded(
    request: Node<'_>,
    operation: Operation,
    reason: &str,
    created: u64,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    write::object(&mut out, |o| {
        head(o, &request.text("model").unwrap_or_default(), created);
        body(o, operation, &Said::default());
        o.bool("done", true);
        o.str("done_reason", reason);
    });
    out
}

/// A call, whole, as text; `index` counts calls.
fn call(
    index: u64,
    id: &str,
    name: &str,
    kind: ToolKind,
    arguments: &str,
    loss: &mut LossReport,
) -> String {
    let mut tape = Tape::new();
    let input = Input::of(kind, arguments, &mut tape);
    if matches!(input, Input::Broken(_)) {
        let detail = "the arguments of a call are no JSON object and are told as `_raw`";
        loss.add(Code::ArgsInvalidJson, "tool_calls", detail);
    }
    let mut out = Vec::with_capacity(96 + arguments.len());
    write::array(&mut out, |list| write_call(list, index, id, name, input));
    let text = String::from_utf8(out).unwrap_or_default();
    text[1..text.len() - 1].to_owned()
}

fn write_call(list: &mut Array<'_>, index: u64, id: &str, name: &str, input: Input<'_>) {
    list.object(|o| {
        o.str("id", id);
        o.object("function", |o| {
            o.u64("index", index);
            o.str("name", name);
            input.write(o.key("arguments"));
        });
    });
}

/// Report state that has no field. Text to be replayed needs none.
fn report_state(state: &Opaque<'_>, loss: &mut LossReport) {
    if state.kind != OpaqueKind::Replay {
        let detail = "Ollama's answers carry no reasoning state";
        loss.add(Code::OpaqueDropped, "thinking", detail);
    }
}

fn report_states(states: &[Opaque<'_>], loss: &mut LossReport) {
    for state in states {
        report_state(state, loss);
    }
}

/// Report words of refusal, which are told as text.
fn report_refusal(loss: &mut LossReport) {
    let detail = "a refusal is text like any other";
    loss.add(Code::FieldDropped, "refusal", detail);
}

fn report_citation(loss: &mut LossReport) {
    loss.add(Code::FieldDropped, "citations", "answers name no sources");
}

fn report_media(mime: &str, loss: &mut LossReport) {
    let detail = format!("{mime} made by the model has no form in Ollama");
    loss.add(Code::MediaDropped, "content", detail);
}

fn report_native(kind: &str, loss: &mut LossReport) {
    let detail = format!("`{kind}` has no form in Ollama");
    loss.add(Code::FieldDropped, "content", detail);
}

/// The operation whose answer is written.
fn operation(cx: &EncodeContext) -> Operation {
    cx.echo
        .as_deref()
        .map_or_else(Operation::default, Operation::named)
}
