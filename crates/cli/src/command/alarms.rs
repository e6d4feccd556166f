use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted};
use downhaul_control::api::{AcknowledgeAlarmRequest, AlarmPage, AlarmView, SilenceAlarmRequest};
use downhaul_control::time;
use jiff::{Span, Timestamp};

/// Show what is wrong, say that you are on it, and keep it quiet for a while
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    List(ListArgs),
    Show(Named),
    Acknowledge(AcknowledgeArgs),
    Silence(SilenceArgs),
}

/// List alarms; ends with 4 if one goes on that nobody has acknowledged
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Those that are over, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Show an alarm: what it is, what to do, who was told and who has it
#[derive(Debug, clap::Args)]
struct Named {
    /// Id of the alarm, such as `al-5d41402abc4b`
    #[arg(value_name = "ALARM")]
    alarm: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Say that you are on it: nobody else is called
#[derive(Debug, clap::Args)]
struct AcknowledgeArgs {
    #[command(flatten)]
    named: Named,
    /// What you do about it
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
}

/// Tell nobody of this cause until then, however often it comes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: downhaul alarms silence al-5d41402abc4b --until 2h --reason 'the rack is being moved'"
)]
struct SilenceArgs {
    #[command(flatten)]
    named: Named,
    /// A time, RFC 3339, or how long from now, such as `90m`; a week at most
    #[arg(long, value_name = "TIME")]
    until: String,
    /// Why
    #[arg(long)]
    reason: String,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::List(args) => list(args, output),
        Part::Show(named) => {
            let control = ControlPlane::connect(&named.server)?;
            let page: AlarmPage = block_on(control.get(&["alarms"], &[]))?;
            let Some(alarm) = page.alarms.iter().find(|alarm| alarm.id == named.alarm) else {
                let message = format!("there is no alarm `{}`", named.alarm);
                return Err(
                    Failure::refused("unknown-alarm", message).help("list them with `downhaul alarms list --all`")
                );
            };
            show(alarm, output)
        }
        Part::Acknowledge(args) => {
            let request = AcknowledgeAlarmRequest { note: args.note.clone() };
            act(&args.named, "acknowledge", &request, output)
        }
        Part::Silence(args) => {
            let request = SilenceAlarmRequest { until: end(&args.until), reason: args.reason.clone() };
            act(&args.named, "silence", &request, output)
        }
    }
}

fn act(named: &Named, what: &str, request: &impl serde::Serialize, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&named.server)?;
    let alarm: AlarmView = block_on(control.post(&["alarms", &named.alarm, what], request))?;
    show(&alarm, output)
}

/// `90m` from now as a time; anything else as it is, for the control plane to judge.
fn end(until: &str) -> String {
    let span = until.parse::<Span>().ok();
    let at = span.and_then(|span| Timestamp::now().checked_add(span).ok());
    at.map_or_else(|| until.to_owned(), time::to_text)
}

fn list(args: &ListArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let mut page: AlarmPage = block_on(control.get(&["alarms"], &[]))?;
    page.alarms.retain(|alarm| args.all || alarm.recovered.is_none());
    let waits = page.alarms.iter().any(|alarm| alarm.standing == "raised");
    let exit = if waits { Exit::NotGood } else { Exit::Done };
    if output.format == Format::Json {
        output.json(&page)?;
        return Ok(exit);
    }
    let mut table = Table::new(&["ALARM", "STANDING", "SINCE", "ABOUT", "WHAT"]);
    for alarm in &page.alarms {
        table.row([
            alarm.id.clone(),
            alarm.standing.clone(),
            alarm.since.clone(),
            alarm.about.clone(),
            alarm.message.clone(),
        ]);
    }
    if !page.alarms.is_empty() {
        table.print(output)?;
    }
    output.note(format!("{} in {}", counted(page.alarms.len(), "alarm"), control.environment()));
    Ok(exit)
}

fn show(alarm: &AlarmView, output: &Output) -> Result<Exit, Failure> {
    if output.format == Format::Json {
        output.json(alarm)?;
        return Ok(Exit::Done);
    }
    let mut lines = vec![
        alarm.message.clone(),
        format!("{} ({}), {}, since {}", alarm.id, alarm.about, alarm.standing, alarm.since),
    ];
    lines.extend(alarm.also.iter().map(|also| format!("also: {also}")));
    lines.extend(alarm.owner.iter().map(|owner| format!("owner: {owner}")));
    if let Some(act) = &alarm.acknowledged {
        let note = if act.note.is_empty() { String::new() } else { format!(": {}", act.note) };
        lines.push(format!("acknowledged by {} at {}{note}", act.by, act.at));
    }
    if let Some(silence) = &alarm.silenced {
        lines.push(format!("silenced by {} until {}: {}", silence.by, silence.until, silence.reason));
    }
    lines.extend(alarm.told.iter().map(|told| format!("told {} at {}: {}", told.target, told.at, told.what)));
    match (&alarm.recovered, &alarm.shown_by) {
        (Some(at), shown) => lines.push(format!("over at {at}: {}", shown.as_deref().unwrap_or_default())),
        (None, _) => {
            lines.push(format!("look: {}", alarm.look));
            lines.extend(alarm.act.iter().map(|act| format!("act: {act}")));
            lines.extend(alarm.runbooks.iter().map(|release| format!("runbook: downhaul rollback {release}")));
        }
    }
    lines.iter().try_for_each(|line| output.line(line))?;
    Ok(Exit::Done)
}
