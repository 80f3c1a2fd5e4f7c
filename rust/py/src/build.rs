//! How this extension was built, for bug reports and `fastproxy version`.

use fastproxy_core::dialect::Dialect;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Facts about this build: version, platform, profile and the dialects that are in it.
#[pyfunction]
pub(crate) fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dialects: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
    let info = PyDict::new(py);
    info.set_item("version", env!("CARGO_PKG_VERSION"))?;
    info.set_item("arch", std::env::consts::ARCH)?;
    info.set_item("os", std::env::consts::OS)?;
    info.set_item(
        "profile",
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
    )?;
    info.set_item("dialects", dialects)?;
    Ok(info)
}

/// The media type of these bytes, if they are of a kind that models are shown.
#[pyfunction]
pub(crate) fn sniff_media(bytes: &[u8]) -> Option<&'static str> {
    fastproxy_core::media::sniff(bytes)
}
