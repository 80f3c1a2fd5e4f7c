//! The client's side of an exchange, through ASGI.
//!
//! On granian, `send` is called right here, on the thread that read the upstream, holding the GIL for microseconds: no
//! event crosses asyncio. Its channel has four slots; a `send` that finds it full returns a real future instead of the
//! empty awaitable, and nothing may be sent until that future is done: sending on would overtake the waiting frame
//! (measured by the predecessor of this code: 11,653 inversions in 100,000 lines). On other servers the sends run on
//! the event loop, one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use fastproxy_upstream::sink::{Header, Push, Sink};
use futures_util::task::AtomicWaker;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::race::Runner;

/// The client's side of one exchange.
pub(crate) struct AsgiSink {
    way: Way,
    gate: Arc<Gate>,
    runner: Option<Runner>,
    is_started: bool,
}

enum Way {
    /// `send` of granian, called from here.
    Granian(Py<PyAny>),
    /// `push` of a pump that sends on the event loop.
    Loop {
        push: Py<PyAny>,
        event_loop: Py<PyAny>,
    },
}

impl AsgiSink {
    /// The sink for this `send`: by the type of the object that it is a method of.
    pub(crate) fn open(py: Python<'_>, send: Py<PyAny>, runner: Option<Runner>) -> PyResult<Self> {
        static PUMP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let gate = Arc::new(Gate::default());
        let is_granian = match send.bind(py).getattr(pyo3::intern!(py, "__self__")) {
            Ok(owner) => owner.get_type().name()? == "ASGIHTTPProtocol",
            Err(_) => false,
        };
        let way = if is_granian {
            Way::Granian(send)
        } else {
            let ready = Py::new(
                py,
                Ready {
                    gate: Arc::clone(&gate),
                },
            )?;
            let pump = PUMP
                .import(py, "fastproxy.asgi", "SendPump")?
                .call1((send, ready))?;
            Way::Loop {
                push: pump.getattr("push")?.unbind(),
                event_loop: pump.getattr("loop")?.unbind(),
            }
        };
        Ok(Self {
            way,
            gate,
            runner,
            is_started: false,
        })
    }

    /// Whether the client has been sent anything.
    pub(crate) fn is_started(&self) -> bool {
        self.is_started
    }

    fn send(&self, py: Python<'_>, message: PyResult<Bound<'_, PyDict>>) -> Push {
        let sent = message.and_then(|message| match &self.way {
            Way::Granian(send) => self.send_now(send.bind(py), message),
            Way::Loop { push, event_loop } => {
                self.gate.shut();
                event_loop.call_method1(
                    py,
                    pyo3::intern!(py, "call_soon_threadsafe"),
                    (push, message),
                )?;
                Ok(self.gate.push_state())
            }
        });
        // Granian raises only when the response is already over, the loop only when it is closed.
        sent.unwrap_or(Push::Closed)
    }

    fn send_now(&self, send: &Bound<'_, PyAny>, message: Bound<'_, PyDict>) -> PyResult<Push> {
        let py = send.py();
        let awaitable = send.call1((message,))?;
        if is_empty_awaitable(&awaitable) {
            return Ok(Push::Accepted);
        }
        self.gate.shut();
        // The GIL is held since `send`: granian needs it to complete the future, so it cannot be done yet and the
        // callback will come through `call_soon_threadsafe`.
        let ready = Py::new(
            py,
            Ready {
                gate: Arc::clone(&self.gate),
            },
        )?;
        awaitable.call_method1(pyo3::intern!(py, "add_done_callback"), (ready,))?;
        Ok(Push::Full)
    }
}

const OPEN: u8 = 0;
const FULL: u8 = 1;
const GONE: u8 = 2;

/// Whether pushing is allowed.
#[derive(Default)]
struct Gate {
    state: AtomicU8,
    waker: AtomicWaker,
}

impl Gate {
    fn shut(&self) {
        let _ = self
            .state
            .compare_exchange(OPEN, FULL, Ordering::AcqRel, Ordering::Acquire);
    }

    fn set(&self, state: u8) {
        if self.state.swap(state, Ordering::AcqRel) != GONE || state == GONE {
            self.waker.wake();
        } else {
            self.state.store(GONE, Ordering::Release);
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<bool> {
        self.waker.register(cx.waker());
        match self.state.load(Ordering::Acquire) {
            OPEN => Poll::Ready(true),
            GONE => Poll::Ready(false),
            _ => Poll::Pending,
        }
    }

    fn push_state(&self) -> Push {
        match self.state.load(Ordering::Acquire) {
            OPEN => Push::Accepted,
            FULL => Push::Full,
            _ => Push::Closed,
        }
    }
}

/// Opens a gate when called: the callback of granian's future, and what the pump reports to.
#[pyclass(frozen)]
struct Ready {
    gate: Arc<Gate>,
}

#[pymethods]
impl Ready {
    /// `done` is granian's future; `False` from the pump: the client is gone.
    #[pyo3(signature = (done=None))]
    fn __call__(&self, done: Option<&Bound<'_, PyAny>>) {
        let is_gone = done.is_some_and(|done| done.extract::<bool>().is_ok_and(|alive| !alive));
        self.gate.set(if is_gone { GONE } else { OPEN });
    }
}

fn start_message<'py>(
    py: Python<'py>,
    status: u16,
    headers: &[Header],
) -> PyResult<Bound<'py, PyDict>> {
    let message = PyDict::new(py);
    message.set_item(
        pyo3::intern!(py, "type"),
        pyo3::intern!(py, "http.response.start"),
    )?;
    message.set_item(pyo3::intern!(py, "status"), status)?;
    let pairs = headers
        .iter()
        .map(|(name, value)| (PyBytes::new(py, name), PyBytes::new(py, value)));
    message.set_item(
        pyo3::intern!(py, "headers"),
        PyList::new(py, pairs.collect::<Vec<_>>())?,
    )?;
    Ok(message)
}

fn body_message<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    let message = PyDict::new(py);
    message.set_item(
        pyo3::intern!(py, "type"),
        pyo3::intern!(py, "http.response.body"),
    )?;
    message.set_item(pyo3::intern!(py, "body"), PyBytes::new(py, bytes))?;
    message.set_item(pyo3::intern!(py, "more_body"), true)?;
    Ok(message)
}

/// Compares types by identity once the type has been seen.
fn is_empty_awaitable(awaitable: &Bound<'_, PyAny>) -> bool {
    static EMPTY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = awaitable.py();
    let kind = awaitable.get_type();
    if let Some(empty) = EMPTY.get(py) {
        return kind.is(empty);
    }
    let is_empty = kind.name().is_ok_and(|name| name == "PyEmptyAwaitable");
    if is_empty {
        let _ = EMPTY.set(py, kind.into_any().unbind());
    }
    is_empty
}

impl Sink for AsgiSink {
    fn start(&mut self, status: u16, headers: &[Header]) -> Push {
        if self.runner.as_ref().is_some_and(|runner| !runner.wins()) {
            return Push::Closed;
        }
        self.is_started = true;
        Python::attach(|py| self.send(py, start_message(py, status, headers)))
    }

    fn push(&mut self, bytes: &[u8]) -> Push {
        Python::attach(|py| self.send(py, body_message(py, bytes)))
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.gate.poll(cx)
    }
}
