//! Keys that stand twice in one object.

use std::borrow::Cow;

use super::node::Node;
use super::tape::Kind;

/// Keys that are compared each with each; in an object with more of them they are sorted.
const FEW: usize = 12;

impl<'t> Node<'t> {
    /// A key of this object that one before it equals, as read and not as written.
    pub(super) fn duplicate_key(self) -> Option<Node<'t>> {
        let mut seen = [self; FEW];
        for (count, (key, _)) in self.entries().enumerate() {
            if count == FEW {
                return self.duplicate_of_many();
            }
            if seen[..count].iter().any(|other| other.is_same_key(key)) {
                return Some(key);
            }
            seen[count] = key;
        }
        None
    }

    fn is_same_key(self, other: Node<'_>) -> bool {
        if self.kind() == Kind::Plain && other.kind() == Kind::Plain {
            return self.span().len() == other.span().len() && self.inner() == other.inner();
        }
        self.as_str() == other.as_str()
    }

    fn duplicate_of_many(self) -> Option<Node<'t>> {
        let mut keys: Vec<(Cow<'_, str>, usize, Node<'_>)> = self
            .entries()
            .map(|(key, _)| (key.as_str().unwrap_or_default(), key.span().start, key))
            .collect();
        keys.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let twice = keys.windows(2).find(|pair| pair[0].0 == pair[1].0)?;
        Some(twice[1].2)
    }
}
