#![no_main]

#[path = "../../core/tests/support/fuzz/mod.rs"]
mod fuzz;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::run("line_framer", data));
