//! One attempt at one upstream, awaited from Python.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastproxy_core::dialect::{DecodeContext, EncodeContext, RelayContext};
use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::sse::DEFAULT_EVENT_LIMIT;
use fastproxy_core::transcode::{Archive, Report, Setup, Transcoder};
use fastproxy_upstream::exchange as upstream;
use fastproxy_upstream::outcome::{Outcome as UpstreamOutcome, RetryClass, Status};
use fastproxy_upstream::sink::Header;
use fastproxy_upstream::stop::{Stop, StopCause};
use fastproxy_upstream::timeouts::{Keepalive, Timeouts};
use futures_util::FutureExt;
use http::Method;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::bridge::Pending;
use crate::client::{Client, Endpoint, add_headers, new_call, seconds};
use crate::outcome::Outcome;
use crate::race::Race;
use crate::request::{Prepared, Request, unix_now};
use crate::sink::AsgiSink;

type Ready = (upstream::Exchange<Transcoder>, AsgiSink);

/// One attempt. `run` once; `cancel` any time, from any thread.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct Exchange {
    ready: Mutex<Option<Ready>>,
    client: Py<Client>,
    stop: Stop,
}

#[pymethods]
impl Exchange {
    /// `headers` go upstream, `head` to the client (status 200); `timeouts`: connect, first byte, idle, total, seconds.
    /// In a `race`, only the first exchange that has something to say may say it.
    #[new]
    #[pyo3(signature = (client, endpoint, path, request, prepared, *, headers, head, send, request_id, timeouts, event_bytes=DEFAULT_EVENT_LIMIT, response_bytes=64 << 20, race=None))]
    #[expect(
        clippy::too_many_arguments,
        clippy::needless_pass_by_value,
        reason = "keywords of a Python constructor, converted into owned values"
    )]
    fn new(
        py: Python<'_>,
        client: Py<Client>,
        endpoint: &Endpoint,
        path: &str,
        request: &Request,
        prepared: &Prepared,
        headers: Vec<(String, String)>,
        head: Vec<Header>,
        send: Py<PyAny>,
        request_id: &str,
        timeouts: (f64, f64, f64, f64),
        event_bytes: usize,
        response_bytes: u64,
        race: Option<&Race>,
    ) -> PyResult<Self> {
        let call = new_call(endpoint, Method::POST, path, prepared.inner.body.clone())?;
        let stop = Stop::new();
        let exchange = upstream::Exchange {
            call: add_headers(call, &headers)?,
            answer: Transcoder::new(setup(request, prepared, request_id, event_bytes))
                .answering(request.inner.purpose())
                .embedding(prepared.inner.embed.clone()),
            head,
            timeouts: self::timeouts(timeouts)?,
            // Models think for minutes before the first word, and proxies and clients in between give up after one:
            // from half a minute on, a kept connection is worth more than a retry that nobody sees.
            keepalive: Keepalive {
                early: Some(Duration::from_secs(30)),
                ..Keepalive::default()
            },
            hold_back: true,
            max_response_bytes: response_bytes,
            stop: stop.clone(),
        };
        let runner = race.map(|race| race.enter(stop.clone()));
        Ok(Self {
            ready: Mutex::new(Some((exchange, AsgiSink::open(py, send, runner)?))),
            client,
            stop,
        })
    }

    /// Awaits the `Outcome`. Never raises for what an upstream or a client does.
    fn run(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let ready = self
            .ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some((exchange, sink)) = ready else {
            return Err(PyRuntimeError::new_err("an exchange runs once"));
        };
        run(py, exchange, sink, self.client.get())
    }

    /// End it: `client_gone` (nothing more is sent), `shutdown` or `deadline` (the client gets an error event).
    fn cancel(&self, cause: &str) -> PyResult<()> {
        self.stop.fire(self::cause(cause)?);
        Ok(())
    }
}

/// A cause by name.
pub(crate) fn cause(name: &str) -> PyResult<StopCause> {
    match name {
        "client_gone" => Ok(StopCause::ClientGone),
        "shutdown" => Ok(StopCause::Shutdown),
        "deadline" => Ok(StopCause::Deadline),
        other => Err(pyo3::exceptions::PyValueError::new_err(format!(
            "unknown cause {other:?}"
        ))),
    }
}

/// Connect, first byte, idle, total: seconds.
pub(crate) fn timeouts((connect, first, idle, total): (f64, f64, f64, f64)) -> PyResult<Timeouts> {
    Ok(Timeouts {
        connect: seconds(connect)?,
        first_byte: seconds(first)?,
        idle: seconds(idle)?,
        total: seconds(total)?,
        ..Timeouts::default()
    })
}

/// Run an attempt on the client's runtime: the future of its outcome.
pub(crate) fn run<A: upstream::Answer + 'static>(
    py: Python<'_>,
    exchange: upstream::Exchange<A>,
    mut sink: AsgiSink,
    client: &Client,
) -> PyResult<Py<PyAny>> {
    let pending = Pending::new(py)?;
    let future = pending.future(py);
    let http = client.inner.clone();
    client.runtime.spawn(async move {
        let attempt = AssertUnwindSafe(exchange.run(&http, &mut sink));
        let outcome = attempt
            .catch_unwind()
            .await
            .unwrap_or_else(|_| panicked(sink.is_started()));
        Python::attach(|py| {
            drop(sink);
            let outcome = Py::new(py, Outcome::new(outcome)).map(Py::into_any);
            pending.settle(py, outcome);
        });
    });
    Ok(future)
}

fn setup(request: &Request, prepared: &Prepared, request_id: &str, event_limit: usize) -> Setup {
    let state = request.state.get();
    let model = request.inner.model();
    Setup {
        client: request.inner.dialect(),
        upstream: prepared.dialect,
        stream: request.inner.stream(),
        is_raw: prepared.inner.is_raw,
        decode: DecodeContext {
            origin: prepared.origin.clone(),
            id_seed: request_id.into(),
        },
        encode: EncodeContext {
            model: model.into(),
            request_id: request_id.into(),
            created: unix_now(),
            stream_usage: prepared.inner.stream_usage,
            version: request.version.clone(),
            envelope: Arc::clone(&state.envelope),
            echo: prepared.inner.echo.clone(),
            json_array: request.json_array,
        },
        relay: RelayContext {
            model: model.into(),
            hide_usage: prepared.inner.hide_usage,
            json_array: request.json_array,
        },
        names: prepared.inner.names.clone(),
        ledger: Some((Arc::clone(&state.ledger), prepared.owner.clone())),
        archive: archive(request, prepared),
        event_limit,
    }
}

/// What is relayed is kept by its vendor.
fn archive(request: &Request, prepared: &Prepared) -> Option<Archive> {
    let input = request
        .inner
        .kept_input()
        .filter(|_| !prepared.inner.is_raw)?;
    Some(Archive {
        store: Arc::clone(&request.state.get().responses),
        owner: prepared.owner.clone(),
        input,
    })
}

/// A panic is our bug: the client gets a 500 in its dialect (or, mid-stream, an abnormal close), never an abort.
fn panicked(is_started: bool) -> UpstreamOutcome {
    UpstreamOutcome {
        status: if is_started {
            Status::AbortedMidStream
        } else {
            Status::Failed
        },
        error: Some(Error::new(
            Kind::Internal,
            Source::Proxy,
            "the proxy failed on this answer",
        )),
        class: RetryClass::Never,
        body: None,
        report: Report::default(),
        upstream_status: None,
        upstream_headers: Vec::new(),
        upstream_request_id: None,
        headers_after: None,
        content_after: None,
        duration: Duration::ZERO,
        reused_connection: false,
        resent: false,
        bytes_in: 0,
        bytes_out: 0,
    }
}
