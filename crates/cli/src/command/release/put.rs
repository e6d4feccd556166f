use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{Changed, PutReleaseRequest, RetireRequest};
use std::path::PathBuf;

/// Put a release, so that it can be rolled back
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File of the release (.json .yaml .yml), `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Retire a release; its key is never used again
#[derive(Debug, clap::Args)]
pub(crate) struct RetireArgs {
    /// Key of the release
    #[arg(value_name = "RELEASE")]
    release: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let release = super::read_release(&args.file, output)?;
    let control = ControlPlane::connect(&args.server)?;
    let json = serde_json::to_value(&release)
        .map_err(|error| Failure::could_not_run("cannot-write", format!("cannot write the release: {error}")))?;
    let request = PutReleaseRequest { release: json, reason: args.reason.clone(), expected_revision: None };
    let changed: Changed = block_on(control.put(&["releases", release.key.as_str()], &request))?;
    if output.format == Format::Json {
        output.json(&changed)?;
    } else {
        let environment = control.environment();
        output.line(match &changed.change {
            Some(change) => format!("put `{}` in {environment}, revision {}", release.key, change.revision),
            None => format!("`{}` in {environment} is so already", release.key),
        })?;
        output.note(format!("look at it: downhaul release check {0}, downhaul release show {0}", release.key));
    }
    Ok(Exit::Done)
}

pub(crate) fn retire(args: &RetireArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = RetireRequest { reason: args.reason.clone() };
    let changed: Changed = block_on(control.post(&["releases", &args.release, "retire"], &request))?;
    if output.format == Format::Json {
        output.json(&changed)?;
    } else {
        let revision = changed.position.revision;
        output.line(format!("retired `{}` in {}, revision {revision}", args.release, control.environment()))?;
    }
    Ok(Exit::Done)
}
