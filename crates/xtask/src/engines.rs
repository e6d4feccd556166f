//! `cargo xtask engines`: the same flags and contexts through every engine, and whether all decide alike, byte for byte.

use crate::step::{self, Step};
use crate::workspace::{self, cargo};
use crate::{data, npm, setup, wasm};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// What hangs in one engine does not keep the others from being asked.
const LIMIT: Duration = Duration::from_mins(15);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many contexts
    #[arg(long, default_value_t = 50_000)]
    contexts: usize,
    /// Only these engines; `native` is always among them, as the others are compared with it
    #[arg(long, value_delimiter = ',', value_name = "ENGINE")]
    only: Vec<String>,
    /// Run what was built before
    #[arg(long)]
    no_build: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::node()?;
    if !arguments.no_build {
        npm::install()?;
        wasm::build(wasm::Which::Evaluation)?;
        data::build(data::contexts())?;
    }
    let known = |name: &&String| ENGINES.iter().any(|engine| engine.name == name.as_str());
    if let Some(unknown) = arguments.only.iter().find(|name| !known(name)) {
        let names: Vec<&str> = ENGINES.iter().map(|engine| engine.name).collect();
        bail!("there is no engine `{unknown}`\n  mend: one of {}", names.join(", "));
    }
    let wanted =
        |name: &str| name == NATIVE || arguments.only.is_empty() || arguments.only.iter().any(|each| each == name);
    let engines: Vec<&Engine> = ENGINES.iter().filter(|engine| wanted(engine.name)).collect();
    let place = Place { folder: workspace::state().join("engines"), contexts: arguments.contexts, optimised: true };
    compare(&engines, &place)
}

/// A smaller run of the engines that the tests have anyway.
pub(crate) fn small() -> Result<()> {
    let engines: Vec<&Engine> = ENGINES.iter().filter(|engine| engine.in_tests).collect();
    compare(&engines, &Place { folder: workspace::state().join("engines-small"), contexts: 2_000, optimised: false })
}

/// Where the fixture lies, and how large it is.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    contexts: usize,
    optimised: bool,
}

#[derive(Debug)]
struct Engine {
    name: &'static str,
    /// Cheap enough for the test command, and installed by it.
    in_tests: bool,
    /// Sets up what it needs, or says how a person does.
    ready: fn() -> Result<()>,
    command: fn(&Place) -> Command,
}

const NATIVE: &str = "native";

/// The first writes the fixture.
const ENGINES: [Engine; 9] = [
    Engine { name: NATIVE, in_tests: true, ready: || Ok(()), command: native },
    Engine { name: "wasmtime", in_tests: false, ready: || Ok(()), command: wasmtime },
    Engine { name: "node", in_tests: true, ready: setup::node, command: |place| script("node", place) },
    Engine { name: "deno", in_tests: false, ready: packages, command: |place| script("deno", place) },
    Engine { name: "bun", in_tests: false, ready: packages, command: |place| script("bun", place) },
    Engine { name: "workerd", in_tests: true, ready: npm::install, command: |place| script("workerd", place) },
    Engine { name: "chromium", in_tests: true, ready: setup::browser, command: |place| script("chromium", place) },
    Engine { name: "firefox", in_tests: false, ready: firefox, command: |place| script("firefox", place) },
    Engine { name: "webkit", in_tests: false, ready: webkit, command: |place| script("webkit", place) },
];

fn native(place: &Place) -> Command {
    // The tests have built it, with the features that the whole workspace asks for; cargo would build it anew.
    let built = workspace::target().join("debug/examples/engines").with_extension(std::env::consts::EXE_EXTENSION);
    let mut run = if !place.optimised && built.is_file() {
        Command::new(built)
    } else {
        let mut run = cargo();
        run.args(["run", "--quiet", "--locked", "--package", "downhaul-core", "--example", "engines"]);
        if place.optimised {
            run.arg("--release");
        }
        run.arg("--");
        run
    };
    run.args([&place.folder, &data::contexts()]).arg(place.contexts.to_string());
    run
}

fn wasmtime(place: &Place) -> Command {
    let mut run = cargo();
    run.current_dir(workspace::root().join("tests/engines/wasmtime"));
    run.args(["run", "--quiet", "--locked", "--release", "--"]).arg(&place.folder);
    // The time is that of the last: servers have it, and wasmtime is one.
    let generated = workspace::web().join("sdk/src/generated");
    run.args(["downhaul.wasm", "downhaul-server.wasm"].map(|module| generated.join(module)));
    run
}

fn script(engine: &str, place: &Place) -> Command {
    let mut run = Command::new("node");
    run.current_dir(workspace::root()).arg("tests/engines/run.mjs").arg(engine).arg(&place.folder);
    if let Some(browser) = mini_browser() {
        run.env("MINIBROWSER", browser);
    }
    run
}

/// Deno and Bun, as npm packages.
fn packages() -> Result<()> {
    npm::install_in(&workspace::root().join("tests/engines"), "Deno and Bun")
}

fn firefox() -> Result<()> {
    match workspace::find_program("firefox-esr") {
        Some(_) => Ok(()),
        None => setup::apt_install("Firefox", &["firefox-esr"]),
    }
}

fn webkit() -> Result<()> {
    if mini_browser().is_none() || workspace::find_program("xvfb-run").is_none() {
        setup::apt_install("WebKit and a screen for it", &["libwebkit2gtk-4.1-0", "xvfb", "xauth"])?;
    }
    mini_browser()
        .map(drop)
        .context("missing: WebKit's MiniBrowser\n  mend: install what Debian calls libwebkit2gtk-4.1-0")
}

/// WebKit's own small browser lies beside the search path.
fn mini_browser() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    folders.map(|folder| folder.join("webkit2gtk-4.1/MiniBrowser")).find(|program| program.is_file())
}

/// What an engine says.
#[derive(Debug, Deserialize)]
struct Report {
    digest: String,
    decisions: u64,
    milliseconds: f64,
}

fn compare(engines: &[&Engine], place: &Place) -> Result<()> {
    std::fs::create_dir_all(&place.folder)?;
    let mut reports = Vec::new();
    let mut problems = Vec::new();
    for engine in engines {
        match report(engine, place) {
            Ok(report) => reports.push((engine.name, report)),
            Err(error) => problems.push(format!("{}: {error:#}", engine.name)),
        }
    }
    println!("\n{:<10} {:>12} {:>10}  digest of all decisions", "engine", "decisions", "ms");
    for (name, Report { digest, decisions, milliseconds }) in &reports {
        println!("{name:<10} {decisions:>12} {milliseconds:>10.0}  {digest}");
    }
    problems.extend(differences(&reports));
    if !problems.is_empty() {
        bail!("{} of {} engines are missing or differ\n{}", problems.len(), engines.len(), problems.join("\n"));
    }
    step::done(&format!("{} engines decide alike", reports.len()));
    Ok(())
}

fn report(engine: &Engine, place: &Place) -> Result<Report> {
    (engine.ready)()?;
    // The tools for WebAssembly are not what runs natively.
    let mut command = (engine.command)(place);
    command.env_remove("RUSTC");
    let output = Step::new(format!("decide in {}", engine.name), command).limit(LIMIT).run()?;
    let line = output.lines().rfind(|line| line.starts_with('{')).context("it has printed no report")?;
    serde_json::from_str(line).with_context(|| format!("its report is not understood: {line}"))
}

/// Who decides otherwise than the first.
fn differences(reports: &[(&str, Report)]) -> Vec<String> {
    let Some(((first, expected), others)) = reports.split_first() else { return Vec::new() };
    let differs = |report: &Report| report.digest != expected.digest || report.decisions != expected.decisions;
    let problem = |(name, _): &(&str, Report)| format!("{name}: decides otherwise than {first}");
    others.iter().filter(|(_, report)| differs(report)).map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(digest: &str, decisions: u64) -> Report {
        Report { digest: digest.to_owned(), decisions, milliseconds: 1.0 }
    }

    #[test]
    fn another_digest_and_another_count_are_differences() {
        let same = [("native", report("a", 2)), ("node", report("a", 2))];
        assert_eq!(differences(&same), Vec::<String>::new());
        let others = [("native", report("a", 2)), ("node", report("b", 2)), ("bun", report("a", 1))];
        let told = ["node: decides otherwise than native", "bun: decides otherwise than native"];
        assert_eq!(differences(&others), told);
    }
}
