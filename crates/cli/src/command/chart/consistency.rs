use super::file;
use super::witness::WitnessArgs;
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
    witnesses: WitnessArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let witnesses = args.witnesses.read()?;
    let from = file::head(&args.from)?;
    witnesses.check(&from)?;
    let mut query = vec![("old", from.head().size.to_string())];
    if let Some(to) = &args.to {
        let to = file::head(to)?;
        witnesses.check(&to)?;
        query.push(("size", to.head().size.to_string()));
    }
    let control = ControlPlane::connect(&args.server)?;
    let proof = block_on(control.text(&["chart", "consistency"], &query))?;
    file::write(args.out.as_ref(), &proof, output)?;
    Ok(Exit::Done)
}
