//! What must hold for any bytes: each target takes some, and panics where it does not.
//!
//! The same targets run in two ways. `tests/bounded.rs` gives them everything in `corpus` and a fixed number of changed
//! copies of it, the same in every run. `libfuzzer`, by `cargo xtask fuzz`, looks for new bytes for as long as one likes, and
//! adds those that reach new code to `corpus`.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a target says by panicking that something does not hold")]

pub mod guest;
#[path = "../../engines/host.rs"]
pub mod host;
pub mod mutate;
mod targets;

use std::fs;
use std::path::PathBuf;

/// Something that takes bytes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its folder in `corpus`.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
    /// Changed copies in the bounded run: fewer where one is dear.
    pub rounds: u32,
}

const fn target(name: &'static str, run: fn(&[u8]), rounds: u32) -> Target {
    Target { name, run, rounds }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("document", targets::document::whole, 400),
    target("flag", targets::document::flag, 400),
    target("context", targets::context::any, 2_000),
    target("pattern", targets::document::pattern, 600),
    target("program", targets::program::bytes, 1_500),
    target("kills", targets::program::kills, 2_000),
    target("envelope", targets::envelope::altered, 300),
    target("patch", targets::envelope::patch, 2_000),
    target("text", targets::text::any, 3_000),
    target("chart", targets::chart::any, 1_500),
    target("request", targets::request::any, 1_500),
    target("population", targets::population::any, 600),
    target("differential", targets::differential::decisions, 400),
    target("boundary", targets::differential::boundary, 400),
];

/// The target of this name.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// What is kept of a target, in the order of the files' names.
pub fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|why| panic!("`{}`: {why}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}
