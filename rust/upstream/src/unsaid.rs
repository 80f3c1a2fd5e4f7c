//! What no error may repeat: the key that a call carried and the host it went to.
//!
//! `fastproxy_core::redact` masks what looks like a key or an address. Operators also choose keys without any form and
//! hosts without a scheme, and upstreams repeat both; only here are they known exactly.

use std::sync::Arc;

use fastproxy_core::error::Error;
use http::HeaderValue;

use crate::call::Call;
use crate::endpoint::Origin;

/// Shorter values are not masked: they would be found in any sentence.
const MIN_SECRET: usize = 6;
const SECRET: &str = "[redacted]";
const HOST: &str = "[host]";

/// One per attempt. Shares the call's bytes.
pub(crate) struct Unsaid {
    keys: Vec<HeaderValue>,
    origin: Arc<Origin>,
}

impl Unsaid {
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            keys: call.secrets().cloned().collect(),
            origin: Arc::clone(&call.endpoint.origin),
        }
    }

    /// Take them out of an error.
    pub(crate) fn mask(&self, error: &mut Error) {
        for key in self.keys.iter().filter_map(|value| value.to_str().ok()) {
            let key = key.split_once(' ').map_or(key, |(_scheme, key)| key).trim();
            if key.len() >= MIN_SECRET {
                replace(error, key, SECRET);
            }
        }
        let authority = self.origin.authority.as_str();
        replace(error, authority, HOST);
        let host = self.origin.authority.host();
        // A name without a dot may be a word.
        if host.contains(['.', ':']) {
            replace(error, host, HOST);
        }
    }
}

fn replace(error: &mut Error, unsaid: &str, mask: &str) {
    for text in [
        Some(&mut error.message),
        error.code.as_mut(),
        error.pointer.as_mut(),
    ]
    .into_iter()
    .flatten()
    {
        if text.contains(unsaid) {
            *text = text.replace(unsaid, mask);
        }
    }
}
