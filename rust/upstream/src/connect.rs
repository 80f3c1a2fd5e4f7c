//! Making connections: name, TCP, proxy, TLS, HTTP.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use crate::dns::{DnsError, Lookups, Resolver};
use crate::endpoint::Origin;
use crate::error::Failure;
use crate::h1::H1;
use crate::h2::H2;
use crate::io::Io;
use crate::proxy::{Proxy, address_target};
use crate::tls;

/// How long the preferred address family has a head start (RFC 8305 §5 recommends 250 ms and allows less).
const HAPPY_EYEBALLS: Duration = Duration::from_millis(200);

/// A new connection.
pub(crate) enum Connection {
    H1(H1),
    H2(H2),
}

/// Makes connections.
pub(crate) struct Connector {
    resolver: Resolver,
    any: HttpConnector<Resolver>,
    only_public: HttpConnector<Resolver>,
}

impl Connector {
    pub(crate) fn new(lookups: Arc<dyn Lookups>) -> Self {
        let resolver = Resolver::new(lookups);
        let configured = |resolver| {
            let mut connector = HttpConnector::new_with_resolver(resolver);
            connector.set_nodelay(true);
            connector.set_happy_eyeballs_timeout(Some(HAPPY_EYEBALLS));
            // Notices upstreams that vanish without a word under a stream that may rightly be silent for minutes.
            connector.set_keepalive(Some(Duration::from_secs(60)));
            connector
        };
        Self {
            any: configured(resolver.clone()),
            only_public: configured(resolver.only_public()),
            resolver,
        }
    }

    /// Connect to `origin`; all steps together within `limit`.
    pub(crate) async fn connect(
        &self,
        origin: &Origin,
        limit: Duration,
    ) -> Result<Connection, Failure> {
        let deadline = deadline_after(limit);
        let tcp = match &origin.proxy {
            Some(proxy) => self.through(proxy, origin, deadline, limit).await?,
            None => self.direct(origin, deadline, limit).await?,
        };
        let Some(needs) = &origin.tls else {
            return Ok(Connection::H1(H1::new(Io::Plain(tcp))));
        };
        let stream =
            tls::handshake(&needs.config, needs.name.clone(), tcp, deadline, limit).await?;
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let io = Io::Tls(Box::new(stream));
        if is_h2 {
            Ok(Connection::H2(H2::new(io).await?))
        } else {
            Ok(Connection::H1(H1::new(io)))
        }
    }

    async fn direct(
        &self,
        origin: &Origin,
        deadline: Instant,
        limit: Duration,
    ) -> Result<TcpStream, Failure> {
        self.check_literal(origin)?;
        let connector = if origin.allow_private {
            &self.any
        } else {
            &self.only_public
        };
        dial(connector, "upstream", origin.tcp.clone(), deadline, limit).await
    }

    async fn through(
        &self,
        proxy: &Proxy,
        origin: &Origin,
        deadline: Instant,
        limit: Duration,
    ) -> Result<TcpStream, Failure> {
        self.check_literal(origin)?;
        let target = if proxy.needs_address() && origin.literal_address().is_none() {
            self.resolved(origin, deadline, limit).await?
        } else {
            origin.tcp.clone()
        };
        let tcp = dial(&self.any, "proxy", proxy.uri.clone(), deadline, limit).await?;
        proxy.tunnel(tcp, target, deadline, limit).await
    }

    /// Addresses written in the URL pass no resolver.
    fn check_literal(&self, origin: &Origin) -> Result<(), Failure> {
        match origin.literal_address() {
            Some(address) if !origin.allow_private => self
                .resolver
                .only_public()
                .allowed(vec![address])
                .map(|_| ())
                .map_err(dns_failure),
            _ => Ok(()),
        }
    }

    /// The origin as an address, for proxies that are not to resolve names.
    async fn resolved(
        &self,
        origin: &Origin,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Uri, Failure> {
        let resolver = if origin.allow_private {
            self.resolver.clone()
        } else {
            self.resolver.only_public()
        };
        let name = origin.tcp.host().unwrap_or_default();
        let addresses = timeout_at(deadline, resolver.resolve(name))
            .await
            .map_err(|_| {
                Failure::connect_timeout("dns_timeout", "resolving the upstream's name", limit)
            })?
            .map_err(dns_failure)?;
        let port = origin.tcp.port_u16().unwrap_or(443);
        // IPv4 first: not every SOCKS server reaches IPv6.
        let address = addresses
            .iter()
            .find(|address| address.is_ipv4())
            .or_else(|| addresses.first());
        address
            .and_then(|address| address_target(*address, port))
            .ok_or_else(|| dns_failure(DnsError::Empty))
    }
}

async fn dial(
    connector: &HttpConnector<Resolver>,
    whom: &str,
    target: Uri,
    deadline: Instant,
    limit: Duration,
) -> Result<TcpStream, Failure> {
    let mut connector = connector.clone();
    // Divided among the addresses, so that the first of several cannot use up all the time.
    connector.set_connect_timeout(Some(limit));
    match timeout_at(deadline, connector.call(target)).await {
        Ok(Ok(stream)) => Ok(stream.into_inner()),
        Ok(Err(error)) => Err(dial_failure(&error, whom, limit)),
        Err(_) => Err(dial_timeout(whom, limit)),
    }
}

fn dial_timeout(whom: &str, limit: Duration) -> Failure {
    Failure::connect_timeout(
        "connect_timeout",
        &format!("connecting to the {whom}"),
        limit,
    )
}

fn dial_failure(error: &(dyn StdError + 'static), whom: &str, limit: Duration) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(dns) = error.downcast_ref::<DnsError>() {
            return dns_failure(*dns);
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return match io.kind() {
                io::ErrorKind::ConnectionRefused => {
                    Failure::unreachable("refused", format!("the {whom} refused the connection"))
                }
                io::ErrorKind::TimedOut => dial_timeout(whom, limit),
                _ => Failure::unreachable("connect", format!("the {whom} could not be reached")),
            };
        }
        cause = error.source();
    }
    Failure::unreachable("connect", format!("the {whom} could not be reached"))
}

fn dns_failure(error: DnsError) -> Failure {
    let code = if error == DnsError::Blocked {
        "blocked_address"
    } else {
        "dns"
    };
    Failure::unreachable(code, error.to_string())
}

/// `Duration::MAX` means none.
pub(crate) fn deadline_after(limit: Duration) -> Instant {
    let now = Instant::now();
    // tokio's own far future: thirty years.
    now.checked_add(limit)
        .unwrap_or_else(|| now + Duration::from_secs(30 * 365 * 24 * 60 * 60))
}
