//! The one clock of mock and client: `CLOCK_MONOTONIC`, the same in every process of a machine.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds in a microsecond.
pub const MICROSECOND: u64 = 1_000;
/// Nanoseconds in a millisecond.
pub const MILLISECOND: u64 = 1_000_000;
/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;

/// Nanoseconds since some point in the past that all processes of this boot share.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    // neither is negative: the clock counts up from boot
    time.tv_sec.cast_unsigned() * SECOND + time.tv_nsec.cast_unsigned()
}
