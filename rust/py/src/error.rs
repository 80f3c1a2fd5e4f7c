//! The one place where Rust errors become Python exceptions, and exceptions a client's bytes.

use fastproxy_core::dialect::{Dialect, codec};
use fastproxy_core::error::{Error, Kind, Retry, Source};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict};

/// `fastproxy.errors.ProxyError` with every field of the error.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyResult<Py<PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let fields = PyDict::new(py);
    fields.set_item("source", source_name(error.source))?;
    fields.set_item("retry", retry_name(error.retry))?;
    fields.set_item("pointer", &error.pointer)?;
    fields.set_item("code", &error.code)?;
    fields.set_item("upstream_status", error.upstream_status)?;
    let wait = error.retry_after_ms.or(match error.retry {
        Retry::SameAfter(ms) => Some(ms),
        _ => None,
    });
    fields.set_item("retry_after_ms", wait)?;
    let class = CLASS.import(py, "fastproxy.errors", "ProxyError")?;
    Ok(class
        .call((error.kind.name(), &error.message), Some(&fields))?
        .unbind())
}

/// The same, to be raised.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    match to_python(py, error) {
        Ok(exception) => PyErr::from_value(exception.into_bound(py)),
        Err(failure) => failure,
    }
}

/// A dialect by name.
pub(crate) fn dialect(name: &str) -> PyResult<Dialect> {
    Dialect::from_name(name)
        .ok_or_else(|| PyValueError::new_err(format!("unknown dialect {name:?}")))
}

/// Status and body of an error in a client's dialect.
#[pyfunction]
#[pyo3(signature = (dialect, *, kind, message, request_id, source="client", pointer=None, code=None, retry_after_ms=None))]
#[expect(clippy::too_many_arguments, reason = "keywords of a Python function")]
pub(crate) fn encode_error<'py>(
    py: Python<'py>,
    dialect: &str,
    kind: &str,
    message: String,
    request_id: &str,
    source: &str,
    pointer: Option<String>,
    code: Option<String>,
    retry_after_ms: Option<u64>,
) -> PyResult<(u16, Bound<'py, PyBytes>)> {
    let kind = Kind::from_name(kind)
        .ok_or_else(|| PyValueError::new_err(format!("unknown error kind {kind:?}")))?;
    let source = match source {
        "client" => Source::Client,
        "upstream" => Source::Upstream,
        _ => Source::Proxy,
    };
    let error = Error {
        pointer,
        code,
        retry_after_ms,
        ..Error::new(kind, source, message)
    };
    let (status, body) = codec(self::dialect(dialect)?).encode_error(&error, request_id);
    Ok((status, PyBytes::new(py, &body)))
}

/// An upstream's error answer, read in its dialect.
#[pyfunction]
pub(crate) fn decode_error(
    py: Python<'_>,
    dialect: &str,
    status: u16,
    body: &[u8],
) -> PyResult<Py<PyAny>> {
    let mut error = codec(self::dialect(dialect)?).decode_error(status, body);
    error.upstream_status = Some(status);
    to_python(py, &error)
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::Client => "client",
        Source::Upstream => "upstream",
        Source::Proxy => "proxy",
    }
}

fn retry_name(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => "never",
        Retry::OtherAccount => "other_account",
        Retry::SameAfter(_) => "same_after",
    }
}
