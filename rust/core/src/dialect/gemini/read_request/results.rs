//! Calls and the results that answer them. Older clients send neither with an id: they are then paired by name and
//! order in the turn that called last.

use crate::dialect::make_id;

/// The calls of the history so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    all: Vec<Call>,
    /// The first call of the last turn that called.
    latest: usize,
    /// The next call opens a new turn's list.
    is_new_turn: bool,
}

#[derive(Debug)]
struct Call {
    /// As the client sent it, or made up.
    id: String,
    name: String,
    is_answered: bool,
}

impl Calls {
    /// The model speaks again.
    pub(super) fn begin_turn(&mut self) {
        self.is_new_turn = true;
    }

    /// Note a call; its id, made up where there is none: the same in every later request of the conversation.
    pub(super) fn call(&mut self, id: Option<&str>, name: &str, turn: usize) -> String {
        if std::mem::take(&mut self.is_new_turn) {
            self.latest = self.all.len();
        }
        let id = match id {
            Some(id) if !id.is_empty() => id.to_owned(),
            _ => make_id(
                "call_",
                &format!("{turn}/{name}"),
                self.all.len() - self.latest,
            ),
        };
        self.all.push(Call {
            id: id.clone(),
            name: name.to_owned(),
            is_answered: false,
        });
        id
    }

    /// The id of the call that a result answers: by its id, else by name and order.
    pub(super) fn answered(&mut self, id: Option<&str>, name: &str) -> Option<String> {
        let by_id = id.filter(|id| !id.is_empty()).and_then(|id| {
            let open = |call: &Call| call.id == id && !call.is_answered;
            self.all.iter().rposition(open)
        });
        let by_name = || {
            let latest = &self.all[self.latest..];
            let open = |call: &Call| call.name == name && !call.is_answered;
            Some(latest.iter().position(open)? + self.latest)
        };
        let at = by_id.or_else(by_name)?;
        let call = &mut self.all[at];
        call.is_answered = true;
        Some(call.id.clone())
    }
}
