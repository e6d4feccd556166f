use crate::exit::{Exit, Failure};
use crate::input::expiry::Expiry;
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, role_words};
use downhaul_control::api::{Role, TokenCreated, TokenRequest, TokenRevocation, TokenView, Tokens};
use jiff::Timestamp;

/// Create, list and revoke tokens, by which people and machines ask
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Create a token of a machine or of a person; the token is shown this once
    #[command(
        after_help = "Examples: downhaul tokens create 'deploy pipeline' --role editor --expires 30d\n          \
                            downhaul tokens create 'laptop' --person a-1f0c93ab77e2"
    )]
    Create(Create),
    /// List the tokens of the environment
    List(List),
    /// Revoke a token: it opens nothing from then on, and its sessions end
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
struct Create {
    /// What it is for; it stands in the chart for ever, so no name of a person
    name: String,
    /// What its holder may, where that is a machine: `viewer`, `editor`, `operator`, `approver`, `admin` (repeatable)
    #[arg(long = "role", value_name = "ROLE", required_unless_present = "person", conflicts_with = "person")]
    roles: Vec<Role>,
    /// Id of the person whose it is, who may what is granted to the person, no more and no longer
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    /// When it ends: days such as `30d`, a time such as `2026-12-31T00:00:00Z`, or `never`
    #[arg(long, value_name = "WHEN", default_value = "90d")]
    expires: Expiry,
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
    /// Id of the token, as `tokens list` shows it
    id: String,
    /// Why; it stands in the chart
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
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
    let request = TokenRequest {
        name: args.name.clone(),
        roles: args.person.is_none().then(|| args.roles.clone()),
        person: args.person.clone(),
        expires_at: args.expires.at(Timestamp::now())?,
        reason: args.reason.clone(),
    };
    let created: TokenCreated = block_on(control.post(&["tokens"], &request))?;
    match output.format {
        Format::Json => output.json(&created)?,
        Format::Human | Format::Plain => {
            let view = &created.view;
            output.line(format!("id: {}", view.id))?;
            output.line(format!("token: {}", created.token))?;
            output.line(format!("may: {} in {}", role_words(&view.roles), control.environment()))?;
            output.line(format!("expires: {}", view.expires_at.as_deref().unwrap_or("never")))?;
            if output.format == Format::Human {
                output.note("keep it now: it is not shown again");
            }
        }
    }
    Ok(Exit::Done)
}

fn list(args: &List, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let tokens: Tokens = block_on(control.get(&["tokens"], &[]))?;
    if output.format == Format::Json {
        output.json(&tokens)?;
        return Ok(Exit::Done);
    }
    let now = downhaul_control::time::to_text(Timestamp::now());
    let mut table = Table::new(&["ID", "NAME", "OF", "MAY", "STATE", "CREATED", "BY", "ENDS"]);
    for token in &tokens.tokens {
        table.row(row(token, &now));
    }
    table.print(output)?;
    Ok(Exit::Done)
}

fn row(token: &TokenView, now: &str) -> [String; 8] {
    // Times of this form compare as text.
    let state = match (&token.revoked_at, &token.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end.as_str() <= now => "expired",
        _ => "in force",
    };
    let end = token.revoked_at.as_ref().or(token.expires_at.as_ref());
    let of = if token.is_person { token.actor_name.as_ref().unwrap_or(&token.actor).clone() } else { "machine".into() };
    [
        token.id.clone(),
        token.name.clone(),
        of,
        role_words(&token.roles),
        state.to_owned(),
        token.created_at.clone(),
        token.created_by.clone(),
        end.cloned().unwrap_or_else(|| "never".to_owned()),
    ]
}

fn revoke(args: &Revoke, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = TokenRevocation { reason: args.reason.clone() };
    let view: TokenView = block_on(control.post(&["tokens", &args.id, "revoke"], &request))?;
    match output.format {
        Format::Json => output.json(&view)?,
        Format::Human | Format::Plain => {
            output.line(format!("revoked the token `{}` ({}) in {}", view.name, view.id, control.environment()))?;
        }
    }
    Ok(Exit::Done)
}
