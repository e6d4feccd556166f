//! A small witness: it signs a head that extends the last one that it signed, and no other.

use super::file;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::input::sources::describe;
use crate::remote::{ControlPlane, block_on};
use crate::render::Output;
use downhaul_control::chart::{ConsistencyProof, CosignError, SignedHead, Witness, may_cosign};
use jiff::Timestamp;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The head to sign, as `chart head` wrote it; it may have signatures of other witnesses
    #[arg(value_name = "HEAD")]
    head: PathBuf,
    /// The witness's own key, as `chart witness-key` wrote it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The control plane's key, which has to have signed the head: as text or as a file
    #[arg(long, value_name = "KEY|FILE")]
    plane: String,
    /// Where the witness keeps the last head that it signed; one file for each chart; `.last` behind the name of the key where left out
    #[arg(long, value_name = "FILE")]
    last: Option<PathBuf>,
    /// Begin with this head: the witness has signed none of this chart
    #[arg(long)]
    first: bool,
    /// Proof that the head extends the last one, as `chart consistency` writes it; the control plane is asked where left out
    #[arg(long, value_name = "FILE", conflicts_with = "first")]
    proof: Option<PathBuf>,
    /// Write the head with the signature to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let head = file::head(&args.head)?;
    let witness = file::own_witness(&args.key)?;
    file::check_signature(&head, &file::key(&args.plane)?)?;
    let last = args.last.clone().unwrap_or_else(|| with_end(&args.key, ".last"));
    // Two at once could each sign another head that extends the last one.
    let _alone = lock(&with_end(&last, ".lock"))?;
    check(args, &head, &last)?;
    let signed = witness.cosign(&head, now());
    // Kept before anyone gets it: what was signed is never forgotten.
    file::write_durably(&last, signed.as_str())?;
    file::write(args.out.as_ref(), signed.as_str(), output)?;
    said(&witness, &signed, output);
    Ok(Exit::Done)
}

fn now() -> Timestamp {
    Timestamp::now()
}

/// Whether the head extends the last one.
fn check(args: &Args, head: &SignedHead, path: &Path) -> Result<(), Failure> {
    if args.first {
        if path.exists() {
            let message = format!("the witness has signed a head already, which is in `{}`", path.display());
            return Err(Failure::refused("not-the-first", message)
                .help("leave `--first` out; to witness another chart as well, name another file with `--last`"));
        }
        return Ok(());
    }
    if !path.exists() {
        let message = format!("there is no last head in `{}` to compare with", path.display());
        return Err(Failure::refused("no-last-head", message)
            .help("bring the file back; a witness that never signed a head of this chart begins with `--first`"));
    }
    let last = file::head(path)?;
    let refused = |why: CosignError| {
        let help = match why {
            CosignError::OtherChart => "a witness keeps one file for each chart: name the right one with `--last`",
            CosignError::Older { .. } => "take a newer head with `downhaul chart head`",
            CosignError::NotExtended { .. } | CosignError::Unproved => {
                "keep both heads, and show them to whoever answers for the chart: it may have been written anew"
            }
        };
        Failure::invalid(why.code(), format!("nothing is signed: {why}")).help(help)
    };
    match may_cosign(&last, head, None) {
        Err(CosignError::Unproved) => {}
        decided => return decided.map_err(refused),
    }
    let proof = match &args.proof {
        Some(path) => file::text(path)?,
        None => {
            let sizes = [("old", last.head().size.to_string()), ("size", head.head().size.to_string())];
            let control = ControlPlane::connect(&args.server)?;
            block_on(control.text(&["chart", "consistency"], &sizes))?
        }
    };
    let proof: ConsistencyProof = proof.parse().map_err(super::check_proof::refused)?;
    may_cosign(&last, head, Some(&proof)).map_err(refused)
}

fn said(witness: &Witness, signed: &SignedHead, output: &Output) {
    output.note(format!("`{}` signed the head of {} changes", witness.key().name(), signed.head().size));
}

fn lock(path: &Path) -> Result<File, Failure> {
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = opened.map_err(|error| file::cannot_write(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::could_not_run("witness-busy", format!("another run holds `{}`", path.display()))
                .help("run it again when that one has ended"))
        }
        Err(TryLockError::Error(error)) => Err(Failure::could_not_run(
            "cannot-lock",
            format!("cannot lock `{}`: {}", path.display(), describe(&error)),
        )
        .help("keep the last head on a file system that has locks")),
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
