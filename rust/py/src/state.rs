//! What outlives a request: the envelope key, the ledger and the kept answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastproxy_core::envelope::Envelope;
use fastproxy_core::error::Error;
use fastproxy_core::ledger::{Ledger, Limits};
use fastproxy_core::response_store::{Page, ResponseStore};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::raise;

/// Seals opaque state for its way through a client, and remembers it for clients that drop it.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct OpaqueState {
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) responses: Arc<ResponseStore>,
}

/// Answers kept, their bytes, and for how many seconds, when nothing else is said.
const RESPONSES: (usize, usize, f64) = (10_000, 128 << 20, 86_400.0);

#[pymethods]
impl OpaqueState {
    /// `responses`: how many answers of OpenAI Responses are kept, their bytes, and for how many seconds.
    #[new]
    #[pyo3(signature = (key, *, entries, bytes, ttl, responses=RESPONSES))]
    fn new(
        key: &[u8],
        entries: usize,
        bytes: usize,
        ttl: f64,
        responses: (usize, usize, f64),
    ) -> PyResult<Self> {
        let kept = limits(responses.0, responses.1, responses.2)?;
        Ok(Self {
            envelope: Arc::new(Envelope::new(key)),
            ledger: Arc::new(Ledger::new(limits(entries, bytes, ttl)?)),
            responses: Arc::new(ResponseStore::new(kept)),
        })
    }

    /// Calls and bytes remembered now.
    fn ledger_size(&self) -> (usize, usize) {
        self.ledger.size()
    }

    /// Answers and bytes kept now.
    fn responses_size(&self) -> (usize, usize) {
        self.responses.size()
    }

    /// A kept answer: the body of `GET /v1/responses/{id}`. Raises `ProxyError`.
    fn response<'py>(
        &self,
        py: Python<'py>,
        owner: &str,
        id: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        body(py, self.responses.get(owner, id, Instant::now()))
    }

    /// Forget a kept answer: the body of `DELETE /v1/responses/{id}`. Raises `ProxyError`.
    fn delete_response<'py>(
        &self,
        py: Python<'py>,
        owner: &str,
        id: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        body(py, self.responses.delete(owner, id, Instant::now()))
    }

    /// What led to a kept answer: the body of `GET /v1/responses/{id}/input_items`. Raises `ProxyError`.
    #[pyo3(signature = (owner, id, *, limit=None, order=None, after=None))]
    fn response_items<'py>(
        &self,
        py: Python<'py>,
        owner: &str,
        id: &str,
        limit: Option<&str>,
        order: Option<&str>,
        after: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let page = Page::new(limit, order, after);
        let items =
            page.and_then(|page| self.responses.input_items(owner, id, &page, Instant::now()));
        body(py, items)
    }
}

fn body(py: Python<'_>, result: Result<Vec<u8>, Error>) -> PyResult<Bound<'_, PyBytes>> {
    result
        .map(|body| PyBytes::new(py, &body))
        .map_err(|error| raise(py, &error))
}

fn limits(entries: usize, bytes: usize, seconds: f64) -> PyResult<Limits> {
    let ttl = Duration::try_from_secs_f64(seconds)
        .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?;
    Ok(Limits {
        entries,
        bytes,
        ttl,
    })
}
