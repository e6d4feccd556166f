mod health;
mod watch;

use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted, kind_word, milliseconds, percent};
use downhaul_control::api::{
    FleetPart, FleetState, FleetStates, FleetView, FreezeView, Frozen, HeartbeatView, KillPage, KillView,
};
use serde_json::json;

/// Clients that are named with a state.
const NAMED: usize = 5;

/// Show which states the fleet is in, which revision clients run, and the kills in force
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status with --rollback and --kill: 0 it is so, 4 it is not or not yet, 1 could not run, 2 refused or wrong use.\n\
                  Example: until downhaul status --rollback checkout-2.4.1; do sleep 5; done"
)]
pub(crate) struct Args {
    /// Keep showing it as it changes: anew on a terminal, else a line for each change; until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Say whether the rollback of this release is complete
    #[arg(long, value_name = "RELEASE", conflicts_with = "watch")]
    rollback: Option<String>,
    /// Say whether this kill has reached everyone who can be reached
    #[arg(long, value_name = "KILL", conflicts_with_all = ["watch", "rollback"])]
    kill: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    match (&args.rollback, &args.kill) {
        (Some(release), _) => return block_on(health::rollback(release, &control, output)),
        (None, Some(kill)) => return block_on(health::kill(kill, &control, output)),
        (None, None) => {}
    }
    block_on(async {
        let now = Now::ask(&control).await?;
        if args.watch {
            return watch::watch(now, &control, output).await;
        }
        show(&now, &control, output)?;
        Ok(Exit::Done)
    })
}

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
struct Now {
    fleet: FleetView,
    states: Vec<FleetState>,
    kills: Vec<KillView>,
    frozen: Option<Frozen>,
    heartbeat: HeartbeatView,
}

impl Now {
    async fn ask(control: &ControlPlane) -> Result<Now, Failure> {
        Now::with(control.get(&["fleet"], &[]).await?, control).await
    }

    async fn with(fleet: FleetView, control: &ControlPlane) -> Result<Now, Failure> {
        let states: FleetStates = control.get(&["fleet", "states"], &[]).await?;
        let kills: KillPage = control.get(&["kills"], &[]).await?;
        let freeze: FreezeView = control.get(&["freeze"], &[]).await?;
        let heartbeat = control.get(&["heartbeat"], &[]).await?;
        Ok(Now { fleet, states: states.states, kills: kills.kills, frozen: freeze.frozen, heartbeat })
    }
}

fn show(now: &Now, control: &ControlPlane, output: &Output) -> Result<(), Failure> {
    let Now { fleet, states, kills, frozen, heartbeat } = now;
    if output.format == Format::Json {
        return output.json(&json!({
            "environment": control.environment(), "frozen": frozen, "fleet": fleet, "states": states, "kills": kills,
            "heartbeat": heartbeat,
        }));
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
    if let Some(words) = beats(heartbeat) {
        output.line(words)?;
    }
    for state in states {
        output.line("")?;
        told(state).iter().try_for_each(|line| output.line(line))?;
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

/// A state: what, since when, who, and what to do.
fn told(state: &FleetState) -> Vec<String> {
    let mut lines = vec![format!("{}: {}, since {}", state.kind.as_str(), state.words, state.since)];
    let who: Vec<String> = state.who.iter().map(FleetPart::words).collect();
    if !who.is_empty() {
        lines.push(format!("  {}", who.join("; ")));
    }
    if !state.instances.is_empty() {
        let more = if state.clients > NAMED.min(state.instances.len()) { ", …" } else { "" };
        let named: Vec<&str> = state.instances.iter().take(NAMED).map(String::as_str).collect();
        lines.push(format!("  such as {}{more}", named.join(", ")));
    }
    lines.push(format!("  do: {}", state.help));
    lines.extend(state.command.iter().map(|command| format!("  {command}")));
    lines
}

/// How long a kill would take, as the heartbeat has shown.
fn beats(heartbeat: &HeartbeatView) -> Option<String> {
    let [p50, p99, slowest] = [heartbeat.p50_ms?, heartbeat.p99_ms?, heartbeat.slowest_ms?].map(milliseconds);
    let missing = heartbeat.beats.first().map_or(0, |beat| beat.missing);
    let missing =
        if missing > 0 { format!("; {} missed the last one", counted(missing, "client")) } else { String::new() };
    let beats = counted(heartbeat.beats.len(), "beat");
    Some(format!("a kill reaches clients after p50 {p50}, p99 {p99}, slowest {slowest}, over {beats}{missing}"))
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
