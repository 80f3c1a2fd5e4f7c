//! What became of one attempt.

use fastproxy_core::error::Error;
use fastproxy_upstream::outcome::{self as upstream, RetryClass, Status};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::to_python;
use crate::request::losses;

/// What became of one attempt.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct Outcome {
    inner: upstream::Outcome,
}

impl Outcome {
    pub(crate) fn new(inner: upstream::Outcome) -> Self {
        Self { inner }
    }
}

#[pymethods]
impl Outcome {
    /// `completed`, `failed` (the client has seen nothing), `aborted` (close abnormally) or `cancelled`.
    #[getter]
    fn status(&self) -> &'static str {
        match self.inner.status {
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::AbortedMidStream => "aborted",
            Status::Cancelled => "cancelled",
        }
    }

    /// `safe`, `ambiguous`, `held_back` or `never`.
    #[getter]
    fn retry_class(&self) -> &'static str {
        match self.inner.class {
            RetryClass::Safe => "safe",
            RetryClass::Ambiguous => "ambiguous",
            RetryClass::HeldBack => "held_back",
            RetryClass::Never => "never",
        }
    }

    /// Why, as a `ProxyError`, unless completed.
    #[getter]
    fn error(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.inner
            .error
            .as_ref()
            .map(|error: &Error| to_python(py, error))
            .transpose()
    }

    /// The client's whole body, for answers that are not streams.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.inner.body.as_ref().map(|body| PyBytes::new(py, body))
    }

    /// Token counts the upstream sent; absent ones are `None`.
    #[getter]
    fn usage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let usage = &self.inner.report.usage;
        let counts = PyDict::new(py);
        counts.set_item("input", usage.input)?;
        counts.set_item("cache_read", usage.cache_read)?;
        counts.set_item("cache_write", usage.cache_write)?;
        counts.set_item("cache_write_1h", usage.cache_write_1h)?;
        counts.set_item("tool_prompt", usage.tool_prompt)?;
        counts.set_item("output", usage.output)?;
        counts.set_item("reasoning", usage.reasoning)?;
        Ok(counts)
    }

    /// The upstream's word for why the answer ended.
    #[getter]
    fn finish(&self) -> Option<&str> {
        self.inner.report.finish.as_deref()
    }

    /// The upstream's id of the answer.
    #[getter]
    fn upstream_id(&self) -> Option<&str> {
        self.inner.report.upstream_id.as_deref()
    }

    /// The model that served.
    #[getter]
    fn upstream_model(&self) -> Option<&str> {
        self.inner.report.upstream_model.as_deref()
    }

    /// What the answer lost on its way: (code, path, detail).
    #[getter]
    fn losses(&self) -> Vec<(&'static str, String, String)> {
        losses(&self.inner.report.losses)
    }

    /// Bytes of text, thinking and arguments: the basis of an estimate where the upstream counts nothing.
    #[getter]
    fn output_bytes(&self) -> u64 {
        self.inner.report.output_bytes
    }

    /// Bytes that the client was sent.
    #[getter]
    fn bytes_out(&self) -> u64 {
        self.inner.bytes_out
    }

    /// The upstream's HTTP status.
    #[getter]
    fn upstream_status(&self) -> Option<u16> {
        self.inner.upstream_status
    }

    /// Its headers worth keeping: request ids, rate limits.
    #[getter]
    fn upstream_headers(&self) -> Vec<(String, String)> {
        self.inner.upstream_headers.clone()
    }

    /// The upstream's own id of the request.
    #[getter]
    fn upstream_request_id(&self) -> Option<&str> {
        self.inner.upstream_request_id.as_deref()
    }

    /// Milliseconds to the first content.
    #[getter]
    fn ttft_ms(&self) -> Option<f64> {
        self.inner
            .content_after
            .map(|after| after.as_secs_f64() * 1000.0)
    }

    /// Milliseconds to the end.
    #[getter]
    fn duration_ms(&self) -> f64 {
        self.inner.duration.as_secs_f64() * 1000.0
    }

    /// Whether the request went out a second time because a reused connection had swallowed it.
    #[getter]
    fn resent(&self) -> bool {
        self.inner.resent
    }
}
