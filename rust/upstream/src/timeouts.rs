//! How long each part of an exchange may take.

use std::time::Duration;

/// Limits of time. `Duration::MAX` means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name look-up, TCP, proxy and TLS together.
    pub connect: Duration,
    /// From the sent request to the first byte of the body.
    pub first_byte: Duration,
    /// Between two reads from the upstream; its comments and pings count.
    pub idle: Duration,
    /// The whole exchange.
    pub total: Duration,
    /// How long a client may take nothing while bytes wait for it.
    pub write_stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_mins(5),
            idle: Duration::from_mins(1),
            total: Duration::from_mins(30),
            write_stall: Duration::from_mins(2),
        }
    }
}

/// When a silent stream says something to its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// After this long without output.
    pub after: Duration,
    /// And again each time this long has passed.
    pub interval: Duration,
    /// Start the response after this long even though no content has come, and keep it alive. From then on a failure
    /// can no longer be retried unseen, so it is off by default.
    pub early: Option<Duration>,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self {
            after: Duration::from_secs(10),
            interval: Duration::from_secs(10),
            early: None,
        }
    }
}
