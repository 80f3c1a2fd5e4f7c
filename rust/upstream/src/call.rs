//! One request to an upstream.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, HeaderName,
    HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Uri, Version};
use http_body_util::Full;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::endpoint::Endpoint;
use crate::error::SettingsError;
use crate::inflow::{Inflow, Payload};

/// An honest name: nobody's browser.
const OUR_USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("fastproxy/", env!("CARGO_PKG_VERSION")));
/// A stream coded by the upstream would be held back by its coder; answers that come coded all the same are decoded.
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
/// What RFC 3986 leaves as it is in a path segment, and `:` for Gemini's `model:method`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// One request to an upstream. Cheap to clone; it can be sent again unless its body is still arriving.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) endpoint: Endpoint,
    method: Method,
    target: PathAndQuery,
    headers: HeaderMap,
    body: Bytes,
    inflow: Option<Inflow>,
}

impl Call {
    /// A request of `path` (with its query), which is appended to the endpoint's prefix.
    pub fn new(
        endpoint: &Endpoint,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Self, SettingsError> {
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(ACCEPT_ENCODING, IDENTITY);
        headers.insert(USER_AGENT, OUR_USER_AGENT);
        let target = endpoint.target(path)?;
        Ok(Self {
            endpoint: endpoint.clone(),
            method,
            target,
            headers,
            body: body.into(),
            inflow: None,
        })
    }

    /// With a body that is still arriving, instead of the one it was made with. Such a call can be sent once.
    #[must_use]
    pub fn arriving(mut self, inflow: Inflow) -> Self {
        self.inflow = Some(inflow);
        self
    }

    /// Set a header. Those that belong to a connection, and the ones that follow from endpoint and body, are left out.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, SettingsError> {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| SettingsError::new("header", "has a name that is not allowed in HTTP"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            SettingsError::new(
                "header",
                format!("{name} has a value that is not allowed in HTTP"),
            )
        })?;
        value.set_sensitive(is_secret(&name));
        if !belongs_to_connection(&name) {
            self.headers.insert(name, value);
        }
        Ok(self)
    }

    /// Values of headers that carry a credential.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &HeaderValue> {
        self.headers.values().filter(|value| value.is_sensitive())
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) fn target(&self) -> &PathAndQuery {
        &self.target
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn inflow(&self) -> Option<&Inflow> {
        self.inflow.as_ref()
    }

    /// The request as HTTP/2 wants it: with the authority in its URI.
    pub(crate) fn request(&self) -> Request<Payload> {
        let origin = &self.endpoint.origin;
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(origin.scheme.clone());
        parts.authority = Some(origin.authority.clone());
        parts.path_and_query = Some(self.target.clone());
        let payload = match &self.inflow {
            Some(inflow) => Payload::Arriving(inflow.clone()),
            None => Payload::Whole(Full::new(self.body.clone())),
        };
        let mut request = Request::new(payload);
        request.method_mut().clone_from(&self.method);
        request.headers_mut().clone_from(&self.headers);
        // All three parts are there, which is all that `from_parts` asks for.
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        *request.version_mut() = Version::HTTP_2;
        request
    }
}

/// `text` as one path segment: nothing in it can start a new segment, a query or a header.
pub fn path_segment(text: &str) -> Cow<'_, str> {
    match text {
        // Dots alone would climb.
        "." => "%2E".into(),
        ".." => "%2E%2E".into(),
        _ => utf8_percent_encode(text, SEGMENT).into(),
    }
}

/// RFC 9110 §7.6.1, and what hyper derives.
fn belongs_to_connection(name: &HeaderName) -> bool {
    const OTHERS: [&str; 3] = ["keep-alive", "proxy-connection", "expect"];
    let derived = [
        HOST,
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        CONNECTION,
        UPGRADE,
        TE,
        TRAILER,
    ];
    let proxy = [PROXY_AUTHENTICATE, PROXY_AUTHORIZATION];
    derived.contains(name) || proxy.contains(name) || OTHERS.contains(&name.as_str())
}

/// Marked, so that no debug output shows the value.
fn is_secret(name: &HeaderName) -> bool {
    const KEYS: [&str; 4] = ["x-api-key", "api-key", "x-goog-api-key", "x-auth-token"];
    [AUTHORIZATION, COOKIE].contains(name) || KEYS.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cannot_leave_their_place() {
        assert_eq!(path_segment("gemini-2.5-pro"), "gemini-2.5-pro");
        assert_eq!(
            path_segment("a/../b?c#d\r\n%"),
            "a%2F..%2Fb%3Fc%23d%0D%0A%25"
        );
        assert_eq!(path_segment(".."), "%2E%2E");
    }
}
