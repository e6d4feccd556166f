//! `cargo xtask bench`: figures, measured on this machine.

mod instructions;
mod peers;

use crate::build::{self, Profile};
use crate::run::children::Children;
use crate::run::stack::{Places, Stack};
use crate::step::Step;
use crate::{data, desktop, npm, setup, ui, wasm, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::mpsc;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// From the command to kill until 100 real clients have the degraded variant
    Kill {
        /// How often
        #[arg(long, default_value_t = 30)]
        kills: u32,
        /// Measure what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// Replay of a draft over 50 000 contexts, and its exact difference, in a page in Chromium
    Page {
        /// How many drafts
        #[arg(long, default_value_t = 100)]
        drafts: u32,
        /// Measure what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// The console with 2 000 flags in Chromium: first paint, scrolling and filtering, slider to radius, key to first client dark
    Console {
        /// How many steps of the slider
        #[arg(long, default_value_t = 100)]
        steps: u32,
        /// How many kills
        #[arg(long, default_value_t = 10)]
        kills: u32,
        /// Measure what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// Replay of contexts in a Parquet file beside the same predicate as SQL in DuckDB and DataFusion
    Sql {
        /// How many contexts
        #[arg(long, default_value_t = 10_000_000)]
        rows: u64,
        /// How often, one after the other
        #[arg(long, default_value_t = 3)]
        rounds: u32,
    },
    /// Replay of 10 million contexts, and the exact difference of one edit among 2 000 flags, natively
    Blast,
    /// The exact difference of random pairs of documents, held against both evaluators over contexts and all buckets
    Agree {
        /// How many pairs
        #[arg(long, default_value_t = 10_000)]
        pairs: u64,
        /// The number of the first, to go on where a run was ended
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// Of which series of pairs
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// A rollback rehearsed with 100 real clients, a webhook and Prometheus, as its own drills measure it
    Drill {
        /// How often
        #[arg(long, default_value_t = 5)]
        drills: u32,
        /// Measure what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// A control plane killed at random instants of rollbacks, drills, rollouts and approvals: whether anything is done twice
    Crashes {
        /// How often
        #[arg(long, default_value_t = 200)]
        crashes: u32,
        /// Measure what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// A kill of 2 000 real clients, a third of which is parted in a network namespace (Linux, as root)
    Fleet {
        /// How many clients
        #[arg(long, default_value_t = 2000)]
        clients: u32,
        /// Measure what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// What a flood of telemetry does to the time of a kill
    Telemetry {
        /// How many kills, with and without it
        #[arg(long, default_value_t = 30)]
        kills: u32,
        /// Entries a second
        #[arg(long, default_value_t = 50_000)]
        entries: u32,
        /// Measure what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// How often guards cry wolf in simulated rollouts, and how soon they find harm, beside a plain test and bare thresholds
    Guards,
    /// What a guarded call costs over the bare one in Node, beside cockatiel and opossum
    Breaker {
        /// Measure what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// Downhaul beside other engines of feature flags, natively and in Node, on the same workloads
    Peers(peers::Arguments),
    /// Instructions of a decision, counted by valgrind and held against what they may take
    Instructions,
    /// Cold start of the desktop app, beside an empty window of the same framework
    Desktop {
        /// How often each is started
        #[arg(long, default_value_t = 10)]
        starts: u32,
        /// Measure what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// Verification of a chart of a million changes, on one core, and bits flipped in it
    Chart,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match arguments.what {
        What::Instructions => instructions::run(),
        What::Peers(ref arguments) => peers::run(arguments),
        What::Kill { kills, no_build } => kill(kills, no_build),
        What::Page { drafts, no_build } => page(drafts, no_build),
        What::Console { steps, kills, no_build } => console(steps, kills, no_build),
        What::Breaker { no_build } => breaker(no_build),
        What::Drill { drills, no_build } => drill(drills, no_build),
        What::Crashes { crashes, no_build } => crash(crashes, no_build),
        What::Fleet { clients, no_build } => fleet(clients, no_build),
        What::Telemetry { kills, entries, no_build } => telemetry(kills, entries, no_build),
        What::Sql { rows, rounds } => sql(rows, rounds),
        What::Blast => ["replay", "difference"].iter().try_for_each(|example| of_blast(example, &[])),
        What::Agree { pairs, from, seed } => {
            let arguments = [pairs, from, seed].map(|number| number.to_string());
            of_blast("agree", &arguments.each_ref().map(String::as_str))
        }
        What::Guards => example_of(&["--package", "downhaul-guard"], "guards", &[]),
        What::Desktop { starts, no_build } => window(starts, no_build),
        // With few flags, and with many: what a digest costs grows with the document.
        What::Chart => ["20", "200"].iter().try_for_each(|flags| of_control("verify", &["1000000", flags, "5"])),
    }
}

/// Runs an example of the crate `blast`. None reads files, so what reads Parquet need not be built.
fn of_blast(example: &str, arguments: &[&str]) -> Result<()> {
    example_of(&["--package", "downhaul-blast", "--no-default-features", "--features", "threads"], example, arguments)
}

/// Runs an example of the crate `control`.
fn of_control(example: &str, arguments: &[&str]) -> Result<()> {
    example_of(&["--package", "downhaul-control"], example, arguments)
}

fn example_of(package: &[&str], example: &str, arguments: &[&str]) -> Result<()> {
    let mut run = workspace::cargo();
    run.args(["run", "--release", "--locked"]).args(package).args(["--example", example, "--"]).args(arguments);
    let status = run.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("the bench has ended early: {status}");
    }
    Ok(())
}

/// The first round makes the file.
fn sql(rows: u64, rounds: u32) -> Result<()> {
    let bench = workspace::root().join("benches/sql");
    let place = workspace::state().join("bench-sql");
    fs::create_dir_all(&place).context("cannot make a folder for the bench")?;
    let python = place.join("python/bin/python");
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(place.join("python"));
    Step::new("make a place for Python packages", make).mend("install Python 3 with its module venv").run()?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(bench.join("requirements.txt"));
    Step::new("install DuckDB and DataFusion", install).mend("see that the Python registry can be reached").run()?;
    let file = place.join(format!("people-{rows}.parquet"));
    let path = file.to_str().context("the path of this repository is no UTF-8")?;
    for _ in 0..rounds {
        example_of(&["--package", "downhaul-blast"], "parquet", &[path, &rows.to_string()])?;
        let status =
            Command::new(&python).arg(bench.join("run.py")).arg(path).status().context("cannot start Python")?;
        if !status.success() {
            bail!("the bench has ended early: {status}");
        }
    }
    Ok(())
}

fn page(drafts: u32, no_build: bool) -> Result<()> {
    setup::node()?;
    setup::browser()?;
    if !no_build {
        npm::install()?;
        wasm::build(wasm::Which::All)?;
        npm::build()?;
        data::build(data::contexts())?;
    }
    let bench = workspace::root().join("benches/blast-in-page");
    npm::install_in(&bench, "what the bench drives Chromium with")?;
    let mut measure = Command::new("node");
    measure.current_dir(&bench).arg("run.mjs").args(["--drafts", &drafts.to_string()]);
    measured(&mut measure)
}

fn console(steps: u32, kills: u32, no_build: bool) -> Result<()> {
    setup::node()?;
    setup::browser()?;
    if !no_build {
        build::build(Profile::Release)?;
    }
    npm::install_in(&workspace::root().join("benches/console"), "what the bench drives Chromium with")?;
    // Its clients are those of that bench.
    npm::install_in(&workspace::root().join("benches/kill-to-dark"), "the clients")?;
    script("console", &["--steps", &steps.to_string(), "--kills", &kills.to_string(), "--where"])
}

fn window(starts: u32, no_build: bool) -> Result<()> {
    setup::node()?;
    setup::window()?;
    setup::window_driver()?;
    if !no_build {
        npm::install()?;
        ui::build()?;
        desktop::binary(Profile::Release)?;
        let mut empty = workspace::cargo();
        empty.args(["build", "--release", "--locked", "--package", desktop::PACKAGE, "--example", "empty"]);
        Step::new("build an empty window", empty).run()?;
    }
    let mut measure = Command::new("node");
    measure.current_dir(workspace::root().join("benches/desktop")).arg("run.mjs");
    measure.arg("--app").arg(desktop::app(Profile::Release));
    measure.arg("--empty").arg(workspace::target().join("release/examples/empty"));
    measure.arg("--console").arg(workspace::root().join("admin-app/ui/dist")).args(["--starts", &starts.to_string()]);
    measured(&mut measure)
}

fn breaker(no_build: bool) -> Result<()> {
    setup::node()?;
    if !no_build {
        npm::install()?;
        wasm::build(wasm::Which::All)?;
        npm::build()?;
    }
    let bench = workspace::root().join("benches/breaker");
    npm::install_in(&bench, "what breakers are measured beside")?;
    measured(Command::new("node").current_dir(&bench).arg("run.mjs"))
}

/// Runs a bench in Node to its end.
fn measured(measure: &mut Command) -> Result<()> {
    let status = measure.status().context("cannot start node")?;
    if !status.success() {
        bail!("the bench has ended early: {status}");
    }
    Ok(())
}

/// The npm package, whose clients the folder of a bench starts, and a release server for them.
fn clients_of(bench: &str, no_build: bool) -> Result<()> {
    if !no_build {
        npm::install()?;
        wasm::build(wasm::Which::All)?;
        npm::build()?;
        build::binary(Profile::Release)?;
    }
    npm::install_in(&workspace::root().join("benches").join(bench), "the clients")
}

fn drill(drills: u32, no_build: bool) -> Result<()> {
    setup::node()?;
    setup::prometheus()?;
    // Its clients are those of that bench.
    clients_of("kill-to-dark", no_build)?;
    script("drill", &["--drills", &drills.to_string()])
}

fn crash(crashes: u32, no_build: bool) -> Result<()> {
    setup::node()?;
    if !no_build {
        build::binary(Profile::Release)?;
    }
    script("crashes", &["--crashes", &crashes.to_string()])
}

fn fleet(clients: u32, no_build: bool) -> Result<()> {
    setup::node()?;
    clients_of("kill-fleet", no_build)?;
    script("kill-fleet", &["--clients", &clients.to_string()])
}

fn telemetry(kills: u32, entries: u32, no_build: bool) -> Result<()> {
    setup::node()?;
    // Its clients are those of that bench.
    clients_of("kill-to-dark", no_build)?;
    script("telemetry", &["--kills", &kills.to_string(), "--entries", &entries.to_string()])
}

/// Runs a bench that starts `downhaul` itself.
fn script(bench: &str, arguments: &[&str]) -> Result<()> {
    let mut measure = Command::new("node");
    measure.current_dir(workspace::root().join("benches").join(bench)).arg("run.mjs");
    measure.arg("--downhaul").arg(build::downhaul(Profile::Release)).args(arguments);
    let status = measure.status().context("cannot start node")?;
    if !status.success() {
        bail!("the bench has ended early, or found a fault: {status}");
    }
    Ok(())
}

fn kill(kills: u32, no_build: bool) -> Result<()> {
    setup::node()?;
    setup::browser()?;
    if !no_build {
        build::build(Profile::Release)?;
    }
    let bench = workspace::root().join("benches/kill-to-dark");
    npm::install_in(&bench, "what the bench drives Chromium with")?;

    let data = workspace::state().join("bench-data");
    // Whatever an earlier run left is not measured.
    let _ = fs::remove_dir_all(&data);
    let downhaul = build::downhaul(Profile::Release);
    let places = Places { listen: free_address()?, shop: free_address()?, data, downhaul };
    let (sender, _events) = mpsc::channel();
    let mut children = Children::new(sender);
    let outcome = Stack::start(places, &mut children).and_then(|stack| {
        let key = stack.key("bench", "server", &[])?;
        let mut measure = Command::new("node");
        measure.current_dir(&bench).arg("run.mjs").args(["--kills", &kills.to_string()]);
        measure.args(["--server", &stack.server(), "--shop", &stack.shop(), "--token", &stack.admin_token]);
        measure.args(["--server-key", &key.key]);
        let status = measure.status().context("cannot start node")?;
        if !status.success() {
            bail!("the bench has ended early: {status}");
        }
        Ok(())
    });
    children.stop();
    outcome
}

/// An address of this machine that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
