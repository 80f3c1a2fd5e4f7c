//! Forward proxies between us and an upstream: HTTP CONNECT and SOCKS5.
//!
//! CONNECT is used for `http://` upstreams too: the proxy then neither reads nor rewrites the request, and a pooled
//! connection means the same thing with and without a proxy.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use crate::error::{Failure, SettingsError};

/// A parsed proxy setting.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    pub(crate) uri: Uri,
    kind: Kind,
    auth: Option<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Http,
    Socks5,
    /// Names are resolved by the proxy.
    Socks5h,
}

impl Proxy {
    /// `scheme://[user:password@]host:port`.
    pub(crate) fn parse(text: &str) -> Result<Self, SettingsError> {
        let bad = |reason: &str| SettingsError::new("proxy", reason);
        let uri: Uri = text.parse().map_err(|_| bad("not a URL"))?;
        let kind = match uri.scheme_str() {
            Some("http") => Kind::Http,
            Some("socks5") => Kind::Socks5,
            Some("socks5h") => Kind::Socks5h,
            _ => return Err(bad("must start with http://, socks5:// or socks5h://")),
        };
        let authority = uri.authority().ok_or_else(|| bad("has no host"))?;
        let auth = match authority.as_str().rsplit_once('@') {
            Some((user_info, _)) => {
                Some(credentials(user_info).ok_or_else(|| bad("user or password is not UTF-8"))?)
            }
            None => None,
        };
        if auth
            .as_ref()
            .is_some_and(|(user, password)| user.len() > 255 || password.len() > 255)
        {
            return Err(bad("user or password is longer than 255 bytes"));
        }
        let port = authority
            .port_u16()
            .unwrap_or(if kind == Kind::Http { 8080 } else { 1080 });
        let address = format!("http://{}:{port}", authority.host());
        Ok(Self {
            uri: address.parse().map_err(|_| bad("has no valid host"))?,
            kind,
            auth,
        })
    }

    /// Whether the upstream's name must be resolved by us.
    pub(crate) fn needs_address(&self) -> bool {
        self.kind == Kind::Socks5
    }

    /// Ask the proxy, over its connection `tcp`, for a tunnel to `target`.
    pub(crate) async fn tunnel(
        &self,
        tcp: TcpStream,
        target: Uri,
        deadline: Instant,
        limit: Duration,
    ) -> Result<TcpStream, Failure> {
        let opened = Opened(Some(TokioIo::new(tcp)));
        let tunnel = async {
            match self.kind {
                Kind::Http => self
                    .connect_tunnel(opened)
                    .call(target)
                    .await
                    .map_err(|error| error.to_string()),
                Kind::Socks5 | Kind::Socks5h => self
                    .socks_tunnel(opened)
                    .call(target)
                    .await
                    .map_err(|error| error.to_string()),
            }
        };
        match timeout_at(deadline, tunnel).await {
            Ok(Ok(stream)) => Ok(stream.into_inner()),
            Ok(Err(reason)) => Err(Failure::unreachable(
                "proxy",
                format!("the proxy refused: {reason}"),
            )),
            Err(_) => Err(Failure::connect_timeout(
                "proxy_timeout",
                "opening the proxy's tunnel",
                limit,
            )),
        }
    }

    fn connect_tunnel(&self, opened: Opened) -> Tunnel<Opened> {
        let tunnel = Tunnel::new(self.uri.clone(), opened);
        let Some((user, password)) = &self.auth else {
            return tunnel;
        };
        let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        match HeaderValue::try_from(value) {
            Ok(value) => tunnel.with_auth(value),
            // Base64 is always a valid header value; without it the proxy answers 407.
            Err(_) => tunnel,
        }
    }

    fn socks_tunnel(&self, opened: Opened) -> SocksV5<Opened> {
        let tunnel = SocksV5::new(self.uri.clone(), opened);
        match &self.auth {
            Some((user, password)) => tunnel.with_auth(user.clone(), password.clone()),
            None => tunnel,
        }
    }
}

/// `host:port` with an address in the place of the name.
pub(crate) fn address_target(address: IpAddr, port: u16) -> Option<Uri> {
    let text = match address {
        IpAddr::V4(v4) => format!("http://{v4}:{port}"),
        IpAddr::V6(v6) => format!("http://[{v6}]:{port}"),
    };
    text.parse().ok()
}

fn credentials(user_info: &str) -> Option<(String, String)> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .ok()
            .map(Cow::into_owned)
    };
    Some((decode(user)?, decode(password)?))
}

/// A connector that hands out the connection it was given: what fails later is the proxy's answer, not the connect.
struct Opened(Option<TokioIo<TcpStream>>);

impl Service<Uri> for Opened {
    type Response = TokioIo<TcpStream>;
    type Error = std::io::Error;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(
            self.0
                .take()
                .ok_or_else(|| std::io::ErrorKind::NotConnected.into()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read() {
        let proxy = Proxy::parse("http://us%40er:p%3Aw@127.0.0.1:3128").unwrap();
        assert_eq!(proxy.uri.to_string(), "http://127.0.0.1:3128/");
        assert_eq!(proxy.auth, Some(("us@er".into(), "p:w".into())));
        assert!(Proxy::parse("socks5://[::1]").unwrap().needs_address());
        assert_eq!(
            Proxy::parse("socks5h://host").unwrap().uri.port_u16(),
            Some(1080)
        );
    }

    #[test]
    fn bad_settings_are_refused_without_repeating_the_password() {
        for text in [
            "https://user:hunter2@host:1",
            "nonsense",
            "http://",
            "ftp://user:hunter2@h",
        ] {
            let error = Proxy::parse(text).err().unwrap();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
