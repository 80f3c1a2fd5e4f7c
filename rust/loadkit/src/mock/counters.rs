//! What the mock has done, for whoever compares it with what a client saw.

/// Served as JSON at `/stats`.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(super) struct Counters {
    /// Requests for an answer, refused ones included.
    pub(super) requests: u64,
    /// Deltas written.
    pub(super) events: u64,
    /// Streams whose end is not sent yet.
    pub(super) open_streams: u64,
    /// Streams whose client left before their end.
    pub(super) cut_streams: u64,
    /// Connections that are open.
    pub(super) connections: u64,
}

impl Counters {
    pub(super) fn to_json(self) -> String {
        // five numbers always serialise
        serde_json::to_string(&self).unwrap_or_default()
    }
}
