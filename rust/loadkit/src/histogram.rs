//! Times in buckets of less than 1 % width: quantiles of millions of values in fixed memory.

use serde::Serialize;

use crate::clock::MICROSECOND;

/// Buckets per power of two.
const STEPS: usize = 128;
const STEP_BITS: u32 = STEPS.trailing_zeros();
const BUCKETS: usize = (64 - STEP_BITS as usize + 1) * STEPS;

/// Counts of nanosecond values.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    sum: u64,
    min: u64,
    max: u64,
}

/// What is reported of a histogram, in microseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Number of values.
    pub count: u64,
    /// Smallest.
    pub min: f64,
    /// Tenth percentile: what a quiet moment of a busy machine shows.
    pub p10: f64,
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// Mean.
    pub mean: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: vec![0; BUCKETS],
            count: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }
}

impl Histogram {
    /// Count `times` values of `nanoseconds`.
    pub fn add(&mut self, nanoseconds: u64, times: u64) {
        self.buckets[bucket(nanoseconds)] += times;
        self.count += times;
        self.sum = self.sum.saturating_add(nanoseconds.saturating_mul(times));
        self.min = self.min.min(nanoseconds);
        self.max = self.max.max(nanoseconds);
    }

    /// The value that `part` of all values do not exceed, to within a bucket.
    pub fn quantile(&self, part: f64) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a rank, far below 2^52"
        )]
        let rank = ((self.count as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(index).clamp(self.min, self.max);
            }
        }
        0
    }

    /// The figures to report; `None` when nothing was counted.
    pub fn summary(&self) -> Option<Summary> {
        if self.count == 0 {
            return None;
        }
        Some(Summary {
            count: self.count,
            min: microseconds(self.min),
            p10: microseconds(self.quantile(0.10)),
            p50: microseconds(self.quantile(0.50)),
            p99: microseconds(self.quantile(0.99)),
            max: microseconds(self.max),
            mean: microseconds(self.sum / self.count),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "2^52 nanoseconds are 52 days")]
fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / MICROSECOND as f64
}

/// Values below [`STEPS`] have their own bucket; above, the leading bits choose.
fn bucket(value: u64) -> usize {
    let shift = (64 - value.leading_zeros()).saturating_sub(STEP_BITS + 1);
    let within = (value >> shift) as usize;
    shift as usize * STEPS + within
}

fn middle(index: usize) -> u64 {
    let shift = (index / STEPS).saturating_sub(1);
    let within = (index - shift * STEPS) as u64;
    (within << shift) + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_narrow_over_the_whole_range() {
        for value in (0..60)
            .map(|bit| 1_u64 << bit)
            .flat_map(|v| [v - 1, v, v + v / 3])
        {
            let found = middle(bucket(value));
            assert!(
                found.abs_diff(value) <= value / STEPS as u64,
                "{value} became {found}"
            );
        }
        assert!(bucket(u64::MAX) < BUCKETS);
    }

    #[test]
    fn quantiles_of_a_known_series() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.summary(), None);
        for value in 1..=1000 {
            histogram.add(value * 1000, 1);
        }
        let summary = histogram.summary().expect("has values");
        assert_eq!(
            (summary.count, summary.min, summary.max),
            (1000, 1.0, 1000.0)
        );
        assert!((summary.p50 - 500.0).abs() < 5.0, "{summary:?}");
        assert!((summary.p99 - 990.0).abs() < 10.0, "{summary:?}");
        assert!((summary.mean - 500.5).abs() < 0.5, "{summary:?}");
    }

    #[test]
    fn counts_many_at_once() {
        let mut histogram = Histogram::default();
        histogram.add(10, 99);
        histogram.add(1_000_000, 1);
        assert_eq!(histogram.quantile(0.5), 10);
        assert_eq!(histogram.quantile(1.0), 1_000_000);
    }
}
