use super::{NotNow, Pace, Phase, Purpose, Run, RunEvent, Runbook, Step, Subject, What, derived};
use crate::command::Command;
use crate::decide::unknown;
use crate::refusal::{Refusal, RefusalCode};
use crate::release::{Release, validate};
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
pub fn start(state: &State, release: &str, pace: Pace) -> Result<Command, Refusal> {
    let release = find_release(state, release).ok_or_else(|| unknown("release", release, live_releases(state)))?;
    let runbook = Box::new(runnable(state, &release)?);
    let event = RunEvent::Started { release: Box::new(release), runbook, purpose: Purpose::Rollback, pace };
    Ok(Command::Run { run: state.releases.next_run(), event: Box::new(event) })
}

/// The runbook of a release, if it can be carried out as things stand.
fn runnable(state: &State, release: &Release) -> Result<Runbook, Refusal> {
    let runbook = derived(state, release);
    let problems: Vec<Diagnostic> =
        validate::hindrances(state, release).into_iter().filter(Diagnostic::is_error).collect();
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
    Ok(runbook)
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
    let subject = subject(state, named)?;
    let runbook = match &subject {
        Subject::Release(release) => runnable(state, release)?,
        Subject::Flag(flag) => {
            let kill = Step::new(What::Kill(vec![flag.clone()]), "every live client is dark");
            let steps = vec![Step { limit_seconds: DARK_SECONDS, ..kill }];
            Runbook { steps, ..Runbook::empty() }
        }
    };
    let event = RunEvent::Called { subject, runbook: Box::new(runbook), pace };
    Ok(Command::Run { run: state.releases.next_run(), event: Box::new(event) })
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
    // Who is refused and known is charted at once; told of it again by the one who was refused, it is the same attempt.
    let is_same = |run: &&std::sync::Arc<Run>| {
        let apart = run.not_begun.as_ref().map(|not_begun| not_begun.tried.duration_since(tried).abs());
        run.subject.is_same(&subject) && apart.is_some_and(|apart| apart < SAME)
    };
    if let Some(run) = state.releases.runs.values().rev().find(is_same) {
        let message = format!("this is charted already, as {}", run.id());
        return Err(Refusal::new(RefusalCode::AlreadyDone, message, "there is nothing left to do"));
    }
    let event = RunEvent::NotBegun { subject, tried: time::to_text(tried), why: why.to_owned() };
    Ok(Command::Run { run: state.releases.next_run(), event: Box::new(event) })
}

/// Attempts at the same drill that lie less apart are one.
const SAME: SignedDuration = SignedDuration::from_secs(10);
/// How long one who was not let in is not charted again for the same drill, so that nobody fills the chart by trying.
const CHARTED: SignedDuration = SignedDuration::from_hours(1);

/// Whether it is to be charted that this one was not let in: not for what was charted a moment ago.
pub fn is_news(state: &State, named: &Named, actor: &str, at: Timestamp) -> bool {
    let Ok(subject) = subject(state, named) else { return false };
    let mut newest = state.releases.runs.values().rev();
    let recent = newest.find(|run| run.not_begun.is_some() && run.by == actor && run.subject.is_same(&subject));
    recent.is_none_or(|run| at.duration_since(run.began) >= CHARTED)
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
    if let RunEvent::Started { .. } | RunEvent::Called { .. } | RunEvent::NotBegun { .. } = event {
        match event {
            RunEvent::Started { release, .. } => check_no_rollback(state, release)?,
            RunEvent::Called { subject, runbook, .. } => check_free(state, subject, runbook)?,
            _ => {}
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

/// One rollback of a release at a time. No rollback gives way to a drill.
fn check_no_rollback(state: &State, release: &Release) -> Result<(), Refusal> {
    let is_it = |run: &Run| run.purpose == Purpose::Rollback && run.subject.is_release(release.key.as_str());
    refuse_active(state, is_it)
}

fn refuse_active(state: &State, is_in_the_way: impl Fn(&Run) -> bool) -> Result<(), Refusal> {
    let mut going = state.releases.runs.values().rev().filter(|run| !run.is_ended());
    let Some(run) = going.find(|run| is_in_the_way(run)) else { return Ok(()) };
    let id = run.id();
    let what = if run.purpose == Purpose::Drill { "rehearsed" } else { "rolled back" };
    Err(Refusal::new(
        RefusalCode::RunActive,
        format!("`{}` is being {what} already, by {id}", run.subject.key()),
        format!("follow it with `downhaul runs follow {id}`, or end it with `downhaul runs abort {id}`"),
    ))
}

/// A drill gives way to every run that it would meet, and there has to be something to rehearse.
fn check_free(state: &State, subject: &Subject, runbook: &Runbook) -> Result<(), Refusal> {
    refuse_active(state, |run| collide(run, subject, runbook))?;
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

fn subject(state: &State, named: &Named) -> Result<Subject, Refusal> {
    let release = |name: &str| find_release(state, name).map(|release| Subject::Release(Box::new(release)));
    let flag = |name: &str| state.flag_set.flag(name).map(|flag| Subject::Flag(flag.key.clone()));
    let flags = || state.flag_set.flags.iter().map(|flag| flag.key.as_str());
    match named {
        Named::Release(name) => release(name).ok_or_else(|| unknown("release", name, live_releases(state))),
        Named::Flag(name) => flag(name).ok_or_else(|| unknown("flag", name, flags())),
        Named::Either(name) => release(name)
            .or_else(|| flag(name))
            .ok_or_else(|| unknown("release or flag", name, live_releases(state).chain(flags()))),
    }
}

fn find_release(state: &State, key: &str) -> Option<Release> {
    state.releases.release(key).filter(|each| each.retired.is_none()).map(|found| found.release.clone())
}

fn live_releases(state: &State) -> impl Iterator<Item = &str> {
    state.releases.by_key.values().filter(|each| each.retired.is_none()).map(|each| each.release.key.as_str())
}
