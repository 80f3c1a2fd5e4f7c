//! One request to an upstream.

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::endpoint::Endpoint;
use crate::error::SettingsError;

/// One request to an upstream.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where to.
    pub endpoint: Endpoint,
    /// Method.
    pub method: Method,
    /// Path and query, appended to the endpoint's prefix.
    pub path: String,
    /// Headers. Those that belong to a connection are dropped; `host`, `content-length` and, unless given,
    /// `accept-encoding` and `user-agent` are ours.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Call {
    /// A POST of this body.
    pub fn post(endpoint: &Endpoint, path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        unimplemented!()
    }

    /// A GET.
    pub fn get(endpoint: &Endpoint, path: impl Into<String>) -> Self {
        unimplemented!()
    }

    /// Add a header; values of credentials (`authorization`, `x-api-key`, `cookie`, …) are marked as sensitive.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, SettingsError> {
        unimplemented!()
    }
}
