//! The WebAssembly toolchain: the ordinary target of the installed Rust where rustup can add it, else Debian's
//! `rustc-web` with a standard library that is built once into a private folder.

use crate::setup;
use crate::step::{self, Step};
use crate::workspace::{self, cargo};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// Chooses the toolchain by hand: `rustup` or `debian`.
const CHOICE: &str = "DOWNHAUL_WASM_TOOLCHAIN";
/// How long rustup may take before the fall-back is used.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld-22"];
/// The first of these that is found links; `rust-lld` comes with rustup's Rust.
const LINKERS: [&str; 3] = ["wasm-ld-22", "wasm-ld", "rust-lld"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The target is installed beside the ordinary Rust.
    Ordinary,
    /// Debian's compiler with a standard library of our own making.
    Debian { linker: PathBuf, sysroot: PathBuf },
}

impl Toolchain {
    /// Cargo with everything set to build for [`TARGET`], in a target folder of its own.
    pub(crate) fn wasm_cargo(&self) -> Command {
        let mut command = cargo();
        command.envs(self.environment());
        command
    }

    /// What a shell must export to build for [`TARGET`] by hand.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = vec![("CARGO_TARGET_DIR", target().display().to_string())];
        if let Toolchain::Debian { linker, sysroot } = self {
            environment.push(("RUSTC", DEBIAN_RUSTC.to_owned()));
            environment.push(("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.display().to_string()));
            let flags = format!("--sysroot={}", sysroot.display());
            environment.push(("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags));
        }
        environment
    }
}

/// Where cargo puts builds for [`TARGET`]: apart from the native ones, whose compiler may be another.
pub(crate) fn target() -> PathBuf {
    workspace::target().join("wasm")
}

/// Finds the toolchain, or installs it.
///
/// # Errors
/// Where neither way works; the error says what to run.
pub(crate) fn ensure() -> Result<Toolchain> {
    match std::env::var(CHOICE).as_deref() {
        Ok("rustup") => return add_with_rustup().map(|()| Toolchain::Ordinary),
        Ok("debian") => return debian(),
        Ok(other) => bail!("{CHOICE} is `{other}`\n  mend: set it to `rustup` or `debian`, or not at all"),
        Err(_) => {}
    }
    if ordinary_target_is_installed() {
        return Ok(Toolchain::Ordinary);
    }
    // Once made, the fall-back is kept: rustup would be asked in vain at every start.
    if stamp_is_current()? {
        return debian();
    }
    let refused = match add_with_rustup() {
        Ok(()) => return Ok(Toolchain::Ordinary),
        Err(error) => error,
    };
    println!("        rustup cannot add {TARGET} here; falling back to the packages {}", DEBIAN_PACKAGES.join(" "));
    debian().with_context(|| format!("no way to compile to WebAssembly was found; rustup said: {refused:#}"))
}

fn ordinary_target_is_installed() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]).current_dir(workspace::root());
    let Ok(output) = rustc.output() else { return false };
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn add_with_rustup() -> Result<()> {
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]).current_dir(workspace::root());
    let step = Step::new("add the WebAssembly target with rustup", rustup);
    step.limit(RUSTUP_LIMIT).mend(format!("run `rustup target add {TARGET}` where downloads work")).run()?;
    if !ordinary_target_is_installed() {
        bail!("rustup added {TARGET}, but rustc does not find its standard library\n  mend: check `rustup show`");
    }
    Ok(())
}

fn debian() -> Result<Toolchain> {
    if !Path::new(DEBIAN_SOURCE).is_file() || !Path::new(DEBIAN_RUSTC).is_file() || find_linker().is_none() {
        setup::apt_install("compiler for WebAssembly", &DEBIAN_PACKAGES)?;
    }
    let Some(linker) = find_linker() else {
        bail!("no linker for WebAssembly was found\n  mend: sudo apt-get install -y --no-install-recommends lld-22");
    };
    let sysroot = home().join("sysroot");
    let toolchain = Toolchain::Debian { linker, sysroot };
    if !stamp_is_current()? {
        build_standard_library(&toolchain)?;
    }
    Ok(toolchain)
}

fn home() -> PathBuf {
    workspace::target().join("wasm-toolchain")
}

/// Whether the private standard library is there, made by the compiler that is there now.
fn stamp_is_current() -> Result<bool> {
    let Ok(stamp) = std::fs::read_to_string(home().join("stamp")) else { return Ok(false) };
    Ok(Path::new(DEBIAN_RUSTC).is_file() && stamp == debian_version()?)
}

fn debian_version() -> Result<String> {
    let output = Command::new(DEBIAN_RUSTC).arg("-vV").output().context("cannot run `/usr/bin/rustc -vV`")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn find_linker() -> Option<PathBuf> {
    LINKERS.iter().find_map(|name| workspace::find_program(name)).or_else(|| {
        let output = Command::new("rustc").args(["--print", "target-libdir"]).output().ok()?;
        let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).parent()?.join("bin");
        Some(folder.join("rust-lld")).filter(|linker| linker.is_file())
    })
}

/// Builds an empty crate together with the standard library, and keeps the library.
fn build_standard_library(toolchain: &Toolchain) -> Result<()> {
    let Toolchain::Debian { linker, sysroot } = toolchain else { return Ok(()) };
    let (home, empty) = (home(), home().join("empty"));
    std::fs::create_dir_all(empty.join("src"))?;
    let manifest =
        "[package]\nname = \"empty\"\nedition = \"2024\"\n[workspace]\n[profile.release]\npanic = \"abort\"\n";
    std::fs::write(empty.join("Cargo.toml"), manifest)?;
    std::fs::write(empty.join("src/lib.rs"), "#![no_std]\n")?;

    let mut build = cargo();
    build.current_dir(&empty);
    build.env("RUSTC", DEBIAN_RUSTC).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    // `build-std` is unstable; the permission holds for this one command, not for the builds that use its result.
    build.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", home.join("build"));
    build.args(["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,proc_macro"]);
    Step::new("build the standard library for WebAssembly (once)", build)
        .mend(format!(
            "see that crates.io can be reached; `sudo apt-get install --reinstall {}`",
            DEBIAN_PACKAGES.join(" ")
        ))
        .run()?;

    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    // A library of an older compiler beside this one would be found twice.
    let _ = std::fs::remove_dir_all(sysroot);
    std::fs::create_dir_all(&libraries)?;
    for entry in std::fs::read_dir(home.join("build").join(TARGET).join("release/deps"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rlib")
            && let Some(name) = path.file_name()
        {
            std::fs::copy(&path, libraries.join(name))?;
        }
    }
    std::fs::write(home.join("stamp"), debian_version()?)?;
    step::done("standard library for WebAssembly");
    Ok(())
}
