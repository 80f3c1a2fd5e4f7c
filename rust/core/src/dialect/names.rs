//! Names and ids in the form that OpenAI takes: `[A-Za-z0-9_-]`, 64 at most. Another dialect gives its own rule.
//!
//! Tool names are restored on the answer (the map goes to the pipeline). Call ids are rewritten the same way wherever
//! they stand: they only have to match each other.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::dialect::{ClientTool, NameMap, Profile};
use crate::ir::{Content, Request, Tool, ToolKind, ToolMode};
use crate::loss::{Code, LossReport};

/// Longest name and id.
const MAX_LENGTH: usize = 64;
/// Hex digits that tell shortened names apart.
const SUFFIX: usize = 8;

/// Namespace and name.
type Key<'r> = (Option<&'r str>, &'r str);

/// The names of one request.
#[derive(Debug)]
pub(in crate::dialect) struct Names<'r> {
    /// Whether the upstream takes a name.
    fits: fn(&str) -> bool,
    /// Whether the upstream knows free-text tools.
    has_custom: bool,
    sent: HashMap<Key<'r>, (String, ToolKind)>,
    taken: HashSet<String>,
    /// For the pipeline.
    pub(in crate::dialect) map: NameMap,
}

impl<'r> Names<'r> {
    /// Settle the names of every tool that is offered or was called. Names that fit go first: they keep themselves.
    pub(in crate::dialect) fn new(
        request: &'r Request<'_>,
        profile: &Profile,
        loss: &mut LossReport,
    ) -> Self {
        Self::by_rule(request, fits, profile.custom_tools, loss)
    }

    /// The same by another rule. What [`shorten`] makes of a name must fit behind an underscore.
    pub(in crate::dialect) fn by_rule(
        request: &'r Request<'_>,
        fits: fn(&str) -> bool,
        has_custom: bool,
        loss: &mut LossReport,
    ) -> Self {
        let mut names = Self {
            fits,
            has_custom,
            sent: HashMap::new(),
            taken: HashSet::new(),
            map: NameMap::default(),
        };
        let tools = request.tools.iter().filter_map(|tool| {
            let key = (tool.namespace.as_deref(), &*tool.name);
            kind(tool).map(|kind| (key, kind, tool.pointer.as_str()))
        });
        let parts = request
            .turns
            .iter()
            .flat_map(|turn| turn.parts.iter().map(move |part| (turn, part)));
        let calls = parts.filter_map(|(turn, part)| match &part.content {
            Content::ToolCall(call) => Some((
                (call.namespace.as_deref(), &*call.name),
                call.kind,
                turn.pointer.as_str(),
            )),
            _ => None,
        });
        let all: Vec<_> = tools.chain(calls).collect();
        for fitting in [true, false] {
            for ((namespace, name), kind, pointer) in &all {
                if (namespace.is_none() && fits(name)) == fitting {
                    names.add((*namespace, name), *kind, pointer, loss);
                }
            }
        }
        names
    }

    fn add(&mut self, key: Key<'r>, kind: ToolKind, pointer: &str, loss: &mut LossReport) {
        if self.sent.contains_key(&key) {
            return;
        }
        let (namespace, name) = key;
        let flat: Cow<'_, str> =
            namespace.map_or(name.into(), |space| format!("{space}__{name}").into());
        let fits = self.fits;
        let sent = if fits(&flat) && !self.taken.contains(&*flat) {
            flat.into_owned()
        } else {
            let short = shorten(&flat);
            if fits(&short) {
                short
            } else {
                format!("_{short}")
            }
        };
        let lowered = kind == ToolKind::Custom && !self.has_custom;
        if sent != name || lowered {
            let tool = ClientTool {
                name: name.into(),
                namespace: namespace.map(Into::into),
                kind,
            };
            self.map.insert(sent.clone(), tool);
        }
        if sent != name {
            loss.add(
                Code::IdRewritten,
                format!("{pointer}/name"),
                format!("sent as `{sent}`"),
            );
        }
        self.taken.insert(sent.clone());
        self.sent
            .insert(key, (sent, if lowered { ToolKind::Function } else { kind }));
    }

    /// The name to send.
    pub(in crate::dialect) fn sent<'n>(
        &'n self,
        namespace: Option<&'n str>,
        name: &'n str,
    ) -> &'n str {
        self.sent
            .get(&(namespace, name))
            .map_or(name, |(sent, _)| sent)
    }

    /// The kind it is sent as.
    pub(in crate::dialect) fn sent_kind(
        &self,
        namespace: Option<&str>,
        name: &str,
        kind: ToolKind,
    ) -> ToolKind {
        self.sent
            .get(&(namespace, name))
            .map_or(kind, |(_, sent)| *sent)
    }

    /// The name to send for a tool that is told by its name alone, and the kind it is sent as.
    pub(in crate::dialect) fn by_name(&self, name: &str) -> (String, ToolKind) {
        let plain = self.sent.get(&(None, name));
        let any = || {
            self.sent
                .iter()
                .find(|((_, known), _)| *known == name)
                .map(|(_, sent)| sent)
        };
        plain
            .or_else(any)
            .cloned()
            .unwrap_or_else(|| (name.into(), ToolKind::Function))
    }
}

/// The call id to send: any will do that matches itself.
pub(in crate::dialect) fn call_id<'i>(
    id: &'i str,
    pointer: &str,
    loss: &mut LossReport,
) -> Cow<'i, str> {
    if fits(id) {
        return id.into();
    }
    loss.add(
        Code::IdRewritten,
        pointer,
        "a tool call id that the upstream would not take",
    );
    make_id("call_", id, 0).into()
}

fn kind(tool: &Tool<'_>) -> Option<ToolKind> {
    match tool.kind {
        ToolMode::Function { .. } => Some(ToolKind::Function),
        ToolMode::Custom { .. } => Some(ToolKind::Custom),
        ToolMode::Hosted { .. } => None,
    }
}

/// Whether OpenAI takes it.
pub(in crate::dialect) fn fits(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_LENGTH && name.bytes().all(is_plain)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// As much of the name as fits, and a hash of all of it: the same in every request, so that prompt caches stay warm.
pub(in crate::dialect) fn shorten(name: &str) -> String {
    let plain = name.chars().map(|c| {
        if c.is_ascii() && is_plain(c as u8) {
            c
        } else {
            '_'
        }
    });
    let mut sent: String = plain.take(MAX_LENGTH - SUFFIX - 1).collect();
    sent.push('_');
    for byte in Sha256::digest(name).iter().take(SUFFIX / 2) {
        let _ = write!(sent, "{byte:02x}");
    }
    sent
}

/// A deterministic id for a part whose upstream sent none: the same in stream and one-shot, and in every retry of the
/// same attempt. `prefix` is the client-visible one (`call_`, `toolu_`).
pub fn make_id(prefix: &str, seed: &str, index: usize) -> String {
    let digest = Sha256::digest(format!("{seed}/{index}"));
    let mut id = String::from(prefix);
    for byte in digest.iter().take(12) {
        let _ = write!(id, "{byte:02x}");
    }
    id
}
