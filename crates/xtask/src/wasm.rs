//! `cargo xtask wasm`: the modules of the npm package, into `web/sdk/src/generated`, where its own build finds them.

use crate::step::{self, Step};
use crate::toolchain::{self, Toolchain};
use crate::{at_once, npm, setup, workspace};
use anyhow::{Context, Result, bail};
use std::cmp::Reverse;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use wasm_bindgen_cli_support::Bindgen;
use wasmparser::{Parser, Payload};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which module to build
    #[arg(long, value_enum, default_value = "all")]
    module: Which,
    /// Print what a shell must export to run cargo for WebAssembly by hand, and build nothing
    #[arg(long)]
    print_env: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Which {
    /// The hot path: plain exports, no imports
    Evaluation,
    /// Documents, diagnostics and X-ray, with wasm-bindgen
    Tooling,
    All,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.print_env {
        for (name, value) in toolchain::ensure()?.environment() {
            println!("export {name}='{value}'");
        }
        return Ok(());
    }
    setup::node()?;
    npm::install()?;
    build(arguments.module)
}

/// Builds the modules; the npm packages must be installed.
pub(crate) fn build(which: Which) -> Result<()> {
    let toolchain = toolchain::ensure()?;
    let generated = workspace::web().join("sdk/src/generated");
    fs::create_dir_all(&generated)?;
    if which != Which::Tooling {
        evaluation(&toolchain, &generated)?;
    }
    if which != Which::Evaluation {
        tooling(&toolchain, &generated)?;
    }
    Ok(())
}

/// The same code twice: small for pages, fast for servers.
fn evaluation(toolchain: &Toolchain, generated: &Path) -> Result<()> {
    let built = compile(toolchain, "evaluation module", "downhaul-wasm", &[], "downhaul_wasm")?;
    let finished = generated.join("downhaul.wasm");
    optimise("evaluation module", For::Size, &built, &finished)?;
    refuse_imports(&fs::read(&finished)?)?;
    report(&finished)?;

    let what = "evaluation module of servers";
    let built = compile_as(toolchain, what, "wasm-server", "downhaul-wasm", &["--features", "sieve"], "downhaul_wasm")?;
    let finished = generated.join("downhaul-server.wasm");
    optimise(what, For::Speed, &built, &finished)?;
    refuse_imports(&fs::read(&finished)?)?;
    report(&finished)
}

fn tooling(toolchain: &Toolchain, generated: &Path) -> Result<()> {
    let built = compile(toolchain, "tooling module", "downhaul-wasm", &["--features", "tooling"], "downhaul_wasm")?;
    let module = bind(&built, generated, "tooling", Use::Package)?;
    optimise("tooling module", For::Size, &module, &module)?;
    report(&module)
}

/// Compiles one package for WebAssembly, small, and gives the module's path.
pub(crate) fn compile(toolchain: &Toolchain, what: &str, package: &str, extra: &[&str], name: &str) -> Result<PathBuf> {
    compile_as(toolchain, what, "wasm", package, extra, name)
}

fn compile_as(
    toolchain: &Toolchain,
    what: &str,
    profile: &str,
    package: &str,
    extra: &[&str],
    name: &str,
) -> Result<PathBuf> {
    let mut cargo = toolchain.wasm_cargo();
    // `rustc` builds like `build`, and takes flags of the last step.
    cargo.args(["rustc", "--locked", "--profile", profile, "--target", toolchain::TARGET, "--package", package]);
    cargo.args(extra);
    Step::new(format!("compile the {what}"), cargo)
        .mend("mend the error above; `cargo xtask setup` if a tool is missing")
        .run()?;
    Ok(toolchain::target().join(toolchain::TARGET).join(profile).join(format!("{name}.wasm")))
}

/// By whom a module is used, and so what wasm-bindgen leaves beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A package for others, with types.
    Package,
    /// Our own page.
    Page,
    /// Our own page, and modules that were cut off this one: they need its memory, its table and its stack.
    PageInParts,
}

/// Writes the JavaScript side of a module (`NAME.js`, `NAME_bg.wasm`) and gives the path of the module.
pub(crate) fn bind(module: &Path, folder: &Path, name: &str, used: Use) -> Result<PathBuf> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).typescript(used == Use::Package);
    bindgen.keep_lld_exports(used == Use::PageInParts);
    // Every entry point says itself where the module lies; a default would make bundlers copy it twice.
    bindgen.omit_default_module_path(true).remove_producers_section(true);
    let bound = bindgen.web(true).and_then(|bindgen| bindgen.generate(folder));
    bound.map_err(|error| anyhow::anyhow!("wasm-bindgen cannot read `{}`: {error:#}", workspace::shown(module)))?;
    Ok(folder.join(format!("{name}_bg.wasm")))
}

/// What wasm-opt makes of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Size,
    Speed,
}

/// Runs wasm-opt.
pub(crate) fn optimise(what: &str, aim: For, from: &Path, to: &Path) -> Result<()> {
    Step::new(format!("optimise the {what}"), wasm_opt(aim, from, to)).mend(WITHOUT_WASM_OPT).run().map(drop)
}

/// Runs wasm-opt for size on each of these in its place, as many at once as there are processors.
pub(crate) fn optimise_each(what: &str, modules: &[PathBuf]) -> Result<()> {
    let begun = Instant::now();
    // The largest first: none of them is left for the end, alone.
    let size = |module: &PathBuf| fs::metadata(module).map_or(0, |metadata| metadata.len());
    let mut sorted: Vec<&PathBuf> = modules.iter().collect();
    sorted.sort_by_cached_key(|module| Reverse(size(module)));
    at_once::each(&sorted, |module| {
        let mut command = wasm_opt(For::Size, module, module);
        let output = command.output().with_context(|| format!("cannot start `{}`", step::shown(&command)))?;
        if !output.status.success() {
            let said = step::tail(&String::from_utf8_lossy(&output.stderr), 20);
            bail!("`{}` failed:\n{said}\n  mend: {WITHOUT_WASM_OPT}", step::shown(&command));
        }
        Ok(())
    })?;
    step::done(&format!("optimise {what}, {} modules ({:.1} s)", modules.len(), begun.elapsed().as_secs_f64()));
    Ok(())
}

const WITHOUT_WASM_OPT: &str = "rm -r web/node_modules && cargo xtask setup";

fn wasm_opt(aim: For, from: &Path, to: &Path) -> Command {
    let mut command = Command::new(npm::installed_program("wasm-opt"));
    command.current_dir(workspace::root());
    // What rustc emits by default, and every engine that we run on knows.
    for feature in
        ["bulk-memory", "sign-ext", "mutable-globals", "nontrapping-float-to-int", "multivalue", "reference-types"]
    {
        command.arg(format!("--enable-{feature}"));
    }
    command.arg(if aim == For::Size { "-Oz" } else { "-O4" });
    command.args(["--strip-debug", "--strip-producers", "--strip-target-features"]).arg(from).arg("-o").arg(to);
    command
}

/// The evaluation module gets numbers and gives numbers: a clock or a random source would show up as an import.
fn refuse_imports(module: &[u8]) -> Result<()> {
    let imports = imports(module)?;
    if !imports.is_empty() {
        bail!(
            "the evaluation module imports {}\n  mend: find what brings it in with `cargo tree --package downhaul-wasm`",
            imports.join(", ")
        );
    }
    Ok(())
}

/// What a module wants from outside, as `module.name`.
fn imports(module: &[u8]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload.context("the module cannot be read")? {
            for import in section.into_imports() {
                let import = import.context("the imports cannot be read")?;
                found.push(format!("{}.{}", import.module, import.name));
            }
        }
    }
    Ok(found)
}

/// Prints the size of a file, raw and as it travels.
pub(crate) fn report(file: &Path) -> Result<()> {
    let bytes = fs::read(file)?;
    let packed = gzipped(&bytes)?.len();
    step::done(&format!("{}: {} bytes, {packed} gzipped", workspace::shown(file), bytes.len()));
    Ok(())
}

/// As it travels.
pub(crate) fn gzipped(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty module, then one that imports the function `env.clock`.
    const EMPTY: &[u8] = b"\0asm\x01\0\0\0";
    const WITH_CLOCK: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0d\x01\x03env\x05clock\0\0";

    #[test]
    fn a_module_that_imports_is_refused_by_name() {
        assert!(refuse_imports(EMPTY).is_ok());
        let error = refuse_imports(WITH_CLOCK).unwrap_err().to_string();
        assert!(error.contains("env.clock"), "{error}");
    }

    #[test]
    fn bytes_that_are_no_module_are_refused() {
        assert!(refuse_imports(b"<!doctype html>").is_err());
    }
}
