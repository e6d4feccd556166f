use super::witness::{self, WitnessArgs, Witnesses};
use super::{file, replay_export};
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::input::sources;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, counted};
use downhaul_control::api::{VerifyReport, VerifyStatus};
use downhaul_control::chart::{ConsistencyProof, NoteKey, SignedHead};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An export to verify here, without a control plane; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A head that was kept elsewhere: the chart has to extend it (repeatable)
    #[arg(long = "head", value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// The key that has to have signed these heads, and the head in an export: as text or as a file
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,
    #[command(flatten)]
    witnesses: WitnessArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let heads = args.heads.iter().map(|path| file::head(path)).collect::<Result<Vec<_>, _>>()?;
    let key = args.key.as_ref().map(|key| file::key(key)).transpose()?;
    if let Some(key) = &key {
        heads.iter().try_for_each(|head| file::check_signature(head, key))?;
    }
    let witnesses = args.witnesses.read()?;
    if heads.is_empty() && witnesses.are_asked() {
        return Err(Failure::refused("no-head", "witnesses sign heads, and none was given")
            .help("give the head that they signed with `--head FILE`"));
    }
    heads.iter().try_for_each(|head| witnesses.check(head).map(drop))?;
    let report = match &args.file {
        Some(path) => replay_export::verify(&sources::read_file(path)?, &heads, key.as_ref(), output)?,
        None => verify_online(&args.server, &heads, key.as_ref())?,
    };
    render(&report, &heads, &witnesses, output)
}

fn render(
    report: &VerifyReport,
    heads: &[SignedHead],
    witnesses: &Witnesses,
    output: &Output,
) -> Result<Exit, Failure> {
    let is_verified = report.status == VerifyStatus::Verified;
    match output.format {
        Format::Json if witnesses.are_asked() => {
            let mut said = json!(report);
            witness::add(&mut said, witnesses.json(heads)?);
            output.json(&said)?;
        }
        Format::Json => output.json(report)?,
        Format::Human | Format::Plain => {
            if is_verified {
                let changes = counted(usize::try_from(report.changes).unwrap_or(usize::MAX), "change");
                output.line(format!("verified: {changes}"))?;
                for head in heads {
                    output.line(format!("extends: the head of {} changes", head.head().size))?;
                    witnesses.say(head, output)?;
                }
            }
            output.line(format!("head: {}", report.head))?;
            output.line(format!("root: {}", report.root))?;
            output.line(format!("document digest: {}", report.document_digest))?;
        }
    }
    if is_verified {
        return Ok(Exit::Done);
    }
    match &report.fault {
        Some(fault) => Err(Failure::invalid(&fault.code, format!("revision {}: {}", fault.revision, fault.message))
            .help(fault.help.clone())),
        None => Err(Failure::invalid("chart-broken", "the chart does not verify")),
    }
}

/// The control plane replays its chart. That its newest head extends the heads that were kept is proved here.
fn verify_online(server: &ServerArgs, heads: &[SignedHead], key: Option<&NoteKey>) -> Result<VerifyReport, Failure> {
    let control = ControlPlane::connect(server)?;
    block_on(async {
        let Some(largest) = heads.iter().max_by_key(|head| head.head().size) else {
            return control.get(&["chart", "verify"], &[]).await;
        };
        let query = [("head", largest.as_str().to_owned())];
        let report: VerifyReport = control.get(&["chart", "verify"], &query).await?;
        if report.status == VerifyStatus::Broken {
            return Ok(report);
        }
        for head in heads {
            let old = head.head();
            let proof = control.text(&["chart", "consistency"], &[("old", old.size.to_string())]).await?;
            let refused = |why: String| {
                let message = format!("the chart does not extend the head of {} changes: {why}", old.size);
                Failure::invalid("head-differs", message).help(
                    "the chart was written anew: keep the head, and compare with a backup or an export from before",
                )
            };
            let proof: ConsistencyProof = proof.parse().map_err(|why| refused(format!("{why}")))?;
            if let Some(key) = key {
                file::check_signature(&proof.head, key)?;
            }
            if proof.old != old.size || proof.head.head().origin != old.origin {
                return Err(refused("the proof is of other heads".to_owned()));
            }
            proof.check(old.root).map_err(|why| refused(why.to_string()))?;
        }
        Ok(report)
    })
}
