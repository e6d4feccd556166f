use super::{Names, drills, name};
use crate::api::{
    CallView, KillStep, OneWayView, PlannedStep, Progress, ReleasePage, ReleaseSummary, ReleaseView, RunKillView,
    RunPage, RunStepView, RunView,
};
use crate::describe;
use crate::drill::Drill;
use crate::release::{ReleaseState, one_way};
use crate::runbook::{Phase, Run, StepRun, StepState, What, derived};
use crate::state::State;
use crate::time;
use jiff::Timestamp;

/// All releases: the newest first, retired ones last.
pub fn releases(state: &State, names: &Names) -> ReleasePage {
    let mut releases: Vec<&ReleaseState> = state.releases.by_key.values().map(|release| &**release).collect();
    releases.sort_by_key(|release| (release.retired.is_some(), std::cmp::Reverse(release.touched.revision)));
    let releases = releases.into_iter().map(|release| summary(state, release, names)).collect();
    ReleasePage { position: state.position(), releases }
}

/// A release, and what a rollback of it would do as things stand.
pub fn release(state: &State, release: &ReleaseState, names: &Names) -> ReleaseView {
    let runbook = derived(state, &release.release);
    let kill_order = runbook.killed().map(|key| {
        let flag = state.flag_set.flag(key.as_str());
        let also = state.degrades_with(key.as_str()).into_iter().filter(|other| !release.release.flags.contains(other));
        KillStep {
            flag: key.to_string(),
            effect: flag.map(describe::kill_effect).unwrap_or_default(),
            also: also.map(ToString::to_string).collect(),
        }
    });
    ReleaseView {
        position: state.position(),
        summary: summary(state, release, names),
        release: serde_json::to_value(&release.release).unwrap_or_default(),
        kill_order: kill_order.collect(),
        one_way: one_way(state, &release.release)
            .into_iter()
            .map(|each| OneWayView { flag: each.flag.to_string(), why: each.why, fix: each.fix })
            .collect(),
        steps: runbook
            .steps
            .iter()
            .map(|step| PlannedStep {
                kind: step.kind().to_owned(),
                what: step.words(),
                expect: step.expect.clone(),
                limit_seconds: step.limit_seconds,
            })
            .collect(),
        limit_seconds: runbook.limit_seconds,
    }
}

fn summary(state: &State, release: &ReleaseState, names: &Names) -> ReleaseSummary {
    let key = release.release.key.as_str();
    let last = |drill: Drill<'_>| drills::last(&drill, names);
    ReleaseSummary {
        key: key.to_owned(),
        owner: release.release.owner.clone(),
        flags: release.release.flags.iter().map(ToString::to_string).collect(),
        revision: release.touched.revision,
        at: release.touched.at.clone(),
        by: name(names, &release.touched.actor),
        retired: release.retired.is_some(),
        running: state.releases.active(key).map(|run| run.id()),
        last_drill: state.releases.last_drill(key).map(last),
        last_independent_drill: state.releases.last_independent_drill(key).map(last),
    }
}

/// Runs, newest first.
pub fn runs(state: &State, names: &Names, now: Timestamp, progress: impl Fn(&str) -> Option<Progress>) -> RunPage {
    let newest_first = state.releases.runs.values().rev();
    RunPage { runs: newest_first.map(|each| run(each, names, now, &progress)).collect() }
}

/// A run as it stands at `now`. `progress` says how far a kill has come.
pub fn run(run: &Run, names: &Names, now: Timestamp, progress: impl Fn(&str) -> Option<Progress>) -> RunView {
    let (phase, held) = match &run.phase {
        Phase::Running { .. } => ("running", None),
        Phase::AwaitingGo { .. } => ("awaiting-go", None),
        Phase::Held { why, .. } => ("held", Some(why.clone())),
        Phase::Unwinding { .. } => ("unwinding", None),
        Phase::Ended { .. } => ("ended", None),
    };
    let ended = match run.phase {
        Phase::Ended { at, .. } => Some(at),
        _ => None,
    };
    RunView {
        id: run.id(),
        subject: drills::subject(&run.subject),
        purpose: run.purpose,
        pace: run.pace,
        by: name(names, &run.by),
        reason: run.reason.clone(),
        began: time::to_text(run.began),
        ended: ended.map(time::to_text),
        phase: phase.to_owned(),
        verdict: run.verdict().map(|verdict| verdict.as_str().to_owned()),
        step: run.at_step().map(|step| step + 1),
        held,
        elapsed_ms: milliseconds(run.began, ended.unwrap_or(now)),
        objective_seconds: run.subject.objective_seconds(),
        steps: (0..run.steps.len()).filter_map(|at| step(run, at, now, &progress)).collect(),
        kills: run
            .kills
            .iter()
            .map(|kill| RunKillView {
                flag: kill.flag.clone(),
                kill: kill.kill.clone(),
                found: kill.found,
                restored: kill.restored,
            })
            .collect(),
        calls: run
            .calls
            .iter()
            .map(|call| CallView {
                target: call.target.clone(),
                message: call.message.clone(),
                at: time::to_text(call.at),
                through: call.through,
            })
            .collect(),
    }
}

fn step(run: &Run, at: usize, now: Timestamp, progress: impl Fn(&str) -> Option<Progress>) -> Option<RunStepView> {
    let (running, of) = (run.steps.get(at)?, run.runbook.steps.get(at)?);
    let detail = match running.state {
        StepState::Running => standing(run, at, running, &of.what, progress),
        StepState::Done if running.detail.is_empty() => outcome(running),
        _ => running.detail.clone(),
    };
    Some(RunStepView {
        number: at + 1,
        kind: of.kind().to_owned(),
        what: of.words(),
        expect: of.expect.clone(),
        limit_seconds: of.limit_seconds,
        state: running.state.as_str().to_owned(),
        attempt: running.attempt,
        began: running.began.map(time::to_text),
        ended: running.ended.map(time::to_text),
        took_ms: running.began.map(|began| milliseconds(began, running.ended.unwrap_or(now))),
        detail,
    })
}

/// What is being waited for.
fn standing(
    run: &Run,
    at: usize,
    running: &StepRun,
    what: &What,
    progress: impl Fn(&str) -> Option<Progress>,
) -> String {
    match what {
        What::Kill(flags) => {
            let made: Vec<_> = run.kills.iter().filter(|kill| kill.step == at).collect();
            if made.len() < flags.len() {
                return format!("{} of {} flags killed", made.len(), flags.len());
            }
            // Who has the last kill has those before it.
            match made.last().and_then(|kill| progress(&kill.kill)) {
                Some(progress) => format!("{} of {} live clients dark", progress.dark, progress.live),
                None => "clients come back after a restart of the server, and are waited for".to_owned(),
            }
        }
        What::Redeploy { .. } | What::Purge { .. } if running.delivered.is_some() => {
            "accepted; waiting for the call-back".to_owned()
        }
        What::Redeploy { .. } | What::Purge { .. } | What::Escalate { .. } => "sending".to_owned(),
        What::Verify { .. } => match &running.reading {
            None => "asking for the metric".to_owned(),
            Some(reading) => match (&reading.problem, reading.value) {
                (Some(problem), _) => format!("held: {problem}"),
                (None, Some(value)) if reading.holds => {
                    format!("read {value} and holds since {}", time::to_text(reading.at))
                }
                (None, value) => format!("read {}, which does not hold", value.unwrap_or(f64::NAN)),
            },
        },
        What::Manual(_) => "waiting for a person to confirm".to_owned(),
        What::Restore(_) | What::Wait { .. } => String::new(),
    }
}

fn outcome(running: &StepRun) -> String {
    if let Some(dark) = running.dark {
        let slowest = dark.slowest_ms.map(|slowest| format!(", the slowest after {slowest:.0} ms")).unwrap_or_default();
        let unknown = if dark.unknown > 0 {
            format!("; {} not heard of, past their stale deadline", dark.unknown)
        } else {
            String::new()
        };
        let dark = match dark.dark {
            0 => "no client was live".to_owned(),
            1 => "1 client dark".to_owned(),
            many => format!("{many} clients dark"),
        };
        return format!("{dark}{slowest}{unknown}");
    }
    match running.reading.as_ref().and_then(|reading| reading.value) {
        Some(value) => format!("read {value}"),
        None => String::new(),
    }
}

/// 0 where a clock was set back.
fn milliseconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
}
