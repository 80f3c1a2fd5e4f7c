//! One body that is passed on, awaited from Python.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use fastproxy_upstream::Passage as Answer;
use fastproxy_upstream::inflow::{Feeder, inflow};
use fastproxy_upstream::sink::Header;
use fastproxy_upstream::stop::Stop;
use fastproxy_upstream::timeouts::Keepalive;
use http::Method;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBool;
use tokio::runtime::Handle;

use crate::bridge::Pending;
use crate::client::{Client, Endpoint, add_headers, new_call};
use crate::error::dialect;
use crate::exchange::{cause, run, timeouts as read_timeouts};
use crate::sink::AsgiSink;

type Ready = (fastproxy_upstream::Exchange<Answer>, AsgiSink);

/// One attempt to pass a request on. `run` once; `feed` and `end` while it runs, unless its body is whole.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct Passage {
    ready: Mutex<Option<Ready>>,
    feeder: Mutex<Option<Arc<Feeder>>>,
    runtime: Handle,
    client: Py<Client>,
    stop: Stop,
}

#[pymethods]
impl Passage {
    /// `body`: all of it; `None`: it is fed, and `length` bytes long if that is known.
    #[new]
    #[pyo3(signature = (client, endpoint, method, path, *, dialect_name, headers, head, send, timeouts, response_bytes, body=None, length=None))]
    #[expect(
        clippy::too_many_arguments,
        clippy::needless_pass_by_value,
        reason = "keywords of a Python constructor, converted into owned values"
    )]
    fn new(
        py: Python<'_>,
        client: Py<Client>,
        endpoint: &Endpoint,
        method: &str,
        path: &str,
        dialect_name: &str,
        headers: Vec<(String, String)>,
        head: Vec<Header>,
        send: Py<PyAny>,
        timeouts: (f64, f64, f64, f64),
        response_bytes: u64,
        body: Option<PyBackedBytes>,
        length: Option<u64>,
    ) -> PyResult<Self> {
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let is_fed = body.is_none();
        let body = body.map_or_else(Bytes::new, Bytes::from_owner);
        let mut call = add_headers(new_call(endpoint, method, path, body)?, &headers)?;
        let mut feeder = None;
        if is_fed {
            let (feeding, arriving) = inflow(length);
            feeder = Some(Arc::new(feeding));
            call = call.arriving(arriving);
        }
        let stop = Stop::new();
        let exchange = fastproxy_upstream::Exchange {
            call,
            answer: Answer::of(dialect(dialect_name)?),
            head,
            timeouts: read_timeouts(timeouts)?,
            keepalive: Keepalive::default(),
            hold_back: false,
            max_response_bytes: response_bytes,
            stop: stop.clone(),
        };
        Ok(Self {
            ready: Mutex::new(Some((exchange, AsgiSink::open(py, send, None)?))),
            feeder: Mutex::new(feeder),
            runtime: client.get().runtime.clone(),
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
        let (exchange, sink) =
            ready.ok_or_else(|| PyRuntimeError::new_err("a passage runs once"))?;
        run(py, exchange, sink, self.client.get())
    }

    /// Awaits room for a piece of the body, and whether anybody still takes it.
    fn feed(&self, py: Python<'_>, piece: PyBackedBytes) -> PyResult<Py<PyAny>> {
        let pending = Pending::new(py)?;
        let future = pending.future(py);
        let feeder = self.feeder().clone();
        self.runtime.spawn(async move {
            let is_taken = match feeder {
                Some(feeder) => feeder.feed(Bytes::from_owner(piece)).await,
                None => false,
            };
            Python::attach(|py| {
                let taken = PyBool::new(py, is_taken).to_owned().into_any().unbind();
                pending.settle(py, Ok(taken));
            });
        });
        Ok(future)
    }

    /// The body is whole.
    fn end(&self) {
        if let Some(feeder) = self.feeder().take() {
            self.runtime
                .spawn(async move { Feeder::clone(&feeder).end().await });
        }
    }

    /// End it: `client_gone`, `shutdown` or `deadline`.
    fn cancel(&self, why: &str) -> PyResult<()> {
        self.feeder().take();
        self.stop.fire(cause(why)?);
        Ok(())
    }
}

impl Passage {
    fn feeder(&self) -> std::sync::MutexGuard<'_, Option<Arc<Feeder>>> {
        self.feeder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
