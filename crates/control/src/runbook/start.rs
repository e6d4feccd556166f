use super::{NotNow, Pace, Phase, Purpose, Run, RunEvent, Runbook, Step, Subject, What, derived};
use crate::command::Command;
use crate::decide::unknown;
use crate::refusal::{Refusal, RefusalCode};
use crate::release::validate;
use crate::state::State;
use crate::time;
use downhaul_core::diagnostic::Diagnostic;
use jiff::{SignedDuration, Timestamp};

/// Longest wait for every client to be dark in the drill of a flag, in seconds.
const DARK_SECONDS: u32 = 120;
/// How long after a drill was tried that it failed may be reported.
const REPORTED: SignedDuration = SignedDuration::from_hours(24 * 400);

/// The command that begins a run of a release's runbook.
///
/// # Errors
/// There is no such release, it is being rolled back already, or it names what is no longer there.
pub fn start(state: &State, release: &str, purpose: Purpose, pace: Pace) -> Result<Command, Refusal> {
    let subject = subject(state, &Named::Release(release.to_owned()))?;
    let Subject::Release(release) = subject else { return Err(unknown("release", release, [])) };
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
    Ok(begin(state, Subject::Release(release), runbook, purpose, pace))
}

/// What a drill is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    Release(String),
    Flag(String),
    /// A release, and where there is none of this name, a flag.
    Either(String),
}

/// The command that begins a drill: of a release's runbook, or of killing one flag.
///
/// # Errors
/// There is nothing of this name, or it cannot be rehearsed as things stand.
pub fn start_drill(state: &State, named: &Named, pace: Pace) -> Result<Command, Refusal> {
    match subject(state, named)? {
        Subject::Release(release) => start(state, release.key.as_str(), Purpose::Drill, pace),
        Subject::Flag(flag) => {
            let kill = Step::new(What::Kill(vec![flag.clone()]), "every live client is dark");
            let steps = vec![Step { limit_seconds: DARK_SECONDS, ..kill }];
            let runbook = Runbook { steps, ..Runbook::empty() };
            Ok(begin(state, Subject::Flag(flag), runbook, Purpose::Drill, pace))
        }
    }
}

/// The command that says that a drill was tried, and whoever was to run it was not let in. `at` is now.
///
/// # Errors
/// There is nothing of this name, no reason is given, or the time cannot be.
pub fn not_begun(state: &State, named: &Named, tried: Timestamp, why: &str, at: Timestamp) -> Result<Command, Refusal> {
    let invalid = |message: &str, help: &str| Err(Refusal::new(RefusalCode::Invalid, message, help));
    let why = why.trim();
    if why.is_empty() || why.len() > state.policy.reason.size() {
        return invalid("it is not said in a few words why", "say what the answer was, such as `not-signed-in`");
    }
    let ago = at.duration_since(tried);
    // Clocks differ a little.
    if ago < SignedDuration::from_mins(-5) || ago > REPORTED {
        return invalid("that time is in the future or long past", "give the time at which the drill was tried");
    }
    let subject = subject(state, named)?;
    let event = RunEvent::NotBegun { subject, tried: time::to_text(tried), why: why.to_owned() };
    Ok(Command::Run { run: state.releases.next_run(), event: Box::new(event) })
}

/// Drills under way that a rollback of this release ends first: of the same release, or of flags that it kills.
pub fn drills_in_the_way(state: &State, release: &str) -> Vec<u64> {
    let Some(found) = state.releases.release(release) else { return Vec::new() };
    let runbook = derived(state, &found.release);
    let subject = Subject::Release(Box::new(found.release.clone()));
    let runs = state.releases.runs.values().filter(|run| run.purpose == Purpose::Drill);
    let going = runs.filter(|run| !run.is_ended() && !matches!(run.phase, Phase::Unwinding { .. }));
    going.filter(|run| collide(run, &subject, &runbook)).map(|run| run.number).collect()
}

/// Whether an event fits the run that it is for, and one run at a time.
///
/// # Errors
/// It does not; the refusal says where the run stands.
pub fn check_event(state: &State, number: u64, event: &RunEvent, at: Timestamp) -> Result<(), Refusal> {
    let id = Run::id_of(number);
    if let RunEvent::Started { .. } | RunEvent::NotBegun { .. } = event {
        if let RunEvent::Started { subject, runbook, purpose, .. } = event {
            check_free(state, subject, runbook, *purpose)?;
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

/// One rollback of a release at a time. A drill gives way to every run, and no run gives way to a drill.
fn check_free(state: &State, subject: &Subject, runbook: &Runbook, purpose: Purpose) -> Result<(), Refusal> {
    let going = state.releases.runs.values().rev().filter(|run| !run.is_ended());
    let mut in_the_way = going.filter(|run| match purpose {
        Purpose::Rollback => run.purpose == Purpose::Rollback && run.subject.is_same(subject),
        Purpose::Drill => collide(run, subject, runbook),
    });
    if let Some(run) = in_the_way.next() {
        let id = run.id();
        let what = if run.purpose == Purpose::Drill { "rehearsed" } else { "rolled back" };
        return Err(Refusal::new(
            RefusalCode::RunActive,
            format!("`{}` is being {what} already, by {id}", run.subject.key()),
            format!("follow it with `downhaul runs follow {id}`, or end it with `downhaul runs abort {id}`"),
        ));
    }
    if purpose == Purpose::Rollback {
        return Ok(());
    }
    let killed = runbook.killed().find(|flag| state.kills_of(flag.as_str()).any(|kill| kill.counts_for_drills()));
    match killed {
        Some(flag) => Err(Refusal::new(
            RefusalCode::StillKilled,
            format!("`{flag}` is killed already, so that killing it cannot be rehearsed"),
            "restore it first, or rehearse later",
        )),
        None => Ok(()),
    }
}

fn collide(run: &Run, subject: &Subject, runbook: &Runbook) -> bool {
    run.subject.is_same(subject) || run.runbook.killed().any(|flag| runbook.killed().any(|other| other == flag))
}

fn begin(state: &State, subject: Subject, runbook: Runbook, purpose: Purpose, pace: Pace) -> Command {
    let event = RunEvent::Started { subject, runbook: Box::new(runbook), purpose, pace };
    Command::Run { run: state.releases.next_run(), event: Box::new(event) }
}

fn subject(state: &State, named: &Named) -> Result<Subject, Refusal> {
    let release = |name: &str| {
        let found = state.releases.release(name).filter(|each| each.retired.is_none());
        found.map(|found| Subject::Release(Box::new(found.release.clone())))
    };
    let flag = |name: &str| state.flag_set.flag(name).map(|flag| Subject::Flag(flag.key.clone()));
    let live = state.releases.by_key.values().filter(|each| each.retired.is_none());
    let releases = || live.map(|each| each.release.key.as_str());
    let flags = || state.flag_set.flags.iter().map(|flag| flag.key.as_str());
    match named {
        Named::Release(name) => release(name).ok_or_else(|| unknown("release", name, releases())),
        Named::Flag(name) => flag(name).ok_or_else(|| unknown("flag", name, flags())),
        Named::Either(name) => release(name)
            .or_else(|| flag(name))
            .ok_or_else(|| unknown("release or flag", name, releases().chain(flags()))),
    }
}
