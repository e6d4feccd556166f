//! The stages, in the order in which they need each other.

use crate::build::{self, Profile};
use crate::step::Step;
use crate::workspace::{self, cargo};
use crate::{data, desktop, engines, kill, npm, setup, tidy, toolchain, ui, wasm};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::process::Command;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn() -> Outcome,
}

/// What came of a stage.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The output of each command, and whether it succeeded.
    pub(crate) ran: Vec<(String, bool)>,
    /// What went wrong beside.
    pub(crate) problems: Vec<String>,
}

pub(crate) const STAGES: &[Stage] = &[
    Stage { name: "setup", about: "WebAssembly target, npm packages, Chromium, Prometheus, PostgreSQL", run: set_up },
    Stage { name: "format", about: "cargo fmt", run: format },
    Stage { name: "tidy", about: "the rules of the repository", run: || checked(tidy::run()) },
    Stage { name: "wasm", about: "the modules of the npm package", run: || checked(wasm::build(wasm::Which::All)) },
    Stage { name: "npm", about: "the npm package, the shop and the edge worker", run: || checked(npm::build()) },
    Stage { name: "ui", about: "the console", run: || checked(ui::build()) },
    Stage { name: "data", about: "the example environment", run: || checked(data::build(data::contexts())) },
    Stage { name: "javascript", about: "types and tests of the npm packages", run: javascript },
    Stage { name: "rust", about: "tests of every crate", run: rust },
    Stage {
        name: "engines",
        about: "one digest natively, in Node, workerd and Chromium",
        run: || checked(engines::small()),
    },
    Stage { name: "e2e", about: "end to end, in Chromium and workerd", run: end_to_end },
    Stage { name: "desktop", about: "the real window of the desktop app", run: desktop },
    Stage { name: "example", about: "check and eval of the example environment", run: example },
    Stage { name: "clippy", about: "lints, warnings refused", run: clippy },
    Stage { name: "deny", about: "licences, duplicates and sources, where cargo-deny is installed", run: deny },
];

/// What hangs ends after this long, and the stages behind it still run.
const LIMIT: Duration = Duration::from_mins(40);

/// The package of the end-to-end tests.
const END_TO_END: &str = "downhaul-e2e";
/// Those of them in a browser, and those that drive the desktop app.
const IN_A_BROWSER: &str = "stories";
const OF_THE_WINDOW: &str = "desktop";

fn checked(result: Result<()>) -> Outcome {
    let problems = result.err().map(|error| format!("{error:#}")).into_iter().collect();
    Outcome { ran: Vec::new(), problems }
}

/// Runs a command whose output is counted.
fn ran(title: &str, mut command: Command) -> Outcome {
    // An error names its place; fifty frames of the runtime below it only push others out of sight.
    command.env("RUST_BACKTRACE", "0");
    match Step::new(title, command).limit(LIMIT).attempt() {
        Ok(ended) => Outcome { ran: vec![(ended.output.clone(), ended.success())], problems: Vec::new() },
        Err(error) => Outcome { ran: Vec::new(), problems: vec![format!("{error:#}")] },
    }
}

impl Outcome {
    fn and(mut self, other: Outcome) -> Outcome {
        self.ran.extend(other.ran);
        self.problems.extend(other.problems);
        self
    }
}

fn set_up() -> Outcome {
    let parts = [
        setup::node(),
        toolchain::ensure().map(drop),
        npm::install(),
        setup::browser(),
        setup::prometheus(),
        setup::postgres(),
        setup::faketime(),
        setup::provider(),
        setup::packaging(),
    ];
    parts.into_iter().map(checked).fold(Outcome::default(), Outcome::and)
}

fn format() -> Outcome {
    let mut command = cargo();
    command.args(["fmt", "--all", "--check"]);
    ran("check the format; mend with `cargo fmt --all`", command)
}

fn clippy() -> Outcome {
    let mut command = cargo();
    command.args(["clippy", "--locked", "--workspace"]).args(without_window()).args([
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
    ran("lint every crate", command)
}

fn deny() -> Outcome {
    if workspace::find_program("cargo-deny").is_none() {
        println!("        cargo-deny is not installed: `cargo install --locked cargo-deny` (some minutes)");
        return Outcome::default();
    }
    let mut command = cargo();
    command.args(["deny", "--workspace", "check", "licenses", "bans", "sources"]);
    ran("check licences, duplicates and sources", command)
}

/// Without the end-to-end tests: their WebDriver client asks serde_json to keep the order of keys, and cargo would then
/// build `downhaul` and every other test with that.
fn rust() -> Outcome {
    let mut command = cargo();
    command
        .args(["test", "--locked", "--workspace", "--exclude", END_TO_END])
        .args(without_window())
        .arg("--no-fail-fast");
    ran("test every crate", command)
}

/// Alone on the machine: they measure times, and wait for a browser.
fn end_to_end() -> Outcome {
    let mut command = end_to_end_tests();
    command.args(["--lib", "--test", IN_A_BROWSER]);
    checked(programs()).and(ran("test end to end", command))
}

/// What the end-to-end tests start, built as the tests of every crate build it: `cargo build --package downhaul-cli` would
/// choose other features, and build anew.
fn programs() -> Result<()> {
    let mut build = cargo();
    build.args(["test", "--locked", "--workspace", "--exclude", END_TO_END]).args(without_window()).arg("--no-run");
    Step::new("build downhaul and the desktop app", build).run().map(drop)
}

/// The tests end to end, none of which keeps another from running.
fn end_to_end_tests() -> Command {
    let mut command = cargo();
    command.args(["test", "--locked", "--package", END_TO_END, "--no-fail-fast"]);
    command
}

/// Where the desktop app cannot be built, everything else is tested all the same; its own stage says what is missing.
fn without_window() -> &'static [&'static str] {
    match setup::window() {
        Ok(()) => &[],
        Err(_) => &["--exclude", desktop::PACKAGE],
    }
}

/// The app's own tests are run and linted with every other crate's.
fn desktop() -> Outcome {
    let parts = [setup::window(), setup::window_driver(), programs()];
    let outcome = parts.into_iter().map(checked).fold(Outcome::default(), Outcome::and);
    if !outcome.problems.is_empty() {
        return outcome;
    }
    let mut command = end_to_end_tests();
    command.args(["--test", OF_THE_WINDOW]);
    outcome.and(ran("drive the window of the desktop app", command))
}

fn javascript() -> Outcome {
    let mut outcome = Outcome::default();
    for package in npm::PACKAGES {
        let folder = workspace::web().join(package);
        let scripts = match scripts(package) {
            Ok(scripts) => scripts,
            Err(error) => {
                outcome.problems.push(format!("{error:#}"));
                continue;
            }
        };
        for script in
            ["typecheck", "check", "test"].into_iter().filter(|script| scripts.iter().any(|each| each == script))
        {
            let mut command = npm::npm(&folder);
            command.args(["run", script]);
            outcome = outcome.and(ran(&format!("web/{package}: npm run {script}"), command));
        }
    }
    outcome = outcome.and(ran("kill page: types", kill::type_check()));
    match kill::tests() {
        Ok(tests) => outcome.and(ran("kill page: tests", tests)),
        Err(error) => {
            outcome.problems.push(format!("{error:#}"));
            outcome
        }
    }
}

/// The names of the scripts of a package of `web/`.
fn scripts(package: &str) -> Result<Vec<String>> {
    let file = workspace::web().join(package).join("package.json");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", workspace::shown(&file)))?;
    let manifest: Value = serde_json::from_str(&text).with_context(|| format!("`{}`", workspace::shown(&file)))?;
    Ok(manifest.get("scripts").and_then(Value::as_object).into_iter().flat_map(|all| all.keys().cloned()).collect())
}

/// The binary that the tests have built, over all the real contexts.
fn example() -> Outcome {
    let downhaul = || {
        let mut command = Command::new(build::downhaul(Profile::Dev));
        command.current_dir(workspace::root());
        command
    };
    let flags = "examples/shop/flags";
    let mut check = downhaul();
    check.args(["check", flags]);
    let mut eval = downhaul();
    eval.args(["eval", "--format", "json", "--flags", flags, "--contexts"]).arg(data::contexts());
    let expected =
        fs::read_to_string(workspace::root().join("examples/shop/build/contexts.sha256")).unwrap_or_default();
    let rows = expected.split_whitespace().next().and_then(|rows| rows.parse::<usize>().ok());
    let checked = ran("check the flags of the example environment", check);
    let evaluated = match Step::new("decide every flag for every real context", eval).attempt() {
        Err(error) => Outcome { ran: Vec::new(), problems: vec![format!("{error:#}")] },
        Ok(ended) => {
            let lines = ended.output.lines().filter(|line| line.starts_with('{')).count();
            let whole = ended.success() && Some(lines) == rows;
            let problem = format!("downhaul eval gave {lines} lines for {rows:?} contexts");
            Outcome { ran: Vec::new(), problems: if whole { Vec::new() } else { vec![problem] } }
        }
    };
    checked.and(evaluated)
}
