//! Names to addresses, and which addresses may be connected to.
//!
//! The check sits in the resolver, so that exactly the addresses that passed it are connected to: a name that answers
//! differently the second time (DNS rebinding) gains nothing.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::dns::Name;
use tokio::time::Instant;
use tower_service::Service;

/// How long the last good answer serves while the resolver fails.
const STALE_LIMIT: Duration = Duration::from_secs(600);
/// Upstream hosts are configured, not chosen by clients: there are few.
const REMEMBERED_NAMES: usize = 1024;

/// A look-up under way.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Where addresses come from; the operating system's resolver unless a test says otherwise.
pub trait Lookups: Send + Sync {
    /// Resolve this name.
    fn lookup(&self, name: &str) -> Lookup;
}

/// The operating system's resolver, on tokio's blocking threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookups;

impl Lookups for SystemLookups {
    fn lookup(&self, name: &str) -> Lookup {
        let name = name.to_owned();
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// Why a name has no usable address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DnsError {
    #[error("the upstream's name could not be resolved")]
    Unresolved,
    #[error("the upstream's name resolves to no address")]
    Empty,
    #[error("blocked: the upstream's address is not a public one")]
    Blocked,
}

/// Last good answers by name.
type Remembered = HashMap<String, (Instant, Vec<IpAddr>)>;

/// Resolves names, remembers good answers for bad times, and drops addresses that are not allowed.
#[derive(Clone)]
pub(crate) struct Resolver {
    lookups: Arc<dyn Lookups>,
    last_good: Arc<Mutex<Remembered>>,
    only_public: bool,
}

impl Resolver {
    pub(crate) fn new(lookups: Arc<dyn Lookups>) -> Self {
        Self {
            lookups,
            last_good: Arc::default(),
            only_public: false,
        }
    }

    /// The same resolver, refusing addresses that are not global unicast.
    pub(crate) fn only_public(&self) -> Self {
        Self {
            only_public: true,
            ..self.clone()
        }
    }

    /// The allowed addresses of `name`, never none.
    pub(crate) async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, DnsError> {
        let addresses = match self.lookups.lookup(name).await {
            Ok(found) if found.is_empty() => self.remembered(name).ok_or(DnsError::Empty)?,
            Ok(found) => {
                self.remember(name, &found);
                found
            }
            Err(_) => self.remembered(name).ok_or(DnsError::Unresolved)?,
        };
        self.allowed(addresses)
    }

    /// What of these addresses may be connected to.
    pub(crate) fn allowed(&self, mut addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, DnsError> {
        if self.only_public {
            addresses.retain(|address| is_public(*address));
        }
        if addresses.is_empty() {
            Err(DnsError::Blocked)
        } else {
            Ok(addresses)
        }
    }

    fn remember(&self, name: &str, addresses: &[IpAddr]) {
        let mut last_good = self
            .last_good
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last_good.len() >= REMEMBERED_NAMES {
            last_good.retain(|_, (at, _)| at.elapsed() < STALE_LIMIT);
        }
        if last_good.len() < REMEMBERED_NAMES || last_good.contains_key(name) {
            last_good.insert(name.to_owned(), (Instant::now(), addresses.to_vec()));
        }
    }

    fn remembered(&self, name: &str) -> Option<Vec<IpAddr>> {
        let last_good = self
            .last_good
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (at, addresses) = last_good.get(name)?;
        (at.elapsed() < STALE_LIMIT).then(|| addresses.clone())
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = DnsError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DnsError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DnsError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.resolve(name.as_str()).await?;
            // Port 0: the connector puts the endpoint's port in.
            let sockets: Vec<_> = addresses
                .into_iter()
                .map(|ip| SocketAddr::new(ip, 0))
                .collect();
            Ok(sockets.into_iter())
        })
    }
}

/// Whether this address is global unicast. A list of what is allowed, because lists of what is forbidden have each
/// time missed something (CGNAT, 6to4, NAT64: CVE-2026-55245, CVE-2026-45401).
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// IANA IPv4 special-purpose registry: everything not "globally reachable", and multicast.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// Only 2000::/3 is allocated for global unicast (RFC 4291 §2.4). Out of it: 2001::/23 (protocol assignments, Teredo),
/// 2001:db8::/32 and 3fff::/20 (documentation), 2002::/16 (6to4, holds an IPv4 address).
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    match first {
        0x2001 => second >= 0x0200 && second != 0x0db8,
        0x2002 => false,
        0x3fff => second >= 0x1000,
        0x2000..=0x3ffe => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_global_unicast_is_public() {
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "fe80::1",
            "fd00::1",
            "64:ff9b::7f00:1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff:0fff::1",
            "ff02::1",
        ];
        for text in private {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "2001:4860::8888",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}
