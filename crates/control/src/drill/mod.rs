//! Drills: the way back, gone on purpose. What one has shown follows from the events of its run alone.

mod due;
mod phases;
mod trend;

pub use due::{Due, due};
pub use phases::Phases;
pub use trend::{Figures, Month, PhaseFigures, Trend, trend};

use crate::release::Releases;
use crate::runbook::{Phase, Purpose, PutBack, Run, StepState, Verdict};
use crate::time;

/// A run that was practice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drill<'a> {
    pub run: &'a Run,
}

/// What a drill has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    UnderWay,
    /// Every step is done, and everything is as it was.
    Passed,
    /// Why the way back was not shown to work, one reason each.
    Failed(Vec<String>),
}

impl<'a> Drill<'a> {
    /// `None` for what is no practice.
    pub fn of(run: &'a Run) -> Option<Drill<'a>> {
        (run.purpose == Purpose::Drill).then_some(Drill { run })
    }

    /// All drills, the newest first.
    pub fn all(releases: &'a Releases) -> impl Iterator<Item = Drill<'a>> {
        releases.runs.values().rev().filter_map(|run| Drill::of(run))
    }

    pub fn outcome(&self) -> Outcome {
        let Phase::Ended { verdict, .. } = self.run.phase else { return Outcome::UnderWay };
        let reasons = self.reasons(verdict);
        if reasons.is_empty() { Outcome::Passed } else { Outcome::Failed(reasons) }
    }

    pub fn passed(&self) -> bool {
        self.outcome() == Outcome::Passed
    }

    /// Whether nobody who ran it is who wrote its subject; `None` where nobody ran it, or nobody knows who wrote it.
    pub fn is_independent(&self) -> Option<bool> {
        let author = self.run.author.as_ref()?;
        self.run.decided?;
        Some(!self.run.hands.contains(author))
    }

    /// Clients whose acknowledgements were waited for; `None` where no flag was killed.
    pub fn clients(&self) -> Option<u64> {
        self.run.steps.iter().filter_map(|step| step.dark.map(|dark| dark.dark)).max()
    }

    /// Whether killing this flag was a part of it, and the kill was the drill's own.
    pub fn has_killed(&self, flag: &str) -> bool {
        self.run.kills.iter().any(|kill| kill.flag == flag && !kill.found)
    }

    fn reasons(&self, verdict: Verdict) -> Vec<String> {
        let run = self.run;
        let mut reasons: Vec<String> = run.not_begun.iter().map(|not_begun| not_begun.why.clone()).collect();
        for (at, (running, step)) in run.steps.iter().zip(&run.runbook.steps).enumerate() {
            let step = format!("step {} ({})", at + 1, step.words());
            match running.state {
                StepState::Failed => reasons.push(format!("{step}: {}", running.detail)),
                StepState::Skipped => reasons.push(format!("{step} was skipped")),
                StepState::Waiting | StepState::Running | StepState::Done => {}
            }
            if running.put_back == Some(PutBack::Failed) {
                reasons.push(format!("{step}: the own artifact was not put back"));
            }
        }
        for kill in &run.kills {
            if kill.found {
                reasons.push(format!("`{}` was killed already ({})", kill.flag, kill.kill));
            } else if !kill.restored {
                reasons.push(format!("`{}` is still killed ({})", kill.flag, kill.kill));
            }
        }
        match verdict {
            Verdict::Aborted => reasons.push("it was aborted".to_owned()),
            Verdict::Expired => reasons.push(format!("it took longer than {} s", run.runbook.limit_seconds)),
            Verdict::Incomplete if reasons.is_empty() => reasons.push("it is incomplete".to_owned()),
            Verdict::Done | Verdict::Incomplete | Verdict::NotBegun => {}
        }
        reasons
    }
}

impl Releases {
    /// The newest drill of a release that passed.
    pub fn last_drill(&self, release: &str) -> Option<Drill<'_>> {
        Drill::all(self).find(|drill| drill.run.subject.is_release(release) && drill.passed())
    }

    /// The newest that was run by others than the author.
    pub fn last_independent_drill(&self, release: &str) -> Option<Drill<'_>> {
        let mut passed = Drill::all(self).filter(|drill| drill.run.subject.is_release(release) && drill.passed());
        passed.find(|drill| drill.is_independent() == Some(true))
    }

    /// The newest drill that passed and killed this flag, be it of a release or of the flag alone.
    pub fn last_drill_of_flag(&self, flag: &str) -> Option<Drill<'_>> {
        Drill::all(self).find(|drill| drill.has_killed(flag) && drill.passed())
    }

    /// As [`Releases::last_drill_of_flag`], run by others than the author.
    pub fn last_independent_drill_of_flag(&self, flag: &str) -> Option<Drill<'_>> {
        let mut passed = Drill::all(self).filter(|drill| drill.has_killed(flag) && drill.passed());
        passed.find(|drill| drill.is_independent() == Some(true))
    }
}

/// 0 where a clock was set back.
fn milliseconds(from: jiff::Timestamp, to: jiff::Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
}

/// `YYYY-MM` in UTC.
fn month(at: jiff::Timestamp) -> String {
    time::day(at).chars().take("YYYY-MM".len()).collect()
}
