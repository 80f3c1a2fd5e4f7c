//! Tool call ids. This dialect allows `[A-Za-z0-9_-]` only, other upstreams issue anything (`functions.f:0`), and some
//! of their models want exactly that back. An id with other characters is therefore packed into allowed ones and
//! unpacked when the client returns it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const PACKED: &str = "toolu_fp1_";

/// The id as this dialect may see it.
pub(super) fn pack(id: &str) -> Cow<'_, str> {
    if is_allowed(id) && !id.starts_with(PACKED) {
        return Cow::Borrowed(id);
    }
    let mut packed = String::from(PACKED);
    URL_SAFE_NO_PAD.encode_string(id, &mut packed);
    Cow::Owned(packed)
}

/// The id as its issuer knows it.
pub(super) fn unpack(id: Cow<'_, str>) -> Cow<'_, str> {
    let unpacked = id.strip_prefix(PACKED).and_then(|packed| {
        let bytes = URL_SAFE_NO_PAD.decode(packed).ok()?;
        String::from_utf8(bytes).ok()
    });
    match unpacked {
        Some(inner) if pack(&inner) == id => Cow::Owned(inner),
        _ => id,
    }
}

fn is_allowed(id: &str) -> bool {
    !id.is_empty()
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_survives_the_round_trip_in_the_allowed_alphabet() {
        for id in [
            "toolu_01A",
            "functions.f:0",
            "",
            "a b",
            "日本",
            "toolu_fp1_",
            "x".repeat(300).as_str(),
        ] {
            let packed = pack(id);
            assert!(is_allowed(&packed), "{id:?} became {packed:?}");
            assert_eq!(unpack(packed.clone()), id);
        }
    }

    #[test]
    fn ids_that_only_look_packed_are_left_alone() {
        for id in ["toolu_fp1_!", "toolu_fp1_YWJj", "toolu_fp1__w"] {
            assert_eq!(unpack(id.into()), id, "not something that pack writes");
        }
    }
}
