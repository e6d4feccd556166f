use super::{
    Action, Calling, Dark, KillMade, NotBegun, OnFailure, Pace, Phase, Purpose, PutBack, Reading, Review, Run,
    RunEvent, Runbook, StepRun, StepState, Subject, Verdict, What,
};
use crate::time;
use jiff::Timestamp;

/// How long after a reading another reason for there being none is told.
const ANOTHER_SECONDS: i64 = 15;

/// Why an event does not fit where the run stands. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    #[error("the run has ended")]
    Ended,
    /// It belongs to a step or attempt that is over, or was reported before.
    #[error("it comes too late: the run is past it")]
    Late,
    #[error("the run is not at a point where this can be done")]
    OutOfPlace,
    /// True, but nothing that changes the run's standing.
    #[error("nothing follows from it")]
    NoNews,
}

/// The run after an event, and what has to be done that had not to be done before.
///
/// # Errors
/// The event does not fit.
pub fn step(run: &Run, event: &RunEvent, at: Timestamp) -> Result<(Run, Vec<Action>), NotNow> {
    let next = run.advance(event, at)?;
    let before = run.actions();
    let actions = next.actions().into_iter().filter(|action| !before.contains(action)).collect();
    Ok((next, actions))
}

impl Run {
    /// A run at its first step. `event` is what began it.
    pub fn begun(number: u64, event: &RunEvent, by: &str, reason: &str, at: Timestamp) -> Option<Run> {
        let (subject, runbook, purpose, pace) = match event {
            RunEvent::Started { release, runbook, purpose, pace } => {
                (Subject::Release(release.clone()), (**runbook).clone(), *purpose, *pace)
            }
            RunEvent::Called { subject, runbook, pace } => {
                (subject.clone(), (**runbook).clone(), Purpose::Drill, *pace)
            }
            RunEvent::NotBegun { subject, .. } => (subject.clone(), Runbook::empty(), Purpose::Drill, Pace::Straight),
            _ => return None,
        };
        let mut run = Run {
            number,
            subject,
            steps: runbook.steps.iter().map(|_| StepRun::waiting()).collect(),
            runbook,
            purpose,
            pace,
            by: by.to_owned(),
            reason: reason.to_owned(),
            began: at,
            author: None,
            decided: None,
            decided_by: None,
            hands: Default::default(),
            not_begun: None,
            phase: Phase::Running { step: 0 },
            kills: Vec::new(),
            calls: Vec::new(),
            reviews: Vec::new(),
        };
        match event {
            RunEvent::NotBegun { tried, why, .. } => {
                let tried = time::from_text(tried).unwrap_or(at);
                run.not_begun = Some(NotBegun { tried, why: why.clone() });
                run.phase = Phase::Ended { verdict: Verdict::NotBegun, at };
            }
            // How long it takes somebody to decide is a part of what is rehearsed.
            RunEvent::Called { .. } => run.enter(0, at, Pace::StepByStep),
            _ => {
                (run.decided, run.decided_by) = (Some(at), Some(by.to_owned()));
                run.enter(0, at, Pace::Straight);
            }
        }
        Some(run)
    }

    /// The run after an event, and after whoever did it: what people do in a run is theirs.
    ///
    /// # Errors
    /// The event does not fit, or changes nothing.
    pub fn advance_by(&self, event: &RunEvent, by: &str, at: Timestamp) -> Result<Run, NotNow> {
        let mut run = self.advance(event, at)?;
        match event {
            RunEvent::Reviewed { .. } => {
                run.reviews.last_mut().into_iter().for_each(|review| review.by = by.to_owned())
            }
            event if event.is_by_hand() => {
                run.hands.insert(by.to_owned());
                if run.decided != self.decided {
                    run.decided_by = Some(by.to_owned());
                }
            }
            _ => {}
        }
        Ok(run)
    }

    /// The run after an event.
    ///
    /// # Errors
    /// The event does not fit, or changes nothing.
    pub fn advance(&self, event: &RunEvent, at: Timestamp) -> Result<Run, NotNow> {
        let mut run = self.clone();
        run.take(event, at)?;
        Ok(run)
    }

    fn take(&mut self, event: &RunEvent, at: Timestamp) -> Result<(), NotNow> {
        if let RunEvent::Escalated { call, ok, .. } = event {
            let call = self.calls.get_mut(*call).filter(|call| call.through.is_none()).ok_or(NotNow::Late)?;
            call.through = Some(*ok);
            return Ok(());
        }
        if let RunEvent::Reviewed { about, step, note } = event {
            let is_known = step.is_none_or(|step| step < self.steps.len());
            if !self.is_ended() || !is_known {
                return Err(NotNow::OutOfPlace);
            }
            let (by, note) = (String::new(), note.clone());
            self.reviews.push(Review { by, at, about: *about, step: *step, note });
            return Ok(());
        }
        if self.is_ended() {
            return Err(NotNow::Ended);
        }
        match event {
            RunEvent::Started { .. }
            | RunEvent::Called { .. }
            | RunEvent::NotBegun { .. }
            | RunEvent::Escalated { .. }
            | RunEvent::Reviewed { .. } => Err(NotNow::OutOfPlace),
            RunEvent::Delivered { step, attempt: 0, .. } => self.put_back(*step, PutBack::Delivered, "", at),
            RunEvent::CalledBack { step, attempt: 0, ok: true, .. } => self.put_back(*step, PutBack::Done, "", at),
            RunEvent::CalledBack { step, attempt: 0, detail: why, .. } | RunEvent::Failed { step, attempt: 0, why } => {
                self.put_back(*step, PutBack::Failed, why, at)
            }
            RunEvent::TimedOut { step, attempt: 0 } => {
                self.put_back(*step, PutBack::Failed, "the target did not call back in time", at)
            }
            RunEvent::Killed { step, attempt, flag, kill, found } => {
                let What::Kill(flags) = self.current(*step, *attempt)? else { return Err(NotNow::OutOfPlace) };
                if !flags.iter().any(|each| each.as_str() == flag) {
                    return Err(NotNow::OutOfPlace);
                }
                if self.kills_of_step(*step).any(|made| made.flag == *flag) {
                    return Err(NotNow::Late);
                }
                let (step, attempt) = (*step, *attempt);
                // A later attempt finds what an earlier one has killed.
                if let Some(made) = self.kills.iter_mut().find(|made| made.kill == *kill) {
                    (made.step, made.attempt) = (step, attempt);
                    return Ok(());
                }
                let (flag, kill, found) = (flag.clone(), kill.clone(), *found);
                self.kills.push(KillMade { step, attempt, flag, kill, at, found, restored: false });
                Ok(())
            }
            RunEvent::Dark { step, attempt, dark, unknown, p50_ms, slowest_ms } => {
                let What::Kill(flags) = self.current(*step, *attempt)? else { return Err(NotNow::OutOfPlace) };
                if self.kills_of_step(*step).count() < flags.len() {
                    return Err(NotNow::OutOfPlace);
                }
                let said = Dark { dark: *dark, unknown: *unknown, p50_ms: *p50_ms, slowest_ms: *slowest_ms };
                if let Some(running) = self.steps.get_mut(*step) {
                    running.dark = Some(said);
                }
                self.finish(*step, StepState::Done, "", at);
                Ok(())
            }
            RunEvent::Restored { kill } => self.restored(kill, at),
            RunEvent::Delivered { step, attempt, .. } => match self.current(*step, *attempt)? {
                What::Escalate { .. } => {
                    self.finish(*step, StepState::Done, "", at);
                    Ok(())
                }
                What::Redeploy { .. } | What::Purge { .. } => {
                    let running = self.steps.get_mut(*step).filter(|running| running.delivered.is_none());
                    running.ok_or(NotNow::Late)?.delivered = Some(at);
                    Ok(())
                }
                _ => Err(NotNow::OutOfPlace),
            },
            RunEvent::CalledBack { step, attempt, ok, detail } => match self.current(*step, *attempt)? {
                What::Redeploy { .. } | What::Purge { .. } => {
                    self.close(*step, *ok, detail, at);
                    Ok(())
                }
                _ => Err(NotNow::OutOfPlace),
            },
            RunEvent::Waited { step, attempt } => match self.current(*step, *attempt)? {
                What::Wait { .. } => {
                    self.finish(*step, StepState::Done, "", at);
                    Ok(())
                }
                _ => Err(NotNow::OutOfPlace),
            },
            RunEvent::MetricRead { step, attempt, value, holds, held_ms, problem } => {
                let What::Verify { metric } = self.current(*step, *attempt)? else { return Err(NotNow::OutOfPlace) };
                let needed = self.subject.metric(metric).map_or(0, |metric| u64::from(metric.for_seconds) * 1000);
                let read = Reading { at, value: *value, holds: *holds, held_ms: *held_ms, problem: problem.clone() };
                self.read(*step, read, needed)
            }
            RunEvent::Confirmed { step, attempt, ok, note } => match self.current(*step, *attempt)? {
                What::Manual(_) => {
                    self.close(*step, *ok, note, at);
                    Ok(())
                }
                _ => Err(NotNow::OutOfPlace),
            },
            RunEvent::Failed { step, attempt, why } => {
                self.current(*step, *attempt)?;
                self.fail(*step, why, at);
                Ok(())
            }
            RunEvent::TimedOut { step, attempt } => {
                self.current(*step, *attempt)?;
                let limit = self.runbook.steps.get(*step).map_or(0, |step| step.limit_seconds);
                self.fail(*step, &format!("not done within {limit} s"), at);
                Ok(())
            }
            RunEvent::Stopped { condition, value } => {
                let Some(step) = self.at_step().filter(|_| !matches!(self.phase, Phase::Held { .. })) else {
                    return Err(NotNow::OutOfPlace);
                };
                self.stop(step, &format!("stopped by `{condition}`, which reads {value}"), at);
                Ok(())
            }
            RunEvent::Went { step } if self.phase == (Phase::AwaitingGo { step: *step }) => {
                self.decided = self.decided.or(Some(at));
                self.enter(*step, at, Pace::Straight);
                Ok(())
            }
            RunEvent::Retried { step } if self.is_held_at(*step) => {
                self.enter(*step, at, Pace::Straight);
                Ok(())
            }
            RunEvent::Skipped { step }
                if self.is_held_at(*step) || self.phase == (Phase::AwaitingGo { step: *step }) =>
            {
                self.finish(*step, StepState::Skipped, "", at);
                Ok(())
            }
            RunEvent::Went { .. } | RunEvent::Retried { .. } | RunEvent::Skipped { .. } => Err(NotNow::OutOfPlace),
            // It is ending already, and what it killed has to be restored.
            RunEvent::Aborted if matches!(self.phase, Phase::Unwinding { .. }) => Err(NotNow::OutOfPlace),
            RunEvent::Aborted => {
                self.end(Verdict::Aborted, at);
                Ok(())
            }
            RunEvent::Expired => {
                if !matches!(self.phase, Phase::Unwinding { .. }) {
                    let message = format!("it took longer than {} s", self.runbook.limit_seconds);
                    self.call(None, &message, at);
                } else {
                    self.call(None, "what it took away could not all be put back", at);
                }
                self.end(Verdict::Expired, at);
                Ok(())
            }
        }
    }

    /// What the step does, if it is the one under way.
    fn current(&self, step: usize, attempt: u32) -> Result<&What, NotNow> {
        let is_at = self.phase == (Phase::Running { step });
        let running = self.steps.get(step).filter(|running| is_at && running.attempt == attempt);
        let what = running.and_then(|_| self.runbook.steps.get(step)).map(|step| &step.what);
        what.ok_or(NotNow::Late)
    }

    fn is_held_at(&self, at: usize) -> bool {
        matches!(self.phase, Phase::Held { step, .. } if step == at)
    }

    fn restored(&mut self, kill: &str, at: Timestamp) -> Result<(), NotNow> {
        let step = match self.phase {
            Phase::Running { step } if self.to_restore_of(step).any(|made| made.kill == kill) => Some(step),
            Phase::Unwinding { .. } if self.to_restore().any(|made| made.kill == kill) => None,
            _ => return Err(NotNow::Late),
        };
        self.kills.iter_mut().filter(|made| made.kill == kill).for_each(|made| made.restored = true);
        match step {
            Some(step) if self.to_restore_of(step).next().is_none() => {
                self.finish(step, StepState::Done, "", at);
            }
            _ => self.close_unwinding(at),
        }
        Ok(())
    }

    fn read(&mut self, step: usize, read: Reading, needed_ms: u64) -> Result<(), NotNow> {
        let Some(running) = self.steps.get_mut(step) else { return Err(NotNow::Late) };
        let is_proved = read.holds && read.held_ms >= needed_ms;
        let is_news = running.reading.as_ref().is_none_or(|last| is_news(last, &read));
        if !is_proved && !is_news {
            return Err(NotNow::NoNews);
        }
        let at = read.at;
        running.reading = Some(read);
        if is_proved {
            self.finish(step, StepState::Done, "", at);
        }
        Ok(())
    }

    /// A step whose end someone else reports.
    fn close(&mut self, step: usize, ok: bool, said: &str, at: Timestamp) {
        if ok {
            self.finish(step, StepState::Done, said, at);
        } else {
            let why = if said.is_empty() { "it was reported as failed" } else { said };
            self.fail(step, why, at);
        }
    }

    fn finish(&mut self, step: usize, state: StepState, detail: &str, at: Timestamp) {
        self.mark(step, state, detail, at);
        self.enter(step + 1, at, self.pace);
    }

    fn fail(&mut self, step: usize, why: &str, at: Timestamp) {
        self.mark(step, StepState::Failed, why, at);
        self.call(Some(step), why, at);
        match self.runbook.steps.get(step).map(|step| step.on_failure) {
            Some(OnFailure::Continue) => self.enter(step + 1, at, self.pace),
            Some(OnFailure::Hold) | None => self.phase = Phase::Held { step, why: why.to_owned() },
        }
    }

    fn stop(&mut self, step: usize, why: &str, at: Timestamp) {
        self.mark(step, StepState::Failed, why, at);
        self.call(Some(step), why, at);
        match self.purpose {
            // Practice never does harm; a person decides about the real thing.
            Purpose::Drill => self.end(Verdict::Aborted, at),
            Purpose::Rollback => self.phase = Phase::Held { step, why: why.to_owned() },
        }
    }

    fn mark(&mut self, step: usize, state: StepState, detail: &str, at: Timestamp) {
        if let Some(running) = self.steps.get_mut(step) {
            running.state = state;
            running.ended = Some(at);
            running.detail = detail.to_owned();
        }
    }

    /// Begins a step, or ends the run where there is none.
    fn enter(&mut self, step: usize, at: Timestamp, pace: Pace) {
        let Some(running) = self.steps.get_mut(step) else {
            let all_done = self.steps.iter().all(|step| step.state == StepState::Done);
            return self.end(if all_done { Verdict::Done } else { Verdict::Incomplete }, at);
        };
        if pace == Pace::StepByStep {
            self.phase = Phase::AwaitingGo { step };
            return;
        }
        *running = StepRun {
            state: StepState::Running,
            attempt: running.attempt + 1,
            first: running.first.or(Some(at)),
            began: Some(at),
            ..StepRun::waiting()
        };
        self.phase = Phase::Running { step };
        let restores = matches!(self.runbook.steps.get(step).map(|step| &step.what), Some(What::Restore(_)));
        if restores && self.to_restore_of(step).next().is_none() {
            self.finish(step, StepState::Done, "nothing to restore", at);
        }
    }

    fn end(&mut self, verdict: Verdict, at: Timestamp) {
        if let Some(step) = self.at_step() {
            let running = self.steps.get(step).is_some_and(|running| running.state == StepState::Running);
            if running {
                self.mark(step, StepState::Failed, verdict.as_str(), at);
            }
        }
        let unwinds = self.has_to_unwind();
        self.phase = match self.phase {
            // What was not restored by then stays killed, and is shown so.
            Phase::Unwinding { .. } => Phase::Ended { verdict: Verdict::Incomplete, at },
            _ if unwinds => Phase::Unwinding { since: at, verdict },
            _ => Phase::Ended { verdict, at },
        };
    }

    /// Calls for help, where someone is named to be called.
    pub(super) fn call(&mut self, step: Option<usize>, why: &str, at: Timestamp) {
        let of_step = step.and_then(|step| self.runbook.steps.get(step)).and_then(|step| step.escalate_to.clone());
        let of_release = || self.subject.escalation().map(|escalation| escalation.target.clone());
        let Some(target) = of_step.or_else(of_release) else { return };
        let what = match step.and_then(|step| Some((step, self.runbook.steps.get(step)?))) {
            Some((number, step)) => format!("step {} ({}): {why}", number + 1, step.words()),
            None => why.to_owned(),
        };
        let message = format!("{} of {}: {what}", self.id(), self.subject.key());
        self.calls.push(Calling { target, message, at, through: None });
    }
}

impl StepRun {
    fn waiting() -> StepRun {
        StepRun {
            state: StepState::Waiting,
            attempt: 0,
            first: None,
            began: None,
            ended: None,
            delivered: None,
            dark: None,
            reading: None,
            detail: String::new(),
            put_back: None,
        }
    }
}

/// Another reason why there is nothing to read is told, too, but not of two in turn all the time.
fn is_news(last: &Reading, read: &Reading) -> bool {
    let is_another = last.problem != read.problem && read.at.duration_since(last.at).as_secs() >= ANOTHER_SECONDS;
    last.holds != read.holds || last.problem.is_some() != read.problem.is_some() || is_another
}
