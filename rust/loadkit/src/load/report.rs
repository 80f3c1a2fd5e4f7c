//! What a run has counted.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::SECOND;
use crate::fault::Fault;
use crate::histogram::{Histogram, Summary};

/// Messages of faults that are kept.
const KEPT: usize = 5;

/// Counts while the run goes on.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: u64,
    pub(super) events: u64,
    pub(super) bytes: u64,
    pub(super) reconnects: u64,
    pub(super) request: Histogram,
    pub(super) first: Histogram,
    pub(super) event: Histogram,
    pub(super) gap: Histogram,
}

/// What went wrong: the whole run, whatever the window.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Faults {
    /// How many answers were wrong.
    pub total: u64,
    /// How many, by [`Fault::kind`].
    pub by_kind: BTreeMap<&'static str, u64>,
    /// The first few in words.
    pub first: Vec<String>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: &Fault) {
        self.total += 1;
        *self.by_kind.entry(fault.kind()).or_default() += 1;
        if self.first.len() < KEPT {
            self.first.push(fault.to_string());
        }
    }
}

/// The result of a run; times in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Seconds of the window.
    pub seconds: f64,
    /// Whole, right answers that ended in the window.
    pub requests: u64,
    /// Delta events received in the window.
    pub events: u64,
    /// Bytes received in the window.
    pub bytes: u64,
    /// Connections that were opened again because the server closed them between answers.
    pub reconnects: u64,
    /// Streams that were running when a paced window opened.
    pub streams: u64,
    /// What went wrong.
    pub errors: Faults,
    /// From sending a request to the end of its answer.
    pub request_us: Option<Summary>,
    /// From sending a request to the first delta.
    pub ttft_us: Option<Summary>,
    /// From the mock's writing of a delta to the reading of it.
    pub event_us: Option<Summary>,
    /// From one arrival of deltas to the next in the same stream.
    pub gap_us: Option<Summary>,
}

impl Tally {
    pub(super) fn report(&self, nanoseconds: u64, streams: u64, errors: Faults) -> Report {
        #[expect(clippy::cast_precision_loss, reason = "2^52 nanoseconds are 52 days")]
        let seconds = nanoseconds as f64 / SECOND as f64;
        Report {
            seconds,
            requests: self.requests,
            events: self.events,
            bytes: self.bytes,
            reconnects: self.reconnects,
            streams,
            errors,
            request_us: self.request.summary(),
            ttft_us: self.first.summary(),
            event_us: self.event.summary(),
            gap_us: self.gap.summary(),
        }
    }
}
