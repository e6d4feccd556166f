//! The status as it changes: painted anew on a terminal, a line for each change elsewhere.

use super::{Now, show};
use crate::exit::{Exit, Failure};
use crate::remote::{ControlPlane, Events};
use crate::render::{Format, Output, counted};
use downhaul_control::api::{ConsoleEvent, FleetView};
use jiff::Timestamp;
use std::io::IsTerminal;
use std::time::Duration;
use tokio::signal::ctrl_c;
use tokio::time::{sleep, timeout};

/// How often it asks beside the stream: for what the stream does not tell, and for one that broke off.
const ASK_EVERY: Duration = Duration::from_secs(2);

pub(super) async fn watch(first: Now, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    tokio::select! {
        // First, so that it is heard from the first line on.
        biased;
        // Nobody listens for Ctrl-C any more: then it ends the process as it is.
        Ok(()) = ctrl_c() => Ok(Exit::Done),
        ended = follow(first, control, output) => ended,
    }
}

async fn follow(mut now: Now, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    let repaints = output.format == Format::Human && std::io::stdout().is_terminal();
    if repaints || output.format == Format::Json {
        paint(&now, repaints, control, output)?;
    } else {
        changes(None, &now).iter().try_for_each(|line| write(line, output))?;
    }
    let mut events = control.events().await?;
    loop {
        let newer = next(&now, &mut events, control).await?;
        if repaints || output.format == Format::Json {
            paint(&newer, repaints, control, output)?;
        } else {
            changes(Some(&now), &newer).iter().try_for_each(|line| write(line, output))?;
        }
        now = newer;
    }
}

fn paint(now: &Now, repaints: bool, control: &ControlPlane, output: &Output) -> Result<(), Failure> {
    if repaints {
        output.line("\u{1b}[H\u{1b}[2J")?;
    }
    show(now, control, output)
}

fn write(line: &str, output: &Output) -> Result<(), Failure> {
    output.line(format!("{}\t{line}", downhaul_control::time::to_text(Timestamp::now())))
}

/// Waits until something differs from what was shown.
async fn next(now: &Now, events: &mut Events, control: &ControlPlane) -> Result<Now, Failure> {
    loop {
        let fleet: Option<FleetView> = match timeout(ASK_EVERY, events.next()).await {
            Ok(Ok(Some(ConsoleEvent::Fleet { fleet }))) => Some(*fleet),
            Ok(Ok(Some(ConsoleEvent::Change { .. } | ConsoleEvent::KillProgress { .. }))) => Some(now.fleet.clone()),
            Ok(Ok(Some(ConsoleEvent::Alarms { .. } | ConsoleEvent::Presence(_) | ConsoleEvent::Ping { .. }))) => {
                continue;
            }
            Ok(Ok(None)) | Ok(Err(_)) => {
                // The server closed or restarted: ask, which says so if it is gone, and come back.
                sleep(ASK_EVERY).await;
                *events = control.events().await?;
                None
            }
            Err(_) => None,
        };
        let newer = match fleet {
            Some(fleet) => Now::with(fleet, control).await?,
            None => Now::ask(control).await?,
        };
        if newer != *now {
            return Ok(newer);
        }
    }
}

/// What differs, one line each.
fn changes(before: Option<&Now>, now: &Now) -> Vec<String> {
    let mut lines = Vec::new();
    let position = &now.fleet.position;
    if before.is_none_or(|before| before.fleet.position != *position) {
        lines.push(format!("revision\t{}, kill revision {}", position.revision, position.kill_revision));
    }
    let counts = |now: &Now| {
        let FleetView { live, current, hidden, unknown, .. } = now.fleet;
        (live, current, hidden, unknown)
    };
    let (live, current, hidden, unknown) = counts(now);
    if before.is_none_or(|before| counts(before) != (live, current, hidden, unknown)) {
        let live = counted(live, "live client");
        lines.push(format!("clients\t{live}, {current} at the newest revision; {hidden} hidden, {unknown} unknown"));
    }
    match (before.and_then(|before| before.frozen.as_ref()), &now.frozen) {
        (None, Some(frozen)) => lines.push(format!("frozen\tby {}: {}", frozen.by, frozen.reason)),
        (Some(_), None) => lines.push("unfrozen\tthings change by themselves again".to_owned()),
        _ => {}
    }
    let (kills, states) =
        (before.map_or(&[][..], |before| &before.kills), before.map_or(&[][..], |before| &before.states));
    for kill in now.kills.iter().filter(|kill| !kills.iter().any(|known| known.id == kill.id)) {
        lines.push(format!(
            "killed\t{} ({}) for {} by {}: {}",
            kill.flag, kill.id, kill.scope_text, kill.by, kill.reason
        ));
    }
    for kill in kills.iter().filter(|kill| !now.kills.iter().any(|known| known.id == kill.id)) {
        lines.push(format!("restored\t{} ({})", kill.flag, kill.id));
    }
    for state in &now.states {
        match states.iter().find(|known| known.id == state.id) {
            Some(known) if known.words == state.words => {}
            known => {
                let word = if known.is_some() { "still" } else { "begins" };
                let command = state.command.as_ref().map(|command| format!("; {command}")).unwrap_or_default();
                lines.push(format!(
                    "{word}\t{}: {}, since {}; do: {}{command}",
                    state.kind.as_str(),
                    state.words,
                    state.since,
                    state.help
                ));
            }
        }
    }
    for state in states.iter().filter(|state| !now.states.iter().any(|known| known.id == state.id)) {
        lines.push(format!("over\t{}: {}", state.kind.as_str(), state.words));
    }
    lines
}
