//! What rides in `reasoning.encrypted_content` besides the state itself.
//!
//! Towards clients the field holds our envelopes, and in them what clients do not bring back: the thinking itself
//! (Codex returns `content: null`), or the call that the state belongs to. Towards upstreams the state needs the id of
//! its item: OpenAI checks that both belong together ("Encrypted content item_id did not match").

/// What rides along with state towards a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Along<'a> {
    Nothing,
    /// The thinking that the state belongs to.
    Thinking(&'a str),
    /// The id of the call that the state belongs to.
    Call(&'a str),
}

impl<'a> Along<'a> {
    pub(super) fn pack(self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Thinking(text) => Some(format!("t{text}")),
            Self::Call(id) => Some(format!("c{id}")),
        }
    }

    pub(super) fn unpack(packed: Option<&'a str>) -> Self {
        match packed.and_then(|packed| packed.split_at_checked(1)) {
            Some(("t", text)) => Self::Thinking(text),
            Some(("c", id)) => Self::Call(id),
            _ => Self::Nothing,
        }
    }
}

/// An item's state with its id.
pub(super) fn join(id: &str, content: &str) -> String {
    format!("{id}:{content}")
}

/// The id, where there is one, and the state. State is base64 and holds no colon, and neither do ids.
pub(super) fn split(data: &str) -> (Option<&str>, &str) {
    match data.split_once(':') {
        Some((id, content)) => (Some(id).filter(|id| !id.is_empty()), content),
        None => (None, data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rides_along_comes_back() {
        for along in [
            Along::Nothing,
            Along::Thinking(""),
            Along::Thinking("é: why"),
            Along::Call("call_1"),
        ] {
            let packed = along.pack();
            assert_eq!(Along::unpack(packed.as_deref()), along);
        }
        assert_eq!(Along::unpack(Some("")), Along::Nothing);
        assert_eq!(Along::unpack(Some("é")), Along::Nothing);
    }

    #[test]
    fn an_item_keeps_its_id() {
        let joined = join("rs_1", "gAAA==");
        assert_eq!(split(&joined), (Some("rs_1"), "gAAA=="));
        assert_eq!(split("gAAA=="), (None, "gAAA=="));
        assert_eq!(split(":gAAA=="), (None, "gAAA=="));
    }
}
