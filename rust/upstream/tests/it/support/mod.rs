//! What the tests share: a scripted upstream, a double of the transcoder, a double of the server's side.

mod answer;
mod certificates;
mod h2;
mod sink;
mod upstream;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use fastproxy_upstream::call::Call;
use fastproxy_upstream::dns::{Lookup, Lookups};
use fastproxy_upstream::{
    Client, ClientSettings, EndpointSettings, Exchange, Keepalive, Outcome, Stop, Timeouts,
};
use http::Method;

pub(crate) use answer::Lines;
pub(crate) use certificates::Identity;
pub(crate) use h2::{h2_upstream, respond};
pub(crate) use sink::TestSink;
pub(crate) use upstream::{Connection, Upstream, chunk, chunked_head, with_length};

/// A limit that only a hanging test reaches.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Names of the tests: every one is an address of this machine, or none.
pub(crate) struct Names(pub(crate) Vec<(&'static str, Vec<IpAddr>)>);

impl Lookups for Names {
    fn lookup(&self, name: &str) -> Lookup {
        let found = self.0.iter().find(|(known, _)| *known == name);
        let result = found.map(|(_, addresses)| addresses.clone());
        let unknown = || std::io::Error::other("no such name");
        Box::pin(async move { result.ok_or_else(unknown) })
    }
}

/// A client for which `upstream.test` is this machine.
pub(crate) fn client() -> Client {
    client_with(ClientSettings::default())
}

pub(crate) fn client_with(settings: ClientSettings) -> Client {
    let local: IpAddr = "127.0.0.1".parse().unwrap();
    Client::with_lookups(
        settings,
        Arc::new(Names(vec![("upstream.test", vec![local])])),
    )
}

/// An exchange with everything at its default.
pub(crate) struct Attempt {
    pub(crate) client: Client,
    pub(crate) settings: EndpointSettings,
    pub(crate) answer: Lines,
    pub(crate) timeouts: Timeouts,
    pub(crate) keepalive: Keepalive,
    pub(crate) hold_back: bool,
    pub(crate) max_response_bytes: u64,
    pub(crate) body: Vec<u8>,
    pub(crate) stop: Stop,
}

impl Attempt {
    /// A stream from this upstream.
    pub(crate) fn of(upstream: &Upstream) -> Self {
        Self::at(&upstream.url())
    }

    pub(crate) fn at(url: &str) -> Self {
        Self {
            client: client(),
            settings: EndpointSettings::new(url),
            answer: Lines::stream(),
            timeouts: Timeouts::default(),
            keepalive: Keepalive::default(),
            hold_back: true,
            max_response_bytes: 64 << 20,
            body: b"{}".to_vec(),
            stop: Stop::new(),
        }
    }

    pub(crate) async fn run(self, sink: &mut TestSink) -> Outcome {
        let endpoint = self.client.endpoint(&self.settings).unwrap();
        let call = Call::new(&endpoint, Method::POST, "/v1/chat", self.body)
            .and_then(|call| call.header("authorization", "Bearer sk-test-1"))
            .unwrap();
        let exchange = Exchange {
            call,
            answer: self.answer,
            head: vec![(b"content-type".to_vec(), b"text/event-stream".to_vec())],
            timeouts: self.timeouts,
            keepalive: self.keepalive,
            hold_back: self.hold_back,
            max_response_bytes: self.max_response_bytes,
            stop: self.stop,
        };
        tokio::time::timeout(PATIENCE, exchange.run(&self.client, sink))
            .await
            .expect("the exchange hangs")
    }
}

/// Whether `measure` stays within `limit`, in the best of a few rounds: a busy machine may delay any one of them.
pub(crate) async fn assert_within(limit: Duration, measure: impl AsyncFn() -> Duration) {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        best = best.min(measure().await);
        if best < limit {
            return;
        }
    }
    panic!("{best:?} in the best round");
}

/// The message of an outcome's error.
pub(crate) fn message(outcome: &Outcome) -> &str {
    outcome.error.as_ref().map_or("", |error| &error.message)
}
