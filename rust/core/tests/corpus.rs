//! Every fixture and every fuzz seed through the fuzz targets: what a fuzzer found once is found by every test run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/fuzz/mod.rs"]
mod fuzz;

use std::fs;
use std::path::Path;

use fixtures::Fixture;

/// The seeds of a target: files under `rust/fuzz/corpus`.
fn seeds(target: &str) -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |path: std::path::PathBuf| Fixture {
        name: path.display().to_string(),
        bytes: fs::read(path).unwrap(),
    };
    entries.map(|entry| read(entry.unwrap().path())).collect()
}

/// What of the fixtures a target eats.
fn inputs(target: &str) -> Vec<Fixture> {
    let of = |kinds: &[&str]| {
        kinds
            .iter()
            .flat_map(|kind| fixtures::of_kind(kind))
            .collect::<Vec<_>>()
    };
    let prefixed = |mut fixture: Fixture| {
        fixture.bytes.insert(0, 7);
        fixture
    };
    match target {
        "sse_framer" | "line_framer" => of(&["stream"]).into_iter().map(prefixed).collect(),
        "json_tape" => of(&["request", "response", "error"]),
        "request" => of(&["request"]),
        "error" => of(&["error"]),
        "stream" => of(&["stream"]),
        "response" => of(&["response"]),
        "transcode" => of(&["stream", "response"]),
        _ => Vec::new(),
    }
}

#[test]
fn every_target_has_seeds_and_a_fuzz_binary() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    for (target, _) in fuzz::TARGETS {
        assert!(!seeds(target).is_empty(), "{target}");
        assert!(
            manifest.contains(&format!("name = \"{target}\"")),
            "{target}"
        );
    }
}

#[test]
fn seeds_and_fixtures_keep_every_promise() {
    for (target, _) in fuzz::TARGETS {
        for input in inputs(target).into_iter().chain(seeds(target)) {
            let broken = std::panic::catch_unwind(|| fuzz::run(target, &input.bytes));
            assert!(broken.is_ok(), "{target} with {}", input.name);
        }
    }
}

/// Each seed, cut short and with single bytes changed: the shallow part of what a fuzzer does.
#[test]
fn damaged_seeds_keep_every_promise() {
    for (target, _) in fuzz::TARGETS {
        for seed in inputs(target).into_iter().chain(seeds(target)) {
            let step = (seed.bytes.len() / 5).max(1);
            for at in (step / 2..seed.bytes.len()).step_by(step) {
                fuzz::run(target, &seed.bytes[..at]);
                let mut changed = seed.bytes.clone();
                changed[at] ^= 1 << (at % 8);
                let broken = std::panic::catch_unwind(|| fuzz::run(target, &changed));
                assert!(
                    broken.is_ok(),
                    "{target} with {} changed at {at}",
                    seed.name
                );
            }
        }
    }
}
