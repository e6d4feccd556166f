use super::{Pace, Purpose, Review, Runbook, Subject};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// A runbook being carried out, as its events add up.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Counts the runs of an environment from 1.
    pub number: u64,
    /// As it was when the run began.
    pub subject: Subject,
    pub runbook: Runbook,
    pub purpose: Purpose,
    pub pace: Pace,
    /// Who began it: an opaque id.
    pub by: String,
    pub reason: String,
    pub began: Timestamp,
    /// Who wrote the subject, as it was when the run began: an opaque id.
    pub author: Option<String>,
    /// When somebody decided to go back: at the beginning of a rollback, with the first go of a drill.
    pub decided: Option<Timestamp>,
    /// Who did.
    pub decided_by: Option<String>,
    /// Whoever did something in it by hand, other than to begin it.
    pub hands: BTreeSet<String>,
    /// Why and when a drill was tried that was never begun.
    pub not_begun: Option<NotBegun>,
    pub phase: Phase,
    /// One for each step of the runbook.
    pub steps: Vec<StepRun>,
    /// In the order in which they were made.
    pub kills: Vec<KillMade>,
    /// Calls for help.
    pub calls: Vec<Calling>,
    /// What was said of it once it was over.
    pub reviews: Vec<Review>,
}

/// A drill that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotBegun {
    pub tried: Timestamp,
    pub why: String,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    Running {
        step: usize,
    },
    /// A person has to let the step begin.
    AwaitingGo {
        step: usize,
    },
    /// A person has to retry or skip the step, or abort the run.
    Held {
        step: usize,
        why: String,
    },
    /// What the run took away is being put back, artifacts before flags; then it ends so.
    Unwinding {
        since: Timestamp,
        verdict: Verdict,
    },
    Ended {
        verdict: Verdict,
        at: Timestamp,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every step is done.
    Done,
    /// It came to its end, but a step failed or was skipped.
    Incomplete,
    Aborted,
    /// It took longer than it may.
    Expired,
    /// Whoever was to run it was not let in.
    NotBegun,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StepRun {
    pub state: StepState,
    /// From 1 once it has begun.
    pub attempt: u32,
    /// When the first attempt began.
    pub first: Option<Timestamp>,
    /// When the last attempt began.
    pub began: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// When a webhook target accepted what was sent.
    pub delivered: Option<Timestamp>,
    pub dark: Option<Dark>,
    pub reading: Option<Reading>,
    /// What was said at its end.
    pub detail: String,
    /// How far what a redeployment replaced is put out again.
    pub put_back: Option<PutBack>,
}

/// How far a drill's redeployment is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutBack {
    /// The webhook target has accepted it.
    Delivered,
    Done,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
}

/// A kill of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KillMade {
    pub step: usize,
    pub attempt: u32,
    pub flag: String,
    pub kill: String,
    pub at: Timestamp,
    /// It was in force already; the run does not restore it.
    pub found: bool,
    pub restored: bool,
}

/// Who is dark, and how long that took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dark {
    pub dark: u64,
    pub unknown: u64,
    pub p50_ms: Option<f64>,
    pub slowest_ms: Option<f64>,
}

/// What a query gave last, as far as it changed the standing.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    pub at: Timestamp,
    pub value: Option<f64>,
    pub holds: bool,
    pub held_ms: u64,
    pub problem: Option<String>,
}

/// A call for help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calling {
    pub target: String,
    pub message: String,
    pub at: Timestamp,
    /// Whether it got through; absent while it is under way.
    pub through: Option<bool>,
}

/// What is over when a time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    Step { step: usize, attempt: u32 },
    Run,
}

impl Run {
    /// Such as `r-7`.
    pub fn id(&self) -> String {
        Run::id_of(self.number)
    }

    pub fn id_of(number: u64) -> String {
        format!("r-{number}")
    }

    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended { .. })
    }

    /// How it ended.
    pub fn verdict(&self) -> Option<Verdict> {
        match self.phase {
            Phase::Ended { verdict, .. } => Some(verdict),
            _ => None,
        }
    }

    /// Whether whoever carries it out has nothing left to do.
    pub fn is_settled(&self) -> bool {
        self.is_ended() && self.calls.iter().all(|call| call.through.is_some())
    }

    /// When something will be over if nothing happens before; the earliest first.
    pub fn due(&self) -> Vec<(Timestamp, Due)> {
        let after = |from: Timestamp, seconds: u32| later(from, SignedDuration::from_secs(i64::from(seconds)));
        let run = (after(self.began, self.runbook.limit_seconds), Due::Run);
        let mut due = match &self.phase {
            Phase::Running { step } => {
                let of_step =
                    self.steps.get(*step).zip(self.runbook.steps.get(*step)).and_then(|(running, step_of)| {
                        let due = Due::Step { step: *step, attempt: running.attempt };
                        Some((after(running.began?, step_of.limit_seconds), due))
                    });
                of_step.into_iter().chain([run]).collect()
            }
            Phase::AwaitingGo { .. } | Phase::Held { .. } => vec![run],
            Phase::Unwinding { since, .. } => self.due_unwinding(*since),
            Phase::Ended { .. } => Vec::new(),
        };
        due.sort_unstable();
        due
    }

    /// The longest that there can be until a time of [`Run::due`]: where the clock says longer, it was set back.
    pub fn longest(&self, due: Due) -> SignedDuration {
        let limit = |step: usize| self.runbook.steps.get(step).map_or(0, |step| i64::from(step.limit_seconds));
        match (&self.phase, due) {
            (Phase::Unwinding { .. }, _) => self.longest_unwinding(),
            (_, Due::Step { step, .. }) => SignedDuration::from_secs(limit(step)),
            (_, Due::Run) => SignedDuration::from_secs(i64::from(self.runbook.limit_seconds)),
        }
    }

    /// The step that it is at.
    pub fn at_step(&self) -> Option<usize> {
        match self.phase {
            Phase::Running { step } | Phase::AwaitingGo { step } | Phase::Held { step, .. } => Some(step),
            Phase::Unwinding { .. } | Phase::Ended { .. } => None,
        }
    }

    /// Kills of its own that it has not restored, the last one first.
    pub fn to_restore(&self) -> impl Iterator<Item = &KillMade> {
        self.kills.iter().rev().filter(|kill| !kill.found && !kill.restored)
    }
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Done => "done",
            Verdict::Incomplete => "incomplete",
            Verdict::Aborted => "aborted",
            Verdict::Expired => "expired",
            Verdict::NotBegun => "not-begun",
        }
    }
}

impl StepState {
    pub fn as_str(self) -> &'static str {
        match self {
            StepState::Waiting => "waiting",
            StepState::Running => "running",
            StepState::Done => "done",
            StepState::Failed => "failed",
            StepState::Skipped => "skipped",
        }
    }
}

/// At the end of time, time stands still.
pub(super) fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}
