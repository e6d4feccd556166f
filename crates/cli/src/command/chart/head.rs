use super::file;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::ChartHead;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write the head to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the key that signs heads instead, for whoever checks them
    #[arg(long)]
    key: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let head: ChartHead = block_on(control.get(&["chart", "head"], &[]))?;
    if args.key {
        file::write(args.out.as_ref(), &format!("{}\n", head.key), output)?;
    } else if output.format == Format::Json && args.out.is_none() {
        output.json(&head)?;
    } else {
        file::write(args.out.as_ref(), &head.note, output)?;
    }
    Ok(Exit::Done)
}
