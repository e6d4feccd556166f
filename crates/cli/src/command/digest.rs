use crate::exit::{Exit, Failure};
use crate::input::document;
use crate::render::{Format, Output};
use downhaul_core::seal::document_digest;
use serde_json::json;
use std::path::PathBuf;

/// Print the digest of a flag set: SHA-256 of its canonical JSON
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files or folders of a flag set (.json .yaml .yml); `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let loaded = document::load(&args.paths)?;
    let document = loaded.valid.document();
    let digest = document_digest(document)
        .map_err(|error| Failure::could_not_run("cannot-write", format!("cannot write the canonical JSON: {error}")))?;
    match output.format {
        Format::Json => output.json(&json!({
            "digest": digest,
            "environment": document.environment,
            "revision": document.revision,
            "flags": document.flags.len(),
        }))?,
        Format::Human | Format::Plain => output.line(digest)?,
    }
    Ok(Exit::Done)
}
