//! What to load a proxy with.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use crate::clock::MICROSECOND;
use crate::dialect::Dialect;
use crate::plan::{Plan, PlanError};

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each connection sends the next one when the answer is there; measures cost per operation.
    Closed,
    /// One stream per connection, all as long as the run, at the mock's pace: measures latency and cost per event.
    Paced,
}

/// A whole run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to connect.
    pub address: SocketAddr,
    /// `host` header and the path before the dialect's own.
    pub host: String,
    /// Path before the dialect's own; empty or beginning with a slash.
    pub base: String,
    /// What the client speaks.
    pub dialect: Dialect,
    /// When requests are sent.
    pub mode: Mode,
    /// Whether answers are streamed.
    pub stream: bool,
    /// Connections.
    pub concurrency: usize,
    /// What the mock is to answer.
    pub plan: Plan,
    /// Put before the plan's name to choose an upstream (`chat/`).
    pub prefix: String,
    /// Client key.
    pub key: String,
    /// Length of the measured window.
    pub window: Duration,
    /// Time before it in which everything runs and nothing is counted (paced only).
    pub warm_up: Duration,
    /// How long nothing may come.
    pub timeout: Duration,
}

/// Options that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// Not `http://host:port[/path]`.
    #[error("url {0:?} is not http://host:port[/path]")]
    Url(String),
    /// The host has no address.
    #[error("{0}: {1}")]
    Host(String, std::io::Error),
    /// The plan is not possible.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// These do not fit together.
    #[error("{0}")]
    Conflict(&'static str),
}

/// Address, `host` header and path of a base URL.
pub fn parse_url(url: &str) -> Result<(SocketAddr, String, String), OptionsError> {
    let malformed = || OptionsError::Url(url.to_owned());
    let rest = url.strip_prefix("http://").ok_or_else(malformed)?;
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if host.is_empty() || !host.contains(':') {
        return Err(malformed());
    }
    let mut addresses = host
        .to_socket_addrs()
        .map_err(|error| OptionsError::Host(host.to_owned(), error))?;
    let address = addresses.next().ok_or_else(malformed)?;
    Ok((
        address,
        host.to_owned(),
        path.trim_end_matches('/').to_owned(),
    ))
}

impl Options {
    /// Nanoseconds over which paced streams are opened: whole intervals, so that their phases cover one evenly, and
    /// at most 2500 streams a second, so that opening them does not itself overload a slow proxy.
    pub fn spread(&self) -> u64 {
        if self.mode == Mode::Closed {
            return 0;
        }
        let interval = self.plan.interval * MICROSECOND;
        let opening = self.concurrency as u64 * 400 * MICROSECOND;
        interval * opening.div_ceil(interval.max(1)).max(1)
    }

    /// The same with as many events as a paced run lasts; checks that the options go together.
    pub fn fitted(mut self) -> Result<Self, OptionsError> {
        if self.concurrency == 0 {
            return Err(OptionsError::Conflict(
                "a concurrency of at least 1 is needed",
            ));
        }
        // both are written into the request as they are
        let plain = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
        };
        if !plain(&self.prefix) || !plain(&self.key) || !plain(&self.host) || !plain(&self.base) {
            return Err(OptionsError::Conflict(
                "url, prefix and key take no spaces, quotes or backslashes",
            ));
        }
        if self.mode == Mode::Paced {
            if !self.stream || self.plan.interval == 0 {
                return Err(OptionsError::Conflict(
                    "a paced run needs streams with an interval",
                ));
            }
            let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            // half a second more: the window must close while every stream is still running
            let lasts = self.spread()
                + nanoseconds(self.warm_up + self.window + Duration::from_millis(500));
            let events = lasts.div_ceil(self.plan.interval * MICROSECOND) + 1;
            self.plan.events = u32::try_from(events).unwrap_or(u32::MAX);
        }
        self.plan = self.plan.to_string().parse()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(mode: Mode) -> Options {
        Options {
            address: ([127, 0, 0, 1], 1).into(),
            host: "127.0.0.1:1".to_owned(),
            base: String::new(),
            dialect: Dialect::OpenaiChat,
            mode,
            stream: true,
            concurrency: 500,
            plan: "m-1-100000".parse().expect("a plan"),
            prefix: String::new(),
            key: "sk-test-load".to_owned(),
            window: Duration::from_secs(3),
            warm_up: Duration::from_secs(1),
            timeout: Duration::from_secs(5),
        }
    }

    #[test]
    fn urls() {
        let (address, host, base) = parse_url("http://127.0.0.1:8080/openai/").expect("a url");
        assert_eq!(
            (address.port(), host.as_str(), base.as_str()),
            (8080, "127.0.0.1:8080", "/openai")
        );
        assert_eq!(parse_url("http://127.0.0.1:80").expect("a url").2, "");
        for url in [
            "https://127.0.0.1:1",
            "127.0.0.1:1",
            "http://",
            "http:///v1",
            "http://127.0.0.1",
        ] {
            assert!(parse_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn paced_streams_outlast_the_window() {
        let options = options(Mode::Paced).fitted().expect("fits");
        // opened over two intervals, then 1 s warm-up, 3 s window, half a second to spare
        assert_eq!(options.spread(), 200_000_000);
        assert_eq!(options.plan.events, 48);
    }

    #[test]
    fn refuses_what_does_not_go_together() {
        let closed = Options {
            plan: "m-8-0".parse().expect("a plan"),
            ..options(Mode::Closed)
        };
        assert_eq!(closed.clone().fitted().expect("fits").plan.events, 8);
        assert!(
            Options {
                mode: Mode::Paced,
                ..closed.clone()
            }
            .fitted()
            .is_err()
        );
        assert!(
            Options {
                stream: false,
                ..options(Mode::Paced)
            }
            .fitted()
            .is_err()
        );
        assert!(
            Options {
                concurrency: 0,
                ..closed.clone()
            }
            .fitted()
            .is_err()
        );
        assert!(
            Options {
                prefix: "a\"b/".to_owned(),
                ..closed.clone()
            }
            .fitted()
            .is_err()
        );
        assert!(
            Options {
                key: "a\r\nb: c".to_owned(),
                ..closed
            }
            .fitted()
            .is_err()
        );
    }
}
