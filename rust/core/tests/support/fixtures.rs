//! The files under `tests/fixtures` at the root of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// One file.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// Relative to the fixtures' folder: `<dialect>/<kind>/<name>`.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Every file of this kind (`request`, `response`, `stream`, `error`) of every dialect, by name.
pub(crate) fn of_kind(kind: &str) -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let mut files = Vec::new();
    for dialect in children(&root) {
        for file in children(&dialect.join(kind)) {
            let name = file.strip_prefix(&root).unwrap().display().to_string();
            files.push(Fixture {
                name,
                bytes: fs::read(&file).unwrap(),
            });
        }
    }
    files
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
