use crate::process::{answering, free_port, start};
use crate::stack::built;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Someone's own site: one page, the npm package beside it as the first steps say, and a web server that knows no more.
#[derive(Debug)]
pub struct Site {
    pub address: String,
    folder: TempDir,
    _process: Child,
}

impl Site {
    pub async fn start() -> Result<Self> {
        let folder = TempDir::new()?;
        fs::write(folder.path().join("index.html"), "<!doctype html><title>soon</title>")?;
        let package = built("web/sdk/dist/browser.js")?;
        let package = package.parent().context("the package lies in no folder")?;
        let beside = folder.path().join("downhaul");
        fs::create_dir(&beside)?;
        for entry in fs::read_dir(package)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), beside.join(entry.file_name()))?;
            }
        }
        let port = free_port()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("site.mjs");
        let process = start(Command::new("node").arg(script).arg(folder.path()).arg(port.to_string()))?;
        let address = format!("http://127.0.0.1:{port}");
        answering(&address).await?;
        Ok(Site { address, folder, _process: process })
    }

    /// Puts a page in the place of the one that is there.
    pub fn put(&self, page: &str) -> Result<()> {
        Ok(fs::write(self.folder.path().join("index.html"), page)?)
    }
}
