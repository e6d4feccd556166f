//! Runs of runbooks: where one stands, what may be done with it now, and how its time went.

use super::time::stopwatch;
use downhaul_control::api::{RunAct, RunStepView, RunView};
use downhaul_control::runbook::Purpose;

/// `rolling back`, `held`, `done`: the chip beside its name, and its class.
pub fn standing(run: &RunView) -> (&'static str, &'static str) {
    match (run.phase.as_str(), run.verdict.as_deref()) {
        ("ended", Some("done")) => ("done", "ok"),
        ("ended", Some("incomplete")) => ("incomplete", "warn"),
        ("ended", Some("aborted")) => ("aborted", "warn"),
        ("ended", Some("expired")) => ("took too long", "warn"),
        ("ended", Some("not-begun")) => ("nobody was let in", "warn"),
        ("ended", _) => ("ended", "line"),
        ("awaiting-go", _) => ("waits for a go", "warn"),
        ("held", _) => ("held", "warn"),
        ("unwinding", _) => ("putting back", "serving"),
        _ if run.purpose == Purpose::Drill => ("drill under way", "serving"),
        _ => ("rolling back", "killed"),
    }
}

/// `Rollback of checkout-2.4.1`.
pub fn title(run: &RunView) -> String {
    let what = match run.purpose {
        Purpose::Rollback => "Rollback",
        Purpose::Drill => "Drill",
    };
    format!("{what} of {}", run.subject.key())
}

pub fn has_ended(run: &RunView) -> bool {
    run.phase == "ended"
}

/// What a person may do with it as it stands; the likeliest first.
pub fn acts(run: &RunView) -> Vec<RunAct> {
    let is_manual = current(run).is_some_and(|step| step.kind == "manual");
    match run.phase.as_str() {
        "running" if is_manual => vec![RunAct::Confirm, RunAct::Fail, RunAct::Abort],
        "running" => vec![RunAct::Abort],
        "awaiting-go" => vec![RunAct::Go, RunAct::Skip, RunAct::Abort],
        "held" => vec![RunAct::Retry, RunAct::Skip, RunAct::Abort],
        _ => Vec::new(),
    }
}

pub fn current(run: &RunView) -> Option<&RunStepView> {
    run.steps.iter().find(|step| Some(step.number) == run.step)
}

/// Whether the kind of a step is not in its words already: `kill a`, and what a person does by hand.
pub fn says_kind(kind: &str, what: &str) -> bool {
    kind != "manual" && !what.starts_with(kind)
}

/// A stretch of the time that a run has taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// `decide`, `disable`, `redeploy`, `verify` or `other`.
    pub part: &'static str,
    pub ms: f64,
    pub is_running: bool,
}

/// How its time went, in order; steps of one kind that follow each other are one stretch. `since_ms` is the time since
/// the server told of it, by which what runs has grown.
pub fn stretches(run: &RunView, since_ms: f64) -> Vec<Stretch> {
    let took = |step: &RunStepView| step.took_ms.map(|took| took as f64);
    let growing = if has_ended(run) { 0.0 } else { since_ms };
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut told = 0.0;
    for step in &run.steps {
        let Some(mut ms) = took(step) else { continue };
        let is_running = step.state == "running";
        told += ms;
        if is_running {
            ms += growing;
        }
        let part = part(&step.kind);
        match stretches.last_mut().filter(|last| last.part == part) {
            Some(last) => (last.ms, last.is_running) = (last.ms + ms, is_running),
            None => stretches.push(Stretch { part, ms, is_running }),
        }
    }
    let elapsed = run.elapsed_ms as f64;
    let rest = (elapsed - told).max(0.0);
    let waits = !has_ended(run) && !stretches.iter().any(|stretch| stretch.is_running);
    if stretches.is_empty() {
        stretches.push(Stretch { part: "decide", ms: elapsed + growing, is_running: waits });
    } else if waits {
        // It waits for a person: since when is what no step accounts for.
        stretches.push(Stretch { part: "decide", ms: rest + growing, is_running: true });
    }
    stretches
}

fn part(kind: &str) -> &'static str {
    match kind {
        "kill" => "disable",
        "redeploy" | "purge" => "redeploy",
        "verify" | "wait" => "verify",
        "manual" => "decide",
        _ => "other",
    }
}

/// `3:09 left of 5:00`, `0:42 over 5:00`: the number, and what it is.
pub fn against_objective(elapsed_ms: f64, objective_seconds: u32) -> (String, String) {
    let objective = f64::from(objective_seconds) * 1000.0;
    let of = stopwatch(objective).0;
    let left = objective - elapsed_ms;
    if left >= 0.0 {
        // By whole seconds, as what has passed is told: together they are the objective.
        (stopwatch((left / 1000.0).ceil() * 1000.0).0, format!("left of {of}"))
    } else {
        (stopwatch(-left).0, format!("over the objective of {of}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::api::SubjectView;
    use downhaul_control::runbook::Pace;

    fn step(number: usize, kind: &str, state: &str, took_ms: Option<u64>) -> RunStepView {
        RunStepView {
            number,
            kind: kind.into(),
            what: String::new(),
            expect: String::new(),
            limit_seconds: 300,
            state: state.into(),
            attempt: 1,
            began: None,
            ended: None,
            took_ms,
            detail: String::new(),
        }
    }

    fn run(phase: &str, at: usize, elapsed_ms: u64, steps: Vec<RunStepView>) -> RunView {
        RunView {
            id: "r-1".into(),
            subject: SubjectView { release: Some("checkout".into()), flag: None },
            purpose: Purpose::Rollback,
            pace: Pace::Straight,
            by: "Maya".into(),
            reason: String::new(),
            began: String::new(),
            ended: None,
            phase: phase.into(),
            verdict: None,
            step: Some(at),
            held: None,
            elapsed_ms,
            objective_seconds: 300,
            steps,
            kills: vec![],
            calls: vec![],
        }
    }

    #[test]
    fn only_what_the_server_takes_is_offered() {
        let acts = |phase, kind| acts(&run(phase, 1, 0, vec![step(1, kind, "running", Some(1))]));
        assert_eq!(acts("running", "manual"), [RunAct::Confirm, RunAct::Fail, RunAct::Abort]);
        assert_eq!(acts("running", "kill"), [RunAct::Abort]);
        assert_eq!(acts("awaiting-go", "kill"), [RunAct::Go, RunAct::Skip, RunAct::Abort]);
        assert_eq!(acts("held", "verify"), [RunAct::Retry, RunAct::Skip, RunAct::Abort]);
        assert_eq!(acts("unwinding", "kill"), []);
        assert_eq!(acts("ended", "kill"), []);
    }

    #[test]
    fn time_is_told_by_what_it_went_into() {
        let words = |run: &RunView| {
            let all = stretches(run, 500.0);
            all.iter()
                .map(|each| format!("{} {} {}", each.part, each.ms, each.is_running))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let steps = vec![
            step(1, "kill", "done", Some(1_000)),
            step(2, "kill", "done", Some(2_000)),
            step(3, "redeploy", "running", Some(4_000)),
            step(4, "verify", "waiting", None),
        ];
        assert_eq!(words(&run("running", 3, 7_000, steps)), "disable 3000 false, redeploy 4500 true");
        let begun = vec![step(1, "kill", "done", Some(1_000)), step(2, "redeploy", "waiting", None)];
        assert_eq!(words(&run("awaiting-go", 2, 4_000, begun)), "disable 1000 false, decide 3500 true");
        assert_eq!(words(&run("awaiting-go", 1, 2_000, vec![step(1, "kill", "waiting", None)])), "decide 2500 true");
        let ended = run("ended", 1, 9_000, vec![step(1, "kill", "done", Some(9_000))]);
        assert_eq!(words(&ended), "disable 9000 false", "what has ended grows no more");
    }

    #[test]
    fn a_kind_is_said_once() {
        assert!(!says_kind("kill", "kill `a`") && !says_kind("manual", "by hand: put 3.0.1 out"));
        assert!(says_kind("verify", "the query holds"));
    }

    #[test]
    fn the_objective_is_left_or_passed() {
        assert_eq!(against_objective(111_000.0, 300), ("3:09".to_owned(), "left of 5:00".to_owned()));
        assert_eq!(against_objective(173_400.0, 900), ("12:07".to_owned(), "left of 15:00".to_owned()));
        assert_eq!(against_objective(342_000.0, 300), ("0:42".to_owned(), "over the objective of 5:00".to_owned()));
    }
}
