//! `cargo xtask bench instructions`: how many instructions a decision takes, which no other load of the machine changes.

use crate::step::{self, Step};
use crate::{setup, workspace};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How far a count may lie above the one that is kept, in hundredths: other releases of the compiler differ by less.
const TOLERANCE: u64 = 5;
/// Workload, contexts of one pass.
const WORKLOADS: [(&str, u64); 2] = [("W1", 10_000), ("W2", 500)];
const PASSES: [u64; 2] = [4, 12];

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Keep what is counted as what later counts are held against
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if workspace::find_program("valgrind").is_none() {
        setup::apt_install("valgrind", &["valgrind"])?;
    }
    let folder = workspace::root().join("benches/peers/rust");
    let mut build = workspace::cargo();
    build.current_dir(&folder).args([
        "build",
        "--release",
        "--locked",
        "--no-default-features",
        "--features",
        "downhaul",
    ]);
    Step::new("build the workloads", build).run()?;
    let binary = folder.join("target/release/rust-peers");
    let mut counted = BTreeMap::new();
    for (workload, contexts) in WORKLOADS {
        let [few, many] = PASSES;
        let (before, after) = (count(&binary, workload, few)?, count(&binary, workload, many)?);
        counted.insert(workload.to_owned(), after.saturating_sub(before) / (contexts * (many - few)));
    }
    let place = kept();
    if arguments.keep {
        fs::write(&place, serde_json::to_string_pretty(&counted)? + "\n")?;
        step::done(&format!("kept in {}", workspace::shown(&place)));
        return Ok(());
    }
    let text = fs::read_to_string(&place).with_context(|| format!("cannot read `{}`", workspace::shown(&place)))?;
    let baseline: BTreeMap<String, u64> = serde_json::from_str(&text).context("the kept counts are not understood")?;
    for (workload, now) in &counted {
        let before = baseline.get(workload).copied().unwrap_or(0);
        println!("{workload}: {now} instructions for a context, {before} kept");
    }
    let problems = regressions(&baseline, &counted);
    if !problems.is_empty() {
        bail!(
            "{}\n  mend: find what it costs; if it is worth it, `cargo xtask bench instructions --keep`",
            problems.join("\n")
        );
    }
    step::done("no workload takes more instructions than before");
    Ok(())
}

fn kept() -> PathBuf {
    workspace::root().join("benches/instructions.json")
}

fn count(binary: &Path, workload: &str, passes: u64) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]).arg(binary);
    valgrind.args(["--passes", &passes.to_string(), "downhaul"]).env("ONLY", workload);
    let output = Step::new(format!("count {workload}, {passes} passes"), valgrind).run()?;
    counted(&output).with_context(|| format!("valgrind has told no count:\n{output}"))
}

/// The number of `==1== I   refs:      958,833,469`.
fn counted(output: &str) -> Option<u64> {
    let line = output.lines().find(|line| line.contains("refs:"))?;
    line.rsplit(' ').next()?.replace(',', "").parse().ok()
}

/// What takes more than before, and more than other compilers make of it.
fn regressions(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> Vec<String> {
    let grown = |(workload, now): (&String, &u64)| {
        let Some(before) = before.get(workload) else {
            return Some(format!("{workload}: nothing is kept to compare with"));
        };
        (now * 100 > before * (100 + TOLERANCE))
            .then(|| format!("{workload}: {now} instructions for a context, {before} before"))
    };
    now.iter().filter_map(grown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_read_from_what_valgrind_prints() {
        assert_eq!(counted("==7== \n==7== I   refs:      958,833,469\n"), Some(958_833_469));
        assert_eq!(counted("==7== nothing\n"), None);
    }

    #[test]
    fn only_what_grows_beyond_the_tolerance_is_a_regression() {
        let of = |count| BTreeMap::from([("W1".to_owned(), count)]);
        assert_eq!(regressions(&of(1_000), &of(1_050)), Vec::<String>::new());
        assert_eq!(regressions(&of(1_000), &of(1_060)), ["W1: 1060 instructions for a context, 1000 before"]);
        assert_eq!(regressions(&BTreeMap::new(), &of(1)).len(), 1);
    }
}
