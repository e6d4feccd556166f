//! Whether a rollback is complete: what was killed is dark everywhere, nobody runs the release, and its metrics hold.

use super::ReleaseState;
use crate::api::{HealthCheck, KillStatus, Progress, RollbackStatus};
use crate::fleet::states::redeployed;
use crate::runbook::{Phase, Purpose, Run, Verdict, What};
use crate::state::{KillState, State};
use crate::time;
use jiff::Timestamp;

/// What a recovery metric gives now.
#[derive(Debug, Clone, PartialEq)]
pub struct RecoveryReading {
    pub name: String,
    pub value: Option<f64>,
    pub holds: bool,
    /// Why there is no value.
    pub problem: Option<String>,
}

/// The newest rollback of a release since it was put.
pub fn last_rollback<'a>(state: &'a State, known: &ReleaseState) -> Option<&'a Run> {
    let put = time::from_text(&known.touched.at).unwrap_or(Timestamp::MIN);
    let mut runs = state.releases.runs.values().rev();
    let run =
        runs.find(|run| run.purpose == Purpose::Rollback && run.subject.is_release(known.release.key.as_str()))?;
    (run.began >= put).then_some(&**run)
}

/// Whether a kill has reached everyone. Without progress nothing is known of it.
pub fn kill_status(kill: &KillState, progress: Option<&Progress>) -> KillStatus {
    let in_force = kill.restored.is_none();
    let complete = progress.is_some_and(|progress| progress.complete);
    let (live, dark, unknown) = progress.map_or((0, 0, 0), |each| (each.live, each.dark, each.unknown));
    let words = match (&kill.restored, progress) {
        (Some(touch), _) => format!("restored at {}", touch.at),
        (None, None) => "this server has not heard clients for long enough to say".to_owned(),
        (None, Some(_)) if complete && unknown > 0 => {
            format!("off in {dark} of {live} live clients; {unknown} not heard of are past their stale deadline")
        }
        (None, Some(_)) if unknown > 0 => format!("off in {dark} of {live} live clients; {unknown} not heard of"),
        (None, Some(_)) => format!("off in {dark} of {live} live clients"),
    };
    KillStatus {
        kill: kill.kill.id.clone(),
        flag: kill.kill.flag.to_string(),
        confirmed: in_force && complete,
        in_force,
        live,
        dark,
        unknown,
        words,
    }
}

/// How far the newest rollback of a release is. `left` are live clients that run the release.
pub fn rollback_status(
    state: &State,
    known: &ReleaseState,
    left: usize,
    readings: &[RecoveryReading],
    progress: impl Fn(&str) -> Option<Progress>,
) -> RollbackStatus {
    let run = last_rollback(state, known);
    let check = |name: &str, (ok, words): (bool, String)| HealthCheck { name: name.to_owned(), ok, words };
    let mut checks = vec![check("run", run_check(run))];
    if let Some(run) = run {
        checks.push(check("kills", kills_check(state, run, progress)));
        checks.push(check("clients", clients_check(run, left)));
        checks.push(check("recovery", recovery_check(readings)));
    }
    RollbackStatus {
        release: known.release.key.to_string(),
        run: run.map(Run::id),
        complete: checks.iter().all(|check| check.ok),
        checks,
    }
}

fn run_check(run: Option<&Run>) -> (bool, String) {
    let Some(run) = run else { return (false, "no rollback was begun since the release was put".to_owned()) };
    match &run.phase {
        Phase::Ended { verdict: Verdict::Done, at } => {
            (true, format!("{} ended as done at {}", run.id(), time::to_text(*at)))
        }
        Phase::Ended { verdict, at } => {
            (false, format!("{} ended as {} at {}", run.id(), verdict.as_str(), time::to_text(*at)))
        }
        Phase::Held { step, why } => (false, format!("{} is held at step {}: {why}", run.id(), step + 1)),
        Phase::AwaitingGo { step } => (false, format!("{} waits for a person before step {}", run.id(), step + 1)),
        Phase::Running { step } => (false, format!("{} is at step {}", run.id(), step + 1)),
        Phase::Unwinding { .. } => (false, format!("{} is being taken back", run.id())),
    }
}

fn kills_check(state: &State, run: &Run, progress: impl Fn(&str) -> Option<Progress>) -> (bool, String) {
    let mut worst: Option<String> = None;
    for made in &run.kills {
        let status = match state.kill(&made.kill) {
            Some(kill) => kill_status(kill, progress(&made.kill).as_ref()),
            None => continue,
        };
        if !status.confirmed {
            worst.get_or_insert(format!("`{}` ({}): {}", made.flag, made.kill, status.words));
        }
    }
    match (worst, run.kills.len()) {
        (Some(words), _) => (false, words),
        (None, 0) => (true, "it kills nothing".to_owned()),
        (None, kills) => (true, format!("{kills} in force and confirmed")),
    }
}

fn clients_check(run: &Run, left: usize) -> (bool, String) {
    let redeploys = run.runbook.steps.iter().any(|step| matches!(step.what, What::Redeploy { .. }));
    match (redeploys, redeployed(run), left) {
        (false, ..) => (true, "its runbook puts nothing else out".to_owned()),
        (true, None, _) => (false, "the previous artifact is not out yet".to_owned()),
        (true, Some(_), 0) => (true, "no live client tells of this release".to_owned()),
        (true, Some(_), 1) => (false, "1 live client runs this release".to_owned()),
        (true, Some(_), left) => (false, format!("{left} live clients run this release")),
    }
}

/// Silence shows nothing, and neither does a release that names no metric.
fn recovery_check(readings: &[RecoveryReading]) -> (bool, String) {
    let Some(bad) = readings.iter().find(|reading| !reading.holds) else {
        return match readings.len() {
            0 => (false, "the release names no recovery metric, so nothing shows that it is over".to_owned()),
            _ => (true, readings.iter().map(words).collect::<Vec<_>>().join(", ")),
        };
    };
    (false, words(bad))
}

fn words(reading: &RecoveryReading) -> String {
    match (reading.value, &reading.problem) {
        (Some(value), _) => format!("{} is {value}, {}", reading.name, if reading.holds { "good" } else { "not good" }),
        (None, Some(why)) => format!("{}: {why}", reading.name),
        (None, None) => format!("{}: no data", reading.name),
    }
}
