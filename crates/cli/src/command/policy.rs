use super::propose;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::input::sources;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{Changed, DraftRequest, PolicyView, PutPolicyRequest};
use downhaul_control::policy;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Show or set what an environment allows: approvals, budget, limits
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Print the policy as JSON, to be edited and set
    Show(Show),
    /// Replace the policy; what the file leaves out is as in a new environment
    #[command(after_help = "Example: downhaul policy show > policy.json, edit it, and\n         \
                            downhaul policy set policy.json --reason 'two people on critical flags'")]
    Set(Set),
}

#[derive(Debug, clap::Args)]
struct Show {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Set {
    /// The policy as JSON; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// The revision that the edit started from: refused if the policy changed since
    #[arg(long, value_name = "REVISION")]
    since: Option<u64>,
    /// Propose it instead, for others to approve
    #[arg(long)]
    propose: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::Show(args) => show(args, output),
        Part::Set(args) => set(args, output),
    }
}

fn show(args: &Show, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let view: PolicyView = block_on(control.get(&["policy"], &[]))?;
    if output.format == Format::Json {
        output.json(&view)?;
        return Ok(Exit::Done);
    }
    let text = serde_json::to_string_pretty(&view.policy)
        .map_err(|error| Failure::could_not_run("cannot-write", format!("cannot write the policy: {error}")))?;
    output.line(text)?;
    output.note(match &view.last_change {
        Some(change) => format!(
            "of {}, set at revision {} by {}: {}",
            control.environment(),
            change.revision,
            change.actor_name.as_deref().unwrap_or(&change.actor),
            change.reason
        ),
        None => format!("of {}, as every environment begins", control.environment()),
    });
    Ok(Exit::Done)
}

fn set(args: &Set, output: &Output) -> Result<Exit, Failure> {
    let policy = read(&args.file)?;
    if args.propose {
        let draft = DraftRequest {
            policy: Some(policy),
            reason: args.reason.clone(),
            base: args.since,
            ..DraftRequest::default()
        };
        return propose::send(&args.server, None, &draft, &[], output);
    }
    let control = ControlPlane::connect(&args.server)?;
    let request = PutPolicyRequest { policy, reason: args.reason.clone(), expected_revision: args.since };
    let changed: Changed = block_on(control.put(&["policy"], &request)).map_err(propose::or_propose)?;
    match (&changed.change, output.format) {
        (_, Format::Json) => output.json(&changed)?,
        (Some(change), _) => {
            output.line(format!("{} in {} (revision {})", change.summary, control.environment(), change.revision))?
        }
        (None, _) => output.line(format!("the policy of {} is so already", control.environment()))?,
    }
    Ok(Exit::Done)
}

/// Checked here first, so that problems are found without a control plane and with the file's name.
pub(super) fn read(path: &Path) -> Result<Value, Failure> {
    let text = sources::read_file(path)?;
    let document: Value = serde_json::from_slice(&text.bytes).map_err(|error| {
        Failure::invalid("not-json", format!("`{}` is not JSON: {error}", text.name))
            .help("print the policy in force with `downhaul policy show`, and edit that")
    })?;
    match policy::read(&document) {
        Ok(_) => Ok(document),
        Err(problems) => {
            let errors = crate::render::counted(problems.len(), "error");
            let message = format!("`{}` is refused as a policy: {errors}", text.name);
            Err(Failure::invalid("policy-refused", message).diagnostics(problems, Vec::new()))
        }
    }
}
