use super::file;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::Output;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The change to prove
    #[arg(value_name = "REVISION", value_parser = clap::value_parser!(u64).range(1..))]
    revision: u64,
    /// Prove it by this head, kept elsewhere, and not by the newest
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// Write to this file instead of standard output; by custom its name ends in .tlog-proof
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let mut query = vec![("revision", args.revision.to_string())];
    if let Some(head) = &args.head {
        query.push(("size", file::head(head)?.head().size.to_string()));
    }
    let control = ControlPlane::connect(&args.server)?;
    let proof = block_on(control.text(&["chart", "proof"], &query))?;
    file::write(args.out.as_ref(), &proof, output)?;
    Ok(Exit::Done)
}
