//! Opaque state of other vendors in `thoughtSignature`.
//!
//! The field is bytes, which JSON says in base64: an envelope is therefore encoded once more. Gemini CLI drops
//! `thought: true` parts with their signatures and keeps those of calls and of a trailing empty text, so that is where
//! the state of thinking rides, with the thinking it belongs to. One field carries the state of its own part first,
//! then for each piece of thinking its text with the first of its states.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::NATIVE_ORIGIN;
use crate::dialect::{Target, carrier};
use crate::envelope::{Envelope, Opened};
use crate::ir::{Opaque, OpaqueKind, Reasoning};

/// What the API takes in place of a signature that it did not issue (documented for histories of other models).
pub(super) const FILLER: &str = "skip_thought_signature_validator";
const JOINT: char = '+';
/// SDKs decode the bytes and encode them again in the other alphabet.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Thinking whose state waits for a part that clients return.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    /// The thinking itself.
    pub(super) text: String,
    /// Its state.
    pub(super) opaque: Vec<Opaque<'static>>,
}

/// What a signature carried.
#[derive(Debug, Default)]
pub(super) struct Carried<'a> {
    /// State of the part itself.
    pub(super) own: Vec<Opaque<'a>>,
    /// Thinking before it.
    pub(super) reasoning: Vec<Reasoning<'a>>,
}

/// Whether the state may be sent to the target: a signature of this dialect, issued by it.
pub(super) fn is_admissible(opaque: &Opaque<'_>, target: &Target) -> bool {
    opaque.kind == OpaqueKind::ThoughtSignature && carrier::is_issued(opaque, target, NATIVE_ORIGIN)
}

/// The signature for a client; `None` when there is nothing to carry.
pub(super) fn seal(envelope: &Envelope, own: &[Opaque<'_>], pending: &[Pending]) -> Option<String> {
    let mut sealed: Vec<String> = own
        .iter()
        .map(|opaque| envelope.seal(opaque, None))
        .collect();
    for thought in pending {
        let mut text = Some(thought.text.as_str());
        for opaque in &thought.opaque {
            sealed.push(envelope.seal(opaque, text.take()));
        }
    }
    (!sealed.is_empty()).then(|| STANDARD.encode(sealed.join("+")))
}

/// The envelopes in a signature, when it holds any.
fn unpacked(signature: &str) -> Option<String> {
    if carrier::is_sealed(signature) {
        return Some(signature.to_owned());
    }
    // "fp1." in base64 begins with "ZnAx": real signatures are not decoded.
    if !signature.starts_with("ZnAx") {
        return None;
    }
    let bytes = STANDARD
        .decode(signature)
        .or_else(|_| URL_SAFE.decode(signature))
        .ok()?;
    String::from_utf8(bytes)
        .ok()
        .filter(|text| carrier::is_sealed(text))
}

/// Whether a signature was written by us (or claims to be).
pub(super) fn is_sealed(signature: &str) -> bool {
    unpacked(signature).is_some()
}

/// Unpack what a client returned. What does not verify is left out, as is the placeholder that clients invent.
pub(super) fn open<'a>(envelope: &Envelope, signature: Cow<'a, str>) -> Carried<'a> {
    let mut carried = Carried::default();
    let Some(envelopes) = unpacked(&signature) else {
        if !signature.is_empty() && signature != FILLER {
            carried.own.push(Opaque {
                origin: NATIVE_ORIGIN.into(),
                kind: OpaqueKind::ThoughtSignature,
                data: signature,
            });
        }
        return carried;
    };
    for sealed in envelopes.split(JOINT) {
        let Opened::Ours { opaque, text } = envelope.open(sealed) else {
            continue;
        };
        match (text, carried.reasoning.last_mut()) {
            (Some(text), _) => carried.reasoning.push(Reasoning {
                text: (!text.is_empty()).then(|| text.into()),
                opaque: vec![opaque],
                ..Reasoning::default()
            }),
            (None, Some(last)) => last.opaque.push(opaque),
            (None, None) => carried.own.push(opaque),
        }
    }
    carried
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
    fn a_call_carries_its_own_state_and_the_thinking_before_it() {
        let envelope = Envelope::default();
        let own = [state("g", OpaqueKind::ThoughtSignature)];
        let pending = ["first", ""].map(|text| Pending {
            text: text.into(),
            opaque: vec![
                state("a", OpaqueKind::Signature),
                state("a", OpaqueKind::Replay),
            ],
        });
        let sealed = seal(&envelope, &own, &pending).unwrap();
        let other_alphabet = sealed.replace('+', "-").replace('/', "_").replace('=', "");
        for signature in [sealed, other_alphabet] {
            assert!(is_sealed(&signature));
            let carried = open(&envelope, signature.into());
            assert_eq!(carried.own, own);
            let texts: Vec<_> = carried
                .reasoning
                .iter()
                .map(|r| r.text.as_deref())
                .collect();
            assert_eq!(texts, [Some("first"), None]);
            assert!(carried.reasoning.iter().all(|r| r.opaque.len() == 2));
        }
    }

    #[test]
    fn a_vendors_signature_is_native_and_the_filler_is_nothing() {
        let envelope = Envelope::default();
        let carried = open(&envelope, "CiQB0e2Kb+/=".into());
        assert_eq!(carried.own[0].origin, NATIVE_ORIGIN);
        assert!(open(&envelope, FILLER.into()).own.is_empty());
        let forged = STANDARD.encode("fp1.a.t.b.c");
        let carried = open(&envelope, forged.into());
        assert!(carried.own.is_empty() && carried.reasoning.is_empty());
    }
}
