use super::backup::of_secrets;
use crate::exit::{Exit, Failure};
use crate::input::data::DataArgs;
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table};
use downhaul_control::api::{
    SigningKeyActRequest, SigningKeyPage, SigningKeyRequest, SigningKeyStanding, SigningKeyView,
};
use downhaul_server::recovery;
use serde_json::json;
use std::path::PathBuf;

/// Make, rotate and revoke the keys that sign what clients get
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// List the signing keys of the environment: which one signs, and which clients believe
    List(List),
    /// Make a key that clients believe and that does not sign yet, so that it can be given to those that pin keys
    Make(Make),
    /// Let another key sign from now on; the one that did is still believed
    Rotate(Rotate),
    /// Have clients believe a key no more
    Revoke(Revoke),
    /// Make a key in a file, away from any server: a spare one, to be kept where the data folder is not
    Generate(Generate),
    /// Bring a key from a file into a data folder that no server uses, so that it can sign
    Import(Import),
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Make {
    /// Public key of a spare, as `generate` prints it; else the control plane makes a key
    #[arg(long, value_name = "BASE64")]
    public_key: Option<String>,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Rotate {
    /// Id of a key that was made; else one is made now, for clients that pin none
    #[arg(long, value_name = "ID")]
    to: Option<String>,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
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
struct Generate {
    /// The file to write; it must not be there
    #[arg(value_name = "FILE")]
    to: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Import {
    /// What `generate` or `backup secrets` wrote
    #[arg(value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::List(args) => list(args, output)?,
        Part::Make(args) => make(args, output)?,
        Part::Rotate(args) => rotate(args, output)?,
        Part::Revoke(args) => revoke(args, output)?,
        Part::Generate(args) => generate(args, output)?,
        Part::Import(args) => import(args, output)?,
    }
    Ok(Exit::Done)
}

fn list(args: &List, output: &Output) -> Result<(), Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let page: SigningKeyPage = block_on(control.get(&["signing-keys"], &[]))?;
    if output.format == Format::Json {
        return output.json(&page);
    }
    let mut table = Table::new(&["ID", "STANDING", "HERE", "MADE", "SIGNS SINCE", "REVOKED", "PUBLIC KEY"]);
    for key in &page.keys {
        table.row([
            key.id.clone(),
            key.standing.as_str().to_owned(),
            if key.here { "yes" } else { "no" }.to_owned(),
            key.made_at.clone().unwrap_or_default(),
            key.signs_since.clone().unwrap_or_default(),
            key.revoked_at.clone().unwrap_or_default(),
            key.public_key.clone(),
        ]);
    }
    table.print(output)
}

fn make(args: &Make, output: &Output) -> Result<(), Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let public_key = args.public_key.clone();
    let request = SigningKeyRequest { public_key, signs: false, reason: args.reason.clone() };
    let made: SigningKeyView = block_on(control.post(&["signing-keys"], &request))?;
    said(&made, output)?;
    let next = format!("give it to clients that pin keys, then `downhaul signing-keys rotate --to {}`", made.id);
    output.note(if made.here {
        next.as_str()
    } else {
        "its secret half stays where it is; bring it here with `import` before it signs"
    });
    Ok(())
}

fn rotate(args: &Rotate, output: &Output) -> Result<(), Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let reason = args.reason.clone();
    let now: SigningKeyView = match &args.to {
        Some(id) => block_on(control.post(&["signing-keys", id, "use"], &SigningKeyActRequest { reason }))?,
        None => {
            let request = SigningKeyRequest { public_key: None, signs: true, reason };
            block_on(control.post(&["signing-keys"], &request))?
        }
    };
    said(&now, output)?;
    output.note("the one before is still believed; watch `downhaul status`, then revoke it");
    Ok(())
}

fn revoke(args: &Revoke, output: &Output) -> Result<(), Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = SigningKeyActRequest { reason: args.reason.clone() };
    let now: SigningKeyView = block_on(control.post(&["signing-keys", &args.id, "revoke"], &request))?;
    said(&now, output)
}

fn generate(args: &Generate, output: &Output) -> Result<(), Failure> {
    let key = recovery::generate_signing_key(&args.to).map_err(|error| of_secrets(&error))?;
    if output.format == Format::Json {
        return output.json(&json!({ "file": args.to, "id": key.id, "public_key": key.public_key }));
    }
    output.line(format!("id: {}", key.id))?;
    output.line(format!("public key: {}", key.public_key))?;
    output.note(format!("its secret half is in `{}`: keep it off this machine", args.to.display()));
    Ok(())
}

fn import(args: &Import, output: &Output) -> Result<(), Failure> {
    let brought = recovery::import_signing_key(&args.data.data, &args.from);
    let keys = block_on(async { brought.await.map_err(|error| of_secrets(&error)) })?;
    if output.format == Format::Json {
        let keys: Vec<_> = keys.iter().map(|key| json!({ "id": key.id, "public_key": key.public_key })).collect();
        return output.json(&json!({ "data": args.data.data, "keys": keys }));
    }
    for key in &keys {
        output.line(format!("brought {} into `{}`", key.id, args.data.data.display()))?;
    }
    Ok(())
}

/// `3f9a… signs: <public key>`
fn said(key: &SigningKeyView, output: &Output) -> Result<(), Failure> {
    if output.format == Format::Json {
        return output.json(key);
    }
    let word = match key.standing {
        SigningKeyStanding::Signs => "signs now",
        SigningKeyStanding::Believed => "is believed, and does not sign",
        SigningKeyStanding::Revoked => "is revoked",
    };
    output.line(format!("{} {word}", key.id))?;
    output.line(format!("public key: {}", key.public_key))
}
