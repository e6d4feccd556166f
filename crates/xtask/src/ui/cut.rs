//! Cuts the console's module along the marks in its source (`pages/later/chunk.rs`), so that pages come when wanted.

use crate::workspace;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use wasm_split_cli_support::{Options, transform};

/// What the linker must leave in a module for it to be cut, after `--` of `cargo rustc`.
pub(crate) const LINK: &str = "link-args=--emit-relocs";

/// The JavaScript that fetches the parts.
pub(crate) const LOADER: &str = "downhaul-parts.js";

/// A module in pieces.
#[derive(Debug)]
pub(crate) struct Cut {
    /// What comes first. It goes through wasm-bindgen yet.
    pub(crate) main: PathBuf,
    /// What comes later, finished but for wasm-opt.
    pub(crate) parts: Vec<PathBuf>,
    /// The file names that each mark brings: its own part, and those that it shares.
    pub(crate) brings: BTreeMap<String, Vec<String>>,
}

/// Cuts `module` and writes parts and loader into `folder`, beside which `NAME.js` will be.
pub(crate) fn cut(module: &Path, folder: &Path, name: &str) -> Result<Cut> {
    let bytes = fs::read(module).with_context(|| format!("cannot read `{}`", workspace::shown(module)))?;
    // Not into the folder that is served.
    let main = module.with_extension("main.wasm");
    let (link, script) = (format!("./{LOADER}"), format!("./{name}.js"));
    let mut options = Options::new(&bytes);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.link_name = &link;
    options.main_module = &script;
    let cut = transform(options)
        .map_err(|error| anyhow::anyhow!("`{}` cannot be cut: {error:#}", workspace::shown(module)))?;
    let files = |stems: Vec<String>| stems.into_iter().map(|stem| format!("{stem}.wasm")).collect();
    let brings = cut.prefetch_map.into_iter().map(|(mark, stems)| (mark, files(stems))).collect();
    Ok(Cut { main, parts: cut.split_modules, brings })
}
