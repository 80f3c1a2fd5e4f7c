//! Envelopes: opaque state of one vendor inside another dialect's own opaque field.
//!
//! `fp1.<origin>.<kind>.<base64url(payload)>.<mac>`: the tag says what it is, the origin who issued it, the MAC that
//! it was us who packed it. An envelope is opened on the way back and its content sent only to its origin; anything
//! that does not verify is not ours and is treated as the client's own dialect's state, or dropped.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::ir::{Opaque, OpaqueKind};

/// Every envelope begins with this.
pub const PREFIX: &str = "fp1.";
/// Bytes of the MAC that are kept: 128 bits.
const MAC_BYTES: usize = 16;

/// What a sealed text turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Ours: the state and, where the carrier does not keep it, the text it belongs to.
    Ours {
        /// The state, with its origin.
        opaque: Opaque<'static>,
        /// The text it belongs to, when it was packed along.
        text: Option<String>,
    },
    /// Looks like ours, but does not verify: forged, damaged, or from another key. Never forwarded.
    Broken,
    /// Not an envelope.
    Foreign,
}

/// Seals and opens with one key. The default has a fixed key of zeros: for tests and for decoding without a server.
#[derive(Clone)]
pub struct Envelope {
    key: Vec<u8>,
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Envelope(***)")
    }
}

impl Default for Envelope {
    fn default() -> Self {
        Self { key: vec![0; 32] }
    }
}

impl Envelope {
    /// With this key; any length, 32 random bytes are right.
    pub fn new(key: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into() }
    }

    /// Pack state (and the text it belongs to, for carriers that do not keep it).
    pub fn seal(&self, opaque: &Opaque<'_>, text: Option<&str>) -> String {
        let mut payload = Vec::with_capacity(opaque.data.len() + text.map_or(0, str::len) + 8);
        payload.extend_from_slice(&(opaque.data.len() as u32).to_be_bytes());
        payload.extend_from_slice(opaque.data.as_bytes());
        if let Some(text) = text {
            payload.push(1);
            payload.extend_from_slice(text.as_bytes());
        }
        let origin = URL_SAFE_NO_PAD.encode(opaque.origin.as_bytes());
        let mut sealed = format!("{PREFIX}{origin}.{}.", opaque.kind.tag());
        URL_SAFE_NO_PAD.encode_string(&payload, &mut sealed);
        let mac = URL_SAFE_NO_PAD.encode(self.mac(sealed.as_bytes()));
        sealed.push('.');
        sealed.push_str(&mac);
        sealed
    }

    /// Unpack.
    pub fn open(&self, sealed: &str) -> Opened {
        if !sealed.starts_with(PREFIX) {
            return Opened::Foreign;
        }
        self.verify(sealed).unwrap_or(Opened::Broken)
    }

    fn verify(&self, sealed: &str) -> Option<Opened> {
        let (signed, mac) = sealed.rsplit_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let mut hmac = self.hmac()?;
        hmac.update(signed.as_bytes());
        hmac.verify_truncated_left(&mac)
            .ok()
            .filter(|()| mac.len() == MAC_BYTES)?;
        let mut fields = signed[PREFIX.len()..].split('.');
        let origin = URL_SAFE_NO_PAD.decode(fields.next()?).ok()?;
        let kind = OpaqueKind::from_tag(fields.next()?.chars().next()?)?;
        let payload = URL_SAFE_NO_PAD.decode(fields.next()?).ok()?;
        let (length, rest) = payload.split_first_chunk::<4>()?;
        let (data, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let text = rest
            .split_first()
            .map(|(_, text)| String::from_utf8(text.to_vec()))
            .transpose()
            .ok()?;
        let opaque = Opaque {
            origin: String::from_utf8(origin).ok()?.into(),
            kind,
            data: String::from_utf8(data.to_vec()).ok()?.into(),
        };
        Some(Opened::Ours { opaque, text })
    }

    fn mac(&self, signed: &[u8]) -> Vec<u8> {
        let Some(mut hmac) = self.hmac() else {
            return Vec::new();
        };
        hmac.update(signed);
        hmac.finalize().into_bytes()[..MAC_BYTES].to_vec()
    }

    /// HMAC takes keys of any length: never `None`.
    fn hmac(&self) -> Option<Hmac<Sha256>> {
        Hmac::new_from_slice(&self.key).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opaque() -> Opaque<'static> {
        Opaque {
            origin: "vendor.a/b".into(),
            kind: OpaqueKind::Signature,
            data: "sig==".into(),
        }
    }

    #[test]
    fn what_was_sealed_opens_again() {
        let envelope = Envelope::new(*b"key");
        for text in [None, Some(""), Some("thought ✓")] {
            let opened = envelope.open(&envelope.seal(&opaque(), text));
            assert_eq!(
                opened,
                Opened::Ours {
                    opaque: opaque(),
                    text: text.map(Into::into)
                }
            );
        }
    }

    #[test]
    fn any_changed_byte_breaks_it() {
        let envelope = Envelope::new(*b"key");
        let sealed = envelope.seal(&opaque(), Some("x"));
        for at in PREFIX.len()..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_ne!(envelope.open(&changed), envelope.open(&sealed), "byte {at}");
        }
        assert_eq!(Envelope::new(*b"other").open(&sealed), Opened::Broken);
        assert_eq!(envelope.open("EqQBsignature"), Opened::Foreign);
        assert_eq!(envelope.open("fp1.x"), Opened::Broken);
    }
}
