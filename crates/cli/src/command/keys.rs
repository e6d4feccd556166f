use crate::exit::{Exit, Failure};
use crate::input::context::Known;
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, kind_word};
use clap::ValueEnum;
use downhaul_control::api::{ClientKeyCreated, ClientKeyRequest, ClientKeyView, ClientKeys};
use downhaul_core::document::ClientKind;

/// Create, list and revoke client keys
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Create a key; the key and its token secret are shown this once
    Create(Create),
    /// List the keys of the environment
    List(List),
    /// Revoke a key: its holders get nothing any more
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
struct Create {
    /// What people call it
    name: String,
    /// Where its holders run
    #[arg(long, value_enum)]
    kind: Kind,
    /// What every holder is, such as `tenant=acme` (repeatable)
    #[arg(long = "pin", value_name = "NAME=VALUE")]
    pinned: Vec<Known>,
    /// Origin that a browser may come from, such as `https://shop.example`; `*` is any (repeatable)
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// Base64 of an Ed25519 public key that context tokens are signed for; else HS256 with the key's own secret
    #[arg(long, value_name = "BASE64")]
    token_public_key: Option<String>,
    /// Why; it stands in the chart
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
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
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Browser,
    Edge,
    Server,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::Create(args) => create(args, output),
        Part::List(args) => list(args, output),
        Part::Revoke(args) => revoke(args, output),
    }
}

fn create(args: &Create, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = ClientKeyRequest {
        name: args.name.clone(),
        kind: match args.kind {
            Kind::Browser => ClientKind::Browser,
            Kind::Edge => ClientKind::Edge,
            Kind::Server => ClientKind::Server,
        },
        pinned: args.pinned.iter().map(|known| (known.name.clone(), known.value.clone())).collect(),
        origins: args.origins.clone(),
        token_public_key: args.token_public_key.clone(),
        reason: args.reason.clone(),
    };
    let created: ClientKeyCreated = block_on(control.post(&["client-keys"], &request))?;
    match output.format {
        Format::Json => output.json(&created)?,
        Format::Human | Format::Plain => {
            output.line(format!("id: {}", created.view.id))?;
            output.line(format!("key: {}", created.key))?;
            output.line(format!("token secret: {}", created.token_secret))?;
            if output.format == Format::Human {
                output.note("keep both now: they are not shown again; the token secret is for your back end only");
            }
        }
    }
    Ok(Exit::Done)
}

fn list(args: &List, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let keys: ClientKeys = block_on(control.get(&["client-keys"], &[]))?;
    if output.format == Format::Json {
        output.json(&keys)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["ID", "NAME", "KIND", "PINNED", "ORIGINS", "CREATED", "REVOKED"]);
    for key in &keys.keys {
        table.row(row(key));
    }
    table.print(output)?;
    Ok(Exit::Done)
}

fn row(key: &ClientKeyView) -> [String; 7] {
    let pinned: Vec<String> = key.pinned.iter().map(|(name, value)| format!("{name}={value}")).collect();
    [
        key.id.clone(),
        key.name.clone(),
        kind_word(key.kind).to_owned(),
        pinned.join(" "),
        key.origins.join(" "),
        key.created_at.clone(),
        key.revoked_at.clone().unwrap_or_default(),
    ]
}

fn revoke(args: &Revoke, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(control.delete(&["client-keys", &args.id]))?;
    match output.format {
        Format::Json => output.json(&serde_json::json!({ "revoked": args.id }))?,
        Format::Human | Format::Plain => output.line(format!("revoked {} in {}", args.id, control.environment()))?,
    }
    Ok(Exit::Done)
}
