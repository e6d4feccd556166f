//! `cargo xtask bench instructions`: how many instructions a decision takes, which no other load of the machine changes.

use crate::step::{self, Step};
use crate::{setup, workspace};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn run() -> Result<()> {
    if workspace::find_program("valgrind").is_none() {
        setup::apt_install("valgrind", &["valgrind"])?;
    }
    let folder = workspace::root().join("benches/peers/rust");
    let runner = runner(&folder)?;
    let mut bench = workspace::cargo();
    bench.current_dir(&folder).env("GUNGRAUN_RUNNER", &runner);
    bench.args(["bench", "--locked", "--no-default-features", "--features", "downhaul", "--bench", "instructions"]);
    let output = Step::new("count the instructions of W1 and W2", bench)
        .mend("find what takes more; if it is worth it, raise the limit in benches/peers/rust/benches/instructions.rs")
        .run()?;
    println!("{output}");
    step::done("no workload takes more instructions than it may");
    Ok(())
}

/// What starts valgrind for the benchmarks: of the release that the lock file names, or they do not understand each other.
fn runner(folder: &Path) -> Result<PathBuf> {
    let lock = folder.join("Cargo.lock");
    let text = fs::read_to_string(&lock).with_context(|| format!("cannot read `{}`", workspace::shown(&lock)))?;
    let version = locked(&text, "gungraun-runner").context("benches/peers/rust/Cargo.lock has no gungraun-runner")?;
    let root = workspace::state().join(format!("gungraun-{version}"));
    let program = root.join("bin/gungraun-runner");
    if !program.is_file() {
        let mut install = workspace::cargo();
        install.args(["install", "--quiet", "--locked", "gungraun-runner", "--version", version, "--root"]).arg(&root);
        Step::new("install gungraun's runner", install).run()?;
    }
    Ok(program)
}

/// The version of a package in a lock file.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_a_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.1.0\"\n";
        assert_eq!(locked(lock, "b"), Some("2.1.0"));
        assert_eq!(locked(lock, "c"), None);
    }
}
