//! Where calls go and how connections there are made.

use std::sync::Arc;

/// How to reach one upstream. Equal settings share connections.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointSettings {
    /// `https://host[:port][/prefix]`. No query, no user.
    pub base_url: String,
    /// `http://`, `socks5://` (names resolved here) or `socks5h://` (names resolved there), with `user:password@` where
    /// needed. `None`: direct, whatever the environment says.
    pub proxy: Option<String>,
    /// PEM certificates trusted in addition to the bundled roots.
    pub extra_ca: Option<Arc<[u8]>>,
    /// Check the upstream's certificate. Off is for development only.
    pub verify_tls: bool,
    /// Offer HTTP/2 by ALPN.
    pub http2: bool,
    /// Allow addresses that are not global unicast (loopback, private networks, link-local, …).
    pub allow_private: bool,
    /// Endpoints with different tags never share a connection.
    pub isolation: String,
}

impl EndpointSettings {
    /// Direct, verified, HTTP/2 where offered, any address.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            proxy: None,
            extra_ca: None,
            verify_tls: true,
            http2: true,
            allow_private: true,
            isolation: String::new(),
        }
    }
}

/// An upstream ready to be called; cheap to clone. Its idle connections close when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Endpoint {}
