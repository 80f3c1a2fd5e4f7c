//! Tables that the documentation is generated from.

use fastproxy_core::dialect::{Dialect, codec};
use fastproxy_core::error::{Error, Kind, Source};
use fastproxy_core::ir::{Concept, Fidelity};
use fastproxy_core::loss::Code;
use pyo3::prelude::*;

/// Every dialect × concept: (dialect, concept, `exact` | `lossy` | `unsupported`, field, loss code, note).
#[pyfunction]
pub(crate) fn fidelity_table() -> Vec<(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
)> {
    let mut rows = Vec::new();
    for &dialect in Dialect::ALL {
        for &concept in Concept::ALL {
            let (fidelity, field, code, note) = match codec(dialect).fidelity(concept) {
                Fidelity::Exact(field) => ("exact", field, "", ""),
                Fidelity::Lossy(field, code, note) => ("lossy", field, code.name(), note),
                Fidelity::Unsupported(code, note) => ("unsupported", "", code.name(), note),
            };
            rows.push((dialect.name(), concept.name(), fidelity, field, code, note));
        }
    }
    rows
}

/// Every kind of error × dialect: (kind, dialect, HTTP status, example body).
#[pyfunction]
pub(crate) fn error_table() -> Vec<(&'static str, &'static str, u16, String)> {
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        for &dialect in Dialect::ALL {
            let source = if kind.status() < 500 {
                Source::Client
            } else {
                Source::Upstream
            };
            let (status, body) =
                codec(dialect).encode_error(&Error::new(kind, source, "…"), "req_1");
            rows.push((
                kind.name(),
                dialect.name(),
                status,
                String::from_utf8_lossy(&body).into_owned(),
            ));
        }
    }
    rows
}

/// Every loss code: (name, whether strict mode refuses it).
#[pyfunction]
pub(crate) fn loss_table() -> Vec<(&'static str, bool)> {
    Code::ALL
        .into_iter()
        .map(|code| (code.name(), code.is_refused_in_strict_mode()))
        .collect()
}
