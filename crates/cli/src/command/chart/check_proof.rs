use super::file;
use super::witness::{self, WitnessArgs, Witnesses};
use crate::exit::{Exit, Failure};
use crate::render::{Format, Output};
use downhaul_control::Record;
use downhaul_control::chart::{ConsistencyProof, InclusionProof, ProofError, SignedHead};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[group(id = "trust", required = true, multiple = true, args = ["key", "head"])]
pub(crate) struct Args {
    /// A proof, as `chart proof` or `chart consistency` wrote it
    #[arg(value_name = "FILE")]
    proof: PathBuf,
    /// The key that has to have signed the head in it: as text or as a file
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,
    /// A head that was kept elsewhere: the one in the proof, or of a proof of consistency the earlier one
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    #[command(flatten)]
    witnesses: WitnessArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let text = file::text(&args.proof)?;
    let trusted = args.head.as_ref().map(|path| file::head(path)).transpose()?;
    let key = args.key.as_ref().map(|key| file::key(key)).transpose()?;
    let witnesses = args.witnesses.read()?;
    if text.starts_with("old ") {
        let proof: ConsistencyProof = text.parse().map_err(refused)?;
        let old = trusted.ok_or_else(|| {
            Failure::refused("no-head", "a proof of consistency starts from a head, and none was given")
                .help("give the earlier head with `--head FILE`")
        })?;
        if let Some(key) = &key {
            file::check_signature(&proof.head, key)?;
        }
        consistency(&proof, &old, &witnesses, output)
    } else {
        let proof: InclusionProof = text.parse().map_err(refused)?;
        if let Some(key) = &key {
            file::check_signature(&proof.head, key)?;
        }
        if let Some(head) = &trusted {
            same_head(&proof.head, head)?;
        }
        let head = trusted.as_ref().unwrap_or(&proof.head);
        inclusion(&proof.check().map_err(refused)?, head, &witnesses, output)
    }
}

/// `signed` is the head that is relied on.
fn inclusion(record: &Record, signed: &SignedHead, witnesses: &Witnesses, output: &Output) -> Result<Exit, Failure> {
    let (change, head) = (record.change(), signed.head());
    let witnessed = witnesses.json([signed])?;
    match output.format {
        Format::Json => {
            let mut said = json!({ "origin": head.origin, "size": head.size, "record": record.to_json() });
            witness::add(&mut said, witnessed);
            output.json(&said)?;
        }
        Format::Human | Format::Plain => {
            let (revision, environment) = (change.revision, &change.environment);
            output.line(format!("revision {revision} of {environment} is in the chart of {} changes", head.size))?;
            output.line(format!("at:      {}", change.at))?;
            output.line(format!("actor:   {}", change.actor))?;
            output.line(format!("reason:  {}", change.reason))?;
            output.line(format!("command: {}", change.command.name()))?;
            output.line(format!("hash:    {}", record.hash()))?;
            witnesses.say(signed, output)?;
        }
    }
    Ok(Exit::Done)
}

fn consistency(
    proof: &ConsistencyProof,
    signed: &SignedHead,
    witnesses: &Witnesses,
    output: &Output,
) -> Result<Exit, Failure> {
    let (old, head) = (signed.head(), proof.head.head());
    if old.size != proof.old || old.origin != head.origin {
        return Err(other_head(proof.old, &head.origin, old.size, &old.origin));
    }
    proof.check(old.root).map_err(refused)?;
    let witnessed = witnesses.json([signed])?;
    match output.format {
        Format::Json => {
            let mut said = json!({ "origin": head.origin, "old": old.size, "size": head.size });
            witness::add(&mut said, witnessed);
            output.json(&said)?;
        }
        Format::Human | Format::Plain => {
            output.line(format!(
                "the chart of {} changes begins with the {} of the head that was given",
                head.size, old.size
            ))?;
            witnesses.say(signed, output)?;
        }
    }
    Ok(Exit::Done)
}

fn same_head(found: &SignedHead, trusted: &SignedHead) -> Result<(), Failure> {
    let (found, trusted) = (found.head(), trusted.head());
    if found.size != trusted.size || found.origin != trusted.origin {
        return Err(other_head(found.size, &found.origin, trusted.size, &trusted.origin));
    }
    if found.root == trusted.root {
        return Ok(());
    }
    let message = format!("the proof is by another head of {} changes than the one that was kept", found.size);
    Err(Failure::invalid("head-differs", message)
        .help("keep both: two heads of one size with different roots prove that the chart was written anew"))
}

fn other_head(size: u64, origin: &str, other_size: u64, other_origin: &str) -> Failure {
    let message = format!(
        "the proof is by a head of `{origin}` with {size} changes, the one given is of `{other_origin}` with {other_size}"
    );
    Failure::invalid("other-head", message)
        .help("make the proof by that head: `downhaul chart proof REVISION --head FILE`")
}

pub(super) fn refused(why: ProofError) -> Failure {
    let code = match why {
        ProofError::Malformed | ProofError::Head(_) => "not-a-proof",
        ProofError::Record(_)
        | ProofError::OtherRevision { .. }
        | ProofError::OtherEnvironment(_)
        | ProofError::NotIncluded
        | ProofError::NotConsistent => "not-proved",
    };
    Failure::invalid(code, format!("nothing is proved: {why}"))
        .help("ask for the proof again, and compare heads with one that was kept elsewhere")
}
