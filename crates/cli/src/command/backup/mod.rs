mod words;

use crate::exit::{Exit, Failure};
use crate::input::data::DataArgs;
use crate::input::database::DatabaseArgs;
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_server::recovery::{self, Raise, Restore, RestoreError, SecretsFileError};
use downhaul_store::{Partial, StoreError};
use jiff::Timestamp;
use serde_json::json;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// Back a data folder up, and put it back
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Copy a data folder into one file, also while a server uses it, and verify the copy
    #[command(
        after_help = "The file is readable for its owner only. With the secrets in it, whoever reads it can sign \
                            in the name of this control plane."
    )]
    Create(Create),
    /// Fetch a backup from a running control plane, without its secrets, and verify it
    #[command(
        after_help = "It takes an admin of every environment. The secrets never leave by the network: keep them \
                            with `downhaul backup secrets`, on the machine itself."
    )]
    Download(Download),
    /// Verify a backup: every record of every chart
    Verify(Verify),
    /// Copy the secrets of a data folder into a file of their own, for backups without them
    Secrets(Secrets),
    /// Put a backup back: clients take what it holds, whatever they had
    #[command(after_help = "What came after the backup is given up, and listed. Kills, revocations and the like that \
                            came after it are carried over, where what was there can still be read.")]
    Restore(RestoreArgs),
    /// Raise the epoch of a database that was put back with PostgreSQL's own tools: clients take what it holds
    #[command(
        after_help = "No replica may use the database meanwhile. Every chart in it is verified first. What came \
                            after the backup is not known here: repeat kills and revocations that it lacks."
    )]
    Raise(RaiseArgs),
}

#[derive(Debug, clap::Args)]
struct Create {
    /// The file to write; it must not be there
    #[arg(value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Leave the secrets out: signing keys, and what token secrets and samples are derived from
    #[arg(long)]
    without_secrets: bool,
}

#[derive(Debug, clap::Args)]
struct Download {
    /// The file to write; it must not be there
    #[arg(value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// A backup, or the database of a data folder
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Secrets {
    /// The file to write; it must not be there
    #[arg(value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, clap::Args)]
struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// Put it in place of what is in the data folder, which is kept beside
    #[arg(long)]
    replace: bool,
    /// File of secrets, for a backup without them
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Let nothing change afterwards but by kills and restores, until `downhaul unfreeze`
    #[arg(long)]
    freeze: bool,
}

#[derive(Debug, clap::Args)]
struct RaiseArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// Let nothing change afterwards but by kills and restores, until `downhaul unfreeze`
    #[arg(long)]
    freeze: bool,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::Create(args) => create(args, output),
        Part::Download(args) => download(args, output),
        Part::Verify(args) => verify(args, output),
        Part::Secrets(args) => secrets(args, output),
        Part::Restore(args) => restore(args, output),
        Part::Raise(args) => raise(args, output),
    }
}

fn create(args: &Create, output: &Output) -> Result<Exit, Failure> {
    let made = recovery::back_up(&args.data.data, &args.to, !args.without_secrets, Timestamp::now());
    let backup = block_on(async { made.await.map_err(|error| of_store(&error)) })?;
    words::backup(&backup, "wrote", output)?;
    Ok(Exit::Done)
}

fn download(args: &Download, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let cannot_write = |error: std::io::Error| of_store(&StoreError::File { path: args.to.clone(), why: error });
    let backup = block_on(async {
        let partial = Partial::beside(&args.to).map_err(|error| of_store(&error))?;
        let mut file = OpenOptions::new().write(true).open(partial.path()).map_err(cannot_write)?;
        control.download_of_all(&["backup"], |piece| file.write_all(piece).map_err(cannot_write)).await?;
        drop(file);
        let mut backup = downhaul_store::inspect(partial.path()).await.map_err(|error| of_store(&error))?;
        partial.keep(&args.to).map_err(|error| of_store(&error))?;
        backup.path.clone_from(&args.to);
        Ok(backup)
    })?;
    words::backup(&backup, "wrote", output)?;
    Ok(Exit::Done)
}

fn verify(args: &Verify, output: &Output) -> Result<Exit, Failure> {
    let read = downhaul_store::inspect(&args.file);
    let backup = block_on(async { read.await.map_err(|error| of_store(&error)) })?;
    words::backup(&backup, "verified", output)?;
    Ok(Exit::Done)
}

fn secrets(args: &Secrets, output: &Output) -> Result<Exit, Failure> {
    let written = recovery::export_secrets(&args.data.data, &args.to);
    let names = block_on(async { written.await.map_err(|error| of_secrets(&error)) })?;
    if output.format == Format::Json {
        output.json(&json!({ "file": args.to, "secrets": names }))?;
        return Ok(Exit::Done);
    }
    output.line(format!("wrote `{}`: {}", args.to.display(), names.join(", ")))?;
    output.note(
        "whoever reads it can sign in the name of this control plane: keep it off this machine, and apart from backups",
    );
    Ok(Exit::Done)
}

fn restore(args: &RestoreArgs, output: &Output) -> Result<Exit, Failure> {
    let asked = Restore {
        backup: args.from.clone(),
        data: args.data.data.clone(),
        replace: args.replace,
        secrets: args.secrets.clone(),
        freeze: args.freeze,
        reason: args.reason.clone(),
    };
    let restored =
        block_on(async { recovery::restore(&asked, Timestamp::now()).await.map_err(|error| refused(&error)) })?;
    words::restored(&restored, &args.data.data, output)?;
    Ok(Exit::Done)
}

fn raise(args: &RaiseArgs, output: &Output) -> Result<Exit, Failure> {
    let database = args.database.read()?.ok_or_else(|| {
        Failure::refused("missing-database", "no database is named").help(
            "name it with `--database` or `--database-file`; a data folder is put back with `downhaul backup restore`",
        )
    })?;
    let asked = Raise { database, freeze: args.freeze, reason: args.reason.clone() };
    let raised = block_on(async { recovery::raise(&asked, Timestamp::now()).await.map_err(|error| refused(&error)) })?;
    words::raised(&raised, output)?;
    Ok(Exit::Done)
}

fn refused(error: &RestoreError) -> Failure {
    match error {
        RestoreError::Store(StoreError::Exists(folder)) => {
            Failure::refused("data-folder-not-empty", format!("`{}` is not empty", folder.display())).help(error.help())
        }
        RestoreError::Store(error) => of_store(error),
        RestoreError::Secrets(error) => of_secrets(error),
        RestoreError::MissingReason => Failure::refused(error.code(), error.to_string()).help(error.help()),
        RestoreError::Start(_) | RestoreError::NotCharted { .. } => {
            Failure::could_not_run(error.code(), whole(error)).help(error.help())
        }
    }
}

pub(super) fn of_secrets(error: &SecretsFileError) -> Failure {
    match error {
        SecretsFileError::Store(error) => of_store(error),
        SecretsFileError::Malformed { .. } => Failure::invalid(error.code(), error.to_string()).help(error.help()),
        SecretsFileError::Write { .. } | SecretsFileError::Read { .. } | SecretsFileError::Random(_) => {
            Failure::could_not_run(error.code(), whole(error)).help(error.help())
        }
    }
}

fn of_store(error: &StoreError) -> Failure {
    let failure = match error {
        StoreError::Damaged(_) | StoreError::NotALog { .. } | StoreError::IsBackup(_) => {
            Failure::invalid(error.code(), whole(error))
        }
        StoreError::Exists(_) | StoreError::InUse(_) | StoreError::Elsewhere { .. } | StoreError::Served(_) => {
            Failure::refused(error.code(), whole(error))
        }
        _ => Failure::could_not_run(error.code(), whole(error)),
    };
    failure.help(match error {
        StoreError::InUse(_) => "stop the server that uses it, and repeat; a backup can be taken while it runs",
        StoreError::Elsewhere { .. } => {
            "back that database up with PostgreSQL: `pg_dump --format=custom --file=FILE URL`; see docs/guide/replicas.md"
        }
        StoreError::Damaged(_) => "take another backup, or an older one; nothing was changed",
        other => other.help(),
    })
}

/// An error and what it comes from.
fn whole(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !message.contains(&text) {
            message.push_str(&format!(": {text}"));
        }
        cause = next.source();
    }
    message
}
