//! Benchmarks of the core: `cargo bench -p fastproxy-core [-- FILTER]`. Each answer is checked before it is timed.

mod codec;
mod json;
mod sse;
mod workload;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    json::run(&mut criterion);
    sse::run(&mut criterion);
    codec::run(&mut criterion);
    criterion.final_summary();
}
