use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Output, Table, Written, counted, one_line};
use downhaul_control::api::{StalePage, StaleView};
use downhaul_core::document::ClientKind;

/// List flags that someone should look at: expired, due for review, not asked for, the same for everyone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ends with exit status 2 if there are any.\nExample: downhaul stale --days 60 --format markdown"
)]
pub(crate) struct Args {
    /// Days without being asked for, and days of one variant for everyone, that are allowed; the policy's unless given
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: Option<u32>,
    /// How the list is written
    #[arg(
        long = "format",
        id = "format",
        value_name = "FORMAT",
        value_parser = Written::one_of(&[Written::Human, Written::Plain, Written::Json, Written::Markdown]),
        default_value = "human",
        env = "DOWNHAUL_FORMAT",
        hide_env_values = true,
        help_heading = "Output"
    )]
    written: Written,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let query: Vec<_> = args.days.iter().map(|days| ("days", days.to_string())).collect();
    let page: StalePage = block_on(control.get(&["stale"], &query))?;
    match args.written {
        Written::Json => output.json(&page)?,
        Written::Markdown => markdown(&page, control.environment()).iter().try_for_each(|line| output.line(line))?,
        Written::Human | Written::Plain => table(&page, output)?,
    }
    if args.written != Written::Json {
        notes(&page, control.environment(), output);
    }
    Ok(if page.stale.is_empty() { Exit::Done } else { Exit::Findings })
}

fn table(page: &StalePage, output: &Output) -> Result<(), Failure> {
    let mut table = Table::new(&["FLAG", "OWNER", "WHY", "WHAT TO DO"]);
    for StaleView { flag, owner, message, help, .. } in &page.stale {
        table.row([flag.clone(), owner.clone(), message.clone(), help.clone()]);
    }
    if page.stale.is_empty() { Ok(()) } else { table.print(output) }
}

fn markdown(page: &StalePage, environment: &str) -> Vec<String> {
    let count = counted(page.stale.len(), "finding");
    let mut lines = vec![format!("**Flags to look at in {environment}: {count}**")];
    if !page.stale.is_empty() {
        lines.extend(["", "| flag | owner | why | what to do |", "|---|---|---|---|"].map(str::to_owned));
    }
    let cell = |text: &str| one_line(text).replace('|', "\\|");
    lines.extend(page.stale.iter().map(|StaleView { flag, owner, message, help, .. }| {
        format!("| `{flag}` | {} | {} | {} |", cell(owner), cell(message), cell(help))
    }));
    lines
}

/// How far it can be known.
fn notes(page: &StalePage, environment: &str, output: &Output) {
    let StalePage { idle_days, one_variant_days, .. } = page;
    output.note(format!(
        "{} in {environment}; allowed are {idle_days} days without being asked for, and {one_variant_days} days of one variant",
        counted(page.stale.len(), "finding"),
    ));
    let since = |kind: ClientKind| page.told_since.get(&kind).map(|since| format!("{} since {since}", kind.name()));
    let told: Vec<String> =
        [ClientKind::Browser, ClientKind::Edge, ClientKind::Server].into_iter().filter_map(since).collect();
    match told.is_empty() {
        true => output.note("no client tells which flags it asks for, so that those not asked for are not known"),
        false => output.note(format!("clients tell which flags they ask for: {}", told.join(", "))),
    }
}
