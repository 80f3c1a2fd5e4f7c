//! Opaque state of other vendors in this dialect's own opaque fields: `thinking.signature` and
//! `redacted_thinking.data`, which clients return unchanged.
//!
//! One field carries any number of envelopes, joined by `+` (which no envelope contains). State that belongs to one
//! tool call, for which this dialect has no field, rides in a `redacted_thinking` block that names the call.

use crate::dialect::Target;
use crate::envelope::{Envelope, Opened, PREFIX};
use crate::ir::{Opaque, OpaqueKind};

use super::NATIVE_ORIGIN;

const JOINT: char = '+';

/// What a carrier field held.
#[derive(Debug, Default)]
pub(super) struct Carried<'a> {
    /// The state that may be used, in order.
    pub(super) opaque: Vec<Opaque<'a>>,
    /// The tool call it belongs to.
    pub(super) call: Option<String>,
}

/// Whether a carrier's text was written by us (or claims to be).
pub(super) fn is_sealed(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Pack state for a client, for the named call if there is one.
pub(super) fn seal(envelope: &Envelope, opaque: &[Opaque<'_>], call: Option<&str>) -> String {
    let mut sealed = String::new();
    for state in opaque {
        if !sealed.is_empty() {
            sealed.push(JOINT);
        }
        sealed.push_str(&envelope.seal(state, call));
    }
    sealed
}

/// Unpack what a client returned. What does not verify is left out; what is not ours belongs to a vendor of this
/// dialect.
pub(super) fn open<'a>(
    envelope: &Envelope,
    text: std::borrow::Cow<'a, str>,
    kind: OpaqueKind,
) -> Carried<'a> {
    let mut carried = Carried::default();
    if !is_sealed(&text) {
        if !text.is_empty() {
            carried.opaque.push(Opaque {
                origin: NATIVE_ORIGIN.into(),
                kind,
                data: text,
            });
        }
        return carried;
    }
    for sealed in text.split(JOINT) {
        if let Opened::Ours { opaque, text } = envelope.open(sealed) {
            carried.opaque.push(opaque);
            carried.call = carried.call.or(text);
        }
    }
    carried
}

/// Whether the state may be sent to the target: only its issuer gets it.
pub(super) fn is_admissible(opaque: &Opaque<'_>, target: &Target) -> bool {
    let fits = matches!(opaque.kind, OpaqueKind::Signature | OpaqueKind::Redacted);
    fits && (opaque.origin == target.origin || opaque.origin == NATIVE_ORIGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let carried = open(&envelope, sealed.clone().into(), OpaqueKind::Signature);
        assert_eq!(carried.opaque, states);
        assert_eq!(carried.call.as_deref(), Some("call:1"));
        let broken = open(
            &Envelope::new(*b"other"),
            sealed.into(),
            OpaqueKind::Signature,
        );
        assert!(
            broken.opaque.is_empty(),
            "a forged envelope is worth nothing"
        );
    }

    #[test]
    fn bare_state_is_native_and_empty_is_none() {
        let envelope = Envelope::default();
        let carried = open(&envelope, "Ab+c".into(), OpaqueKind::Signature);
        assert_eq!(carried.opaque[0].origin, NATIVE_ORIGIN);
        assert_eq!(carried.opaque[0].data, "Ab+c");
        assert!(
            open(&envelope, "".into(), OpaqueKind::Signature)
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
        assert!(is_admissible(&state("a", OpaqueKind::Signature), &target));
        assert!(is_admissible(
            &state(NATIVE_ORIGIN, OpaqueKind::Redacted),
            &target
        ));
        assert!(!is_admissible(&state("b", OpaqueKind::Signature), &target));
        assert!(!is_admissible(&state("a", OpaqueKind::Encrypted), &target));
    }
}
