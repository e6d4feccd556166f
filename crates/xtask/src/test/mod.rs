//! `cargo xtask test`: set-up and every test. A stage that fails does not keep the next from running.
//!
//! Dependencies are compiled three times: checked by clippy, built for the native tests, and built for WebAssembly.

mod count;
mod stages;

use crate::step;
use count::Count;
use stages::{Outcome, STAGES};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How many of the last lines of a failed stage are shown.
const TAIL: usize = 400;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Run these stages only; see the names with `--list`
    #[arg(value_name = "STAGE")]
    only: Vec<String>,
    /// Name the stages
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.list {
        for stage in STAGES {
            println!("{:<10} {}", stage.name, stage.about);
        }
        return ExitCode::SUCCESS;
    }
    if let Some(unknown) = arguments.only.iter().find(|name| !STAGES.iter().any(|stage| stage.name == **name)) {
        eprintln!("error: there is no stage `{unknown}`\n  mend: cargo xtask test --list");
        return ExitCode::FAILURE;
    }
    step::end_with_ctrl_c();
    let mut ran = Vec::new();
    let mut total = Count::default();
    let mut all_failed = Vec::new();
    for stage in STAGES {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|name| name == stage.name) {
            continue;
        }
        println!("\n== {}: {}", stage.name, stage.about);
        let started = Instant::now();
        let (count, failed) = settle((stage.run)());
        all_failed.extend(failed.into_iter().map(|each| format!("{}: {each}", stage.name)));
        ran.push((stage.name, started.elapsed(), count));
        total += count;
    }
    summarise(&ran);
    // Once more and last, since only the end of a long output may be kept.
    for each in &all_failed {
        println!("failed  {each}");
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The tests of a stage and what failed of it; what failed otherwise (it did not compile, a rule is broken) is one failure.
fn settle(outcome: Outcome) -> (Count, Vec<String>) {
    let mut total = Count::default();
    let mut failed = Vec::new();
    for (output, success) in &outcome.ran {
        let mut count = count::count(output);
        if !success {
            println!("{}", step::tail(&count::failures(output), TAIL));
            count.failed = count.failed.max(1);
            let named = count::failed(output);
            let last = || output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no output").to_owned();
            failed.extend(if named.is_empty() { vec![last()] } else { named });
        }
        total += count;
    }
    for problem in &outcome.problems {
        println!("{problem}");
        total.failed += 1;
        failed.push(problem.lines().next().unwrap_or_default().to_owned());
    }
    (total, failed)
}

fn summarise(ran: &[(&str, Duration, Count)]) {
    println!("\n{:<12} {:>8} {:>8} {:>8}", "stage", "minutes", "passed", "failed");
    for (name, took, count) in ran {
        println!("{name:<12} {:>8.1} {:>8} {:>8}", took.as_secs_f64() / 60.0, count.passed, count.failed);
    }
    let whole: Duration = ran.iter().map(|(_, took, _)| *took).sum();
    println!("{:<12} {:>8.1}", "all", whole.as_secs_f64() / 60.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_failed_without_a_count_is_one_failure() {
        let did_not_compile = Outcome { ran: vec![("error: could not compile".to_owned(), false)], problems: vec![] };
        assert_eq!(
            settle(did_not_compile),
            (Count { passed: 0, failed: 1 }, vec!["error: could not compile".to_owned()])
        );
        let refused = Outcome { ran: vec![], problems: vec!["a rule is broken".to_owned()] };
        assert_eq!(settle(refused), (Count { passed: 0, failed: 1 }, vec!["a rule is broken".to_owned()]));
    }

    #[test]
    fn failures_that_the_runner_counted_are_not_counted_twice() {
        let outcome =
            Outcome { ran: vec![("test result: FAILED. 3 passed; 2 failed".to_owned(), false)], problems: vec![] };
        assert_eq!(settle(outcome).0, Count { passed: 3, failed: 2 });
    }
}
