use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted, kind_word, percent};
use downhaul_control::api::{ConsoleEvent, FleetView, FreezeView, Frozen, KillPage, KillView};
use serde_json::json;
use std::io::IsTerminal;
use std::time::Duration;

/// How often a watch asks beside the stream, for kills and for a stream that broke off.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Show which revision clients run, how many are live, and the kills in force
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep showing it as it changes
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(async {
        let mut fleet: FleetView = control.get(&["fleet"], &[]).await?;
        let mut kills: KillPage = control.get(&["kills"], &[]).await?;
        let freeze: FreezeView = control.get(&["freeze"], &[]).await?;
        show(&fleet, &kills.kills, freeze.frozen.as_ref(), &control, output)?;
        if !args.watch {
            return Ok(Exit::Done);
        }
        loop {
            (fleet, kills) = next(fleet, kills, &control).await?;
            let freeze: FreezeView = control.get(&["freeze"], &[]).await?;
            clear(output)?;
            show(&fleet, &kills.kills, freeze.frozen.as_ref(), &control, output)?;
        }
    })
}

/// Waits until fleet or kills differ from what was shown.
async fn next(fleet: FleetView, kills: KillPage, control: &ControlPlane) -> Result<(FleetView, KillPage), Failure> {
    let mut events = control.events().await?;
    loop {
        let mut newer_fleet = fleet.clone();
        match tokio::time::timeout(ASK_EVERY, events.next()).await {
            Ok(Ok(Some(ConsoleEvent::Fleet { fleet }))) => newer_fleet = *fleet,
            Ok(Ok(Some(
                ConsoleEvent::Change { .. }
                | ConsoleEvent::KillProgress { .. }
                | ConsoleEvent::Presence(_)
                | ConsoleEvent::Ping { .. },
            ))) => {}
            Ok(Ok(None)) | Ok(Err(_)) => {
                // The server closed or restarted: ask, which says so if it is gone, and come back.
                tokio::time::sleep(ASK_EVERY).await;
                events = control.events().await?;
            }
            Err(_) => newer_fleet = control.get(&["fleet"], &[]).await?,
        }
        let newer_kills: KillPage = control.get(&["kills"], &[]).await?;
        if newer_fleet != fleet || ids(&newer_kills) != ids(&kills) {
            return Ok((newer_fleet, newer_kills));
        }
    }
}

fn ids(page: &KillPage) -> Vec<&str> {
    page.kills.iter().map(|kill| kill.id.as_str()).collect()
}

/// On a terminal a watch repaints; elsewhere one state follows another.
fn clear(output: &Output) -> Result<(), Failure> {
    let repaints = output.format == Format::Human && std::io::stdout().is_terminal();
    if repaints { output.line("\u{1b}[H\u{1b}[2J") } else { Ok(()) }
}

fn show(
    fleet: &FleetView,
    kills: &[KillView],
    frozen: Option<&Frozen>,
    control: &ControlPlane,
    output: &Output,
) -> Result<(), Failure> {
    if output.format == Format::Json {
        return output
            .json(&json!({ "environment": control.environment(), "frozen": frozen, "fleet": fleet, "kills": kills }));
    }
    let position = &fleet.position;
    output.line(format!(
        "{} at revision {}, kill revision {}",
        control.environment(),
        position.revision,
        position.kill_revision
    ))?;
    if let Some(Frozen { at, by, reason, .. }) = frozen {
        output.line(format!("frozen since {at} by {by}: {reason}"))?;
    }
    if fleet.live + fleet.hidden + fleet.unknown == 0 {
        output.line("no client is connected")?;
    } else {
        output.line(clients(fleet))?;
    }
    if !fleet.groups.is_empty() {
        output.line("")?;
        groups(fleet).print(output)?;
    }
    for (code, count) in &fleet.problems {
        output.line(format!("{} cannot accept what they get: {code}", counted(*count, "client")))?;
    }
    output.line("")?;
    if kills.is_empty() {
        return output.line("no kill in force");
    }
    output.line(format!("{} in force", counted(kills.len(), "kill")))?;
    let mut table = Table::new(&["KILL", "FLAG", "SCOPE", "DARK", "BY", "AT", "REASON"]);
    for kill in kills {
        table.row([
            kill.id.clone(),
            kill.flag.clone(),
            kill.scope_text.clone(),
            kill.progress.as_ref().map(|progress| format!("{}/{}", progress.dark, progress.live)).unwrap_or_default(),
            kill.by.clone(),
            kill.at.clone(),
            kill.reason.clone(),
        ]);
    }
    table.print(output)
}

fn clients(fleet: &FleetView) -> String {
    format!(
        "{}, {} at the newest revision ({}); {} hidden, {} unknown; {} trusted, {} claimed",
        counted(fleet.live, "live client"),
        fleet.current,
        percent(fleet.current, fleet.live),
        fleet.hidden,
        fleet.unknown,
        fleet.trusted,
        fleet.claimed,
    )
}

fn groups(fleet: &FleetView) -> Table {
    let mut table = Table::new(&["REVISION", "CLIENTS", "KIND", "STATE", "RELEASE", "SDK", "REGION"]);
    for group in &fleet.groups {
        table.row([
            group.revision.to_string(),
            group.instances.to_string(),
            kind_word(group.kind).to_owned(),
            group.state.clone(),
            group.release.clone().unwrap_or_default(),
            group.sdk.clone(),
            group.region.clone().unwrap_or_default(),
        ]);
    }
    table
}
