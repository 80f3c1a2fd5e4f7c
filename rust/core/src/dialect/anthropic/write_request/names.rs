//! Tool names and call ids as this dialect takes them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::dialect::anthropic::ids;
use crate::dialect::{ClientTool, NameMap};
use crate::ir::ToolKind;
use crate::loss::{Code, LossReport};

/// Longest name that every version and host takes.
const LONGEST: usize = 64;
/// Hex digits that keep shortened and cleaned names apart.
const HASH: usize = 8;

/// A client's tool: namespace and name.
type Client<'r> = (Option<&'r str>, &'r str);

/// Names given out so far.
#[derive(Debug, Default)]
pub(super) struct Names<'r> {
    by_client: HashMap<Client<'r>, Cow<'r, str>>,
    is_taken: HashSet<Cow<'r, str>>,
    restored: NameMap,
}

impl<'r> Names<'r> {
    /// The name to send for a client's tool: always the same for the same tool.
    pub(super) fn sent(
        &mut self,
        (namespace, name): Client<'r>,
        kind: ToolKind,
        pointer: &str,
        loss: &mut LossReport,
    ) -> Cow<'r, str> {
        let client = (namespace.filter(|namespace| !namespace.is_empty()), name);
        if let Some(sent) = self.by_client.get(&client) {
            return sent.clone();
        }
        let mut sent = flatten(client);
        if self.is_taken.contains(&sent) || !is_plain(&sent) {
            sent = cleaned(&sent, client).into();
        }
        if sent != name {
            let detail = format!("tool {name:?} is sent as {sent}");
            loss.add(Code::IdRewritten, pointer, detail);
        }
        if sent != name || kind == ToolKind::Custom {
            let tool = ClientTool {
                name: name.into(),
                namespace: namespace.map(Into::into),
                kind,
            };
            self.restored.insert(sent.clone(), tool);
        }
        self.is_taken.insert(sent.clone());
        self.by_client.insert(client, sent.clone());
        sent
    }

    /// What the answer's names stand for.
    pub(super) fn into_map(self) -> NameMap {
        self.restored
    }
}

fn flatten((namespace, name): Client<'_>) -> Cow<'_, str> {
    match namespace {
        Some(namespace) => format!("{namespace}__{name}").into(),
        None => name.into(),
    }
}

fn is_plain(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !name.is_empty() && name.len() <= LONGEST && name.bytes().all(allowed)
}

fn cleaned(sent: &str, (namespace, name): Client<'_>) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut clean: String = sent
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .take(LONGEST - HASH - 1)
        .collect();
    let digest = Sha256::digest(format!("{}\n{name}", namespace.unwrap_or_default()));
    clean.push('_');
    for byte in digest.iter().take(HASH / 2) {
        let _ = write!(clean, "{byte:02x}");
    }
    clean
}

/// Ids of calls in the history: in the allowed alphabet, and unique (some hosts count from 0 again in every turn).
#[derive(Debug, Default)]
pub(super) struct CallIds<'r> {
    /// Ids sent, and the number that the last copy of each got.
    seen: HashMap<Cow<'r, str>, usize>,
}

impl<'r> CallIds<'r> {
    /// The id to send for the next call with this id.
    pub(super) fn next(
        &mut self,
        id: &'r str,
        pointer: &str,
        loss: &mut LossReport,
    ) -> Cow<'r, str> {
        let packed = ids::pack(id);
        if matches!(packed, Cow::Owned(_)) {
            let detail = "tool call id outside [A-Za-z0-9_-]";
            loss.add(Code::IdRewritten, pointer, detail);
        }
        let Some(mut copies) = self.seen.get(&packed).copied() else {
            self.seen.insert(packed.clone(), 0);
            return packed;
        };
        loss.add(Code::IdRewritten, pointer, "tool call id used twice");
        let copy = loop {
            copies += 1;
            let copy = Cow::Owned(format!("{packed}_{copies}"));
            if !self.seen.contains_key(&copy) {
                break copy;
            }
        };
        self.seen.insert(packed, copies);
        self.seen.insert(copy.clone(), 0);
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent<'r>(names: &mut Names<'r>, namespace: Option<&'r str>, name: &'r str) -> String {
        let loss = &mut LossReport::new();
        let sent = names.sent((namespace, name), ToolKind::Function, "", loss);
        sent.into_owned()
    }

    #[test]
    fn names_are_cleaned_shortened_kept_apart_and_restored() {
        let long = "n".repeat(80);
        let mut names = Names::default();
        let all = [
            sent(&mut names, None, "plain-1"),
            sent(&mut names, None, "a.b"),
            sent(&mut names, None, "a_b"),
            sent(&mut names, None, "a b"),
            sent(&mut names, Some("ns"), "tool"),
            sent(&mut names, None, "ns__tool"),
            sent(&mut names, None, &long),
        ];
        for (at, name) in all.iter().enumerate() {
            assert!(is_plain(name), "{name}");
            assert!(!all[..at].contains(name), "{name} twice");
        }
        assert_eq!(
            sent(&mut names, None, "a.b"),
            all[1],
            "stable within a request"
        );
        let map = names.into_map();
        assert!(map.get("plain-1").is_none());
        assert_eq!(map.get(&all[4]).unwrap().namespace.as_deref(), Some("ns"));
        assert_eq!(map.get(&all[6]).unwrap().name, long);
    }

    #[test]
    fn repeated_call_ids_become_unique() {
        let (mut ids, mut loss) = (CallIds::default(), LossReport::new());
        let sent: Vec<_> = ["call_0", "call_0", "call_0_1", "call_0"]
            .map(|id| ids.next(id, "", &mut loss))
            .into();
        assert_eq!(sent, ["call_0", "call_0_1", "call_0_1_1", "call_0_2"]);
    }
}
