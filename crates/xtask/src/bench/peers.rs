//! `cargo xtask bench peers`: Downhaul beside other engines, on the same workloads and in one run.

use crate::step::Step;
use crate::{npm, wasm, workspace};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const OURS: &str = "downhaul";
/// A hand-written evaluator of the harness: what JavaScript can do, and no product.
const FLOOR: &str = "zz-floor-js";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these beside Downhaul, as benches/peers names them
    #[arg(long, value_delimiter = ',', value_name = "PEER")]
    only: Vec<String>,
    /// Natively, or in Node
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// How often each is measured; the least counts
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Measure what was built before
    #[arg(long)]
    no_build: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Native,
    Node,
}

/// Built apart, since features of what they share would add up: `serde_json` reads slower where one of them asks for more.
const GROUPS: [&[&str]; 6] = [
    &["downhaul", "downhaul-document"],
    &["unleash", "eppo", "growthbook", "flagsmith", "configcat", "optimizely", "flagd", "datalogic", "confidence"],
    &["launchdarkly"],
    &["cedar"],
    &["statsig"],
    &["superposition"],
];

/// What is compared: workload, the metrics of which the least counts, and how it is called.
type Row = (&'static str, &'static [&'static str], &'static str);

const NATIVE: &[Row] = &[
    ("W1", &["ns/eval"], "one flag, 10 000 prepared contexts in turn, ns"),
    ("W1", &["ns/eval(hot)"], "the same, 100 of them, ns"),
    ("W1", &["ns/eval+ctx"], "one flag, its context made for it, ns"),
    ("W2", &["us/ctx(200 flags)", "us/ctx(bulk API)"], "200 flags for one context, us"),
    ("W3", &["load_ms(2000)"], "load 2 000 flags, ms"),
    ("W3", &["heap_kB(2000)"], "what they hold then, kB"),
    ("W4", &["us/eval"], "1 000 rules, the last holds, us"),
];

const NODE: &[Row] = &[
    ("w1", &["ns_per_eval_min"], "one flag for a plain object, ns"),
    ("w2", &["us_per_context_min"], "200 flags for one context, us"),
    ("w3", &["ns_per_eval_min"], "a flag without rules, ns"),
    ("load", &["min_ms"], "load 2 000 flags, ms"),
    ("w4", &["bundled_cold_ms", "cold_ms"], "import to first decision, 200 flags, ms"),
];

/// The least of each peer, workload and metric.
#[derive(Debug, Default)]
struct Figures(BTreeMap<(String, String, String), f64>);

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.kind != Some(Kind::Node) {
        native(arguments)?.print("natively", NATIVE);
    }
    if arguments.kind != Some(Kind::Native) {
        node(arguments)?.print("in Node", NODE);
    }
    Ok(())
}

fn wanted(arguments: &Arguments, peer: &str) -> bool {
    arguments.only.is_empty() || peer.starts_with(OURS) || arguments.only.iter().any(|each| each == peer)
}

fn native(arguments: &Arguments) -> Result<Figures> {
    let folder = workspace::root().join("benches/peers/rust");
    let mut built: Vec<(PathBuf, &str)> = Vec::new();
    for (number, group) in GROUPS.iter().enumerate() {
        let peers: Vec<&str> = group.iter().copied().filter(|peer| wanted(arguments, peer)).collect();
        if peers.is_empty() {
            continue;
        }
        let binary = folder.join(format!("bin/peers-{number}"));
        if !arguments.no_build {
            build(&folder, &peers, &binary)?;
        }
        built.extend(peers.into_iter().map(|peer| (binary.clone(), peer)));
    }
    let mut figures = Figures::default();
    for _ in 0..arguments.rounds {
        for (binary, peer) in &built {
            let mut measure = Command::new(binary);
            measure.arg(peer);
            figures.take(&Step::new(format!("measure {peer}"), measure).run()?);
        }
    }
    Ok(figures)
}

fn build(folder: &Path, peers: &[&str], binary: &Path) -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo.current_dir(folder).args(["build", "--release", "--locked", "--no-default-features", "--features"]);
    cargo.arg(peers.join(","));
    let mend = "some want a C compiler and `protoc`; leave those out with --only";
    Step::new(format!("build {}", peers.join(", ")), cargo).mend(mend).run()?;
    fs::create_dir_all(folder.join("bin"))?;
    fs::copy(folder.join("target/release/rust-peers"), binary).context("what was built is not there")?;
    Ok(())
}

fn node(arguments: &Arguments) -> Result<Figures> {
    let folder = workspace::root().join("benches/peers/js");
    if !arguments.no_build {
        npm::install()?;
        wasm::build(wasm::Which::All)?;
        npm::build()?;
        npm::install_in(&folder, "the peers")?;
    }
    let mut figures = Figures::default();
    for _ in 0..arguments.rounds {
        let mut measure = Command::new("node");
        measure.current_dir(&folder).args(["run.mjs", "--workloads", "w1,w2,w3,load,w4"]);
        if !arguments.only.is_empty() {
            measure.args(["--only", &format!("{OURS},{FLOOR},{}", arguments.only.join(","))]);
        }
        figures.take(&Step::new("measure in Node", measure).run()?);
    }
    if figures.0.is_empty() {
        bail!("nothing was measured");
    }
    Ok(figures)
}

impl Figures {
    /// Lines of peer, workload, metric (which may have blanks) and value.
    fn take(&mut self, output: &str) {
        for line in output.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [peer, workload, metric @ .., value] = words.as_slice() else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            let key = ((*peer).to_owned(), (*workload).to_owned(), metric.join(" "));
            let least = self.0.entry(key).or_insert(value);
            *least = least.min(value);
        }
    }

    fn of(&self, peer: &str, workload: &str, metrics: &[&str]) -> Option<f64> {
        let key = |metric: &&str| (peer.to_owned(), workload.to_owned(), (*metric).to_owned());
        metrics.iter().filter_map(|metric| self.0.get(&key(metric)).copied()).min_by(f64::total_cmp)
    }

    /// The other that is best, without those of ours and the floor.
    fn best(&self, workload: &str, metrics: &[&str]) -> Option<(&str, f64)> {
        let others = self.0.keys().map(|(peer, ..)| peer.as_str());
        let others = others.filter(|peer| !peer.starts_with(OURS) && *peer != FLOOR);
        others
            .filter_map(|peer| Some((peer, self.of(peer, workload, metrics)?)))
            .min_by(|left, right| left.1.total_cmp(&right.1))
    }

    fn print(&self, place: &str, rows: &[Row]) {
        println!("\n| {place} | Downhaul | best other | times as good | floor |\n|---|---:|---:|---:|---:|");
        for (workload, metrics, what) in rows {
            let Some(ours) = self.of(OURS, workload, metrics) else { continue };
            let (other, ratio) = match self.best(workload, metrics) {
                Some((peer, value)) => (format!("{peer} {value:.2}"), format!("{:.1}", value / ours)),
                None => (String::new(), String::new()),
            };
            let floor = self.of(FLOOR, workload, metrics).map(|value| format!("{value:.2}")).unwrap_or_default();
            println!("| {what} | {ours:.2} | {other} | {ratio} | {floor} |");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_counts_and_neither_ours_nor_the_floor_is_another() {
        let mut figures = Figures::default();
        figures
            .take("downhaul W2 us/ctx(bulk API) 5.0\neppo W2 us/ctx(200 flags) 60\neppo W2 us/ctx(200 flags) 50.0\n");
        figures.take("zz-floor-js W2 us/ctx(200 flags) 1\ndownhaul-document W2 us/ctx(bulk API) 4\n# nothing\n");
        let metrics = &["us/ctx(200 flags)", "us/ctx(bulk API)"];
        assert_eq!(figures.of("downhaul", "W2", metrics), Some(5.0));
        assert_eq!(figures.best("W2", metrics), Some(("eppo", 50.0)));
        assert_eq!(figures.best("W9", metrics), None);
    }
}
