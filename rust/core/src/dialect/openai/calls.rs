//! The calls of a client's history: every result must answer one of them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};

use super::read;
use crate::error::Error;
use crate::ir::ToolCall;
use crate::json::Node;

/// Calls seen so far: results must answer one of them.
#[derive(Debug, Default)]
pub(in crate::dialect) struct Calls<'a> {
    by_id: HashMap<Cow<'a, str>, usize>,
    by_name: HashMap<Cow<'a, str>, VecDeque<usize>>,
    /// The id of each call.
    ids: Vec<Cow<'a, str>>,
    /// Calls without a result.
    open: BTreeSet<usize>,
}

impl<'a> Calls<'a> {
    /// Note a call. `alias`: another id that results may name it by.
    pub(in crate::dialect) fn add(&mut self, call: &ToolCall<'a>, alias: Option<Cow<'a, str>>) {
        let at = self.ids.len();
        if let Some(alias) = alias {
            self.by_id.entry(alias).or_insert(at);
        }
        self.ids.push(call.id.clone());
        self.open.insert(at);
        self.by_id.insert(call.id.clone(), at);
        self.by_name
            .entry(call.name.clone())
            .or_default()
            .push_back(at);
    }

    /// The call that a result names. `field`: where it does.
    pub(in crate::dialect) fn answer(
        &mut self,
        node: Node<'a>,
        field: &str,
    ) -> Result<Cow<'a, str>, Error> {
        let id = read::string(node, field)?;
        let Some(at) = self.by_id.get(&id) else {
            let text = format!("{field} answers no tool call of an earlier assistant message");
            return Err(Error::bad_request(node, text));
        };
        self.open.remove(at);
        Ok(self.ids[*at].clone())
    }

    /// A result without an id (role `function`, careless clients): the open call of that name, or the only open one.
    pub(in crate::dialect) fn answer_unnamed(
        &mut self,
        node: Node<'a>,
        field: &str,
    ) -> Result<Cow<'a, str>, Error> {
        let at = match node.text("name") {
            Some(name) => self.first_open(&name),
            None => self.open.first().copied().filter(|_| self.open.len() == 1),
        };
        let Some(at) = at else {
            let text = format!("{field} is required: it is not clear which tool call this answers");
            return Err(Error::client(text).at(format!("{}/{field}", node.pointer())));
        };
        self.open.remove(&at);
        Ok(self.ids[at].clone())
    }

    fn first_open(&mut self, name: &str) -> Option<usize> {
        let calls = self.by_name.get_mut(name)?;
        while let Some(at) = calls.pop_front() {
            if self.open.contains(&at) {
                return Some(at);
            }
        }
        None
    }
}
