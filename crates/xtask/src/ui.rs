//! `cargo xtask ui`: the console, into `admin-app/ui/dist`, from where the server takes it.

mod cut;
mod names;
mod weight;

use crate::step::{self, Step};
use crate::{kill, npm, setup, toolchain, wasm, workspace};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const CONSOLE: &str = "downhaul-ui";
const RADIUS: &str = "downhaul-radius";

/// All of `styles/`.
const STYLES: &str = "styles.css";

/// What the page loads besides the compiled console.
const FILES: [&str; 4] = ["index.html", "boot.js", "worker.js", "icon.svg"];

pub(crate) fn run() -> Result<()> {
    setup::node()?;
    npm::install()?;
    build()
}

/// Builds the console; the npm packages must be installed (wasm-opt is one of them).
pub(crate) fn build() -> Result<()> {
    let source = workspace::root().join("admin-app/ui");
    let dist = source.join("dist");
    let toolchain = toolchain::ensure()?;
    let extra = ["--bin", CONSOLE, "--", "-C", cut::LINK];
    let console = wasm::compile(&toolchain, "console", "downhaul-ui", &extra, CONSOLE)?;
    let extra = ["--bin", RADIUS];
    let radius = wasm::compile(&toolchain, "console's worker", "downhaul-ui", &extra, RADIUS)?;

    // A console that is being served stays whole until the new one is finished.
    let fresh = source.join("dist.new");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh)?;
    let cut = cut::cut(&console, &fresh, CONSOLE)?;
    let mut modules = cut.parts.clone();
    modules.push(wasm::bind(&cut.main, &fresh, CONSOLE, wasm::Use::PageInParts)?);
    modules.push(wasm::bind(&radius, &fresh, RADIUS, wasm::Use::Page)?);
    wasm::optimise_each("the console", &modules)?;
    let name = |file: &PathBuf| file.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut built: Vec<String> = cut.parts.iter().filter_map(name).collect();
    built.extend([CONSOLE, RADIUS].iter().flat_map(|name| [format!("{name}.js"), format!("{name}_bg.wasm")]));
    built.extend([cut::LOADER, STYLES].map(str::to_owned));
    for name in FILES {
        let from = source.join(name);
        if from.is_file() {
            copy(&from, &fresh.join(name))?;
        }
    }
    let mut styles = npm::esbuild(&source);
    styles.args(["styles/all.css", "--bundle", "--minify", "--log-level=warning"]);
    styles.arg(npm::option("--outfile=", &fresh.join(STYLES)));
    Step::new("build the console's styles", styles).mend("cargo xtask setup, then again").run()?;
    kill::build(&fresh)?;
    let names = names::settle(&fresh, &built)?;
    let weights = weight::pack(&fresh)?;
    let _ = fs::remove_dir_all(&dist);
    fs::rename(&fresh, &dist).with_context(|| format!("cannot put `{}` in place", workspace::shown(&dist)))?;

    let settled = |file: &String| names.get(file).unwrap_or(file).clone();
    let mut groups: BTreeMap<String, Vec<String>> =
        cut.brings.iter().map(|(mark, files)| (mark.clone(), files.iter().map(settled).collect())).collect();
    let worker = ["worker.js".to_owned(), format!("{RADIUS}.js"), format!("{RADIUS}_bg.wasm")];
    groups.insert("worker".to_owned(), worker.iter().map(settled).collect());
    groups.insert("kill page".to_owned(), kill::PAGE.map(str::to_owned).to_vec());
    weight::judge(&weight::sums(&weights, &groups), &dist)?;
    step::done(&format!("console in {}", workspace::shown(&dist)));
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).with_context(|| format!("cannot copy `{}`", workspace::shown(from)))
}
