//! `cargo xtask fuzz`: libFuzzer looks for bytes for which a target does not hold.

use crate::step::{Step, done};
use crate::workspace::{self, cargo};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What the instrumentation of libFuzzer is called by the compiler; a stable one knows it as well.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Clink-dead-code --cfg fuzzing";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// These only, of the folders of tests/fuzz/corpus
    #[arg(value_name = "TARGET")]
    only: Vec<String>,
    /// Seconds for each
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Keep what reaches new code in tests/fuzz/corpus, as few and as short inputs as do
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let fuzz = workspace::root().join("tests/fuzz");
    let targets = targets(&fuzz)?;
    if let Some(unknown) = arguments.only.iter().find(|name| !targets.contains(name)) {
        bail!("there is no target `{unknown}`; there are: {}", targets.join(", "));
    }
    crate::wasm::build(crate::wasm::Which::Evaluation)?;
    let program = build(&fuzz)?;
    for target in targets.iter().filter(|name| arguments.only.is_empty() || arguments.only.contains(name)) {
        look(&program, &fuzz, target, arguments)?;
    }
    Ok(())
}

fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let folder = fuzz.join("corpus");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", workspace::shown(&folder)))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str().map(str::to_owned)).collect();
    names.sort();
    Ok(names)
}

fn build(fuzz: &Path) -> Result<PathBuf> {
    let (target, host) = (workspace::root().join("target/fuzz"), host()?);
    let mut command = cargo();
    command
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(fuzz.join("libfuzzer/Cargo.toml"))
        // With a target of its own name, the flags are not those of build scripts and macros.
        .args(["--target", &host, "--target-dir"])
        .arg(&target)
        .env("RUSTFLAGS", INSTRUMENTED);
    Step::new("build the targets for libFuzzer", command).mend("libFuzzer is C++: apt-get install g++").run()?;
    Ok(target.join(host).join("release/downhaul-libfuzzer"))
}

/// The machine's own target.
fn host() -> Result<String> {
    let mut command = Command::new("rustc");
    command.args(["--print", "host-tuple"]);
    let told = Step::new("ask for the machine's target", command).run()?;
    Ok(told.trim().to_owned())
}

fn look(program: &Path, fuzz: &Path, target: &str, arguments: &Arguments) -> Result<()> {
    let kept = fuzz.join("corpus").join(target);
    let state = workspace::state().join("fuzz").join(target);
    let (found, crashes) = (state.join("found"), state.join("crashes"));
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&crashes)?;
    let libfuzzer = || {
        let mut command = Command::new(program);
        command.env("DOWNHAUL_FUZZ", target).args(["-rss_limit_mb=2048", "-timeout=20", "-print_final_stats=1"]);
        command.arg(format!("-artifact_prefix={}/", crashes.display()));
        command
    };
    let mut command = libfuzzer();
    command.arg(format!("-max_total_time={}", arguments.seconds)).arg(&found).arg(&kept);
    let limit = Duration::from_secs(u64::from(arguments.seconds) * 2 + 120);
    let output = Step::new(format!("{target}: {} s", arguments.seconds), command)
        .limit(limit)
        .mend(format!(
            "the input is in `{}`; mend the code and keep the input in tests/fuzz/corpus/{target}",
            workspace::shown(&crashes)
        ))
        .run()?;
    let inputs = output.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    done(&format!("{target}: {} inputs, nothing found", inputs.map_or("?", str::trim)));
    if arguments.keep {
        // Merging takes only those that reach what the kept ones do not.
        let mut merge = libfuzzer();
        merge.args(["-merge=1", "-max_len=4096"]).arg(&kept).arg(&found);
        Step::new(format!("{target}: keep what reaches more"), merge).run()?;
    }
    Ok(())
}
