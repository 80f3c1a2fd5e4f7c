//! Bodies of the fuzz targets: what must hold for any bytes at all. `rust/fuzz` runs them under libFuzzer,
//! `tests/corpus.rs` with every fixture and every seed. A broken promise is a panic.

mod bytes;
mod dialects;
mod transcoding;

/// A target and its body.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    ("sse_framer", bytes::sse_framer),
    ("line_framer", bytes::line_framer),
    ("json_tape", bytes::json_tape),
    ("coding", bytes::coding),
    ("request", dialects::request),
    ("stream", dialects::stream),
    ("response", dialects::response),
    ("error", dialects::error),
    ("transcode", transcoding::transcode),
];

/// Run the target of this name.
pub(crate) fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    let (_, body) = target.expect("a target of this name");
    body(data);
}
