use super::{Purpose, Run, RunEvent, Subject};
use crate::state::State;

/// What happened in a run, in words. `state` is any state after it.
pub(crate) fn words(state: &State, number: u64, event: &RunEvent) -> String {
    let id = Run::id_of(number);
    let run = state.releases.runs.get(&number);
    let step = |step: usize| match run.and_then(|run| run.runbook.steps.get(step)) {
        Some(of) => format!("step {} ({})", step + 1, of.words()),
        None => format!("step {}", step + 1),
    };
    let what = match event {
        RunEvent::Started { release, purpose, .. } => {
            let purpose = match purpose {
                Purpose::Rollback => "rollback",
                Purpose::Drill => "drill",
            };
            format!("began the {purpose} of `{}`", release.key)
        }
        RunEvent::Called { subject, .. } => format!("called a drill of {}", of(subject)),
        RunEvent::NotBegun { subject, why, .. } => format!("the drill of {} was not begun: {why}", of(subject)),
        RunEvent::Went { step: at } => format!("let {} begin", step(*at)),
        RunEvent::Killed { flag, kill, found: false, .. } => format!("killed `{flag}` ({kill})"),
        RunEvent::Killed { flag, kill, found: true, .. } => format!("found `{flag}` killed already ({kill})"),
        RunEvent::Dark { dark, slowest_ms: Some(slowest), .. } => {
            format!("{dark} clients are dark, the slowest after {slowest:.0} ms")
        }
        RunEvent::Dark { dark, .. } => format!("{dark} clients are dark"),
        RunEvent::Restored { kill } => format!("ended the kill {kill}"),
        RunEvent::Delivered { step: at, attempt: 0, .. } => {
            format!("the own artifact for {} was accepted", step(*at))
        }
        RunEvent::CalledBack { step: at, attempt: 0, ok: true, .. } => {
            format!("put the own artifact back for {}", step(*at))
        }
        RunEvent::Delivered { step: at, status, .. } => format!("{} was accepted ({status})", step(*at)),
        RunEvent::CalledBack { step: at, ok: true, .. } => format!("{} was reported as done", step(*at)),
        RunEvent::CalledBack { step: at, ok: false, detail, .. } => {
            format!("{} was reported as failed: {detail}", step(*at))
        }
        RunEvent::Waited { step: at, .. } => format!("{} is over", step(*at)),
        RunEvent::MetricRead { step: at, problem: Some(problem), .. } => format!("{}: {problem}", step(*at)),
        RunEvent::MetricRead { step: at, value, holds, held_ms, .. } => {
            let value = value.map(|value| value.to_string()).unwrap_or_default();
            let verdict = if *holds { "holds" } else { "does not hold" };
            format!("{} reads {value}, which {verdict}, for {} s", step(*at), held_ms / 1000)
        }
        RunEvent::Confirmed { step: at, ok: true, .. } => format!("confirmed {}", step(*at)),
        RunEvent::Confirmed { step: at, ok: false, note, .. } => format!("gave {} up: {note}", step(*at)),
        RunEvent::Failed { step: at, why, .. } => format!("{} failed: {why}", step(*at)),
        RunEvent::TimedOut { step: at, .. } => format!("{} took too long", step(*at)),
        RunEvent::Stopped { condition, value } => format!("stopped by `{condition}`, which reads {value}"),
        RunEvent::Escalated { call, ok: true, .. } => format!("call {} for help got through", call + 1),
        RunEvent::Escalated { call, ok: false, detail } => {
            format!("call {} for help did not get through: {detail}", call + 1)
        }
        RunEvent::Retried { step: at } => format!("tries {} again", step(*at)),
        RunEvent::Skipped { step: at } => format!("skipped {}", step(*at)),
        RunEvent::Aborted => "aborted".to_owned(),
        RunEvent::Expired => "took too long".to_owned(),
        RunEvent::Reviewed { about, step: Some(at), note } => format!("{} of {}: {note}", about.as_str(), step(*at)),
        RunEvent::Reviewed { about, step: None, note } => format!("review, {}: {note}", about.as_str()),
    };
    format!("{id}: {what}")
}

/// `` `checkout-2.4.1` ``, or `` the flag `checkout` ``.
fn of(subject: &Subject) -> String {
    match subject {
        Subject::Release(release) => format!("`{}`", release.key),
        Subject::Flag(flag) => format!("the flag `{flag}`"),
    }
}
