//! Items: what is written of one when it begins, and when it is done.

use super::events::{Events, Flow, Place};
use super::message::Message;
use super::thinking::Thinking;
use crate::ir::ToolKind;
use crate::json::write::{self, Object};

/// The item in progress.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) index: u64,
    pub(super) body: Body,
}

/// What it is.
#[derive(Debug)]
pub(super) enum Body {
    Message(Message),
    Thinking(Thinking),
    Call(Call),
}

/// A call as far as it came.
#[derive(Debug)]
pub(super) struct Call {
    /// What pairs the call with its output.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) kind: ToolKind,
    pub(super) arguments: String,
    pub(super) flow: Option<Flow>,
}

impl Body {
    /// What the id of such an item begins with.
    pub(super) fn prefix(&self) -> &'static str {
        match self {
            Self::Message(_) => "msg_",
            Self::Thinking(_) => "rs_",
            Self::Call(call) if call.kind == ToolKind::Custom => "ctc_",
            Self::Call(_) => "fc_",
        }
    }
}

impl Item {
    /// The item itself.
    pub(super) fn write(&self, out: &mut Vec<u8>, status: &str) {
        write::object(out, |o| match &self.body {
            Body::Message(message) => {
                o.str("type", "message");
                o.str("id", &self.id);
                o.str("status", status);
                o.str("role", "assistant");
                message.write(o);
            }
            Body::Thinking(thinking) => {
                o.str("type", "reasoning");
                o.str("id", &self.id);
                thinking.write(o);
            }
            Body::Call(call) => {
                o.str("type", call.item());
                o.str("id", &self.id);
                o.str("status", status);
                call.write(o);
            }
        });
    }
}

impl Call {
    fn item(&self) -> &'static str {
        match self.kind {
            ToolKind::Function => "function_call",
            ToolKind::Custom => "custom_tool_call",
        }
    }

    /// The field of the arguments, and what their events are called.
    fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self.kind {
            ToolKind::Function => (
                "arguments",
                "response.function_call_arguments.delta",
                "response.function_call_arguments.done",
            ),
            ToolKind::Custom => (
                "input",
                "response.custom_tool_call_input.delta",
                "response.custom_tool_call_input.done",
            ),
        }
    }

    fn write(&self, o: &mut Object<'_>) {
        o.str("call_id", &self.id);
        o.str("name", &self.name);
        o.opt_str("namespace", self.namespace.as_deref());
        o.str(self.words().0, &self.arguments);
    }

    /// More arguments.
    pub(super) fn add(
        &mut self,
        more: &str,
        place: Place<'_>,
        events: &mut Events,
        out: &mut Vec<u8>,
    ) {
        if more.is_empty() {
            return;
        }
        self.arguments.push_str(more);
        let delta = self.words().1;
        let flow = self.flow.get_or_insert_with(|| Flow::new(delta, place));
        events.delta(out, flow, more);
    }

    /// The arguments are whole. None at all are an empty object: clients parse them.
    pub(super) fn end(&mut self, place: Place<'_>, events: &mut Events, out: &mut Vec<u8>) {
        if self.arguments.is_empty() && self.kind == ToolKind::Function {
            self.add("{}", place, events, out);
        }
        let (field, _, done) = self.words();
        events.write(out, done, |o| {
            place.write(o);
            if self.kind == ToolKind::Function {
                o.str("name", &self.name);
            }
            o.str(field, &self.arguments);
        });
    }
}
