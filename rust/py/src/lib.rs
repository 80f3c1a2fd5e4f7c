//! `fastproxy._core`: what Python sees of the Rust part. Takes arguments, calls, maps the error; no logic.

mod build;

/// The extension module: read this list to know all of it.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::build::build_info;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
