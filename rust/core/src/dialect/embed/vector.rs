//! One vector, between its two forms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::Error;
use crate::json::{Kind, Node, write};

/// Append a vector as a JSON array. Numbers keep their spelling.
pub(super) fn numbers(out: &mut Vec<u8>, vector: Node<'_>) -> Result<(), Error> {
    match vector.kind() {
        Kind::Array => {
            if vector.items().any(|item| item.as_number().is_none()) {
                return Err(broken());
            }
            write::raw(out, vector.raw());
        }
        Kind::Plain | Kind::Escaped => {
            let bytes = STANDARD
                .decode(vector.as_str().unwrap_or_default().as_bytes())
                .map_err(|_| broken())?;
            let (floats, []) = bytes.as_chunks::<4>() else {
                return Err(broken());
            };
            out.push(b'[');
            for (at, float) in floats.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                let value = f32::from_le_bytes(*float);
                if !value.is_finite() {
                    return Err(broken());
                }
                // The shortest text that reads as this number again.
                out.extend_from_slice(value.to_string().as_bytes());
            }
            out.push(b']');
        }
        _ => return Err(broken()),
    }
    Ok(())
}

/// Append a vector as a JSON string: base64 of little-endian 32-bit numbers.
pub(super) fn base64(out: &mut Vec<u8>, vector: Node<'_>) -> Result<(), Error> {
    if vector.is_string() {
        write::raw(out, vector.raw());
        return Ok(());
    }
    let mut bytes = Vec::new();
    for item in vector.items() {
        // Read as 32 bits at once: by way of 64 a number could be rounded twice.
        let value = item
            .as_number()
            .and_then(|number| number.0.parse::<f32>().ok());
        let value = value.filter(|value| value.is_finite()).ok_or_else(broken)?;
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    if bytes.is_empty() {
        return Err(broken());
    }
    out.push(b'"');
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
    out.push(b'"');
    Ok(())
}

fn broken() -> Error {
    Error::malformed("the upstream's answer holds something that is no vector")
}
