//! What outlives a request: the envelope key and the ledger.

use std::sync::Arc;
use std::time::Duration;

use fastproxy_core::envelope::Envelope;
use fastproxy_core::ledger::{Ledger, Limits};
use pyo3::prelude::*;

/// Seals opaque state for its way through a client, and remembers it for clients that drop it.
#[pyclass(frozen, module = "fastproxy._core")]
pub(crate) struct OpaqueState {
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) ledger: Arc<Ledger>,
}

#[pymethods]
impl OpaqueState {
    #[new]
    #[pyo3(signature = (key, *, entries, bytes, ttl))]
    fn new(key: &[u8], entries: usize, bytes: usize, ttl: f64) -> PyResult<Self> {
        let ttl = Duration::try_from_secs_f64(ttl)
            .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?;
        Ok(Self {
            envelope: Arc::new(Envelope::new(key)),
            ledger: Arc::new(Ledger::new(Limits {
                entries,
                bytes,
                ttl,
            })),
        })
    }

    /// Calls and bytes remembered now.
    fn ledger_size(&self) -> (usize, usize) {
        self.ledger.size()
    }
}
