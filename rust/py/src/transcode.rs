//! Transcoding without a network: for the golden tests that Rust and Python share, and for the benchmarks.

use bytes::Bytes;
use fastproxy_core::dialect::{ClientContext, DecodeContext, EncodeContext, RelayContext, Target};
use fastproxy_core::transcode::{ClientRequest, Routing, Setup, Transcoder};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{dialect, raise};

/// A client's request as the upstream of another dialect would get it.
#[pyfunction]
#[pyo3(signature = (client, target, body, model, *, version=None))]
pub(crate) fn transcode_request<'py>(
    py: Python<'py>,
    client: &str,
    target: &str,
    body: &[u8],
    model: String,
    version: Option<String>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (client, upstream) = (dialect(client)?, dialect(target)?);
    let cx = ClientContext {
        version,
        ..ClientContext::default()
    };
    let target = Target {
        model,
        origin: "test".into(),
        ..Target::default()
    };
    let prepared = ClientRequest::parse(client, Bytes::copy_from_slice(body), cx, None)
        .and_then(|request| request.prepare(upstream, &target, &Routing::default()))
        .map_err(|error| raise(py, &error))?;
    Ok(PyBytes::new(py, &prepared.body))
}

/// An upstream's stream as a client of another dialect would get it, fed in pieces of `chunk` bytes (0: at once).
#[pyfunction]
#[pyo3(signature = (upstream, client, body, *, chunk=0, model="m"))]
pub(crate) fn transcode_stream<'py>(
    py: Python<'py>,
    upstream: &str,
    client: &str,
    body: &[u8],
    chunk: usize,
    model: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    run(py, upstream, client, body, chunk, model, true)
}

/// An upstream's whole answer as a client of another dialect would get it.
#[pyfunction]
#[pyo3(signature = (upstream, client, body, *, model="m"))]
pub(crate) fn transcode_response<'py>(
    py: Python<'py>,
    upstream: &str,
    client: &str,
    body: &[u8],
    model: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    run(py, upstream, client, body, 0, model, false)
}

fn run<'py>(
    py: Python<'py>,
    upstream: &str,
    client: &str,
    body: &[u8],
    chunk: usize,
    model: &str,
    stream: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let (upstream, client) = (dialect(upstream)?, dialect(client)?);
    let mut transcoder = Transcoder::new(Setup {
        client,
        upstream,
        stream,
        is_raw: client == upstream,
        decode: DecodeContext {
            origin: "test".into(),
            id_seed: "test".into(),
        },
        encode: EncodeContext {
            model: model.into(),
            request_id: "req_test".into(),
            stream_usage: true,
            ..EncodeContext::default()
        },
        relay: RelayContext {
            model: model.into(),
            hide_usage: false,
            ..RelayContext::default()
        },
        names: fastproxy_core::dialect::NameMap::default(),
        ledger: None,
        archive: None,
        event_limit: fastproxy_core::sse::DEFAULT_EVENT_LIMIT,
    });
    let mut out = Vec::with_capacity(body.len());
    let size = if chunk == 0 { body.len().max(1) } else { chunk };
    let result = py.detach(|| {
        body.chunks(size)
            .try_for_each(|piece| transcoder.feed(piece, &mut out))
            .and_then(|()| transcoder.finish(&mut out))
    });
    result.map_err(|error| raise(py, &error))?;
    Ok(PyBytes::new(py, &out))
}
