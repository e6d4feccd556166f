use super::{NotNow, Pace, Purpose, Run, RunEvent, derived};
use crate::command::Command;
use crate::decide::unknown;
use crate::refusal::{Refusal, RefusalCode};
use crate::release::validate;
use crate::state::State;
use downhaul_core::diagnostic::Diagnostic;
use jiff::Timestamp;

/// The command that begins a run of a release's runbook.
///
/// # Errors
/// There is no such release, it is being rolled back already, or it names what is no longer there.
pub fn start(state: &State, release: &str, purpose: Purpose, pace: Pace) -> Result<Command, Refusal> {
    let known = state.releases.by_key.values().filter(|each| each.retired.is_none());
    let Some(found) = state.releases.release(release).filter(|each| each.retired.is_none()) else {
        return Err(unknown("release", release, known.map(|each| each.release.key.as_str())));
    };
    let release = found.release.clone();
    let runbook = derived(state, &release);
    let problems: Vec<Diagnostic> =
        validate::problems(state, &release).into_iter().filter(Diagnostic::is_error).collect();
    if !problems.is_empty() {
        return Err(Refusal::invalid(problems));
    }
    if runbook.steps.is_empty() {
        return Err(Refusal::new(
            RefusalCode::Invalid,
            format!("the runbook of `{}` has no steps", release.key),
            "name its flags, its previous artifact or a recovery metric, or write a runbook, and put the release again",
        ));
    }
    let event = RunEvent::Started { release: Box::new(release), runbook: Box::new(runbook), purpose, pace };
    Ok(Command::Run { run: state.releases.next_run(), event: Box::new(event) })
}

/// Whether an event fits the run that it is for, and one run at a time.
///
/// # Errors
/// It does not; the refusal says where the run stands.
pub fn check_event(state: &State, number: u64, event: &RunEvent, at: Timestamp) -> Result<(), Refusal> {
    let id = Run::id_of(number);
    if let RunEvent::Started { release, .. } = event {
        if let Some(run) = state.releases.active(release.key.as_str()) {
            return Err(Refusal::new(
                RefusalCode::RunActive,
                format!("`{}` is being rolled back already, by {}", release.key, run.id()),
                format!(
                    "follow it with `downhaul runs follow {}`, or end it with `downhaul runs abort {}`",
                    run.id(),
                    run.id()
                ),
            ));
        }
        if number != state.releases.next_run() {
            return Err(Refusal::new(RefusalCode::TakenId, format!("there was a run {id} before"), "try again"));
        }
        return Ok(());
    }
    let Some(run) = state.releases.runs.get(&number) else {
        let known: Vec<String> = state.releases.runs.values().map(|run| run.id()).collect();
        return Err(unknown("run", &id, known.iter().map(String::as_str)));
    };
    run.advance(event, at).map(drop).map_err(|why| {
        let help = match why {
            NotNow::Ended => "begin a new one with `downhaul rollback`",
            NotNow::Late | NotNow::OutOfPlace | NotNow::NoNews => "look at where it stands with `downhaul runs show`",
        };
        Refusal::new(RefusalCode::NotNow, format!("{} of {id} is refused: {why}", event.name()), help)
    })
}
