use super::proposals::{named, proposed};
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::input::sources::Text;
use crate::input::{document, sources};
use crate::remote::{ControlPlane, block_on};
use crate::render::Output;
use downhaul_control::api::{DraftRequest, ProposalView, Source};
use serde_json::json;
use std::path::PathBuf;

/// Propose a change that others have to approve before it is made
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: downhaul propose flags.json --reason 'checkout for everyone'\n          \
                  downhaul propose --restore k-7 --reason 'fixed in 2.3.1'")]
#[command(group(clap::ArgGroup::new("draft").required(true).multiple(false).args(["paths", "retire", "restore", "policy"])))]
pub(crate) struct Args {
    /// Files or folders of a flag set, as `apply` takes them: what differs is proposed
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// With PATH: retire flags, and remove segments and tenants, that no file names
    #[arg(long, requires = "paths")]
    prune: bool,
    /// With --prune: set aside what is in the way of retiring a flag, as `retire` names it, as far as that can be set aside
    #[arg(long, requires = "prune")]
    anyway: bool,
    /// Propose that a flag be retired
    #[arg(long, value_name = "FLAG")]
    retire: Option<String>,
    /// Propose that a kill be restored
    #[arg(long, value_name = "KILL")]
    restore: Option<String>,
    /// Propose a policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Why; it stands in the chart, and approvers read it
    #[arg(long)]
    reason: String,
    /// Put it in place of what this open proposal has; approvals of that are void
    #[arg(long, value_name = "PROPOSAL")]
    amend: Option<String>,
    /// The revision that it started from: refused if what it names changed since
    #[arg(long, value_name = "REVISION")]
    since: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let mut texts = Vec::new();
    let draft = match (&args.retire, &args.restore, &args.policy) {
        (Some(flag), _, _) => retire(flag),
        (_, Some(kill), _) => restore(kill),
        (_, _, Some(file)) => DraftRequest { policy: Some(super::policy::read(file)?), ..DraftRequest::default() },
        (None, None, None) => {
            texts = sources::read(&args.paths)?;
            let sources = sources_of(&texts)?;
            DraftRequest { sources, prune: args.prune, anyway: args.anyway, ..DraftRequest::default() }
        }
    };
    let draft = DraftRequest { reason: args.reason.clone(), base: args.since, ..draft };
    send(&args.server, args.amend.as_deref(), &draft, &texts, output)
}

pub(super) fn retire(flag: &str) -> DraftRequest {
    let command = serde_json::from_value(json!({ "type": "retire-flag", "key": flag }));
    DraftRequest { commands: command.into_iter().collect(), ..DraftRequest::default() }
}

pub(super) fn restore(kill: &str) -> DraftRequest {
    DraftRequest { restore: Some(kill.to_owned()), ..DraftRequest::default() }
}

fn sources_of(texts: &[Text]) -> Result<Vec<Source>, Failure> {
    let named = document::utf8(texts)?;
    Ok(named.iter().map(|(name, text)| Source { name: (*name).to_owned(), text: (*text).to_owned() }).collect())
}

/// Proposes it, or amends an open proposal, and says how that stands. `texts` are what it was read from.
pub(super) fn send(
    server: &ServerArgs,
    amend: Option<&str>,
    draft: &DraftRequest,
    texts: &[Text],
    output: &Output,
) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(server)?;
    let sent = block_on(async {
        match amend {
            Some(id) => control.post(&["proposals", id, "amend"], draft).await,
            None => post(&control, draft).await,
        }
    });
    let view: ProposalView = sent.map_err(|mut failure| {
        failure.texts.extend_from_slice(texts);
        failure
    })?;
    let verb = if amend.is_some() { "amended" } else { "proposed" };
    proposed(&view, verb, control.environment(), output)
}

pub(super) async fn post(control: &ControlPlane, draft: &DraftRequest) -> Result<ProposalView, Failure> {
    control.post(&["proposals"], draft).await
}

/// A refusal that asks for an approval, with the command that proposes the same.
pub(super) fn or_propose(mut failure: Failure) -> Failure {
    if &*failure.code == "needs-approval" {
        let command = named(std::env::args().skip(1), &["--propose"]);
        failure.help = Some(format!("propose it, for someone else to approve: `{command}`"));
    }
    failure
}
