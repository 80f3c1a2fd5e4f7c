//! Opaque state of other vendors inside the one opaque field of a dialect that its clients return unchanged
//! (`thinking.signature`, `reasoning.encrypted_content`).
//!
//! One field carries any number of envelopes, joined by `+` (which no envelope contains). A text may ride along: the
//! thinking that the state belongs to, or the tool call, where the dialect has no field for either.

use std::borrow::Cow;

use crate::dialect::Target;
use crate::envelope::{Envelope, Opened, PREFIX};
use crate::ir::{Opaque, OpaqueKind};

const JOINT: char = '+';

/// What a carrier field held.
#[derive(Debug, Default)]
pub(in crate::dialect) struct Carried<'a> {
    /// The state that may be used, in order.
    pub(in crate::dialect) opaque: Vec<Opaque<'a>>,
    /// The text that rode along.
    pub(in crate::dialect) text: Option<String>,
}

/// Whether a carrier's text was written by us (or claims to be).
pub(in crate::dialect) fn is_sealed(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Pack state for a client, and a text with the first of it.
pub(in crate::dialect) fn seal(
    envelope: &Envelope,
    opaque: &[Opaque<'_>],
    text: Option<&str>,
) -> String {
    let mut sealed = String::new();
    let mut text = text;
    for state in opaque {
        if !sealed.is_empty() {
            sealed.push(JOINT);
        }
        sealed.push_str(&envelope.seal(state, text.take()));
    }
    sealed
}

/// Unpack what a client returned. What does not verify is left out; what is not ours was issued by a vendor of the
/// client's own dialect, whose tag is `native`.
pub(in crate::dialect) fn open<'a>(
    envelope: &Envelope,
    sent: Cow<'a, str>,
    kind: OpaqueKind,
    native: &'static str,
) -> Carried<'a> {
    let mut carried = Carried::default();
    if !is_sealed(&sent) {
        if !sent.is_empty() {
            carried.opaque.push(Opaque {
                origin: native.into(),
                kind,
                data: sent,
            });
        }
        return carried;
    }
    for sealed in sent.split(JOINT) {
        if let Opened::Ours { opaque, text } = envelope.open(sealed) {
            carried.opaque.push(opaque);
            carried.text = carried.text.or(text);
        }
    }
    carried
}

/// Whether the state was issued by the target: nobody else may get it.
pub(in crate::dialect) fn is_issued(opaque: &Opaque<'_>, target: &Target, native: &str) -> bool {
    opaque.origin == target.origin || opaque.origin == native
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATIVE: &str = "native:test";

    fn state(origin: &'static str, kind: OpaqueKind) -> Opaque<'static> {
        Opaque {
            origin: origin.into(),
            kind,
            data: "d+/=".into(),
        }
    }

    #[test]
    fn several_states_ride_in_one_field() {
        let envelope = Envelope::default();
        let states = [
            state("x", OpaqueKind::Details),
            state("x", OpaqueKind::Replay),
        ];
        let sealed = seal(&envelope, &states, Some("call:1"));
        let carried = open(
            &envelope,
            sealed.clone().into(),
            OpaqueKind::Signature,
            NATIVE,
        );
        assert_eq!(carried.opaque, states);
        assert_eq!(carried.text.as_deref(), Some("call:1"));
        let broken = open(
            &Envelope::new(*b"other"),
            sealed.into(),
            OpaqueKind::Signature,
            NATIVE,
        );
        assert!(
            broken.opaque.is_empty(),
            "a forged envelope is worth nothing"
        );
    }

    #[test]
    fn bare_state_is_native_and_empty_is_none() {
        let envelope = Envelope::default();
        let carried = open(&envelope, "Ab+c".into(), OpaqueKind::Signature, NATIVE);
        assert_eq!(carried.opaque[0].origin, NATIVE);
        assert_eq!(carried.opaque[0].data, "Ab+c");
        assert!(
            open(&envelope, "".into(), OpaqueKind::Signature, NATIVE)
                .opaque
                .is_empty()
        );
    }

    #[test]
    fn state_goes_only_to_its_issuer() {
        let target = Target {
            origin: "a".into(),
            ..Target::default()
        };
        assert!(is_issued(
            &state("a", OpaqueKind::Signature),
            &target,
            NATIVE
        ));
        assert!(is_issued(
            &state(NATIVE, OpaqueKind::Redacted),
            &target,
            NATIVE
        ));
        assert!(!is_issued(
            &state("b", OpaqueKind::Signature),
            &target,
            NATIVE
        ));
    }
}
