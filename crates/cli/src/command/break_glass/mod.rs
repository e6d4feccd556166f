mod key_file;
mod kill;

use crate::command::chart::file::create_secret;
use crate::exit::{Exit, Failure};
use crate::input::expiry::Expiry;
use crate::input::server::ServerArgs;
use crate::input::sources::describe;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table};
use downhaul_control::SigningKey;
use downhaul_control::api::{
    BreakGlassKeyPage, BreakGlassKeyRequest, BreakGlassKeyView, BreakGlassReport, BreakGlassRevokeRequest,
};
use downhaul_control::envelope::EnvelopeSigner;
use jiff::Timestamp;
use key_file::{KeyFile, Names};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Kill without the control plane: keys that may kill and nothing else, and what they sign
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Make a key that may kill in one environment, until it expires
    Make(Make),
    /// List the keys: until when each may kill, who made it and why, and what it has killed
    List(List),
    /// Have clients believe a key no more; what it has killed stays so
    Revoke(Revoke),
    /// Make a key in place of another one, which is revoked
    Rotate(Rotate),
    /// Write the names of flags, regions and segments that there are now into a key file
    Refresh(Refresh),
    Kill(Box<kill::Args>),
    /// Hand in what a key has signed: its kills are charted, and go out to everybody
    Report(Report),
}

#[derive(Debug, clap::Args)]
struct Make {
    #[command(flatten)]
    new: New,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct New {
    /// The file for the key; it must not be there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// When it expires, within a year: `90d`, `2027-02-01T00:00:00Z`
    #[arg(long, value_name = "WHEN", default_value = "90d")]
    expires: Expiry,
    /// Who holds it; it stands in the chart
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Revoke {
    /// Id of the key
    id: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Rotate {
    /// Id of the key that it takes the place of
    id: String,
    #[command(flatten)]
    new: New,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Refresh {
    /// The key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Report {
    /// What `downhaul break-glass kill --out` wrote
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::Make(args) => make(&args.new, &ControlPlane::connect(&args.server)?, output)?,
        Part::List(args) => list(args, output)?,
        Part::Revoke(args) => revoke(&args.id, &args.reason, &ControlPlane::connect(&args.server)?, output)?,
        Part::Rotate(args) => {
            let control = ControlPlane::connect(&args.server)?;
            make(&args.new, &control, output)?;
            revoke(&args.id, &args.new.reason, &control, output)?;
        }
        Part::Refresh(args) => refresh(args, output)?,
        Part::Kill(args) => return kill::run(args, output),
        Part::Report(args) => report(args, output)?,
    }
    Ok(Exit::Done)
}

fn make(new: &New, control: &ControlPlane, output: &Output) -> Result<(), Failure> {
    let now = Timestamp::now();
    let expires = new.expires.at(now)?.ok_or_else(|| {
        Failure::refused("invalid", "a break-glass key expires within a year").help("say when, such as `--expires 90d`")
    })?;
    let names = Names::ask(control)?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|why| {
        Failure::could_not_run("no-random-bytes", format!("the operating system gives no random bytes: {why}"))
    })?;
    // The file first: a key that is made known and lost again would have to be revoked.
    let file = KeyFile::new(&seed, control.environment(), expires.clone(), names);
    create_secret(&new.out, &file.text()?)?;
    let SigningKey { public_key, .. } = SigningKey::new(&EnvelopeSigner::new(&seed).public_key());
    let request = BreakGlassKeyRequest { public_key, expires, reason: new.reason.clone() };
    let made: Result<BreakGlassKeyView, Failure> = block_on(control.post(&["break-glass-keys"], &request));
    let made = made.inspect_err(|_| {
        // Of no use to anybody.
        let _ = fs::remove_file(&new.out);
    })?;
    if output.format == Format::Json {
        return output
            .json(&json!({ "file": new.out, "id": made.id, "public_key": made.public_key, "expires": made.expires }));
    }
    output.line(format!("{} may kill in {} until {}", made.id, control.environment(), made.expires))?;
    output.note(format!(
        "it lies in `{}`: keep it where it can be reached when nothing else can, and by nobody else;\n\
         try it with `downhaul break-glass kill`, every week",
        new.out.display()
    ));
    Ok(())
}

fn list(args: &List, output: &Output) -> Result<(), Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let page: BreakGlassKeyPage = block_on(control.get(&["break-glass-keys"], &[]))?;
    if output.format == Format::Json {
        return output.json(&page);
    }
    let mut table = Table::new(&["ID", "STANDING", "EXPIRES", "MADE BY", "WHY", "KILLS"]);
    for key in &page.keys {
        table.row([
            key.id.clone(),
            key.standing.as_str().to_owned(),
            key.expires.clone(),
            key.made_by.clone(),
            key.reason.clone(),
            key.kills.to_string(),
        ]);
    }
    table.print(output)
}

fn revoke(id: &str, reason: &str, control: &ControlPlane, output: &Output) -> Result<(), Failure> {
    let request = BreakGlassRevokeRequest { reason: reason.to_owned() };
    let now: BreakGlassKeyView = block_on(control.post(&["break-glass-keys", id, "revoke"], &request))?;
    if output.format == Format::Json {
        return output.json(&now);
    }
    output.line(format!("{} is revoked", now.id))?;
    output.note("what it has killed stays so; `downhaul restore` ends it");
    Ok(())
}

fn refresh(args: &Refresh, output: &Output) -> Result<(), Failure> {
    let mut file = KeyFile::read(&args.key)?;
    let control = ControlPlane::connect(&args.server)?;
    if control.environment() != file.environment {
        let message = format!("the key is for {}, not for {}", file.environment, control.environment());
        return Err(
            Failure::refused("other-environment", message).help(format!("add `--environment {}`", file.environment))
        );
    }
    file.names = Names::ask(&control)?;
    file.write_again(&args.key)?;
    let (flags, revision) = (file.names.flags.len(), file.names.revision);
    if output.format == Format::Json {
        return output
            .json(&json!({ "file": args.key, "flags": flags, "revision": revision, "expires": file.expires }));
    }
    output.line(format!("{}: {flags} flags as of revision {revision}; expires {}", file.id, file.expires))
}

fn report(args: &Report, output: &Output) -> Result<(), Failure> {
    let bytes = read(&args.file)?;
    let control = ControlPlane::connect(&args.server)?;
    let report: BreakGlassReport = block_on(control.post_bytes(&["break-glass"], bytes))?;
    if output.format == Format::Json {
        return output.json(&report);
    }
    for kill in &report.charted {
        let (flag, scope, id) = (&kill.flag, &kill.scope_text, &kill.id);
        output.line(format!("charted: `{flag}` killed for {scope} by the key {} ({id})", report.key))?;
        output.note(format!("restore: downhaul restore {id} --reason …"));
    }
    for id in &report.known {
        output.line(format!("charted already: {id}"))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        Failure::could_not_run("cannot-read", format!("cannot read `{}`: {}", path.display(), describe(&error)))
            .help("name the file that `downhaul break-glass kill --out` wrote")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::time;

    #[test]
    fn a_key_file_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let expires = time::to_text(Timestamp::now());
        create_secret(&path, &KeyFile::new(&[7; 32], "production", expires.clone(), Names::default()).text().unwrap())
            .unwrap();
        let read = KeyFile::read(&path).unwrap();
        assert_eq!((read.environment.as_str(), &read.expires), ("production", &expires));
        assert_eq!(read.signer().unwrap().public_key().id(), read.id);
        let spoilt = fs::read_to_string(&path).unwrap().replace(&read.id, "0011223344556677");
        fs::write(&path, spoilt).unwrap();
        assert!(KeyFile::read(&path).is_err_and(|failure| failure.message.contains("not that of its id")));
    }
}
