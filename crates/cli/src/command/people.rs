use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, role_words};
use downhaul_control::api::{People, PersonRequest, PersonView, Role, RoleRequest};

/// Say who may do what: add people, grant and revoke their roles, erase their names
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// List the people who have a role in the environment
    List(List),
    /// Add a person with a first role
    #[command(after_help = "Example: downhaul people add 'Ada Lovelace' --role operator --reason 'on call from June'")]
    Add(Add),
    /// Grant a person a further role, or a role in another environment
    Grant(Change),
    /// Take a role from a person, from the next request on
    Revoke(Change),
    /// Forget what someone without any role is called; the chart keeps the id
    Erase(Erase),
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Add {
    /// What others call the person; kept beside the chart, where it can be erased
    name: String,
    /// `viewer`, `editor`, `operator`, `approver` or `admin`
    #[arg(long)]
    role: Role,
    /// Why; it stands in the chart for ever, so no name of a person
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Change {
    /// Id of the person, as `people list` shows it
    id: String,
    /// `viewer`, `editor`, `operator`, `approver` or `admin`
    #[arg(long)]
    role: Role,
    /// Why; it stands in the chart for ever, so no name of a person
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Erase {
    /// Id of the person
    id: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::List(args) => list(args, output),
        Part::Add(args) => add(args, output),
        Part::Grant(args) => change(args, "grant", output),
        Part::Revoke(args) => change(args, "revoke", output),
        Part::Erase(args) => erase(args, output),
    }
}

fn list(args: &List, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let people: People = block_on(control.get(&["people"], &[]))?;
    if output.format == Format::Json {
        output.json(&people)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["ID", "NAME", "ROLES", "TOKENS"]);
    for person in &people.people {
        table.row([
            person.actor.clone(),
            person.name.clone().unwrap_or_default(),
            role_words(&person.roles),
            person.tokens.join(" "),
        ]);
    }
    table.print(output)?;
    Ok(Exit::Done)
}

fn add(args: &Add, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = PersonRequest { name: args.name.clone(), role: args.role, reason: args.reason.clone() };
    let person: PersonView = block_on(control.post(&["people"], &request))?;
    say(&person, &control, output)?;
    if output.format == Format::Human {
        output.note(format!("a token for this person: downhaul tokens create NAME --person {}", person.actor));
    }
    Ok(Exit::Done)
}

fn change(args: &Change, what: &str, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = RoleRequest { role: args.role, reason: args.reason.clone() };
    let person: PersonView = block_on(control.post(&["people", &args.id, what], &request))?;
    say(&person, &control, output)?;
    Ok(Exit::Done)
}

/// What someone is now.
fn say(person: &PersonView, control: &ControlPlane, output: &Output) -> Result<(), Failure> {
    if output.format == Format::Json {
        return output.json(person);
    }
    let who = match &person.name {
        Some(name) => format!("{name} ({})", person.actor),
        None => person.actor.clone(),
    };
    let roles =
        if person.roles.is_empty() { "has no role".to_owned() } else { format!("is {}", role_words(&person.roles)) };
    output.line(format!("{who} {roles} in {}", control.environment()))
}

fn erase(args: &Erase, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(control.post_nothing(&["people", &args.id, "erase"]))?;
    match output.format {
        Format::Json => output.json(&serde_json::json!({ "erased": args.id }))?,
        Format::Human | Format::Plain => output.line(format!("the name of {} is erased", args.id))?,
    }
    Ok(Exit::Done)
}
