use super::file;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::Output;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The earlier head, kept elsewhere
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The later head; the newest where left out
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let mut query = vec![("old", file::head(&args.from)?.head().size.to_string())];
    if let Some(to) = &args.to {
        query.push(("size", file::head(to)?.head().size.to_string()));
    }
    let control = ControlPlane::connect(&args.server)?;
    let proof = block_on(control.text(&["chart", "consistency"], &query))?;
    file::write(args.out.as_ref(), &proof, output)?;
    Ok(Exit::Done)
}
