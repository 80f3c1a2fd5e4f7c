//! The process's HTTP client.

use std::time::Duration;

use bytes::Bytes;
use fastproxy_upstream::call::Call;
use fastproxy_upstream::client as upstream;
use fastproxy_upstream::client::ClientSettings;
use fastproxy_upstream::endpoint as upstream_endpoint;
use fastproxy_upstream::timeouts::Timeouts;
use http::Method;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::bridge::{Pending, runtime};
use crate::error::raise;

/// Everything that calls out. One per process.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct Client {
    pub(crate) inner: upstream::Client,
    pub(crate) runtime: Handle,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (*, threads=None, max_idle=512, idle_timeout=60.0))]
    fn new(threads: Option<usize>, max_idle: usize, idle_timeout: f64) -> PyResult<Self> {
        let runtime = runtime(threads)?;
        let _entered = runtime.enter();
        let settings = ClientSettings {
            max_idle,
            idle_timeout: seconds(idle_timeout)?,
        };
        Ok(Self {
            inner: upstream::Client::new(settings),
            runtime: runtime.clone(),
        })
    }

    /// Prepare the way to an upstream. Raises `ValueError` for settings that can never work.
    #[pyo3(signature = (base_url, *, proxy=None, ca_file=None, verify_tls=true, allow_private=true, isolation=String::new()))]
    fn endpoint(
        &self,
        base_url: String,
        proxy: Option<String>,
        ca_file: Option<std::path::PathBuf>,
        verify_tls: bool,
        allow_private: bool,
        isolation: String,
    ) -> PyResult<Endpoint> {
        let extra_ca = ca_file
            .map(std::fs::read)
            .transpose()
            .map_err(|e| PyOSError::new_err(e.to_string()))?;
        let settings = upstream_endpoint::EndpointSettings {
            proxy,
            extra_ca: extra_ca.map(Into::into),
            verify_tls,
            allow_private,
            isolation,
            ..upstream_endpoint::EndpointSettings::new(base_url)
        };
        let _entered = self.runtime.enter();
        let inner = self
            .inner
            .endpoint(&settings)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Endpoint { inner })
    }

    /// A small call: awaits (status, headers, body). Raises `ProxyError`.
    #[pyo3(signature = (endpoint, path, *, method="POST", headers=Vec::new(), body=Vec::new(), timeout=30.0, max_bytes=1 << 20))]
    #[expect(
        clippy::too_many_arguments,
        clippy::needless_pass_by_value,
        reason = "keywords of a Python method, converted into owned values"
    )]
    fn fetch(
        &self,
        py: Python<'_>,
        endpoint: &Endpoint,
        path: &str,
        method: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        timeout: f64,
        max_bytes: usize,
    ) -> PyResult<Py<PyAny>> {
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|e| PyValueError::new_err(e.to_string()))?;
        let call = add_headers(new_call(endpoint, method, path, body)?, &headers)?;
        let total = seconds(timeout)?;
        let timeouts = Timeouts {
            total,
            first_byte: total,
            idle: total,
            ..Timeouts::default()
        };
        let pending = Pending::new(py)?;
        let future = pending.future(py);
        let client = self.inner.clone();
        let task = self.runtime.spawn(async move {
            let fetched = client.fetch(&call, &timeouts, max_bytes).await;
            Python::attach(|py| {
                let result = match fetched {
                    Ok(fetched) => reply(py, &fetched),
                    Err(error) => Err(raise(py, &error)),
                };
                pending.settle(py, result);
            });
        });
        let abort = Abort(task.abort_handle());
        future.call_method1(py, pyo3::intern!(py, "add_done_callback"), (abort,))?;
        Ok(future)
    }
}

/// Ends a call whose future is done: cancelled, that is, or the call is over anyway.
#[pyclass(frozen)]
struct Abort(AbortHandle);

#[pymethods]
impl Abort {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        self.0.abort();
    }
}

fn reply(py: Python<'_>, fetched: &upstream::Fetched) -> PyResult<Py<PyAny>> {
    let headers: Vec<(&str, String)> = fetched
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let body = PyBytes::new(py, &fetched.body);
    Ok((fetched.status, headers, body)
        .into_pyobject(py)?
        .into_any()
        .unbind())
}

/// The way to one upstream with one account.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct Endpoint {
    pub(crate) inner: upstream_endpoint::Endpoint,
}

/// A request of this path (and query) below the endpoint's prefix.
pub(crate) fn new_call(
    endpoint: &Endpoint,
    method: Method,
    path: &str,
    body: impl Into<Bytes>,
) -> PyResult<Call> {
    Call::new(&endpoint.inner, method, path, body)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Headers as Python has them. A value that is no header value names its header, never itself.
pub(crate) fn add_headers(mut call: Call, headers: &[(String, String)]) -> PyResult<Call> {
    for (name, value) in headers {
        call = call
            .header(name, value)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
    }
    Ok(call)
}

/// Seconds as Python has them.
pub(crate) fn seconds(value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value).map_err(|error| PyValueError::new_err(error.to_string()))
}
