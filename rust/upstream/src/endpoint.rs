//! Where calls go, and how connections there are made.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use crate::error::SettingsError;
use crate::pool::Pool;
use crate::proxy::Proxy;
use crate::tls::{TlsConfigs, TlsSettings};

/// How to reach one upstream. Endpoints whose settings differ in nothing but the path share connections.
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
    /// Allow addresses that are not global unicast (loopback, private networks, link-local, …). Checked on the address
    /// that is connected to; where a proxy resolves the name, only addresses written in the URL can be checked.
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
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) origin: Arc<Origin>,
    prefix: Arc<str>,
}

/// Never shows the proxy, which may hold a password.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("authority", &self.origin.authority)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    pub(crate) fn new(origin: Arc<Origin>, prefix: &str) -> Self {
        Self {
            origin,
            prefix: prefix.into(),
        }
    }

    /// The endpoint's prefix and `path` as one request target.
    pub(crate) fn target(&self, path: &str) -> Result<PathAndQuery, SettingsError> {
        let target = format!("{}{path}", self.prefix);
        if !target.starts_with('/') {
            return Err(SettingsError::new("path", "must start with a slash"));
        }
        PathAndQuery::from_maybe_shared(target).map_err(|_| {
            SettingsError::new("path", "holds a character that is not allowed in a URL")
        })
    }
}

/// What connections are kept apart by.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct OriginKey {
    scheme: Scheme,
    host: String,
    port: u16,
    proxy: Option<Proxy>,
    tls: TlsSettings,
    allow_private: bool,
    isolation: String,
}

impl OriginKey {
    /// The key, and the path prefix of the base URL.
    pub(crate) fn parse(settings: &EndpointSettings) -> Result<(Self, String), SettingsError> {
        let bad = |reason: &str| SettingsError::new("base_url", reason);
        let uri: Uri = settings
            .base_url
            .parse()
            .map_err(|_| bad("not a URL (names must be ASCII)"))?;
        let scheme = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS => scheme.clone(),
            _ => return Err(bad("must start with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| bad("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("must hold no user or password"));
        }
        if uri.query().is_some() || settings.base_url.contains('#') {
            return Err(bad("must hold no query and no fragment"));
        }
        let default_port = if scheme == Scheme::HTTPS { 443 } else { 80 };
        let key = Self {
            scheme,
            host: authority.host().to_ascii_lowercase(),
            port: authority.port_u16().unwrap_or(default_port),
            proxy: settings.proxy.as_deref().map(Proxy::parse).transpose()?,
            tls: TlsSettings {
                extra_ca: settings.extra_ca.clone(),
                verify: settings.verify_tls,
                http2: settings.http2,
            },
            allow_private: settings.allow_private,
            isolation: settings.isolation.clone(),
        };
        Ok((key, uri.path().trim_end_matches('/').to_owned()))
    }
}

/// One place that connections go to, with its idle ones.
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    pub(crate) host_header: HeaderValue,
    /// `http://host:port`: what is connected to, whatever is spoken over it.
    pub(crate) tcp: Uri,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) allow_private: bool,
    pub(crate) tls: Option<OriginTls>,
    pub(crate) pool: Pool,
}

/// What a TLS handshake with an origin needs.
pub(crate) struct OriginTls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
}

impl Origin {
    pub(crate) fn new(key: &OriginKey, configs: &TlsConfigs) -> Result<Self, SettingsError> {
        let bad = |_| SettingsError::new("base_url", "has no valid host");
        let is_https = key.scheme == Scheme::HTTPS;
        let is_default_port = key.port == if is_https { 443 } else { 80 };
        let with_port = format!("{}:{}", key.host, key.port);
        let shown = if is_default_port {
            key.host.clone()
        } else {
            with_port.clone()
        };
        let authority: Authority = shown.parse().map_err(bad)?;
        let host_header = HeaderValue::try_from(authority.as_str())
            .map_err(|_| SettingsError::new("base_url", "has no valid host"))?;
        let tls = if is_https {
            let bare = key
                .host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned();
            let name = ServerName::try_from(bare).map_err(|_| {
                SettingsError::new("base_url", "has a host that no certificate can name")
            })?;
            Some(OriginTls {
                config: configs.get(&key.tls)?,
                name,
            })
        } else {
            None
        };
        Ok(Self {
            scheme: key.scheme.clone(),
            authority,
            host_header,
            tcp: format!("http://{with_port}").parse().map_err(bad)?,
            proxy: key.proxy.clone(),
            allow_private: key.allow_private,
            tls,
            pool: Pool::default(),
        })
    }

    /// The host as an address, when the URL names one.
    pub(crate) fn literal_address(&self) -> Option<IpAddr> {
        let host = self.tcp.host()?;
        host.trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_checked() {
        for (url, reason) in [
            ("ftp://host", "http://"),
            ("https://user:hunter2@host", "user"),
            ("https://host/?a=b", "query"),
            ("https://host/#x", "fragment"),
            ("host:1", "http://"),
            ("https://exämple.org", "ASCII"),
        ] {
            let error = OriginKey::parse(&EndpointSettings::new(url))
                .err()
                .unwrap()
                .to_string();
            assert!(
                error.contains(reason) && !error.contains("hunter2"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn the_prefix_joins_without_doubled_slashes() {
        let (key, prefix) =
            OriginKey::parse(&EndpointSettings::new("https://Host.Example/api/")).unwrap();
        let origin = Origin::new(&key, &TlsConfigs::default()).unwrap();
        assert_eq!(origin.host_header, "host.example");
        let endpoint = Endpoint::new(Arc::new(origin), &prefix);
        assert_eq!(endpoint.target("/v1/x?y=z").unwrap(), "/api/v1/x?y=z");
        assert!(endpoint.target("/a\r\nb").is_err());
    }
}
