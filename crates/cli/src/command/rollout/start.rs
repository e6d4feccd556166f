use super::{follow, shown};
use crate::command::{proposals, propose};
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::input::sources;
use crate::remote::{ControlPlane, block_on};
use crate::render::Output;
use downhaul_control::api::{DraftRequest, ProposalView, RolloutView, StartRolloutRequest};
use downhaul_control::rollout::read;
use downhaul_core::read::Format;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Start a rollout, from a file, or by percentages of everyone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: downhaul rollout start --flag checkout-v2 --variant on --percent 1,5,25,100 --bake 3600 --reason 'new checkout'\n\
                  The first stage is entered at once; the server enters each further one when the one before has baked."
)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(false).args(["file", "flag"])))]
pub(crate) struct Args {
    /// File of the rollout (.json .yaml .yml), `-` is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Without a file: key of the flag
    #[arg(long, value_name = "FLAG", requires_all = ["variant", "percent", "bake"])]
    flag: Option<String>,
    /// With --flag: the variant that people are given
    #[arg(long, value_name = "VARIANT", conflicts_with = "file")]
    variant: Option<String>,
    /// With --flag: what part of everyone has it at each stage
    #[arg(long, value_name = "PERCENT,…", value_delimiter = ',', conflicts_with = "file")]
    percent: Vec<f64>,
    /// With --flag: for how many seconds each stage stays before the next
    #[arg(long, value_name = "SECONDS", conflicts_with = "file")]
    bake: Option<u32>,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// Propose it instead, for others to approve
    #[arg(long)]
    propose: bool,
    /// Go on until it is over, or waits for a person
    #[arg(long, conflicts_with = "propose")]
    follow: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let rollout = match &args.file {
        Some(file) => of_file(file, output)?,
        None => of_percentages(args),
    };
    let control = ControlPlane::connect(&args.server)?;
    block_on(async {
        if args.propose {
            let draft = DraftRequest { rollout: Some(rollout), reason: args.reason.clone(), ..DraftRequest::default() };
            let view: ProposalView = propose::post(&control, &draft).await?;
            return proposals::proposed(&view, "proposed", control.environment(), output);
        }
        let request = StartRolloutRequest { rollout, reason: args.reason.clone(), expected_revision: None };
        let view: RolloutView = control.post(&["rollouts"], &request).await.map_err(propose::or_propose)?;
        if args.follow { follow::follow(view, &control, output).await } else { shown(&view, output) }
    })
}

fn of_percentages(args: &Args) -> Value {
    let stage = |percent: &f64| json!({ "percent": percent, "bake_seconds": args.bake });
    let stages: Vec<Value> = args.percent.iter().map(stage).collect();
    json!({ "flag": args.flag, "variant": args.variant, "stages": stages })
}

/// A rollout from a file; its warnings are said beside.
fn of_file(path: &Path, output: &Output) -> Result<Value, Failure> {
    let text = sources::read_file(path)?;
    let words = crate::command::release::utf8(&text)?;
    match read::rollout(words, Format::of_name(&text.name)) {
        Ok((rollout, warnings)) => {
            output.warnings(&warnings, &[text]);
            serde_json::to_value(&rollout)
                .map_err(|error| Failure::could_not_run("cannot-write", format!("cannot write the rollout: {error}")))
        }
        Err(mut problems) => {
            for problem in &mut problems {
                problem.place.file = Some(text.name.clone());
            }
            let message = format!("`{}` is not a rollout", text.name);
            Err(Failure::invalid("invalid-rollout", message).diagnostics(problems, vec![text]))
        }
    }
}
