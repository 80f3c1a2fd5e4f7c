//! The client of the process.

use std::time::Duration;

use bytes::Bytes;
use fastproxy_core::error::Error;
use http::HeaderMap;

use crate::call::Call;
use crate::endpoint::{Endpoint, EndpointSettings};
use crate::error::SettingsError;
use crate::timeouts::Timeouts;

/// Limits of the connection pool.
#[derive(Clone, Copy, Debug)]
pub struct ClientSettings {
    /// Idle connections kept per endpoint.
    pub max_idle: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
}

/// Everything that calls out. One per process; clones are the same client.
#[derive(Clone, Debug)]
pub struct Client {}

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

impl Client {
    /// A client with these limits.
    pub fn new(settings: ClientSettings) -> Self {
        unimplemented!()
    }

    /// Prepare an endpoint. Fails on settings that can never work.
    pub fn endpoint(&self, settings: &EndpointSettings) -> Result<Endpoint, SettingsError> {
        unimplemented!()
    }

    /// A small call (login, token count, model list): the whole answer, at most `max_bytes` of it.
    pub async fn fetch(
        &self,
        call: &Call,
        timeouts: &Timeouts,
        max_bytes: usize,
    ) -> Result<Fetched, Error> {
        unimplemented!()
    }
}
