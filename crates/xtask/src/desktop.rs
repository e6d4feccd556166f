//! `cargo xtask desktop`: the console in a window of its own, with the control plane inside.

use crate::build::Profile;
use crate::step::{self, Step};
use crate::{npm, setup, ui, workspace};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

pub(crate) const PACKAGE: &str = "downhaul-desktop";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How it is compiled; `release` takes some minutes more the first time
    #[arg(long, value_enum, default_value = "dev")]
    profile: Profile,
    /// Build, and do not start
    #[arg(long)]
    no_start: bool,
    /// Start what was built before
    #[arg(long, conflicts_with_all = ["no_start", "bundle"])]
    no_build: bool,
    /// Make packages in place of starting it: for Debian, and an AppImage where Tauri's tools for that are in its cache
    #[arg(long, conflicts_with = "no_start")]
    bundle: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !arguments.no_build {
        setup::node()?;
        setup::window()?;
        npm::install()?;
        ui::build()?;
        if arguments.bundle {
            return bundle();
        }
        binary(arguments.profile)?;
    }
    if arguments.no_start {
        return Ok(());
    }
    let mut start = std::process::Command::new(app(arguments.profile));
    start.arg("--console").arg(workspace::root().join("admin-app/ui/dist"));
    let status = start.status().context("the app is not built; leave `--no-build` out")?;
    if !status.success() {
        bail!("the app has ended early: {status}");
    }
    Ok(())
}

/// The app alone.
pub(crate) fn binary(profile: Profile) -> Result<()> {
    let mut command = workspace::cargo();
    command.args(["build", "--locked", "--package", PACKAGE]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    Step::new("build the desktop app", command).mend("mend the error above, then again").run().map(drop)
}

/// The binary.
pub(crate) fn app(profile: Profile) -> PathBuf {
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    };
    workspace::target().join(folder).join(PACKAGE).with_extension(std::env::consts::EXE_EXTENSION)
}

fn bundle() -> Result<()> {
    let folder = workspace::root().join("admin-app/desktop");
    npm::install_in(&folder, "what bundles the app")?;
    let mut kinds = vec!["deb"];
    if cfg!(target_os = "linux") {
        let missing = missing_for_appimage(&cache());
        if missing.is_empty() {
            kinds.push("appimage");
        } else {
            // Tauri would fetch them, and nothing says which ones these are to be.
            step::done(&format!("no AppImage is made: it needs {}", missing.join(", ")));
        }
    }
    let bundles = kinds.join(",");
    let mut command = npm::npm(&folder);
    command.args(["exec", "--", "tauri", "build", "--bundles", &bundles]);
    command.args(["--config", "bundle.conf.json", "--ci", "--", "--locked"]);
    Step::new("bundle the desktop app", command).mend("mend the error above, then again").run()?;
    for (kind, end, hint) in
        [("deb", "deb", "install it with `sudo apt install ./FILE`"), ("appimage", "AppImage", "start it")]
    {
        if kinds.contains(&kind) {
            made(kind, end, hint)?;
        }
    }
    Ok(())
}

/// Says which packages of a kind there are.
fn made(kind: &str, end: &str, hint: &str) -> Result<()> {
    let folder = workspace::target().join("release/bundle").join(kind);
    let packages =
        std::fs::read_dir(&folder).with_context(|| format!("no package in `{}`", workspace::shown(&folder)))?;
    for package in packages.flatten().map(|entry| entry.path()) {
        if package.extension().is_some_and(|found| found == end) {
            step::done(&format!("{}; {hint}", workspace::shown(&package)));
        }
    }
    Ok(())
}

/// Where Tauri keeps its tools.
fn cache() -> PathBuf {
    let own = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    own.unwrap_or_else(home).join("tauri")
}

/// The tools for an AppImage that are not there, by the names that Tauri 2 gives them; those that it brings itself are left out.
fn missing_for_appimage(cache: &Path) -> Vec<String> {
    let arch = std::env::consts::ARCH;
    let tools = [
        format!("AppRun-{arch}"),
        format!("linuxdeploy-{arch}.AppImage"),
        "linuxdeploy-plugin-appimage.AppImage".to_owned(),
    ];
    let paths = tools.iter().map(|tool| cache.join(tool)).filter(|path| !path.is_file());
    paths.map(|path| format!("`{}`", path.display())).collect()
}

#[cfg(test)]
mod tests {
    use super::missing_for_appimage;

    #[test]
    fn an_appimage_is_made_only_where_all_its_tools_are() {
        let cache = tempfile::tempdir().unwrap();
        let arch = std::env::consts::ARCH;
        assert_eq!(missing_for_appimage(cache.path()).len(), 3);
        for tool in [format!("AppRun-{arch}"), format!("linuxdeploy-{arch}.AppImage")] {
            std::fs::write(cache.path().join(tool), "").unwrap();
        }
        let missing = missing_for_appimage(cache.path());
        assert_eq!(missing.len(), 1);
        assert!(missing[0].contains("linuxdeploy-plugin-appimage.AppImage"), "{missing:?}");
        std::fs::write(cache.path().join("linuxdeploy-plugin-appimage.AppImage"), "").unwrap();
        assert_eq!(missing_for_appimage(cache.path()), Vec::<String>::new());
    }
}
