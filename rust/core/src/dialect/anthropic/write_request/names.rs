//! Tool names and call ids as this dialect takes them.

use std::borrow::Cow;
use std::collections::HashMap;
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

/// Names given out so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_client: HashMap<(String, String), String>,
    by_sent: HashMap<String, (String, String)>,
    restored: NameMap,
}

impl Names {
    /// The name to send for a client's tool: always the same for the same tool.
    pub(super) fn sent(
        &mut self,
        namespace: Option<&str>,
        name: &str,
        kind: ToolKind,
        pointer: &str,
        loss: &mut LossReport,
    ) -> String {
        let client = (namespace.unwrap_or_default().to_owned(), name.to_owned());
        if let Some(sent) = self.by_client.get(&client) {
            return sent.clone();
        }
        let mut sent = flatten(namespace, name);
        let is_taken = self.by_sent.contains_key(&sent);
        if is_taken || !is_plain(&sent) {
            sent = cleaned(&sent, &client);
        }
        if sent != name {
            loss.add(
                Code::IdRewritten,
                pointer,
                format!("tool {name:?} is sent as {sent}"),
            );
        }
        if sent != name || kind == ToolKind::Custom {
            let namespace = namespace.map(Into::into);
            let tool = ClientTool {
                name: name.into(),
                namespace,
                kind,
            };
            self.restored.insert(sent.clone(), tool);
        }
        self.by_sent.insert(sent.clone(), client.clone());
        self.by_client.insert(client, sent.clone());
        sent
    }

    /// What the answer's names stand for.
    pub(super) fn into_map(self) -> NameMap {
        self.restored
    }
}

fn flatten(namespace: Option<&str>, name: &str) -> String {
    match namespace.filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => format!("{namespace}__{name}"),
        None => name.to_owned(),
    }
}

fn is_plain(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !name.is_empty() && name.len() <= LONGEST && name.bytes().all(allowed)
}

fn cleaned(name: &str, client: &(String, String)) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut clean: String = name
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .take(LONGEST - HASH - 1)
        .collect();
    let digest = Sha256::digest(format!("{}\n{}", client.0, client.1));
    clean.push('_');
    for byte in digest.iter().take(HASH / 2) {
        let _ = write!(clean, "{byte:02x}");
    }
    clean
}

/// Ids of calls in the history: in the allowed alphabet, and unique (some hosts count from 0 again in every turn).
#[derive(Debug, Default)]
pub(super) struct CallIds {
    seen: HashMap<String, usize>,
}

impl CallIds {
    /// The id to send for the next call with this id.
    pub(super) fn next(&mut self, id: &str, pointer: &str, loss: &mut LossReport) -> String {
        let packed = ids::pack(id);
        if matches!(packed, Cow::Owned(_)) {
            loss.add(
                Code::IdRewritten,
                pointer,
                "tool call id outside [A-Za-z0-9_-]",
            );
        }
        let mut sent = packed.clone().into_owned();
        let mut copies = self.seen.get(packed.as_ref()).copied().unwrap_or(0);
        while self.seen.contains_key(&sent) {
            copies += 1;
            sent = format!("{packed}_{copies}");
            loss.add(Code::IdRewritten, pointer, "tool call id used twice");
        }
        self.seen.insert(packed.into_owned(), copies);
        self.seen.entry(sent.clone()).or_insert(0);
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(names: &mut Names, namespace: Option<&str>, name: &str) -> String {
        names.sent(
            namespace,
            name,
            ToolKind::Function,
            "",
            &mut LossReport::new(),
        )
    }

    #[test]
    fn names_are_cleaned_shortened_kept_apart_and_restored() {
        let mut names = Names::default();
        let long = "n".repeat(80);
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
