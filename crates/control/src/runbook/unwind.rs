//! The end of a drill: what it took away is put back, artifacts before the flags that turn their features on.

use super::run::later;
use super::{Action, Delivery, Due, NotNow, Payload, Phase, Purpose, PutBack, Run, Verdict, What, Which};
use jiff::{SignedDuration, Timestamp};

/// How long restoring flags may take.
const RESTORING: SignedDuration = SignedDuration::from_secs(120);
/// What is sent to put an artifact back belongs to no attempt at the step.
const BACK: u32 = 0;

impl Run {
    /// Whether something is to be put back before it may end.
    pub(super) fn has_to_unwind(&self) -> bool {
        self.purpose == Purpose::Drill && (self.to_put_back().next().is_some() || self.to_restore().next().is_some())
    }

    /// Steps whose redeployment is to be taken back, the last one first.
    ///
    /// A step that has begun may have been carried out, whatever is known of it.
    fn to_put_back(&self) -> impl Iterator<Item = usize> {
        let is_over = |back: Option<PutBack>| matches!(back, Some(PutBack::Done | PutBack::Failed));
        self.replaced().filter(move |step| !self.steps.get(*step).is_some_and(|step| is_over(step.put_back)))
    }

    fn replaced(&self) -> impl Iterator<Item = usize> {
        let is_replacing = |step: &usize| {
            let what = self.runbook.steps.get(*step).map(|step| &step.what);
            let replaces = matches!(what, Some(What::Redeploy { artifact: Which::Previous, .. }));
            replaces && self.steps.get(*step).is_some_and(|step| step.attempt > 0)
        };
        (0..self.steps.len()).rev().filter(is_replacing)
    }

    pub(super) fn unwinding_action(&self) -> Option<Action> {
        let Some(step) = self.to_put_back().next() else {
            return self.to_restore().next().map(|kill| Action::Restore { kill: kill.kill.clone() });
        };
        let (Some(What::Redeploy { target, .. }), Some(running)) =
            (self.runbook.steps.get(step).map(|step| &step.what), self.steps.get(step))
        else {
            return None;
        };
        if running.put_back.is_some() {
            return Some(Action::AwaitCallBack { step, attempt: BACK, target: target.clone() });
        }
        let artifact = self.subject.release().map(|release| release.artifact.clone());
        Some(Action::Deliver(Delivery {
            id: format!("{}.back.{}", self.id(), step + 1),
            target: target.clone(),
            payload: Payload::Redeploy { step, attempt: BACK, artifact, which: Which::Own },
        }))
    }

    /// Takes in how far a redeployment is taken back.
    pub(super) fn put_back(&mut self, step: usize, how: PutBack, why: &str, at: Timestamp) -> Result<(), NotNow> {
        let is_unwinding = matches!(self.phase, Phase::Unwinding { .. });
        let is_next = is_unwinding && self.to_put_back().next() == Some(step);
        let running = self.steps.get_mut(step).filter(|_| is_next).ok_or(NotNow::Late)?;
        if running.put_back == Some(how) {
            return Err(NotNow::Late);
        }
        running.put_back = Some(how);
        if how == PutBack::Failed {
            self.call(Some(step), &format!("the release's own artifact was not put back: {why}"), at);
        }
        self.close_unwinding(at);
        Ok(())
    }

    /// Ends the run where nothing is left to be put back.
    pub(super) fn close_unwinding(&mut self, at: Timestamp) {
        let Phase::Unwinding { verdict, .. } = self.phase else { return };
        if self.to_put_back().next().is_some() || self.to_restore().next().is_some() {
            return;
        }
        let failed = self.steps.iter().any(|step| step.put_back == Some(PutBack::Failed));
        let verdict = if failed && verdict == Verdict::Done { Verdict::Incomplete } else { verdict };
        self.phase = Phase::Ended { verdict, at };
    }

    /// Each redeployment may take as long as its step may, one after the other.
    /// From its beginning to its end, at most.
    pub(super) fn longest_unwinding(&self) -> SignedDuration {
        let limit = |step: usize| self.runbook.steps.get(step).map_or(0, |step| i64::from(step.limit_seconds));
        SignedDuration::from_secs(self.replaced().map(limit).sum()).saturating_add(RESTORING)
    }

    pub(super) fn due_unwinding(&self, since: Timestamp) -> Vec<(Timestamp, Due)> {
        let limit = |step: usize| self.runbook.steps.get(step).map_or(0, |step| i64::from(step.limit_seconds));
        let mut until = since;
        let mut due = Vec::new();
        let next = self.to_put_back().next();
        for step in self.replaced() {
            until = later(until, SignedDuration::from_secs(limit(step)));
            if next == Some(step) {
                due.push((until, Due::Step { step, attempt: BACK }));
            }
        }
        due.push((later(until, RESTORING), Due::Run));
        due
    }
}
