//! Cache breakpoints, both ways.

use super::read::{object, string};
use crate::dialect::CacheMarkers;
use crate::error::Error;
use crate::ir::CacheMarker;
use crate::json::Node;
use crate::json::write::Object;

/// A cache breakpoint: OpenAI's `prompt_cache_breakpoint`, or `cache_control` as OpenRouter takes it.
pub(in crate::dialect) fn read(node: Node<'_>) -> Result<Option<CacheMarker>, Error> {
    if let Some(control) = node.get("cache_control") {
        let ttl = object(control, "cache_control")?.get("ttl");
        let ttl = ttl.map(|ttl| string(ttl, "ttl")).transpose()?;
        return Ok(Some(CacheMarker {
            ttl: ttl.as_deref().and_then(seconds),
        }));
    }
    let Some(breakpoint) = node.get("prompt_cache_breakpoint") else {
        return Ok(None);
    };
    object(breakpoint, "prompt_cache_breakpoint")?;
    Ok(Some(CacheMarker { ttl: None }))
}

/// `5m`, `1h`.
fn seconds(ttl: &str) -> Option<u32> {
    let factor = match ttl.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return None,
    };
    ttl[..ttl.len() - 1]
        .parse::<u32>()
        .ok()?
        .checked_mul(factor)
}

/// A cache breakpoint in the host's words.
pub(in crate::dialect) fn write(o: &mut Object<'_>, marker: CacheMarker, markers: CacheMarkers) {
    match markers {
        CacheMarkers::Unknown => {}
        CacheMarkers::Breakpoint => {
            o.object("prompt_cache_breakpoint", |o| o.str("mode", "explicit"));
        }
        CacheMarkers::CacheControl => o.object("cache_control", |o| {
            o.str("type", "ephemeral");
            match marker.ttl {
                Some(3600..) => o.str("ttl", "1h"),
                Some(_) => o.str("ttl", "5m"),
                None => {}
            }
        }),
    }
}
