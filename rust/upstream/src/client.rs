//! The client of the process: endpoints, connections, and one request with its response.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use fastproxy_core::error::{Error, Kind};
use http::HeaderMap;
use tokio::time::{Instant, timeout};

use crate::body::Body;
use crate::call::Call;
use crate::connect::{Connection, Connector};
use crate::dns::{Lookups, SystemLookups};
use crate::endpoint::{Endpoint, EndpointSettings, Origin, OriginKey};
use crate::error::{Failure, SettingsError};
use crate::link::{Head, Link};
use crate::timeouts::Timeouts;
use crate::tls::TlsConfigs;

/// Limits of the connection pool.
#[derive(Clone, Copy, Debug)]
pub struct ClientSettings {
    /// Idle HTTP/1.1 connections kept per endpoint.
    pub max_idle: usize,
    /// How long an idle connection is kept. Shorter than most servers' own, so that they rarely close first.
    pub idle_timeout: Duration,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            max_idle: 256,
            idle_timeout: Duration::from_secs(50),
        }
    }
}

/// Everything that calls out. One per process; clones are the same client.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: ClientSettings,
    connector: Connector,
    configs: TlsConfigs,
    origins: Mutex<HashMap<OriginKey, Weak<Origin>>>,
    is_sweeping: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

/// A complete answer to a small call.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// HTTP status, whatever it is except a redirect.
    pub status: u16,
    /// Response headers.
    pub headers: HeaderMap,
    /// Body without its content coding.
    pub body: Bytes,
}

/// A response whose body has yet to be read.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// When its request was sent.
    pub(crate) sent_at: Instant,
}

/// What is known of a request whatever becomes of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) is_reused: bool,
    pub(crate) is_resent: bool,
}

impl Client {
    /// A client with these limits, using the operating system's resolver.
    pub fn new(settings: ClientSettings) -> Self {
        Self::with_lookups(settings, Arc::new(SystemLookups))
    }

    /// A client that resolves names in its own way.
    pub fn with_lookups(settings: ClientSettings, lookups: Arc<dyn Lookups>) -> Self {
        Self(Arc::new(Inner {
            settings,
            connector: Connector::new(lookups),
            configs: TlsConfigs::default(),
            origins: Mutex::default(),
            is_sweeping: AtomicBool::new(false),
        }))
    }

    /// Prepare an endpoint. Fails on settings that can never work.
    pub fn endpoint(&self, settings: &EndpointSettings) -> Result<Endpoint, SettingsError> {
        let (key, prefix) = OriginKey::parse(settings)?;
        let mut origins = self
            .0
            .origins
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        origins.retain(|_, origin| origin.strong_count() > 0);
        let origin = if let Some(origin) = origins.get(&key).and_then(Weak::upgrade) {
            origin
        } else {
            let origin = Arc::new(Origin::new(&key, &self.0.configs)?);
            origins.insert(key, Arc::downgrade(&origin));
            origin
        };
        Ok(Endpoint::new(origin, &prefix))
    }

    /// A small call (login, token count, model list): the whole answer, at most `max_bytes` of it.
    pub async fn fetch(
        &self,
        call: &Call,
        timeouts: &Timeouts,
        max_bytes: usize,
    ) -> Result<Fetched, Error> {
        let whole = async {
            let reply = self.send(call, timeouts, &mut Progress::default()).await?;
            let Reply {
                status,
                headers,
                mut body,
                ..
            } = reply;
            let mut bytes = Vec::new();
            if !body.collect(max_bytes, &mut bytes).await? {
                let message = format!("the upstream's answer is larger than {max_bytes} bytes");
                return Err(Failure::answer(Kind::Upstream, message));
            }
            Ok(Fetched {
                status,
                headers,
                body: bytes.into(),
            })
        };
        match timeout(timeouts.total, whole).await {
            Ok(result) => result.map_err(|failure| failure.error),
            Err(_) => Err(Failure::too_slow("the upstream's answer took", timeouts.total).error),
        }
    }

    /// Send `call` and wait for the head of its response. A request that a reused connection swallowed is sent once
    /// more, on a connection made after that.
    pub(crate) async fn send(
        &self,
        call: &Call,
        timeouts: &Timeouts,
        progress: &mut Progress,
    ) -> Result<Reply, Failure> {
        self.keep_sweeping();
        let origin = &call.endpoint.origin;
        let mut link = if call.inflow().is_some() {
            // It cannot be sent again when a kept connection turns out to be gone.
            self.open(origin, timeouts.connect).await?
        } else {
            self.acquire(origin, None, timeouts.connect).await?
        };
        loop {
            progress.is_reused = link.is_reused();
            let sent_at = Instant::now();
            let answering = timeout(timeouts.first_byte, link.send(call)).await;
            match answering {
                Ok(Ok(head)) => return self.reply(head, link, origin, sent_at),
                Ok(Err(unanswered)) => {
                    if !(unanswered.is_swallowed && progress.is_reused) || progress.is_resent {
                        return Err(unanswered.failure);
                    }
                }
                Err(_) => {
                    return Err(Failure::too_slow(
                        "the upstream gave no answer for",
                        timeouts.first_byte,
                    ));
                }
            }
            progress.is_resent = true;
            link = self
                .acquire(origin, Some(sent_at), timeouts.connect)
                .await?;
        }
    }

    fn reply(
        &self,
        head: Head,
        link: Link,
        origin: &Arc<Origin>,
        sent_at: Instant,
    ) -> Result<Reply, Failure> {
        let Head { status, headers } = head;
        if (300..=399).contains(&status) {
            // The key would go to whatever host the redirect names.
            return Err(Failure::safe(
                Kind::Upstream,
                "redirect",
                "redirect refused",
            ));
        }
        let body = Body::new(link, &headers, Arc::clone(origin), self.0.settings.max_idle)?;
        Ok(Reply {
            status,
            headers,
            body,
            sent_at,
        })
    }

    /// A connection: idle or shared where there is one, else new. With `since`, one opened later than that.
    async fn acquire(
        &self,
        origin: &Arc<Origin>,
        since: Option<Instant>,
        limit: Duration,
    ) -> Result<Link, Failure> {
        if since.is_none()
            && let Some(link) = origin.pool.checkout(self.0.settings.idle_timeout)
        {
            return Ok(link);
        }
        if !origin.pool.speaks_h2() {
            return self.open(origin, limit).await;
        }
        let waiting = timeout(limit, origin.pool.dialing.lock()).await;
        let _dialing = waiting.map_err(|_| {
            Failure::connect_timeout("connect_timeout", "waiting to connect", limit)
        })?;
        match origin.pool.checkout_shared(since) {
            Some(link) => Ok(link),
            None => self.open(origin, limit).await,
        }
    }

    async fn open(&self, origin: &Arc<Origin>, limit: Duration) -> Result<Link, Failure> {
        // Boxed: most exchanges find a connection, and need not carry the room for making one.
        match Box::pin(self.0.connector.connect(origin, limit)).await? {
            Connection::H1(connection) => {
                origin.pool.saw_h1();
                Ok(Link::H1(connection))
            }
            Connection::H2(connection) => {
                let closed =
                    || Failure::unreachable("closed", "the upstream closed the new connection");
                let stream = connection.place().ok_or_else(closed)?;
                origin.pool.share(connection);
                Ok(Link::H2(stream))
            }
        }
    }

    /// Idle connections and origins, for metrics.
    pub fn pooled(&self) -> usize {
        self.0
            .live_origins()
            .iter()
            .map(|origin| origin.pool.len())
            .sum()
    }

    /// Start the task that closes what nobody uses: one for all origins, ended with the client.
    fn keep_sweeping(&self) {
        if self.0.is_sweeping.swap(true, Ordering::Relaxed) {
            return;
        }
        let client = Arc::downgrade(&self.0);
        let idle_timeout = self.0.settings.idle_timeout;
        let pause = (idle_timeout / 4).clamp(Duration::from_millis(250), Duration::from_secs(10));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(client) = client.upgrade() else {
                    return;
                };
                for origin in client.live_origins() {
                    origin.pool.sweep(idle_timeout);
                }
            }
        });
    }
}

impl Inner {
    fn live_origins(&self) -> Vec<Arc<Origin>> {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.values().filter_map(Weak::upgrade).collect()
    }
}
