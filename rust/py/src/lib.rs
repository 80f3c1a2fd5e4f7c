//! `fastproxy._core`: what Python sees of the Rust part. Takes arguments, calls, maps the error; no logic.

mod bridge;
mod build;
mod client;
mod error;
mod exchange;
mod outcome;
mod passage;
mod race;
mod request;
mod sink;
mod state;
mod tables;
mod transcode;

/// The extension module: read this list to know all of it.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::build::{build_info, sniff_media};
    #[pymodule_export]
    use crate::client::{Client, Endpoint};
    #[pymodule_export]
    use crate::error::{decode_error, encode_error};
    #[pymodule_export]
    use crate::exchange::Exchange;
    #[pymodule_export]
    use crate::outcome::Outcome;
    #[pymodule_export]
    use crate::passage::Passage;
    #[pymodule_export]
    use crate::race::Race;
    #[pymodule_export]
    use crate::request::{Prepared, Request, Target};
    #[pymodule_export]
    use crate::state::OpaqueState;
    #[pymodule_export]
    use crate::tables::{error_table, fidelity_table, loss_table};
    #[pymodule_export]
    use crate::transcode::{transcode_request, transcode_response, transcode_stream};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
