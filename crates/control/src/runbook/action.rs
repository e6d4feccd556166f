use super::{Phase, Run, What, Which};
use crate::release::{Artifact, RecoveryMetric};
use jiff::{SignedDuration, Timestamp};

/// What has to be done now. The same action, asked for twice, has the same id, and is done once.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Kill a flag for everyone, under this id. Where it is killed for everyone already, that kill is the one.
    Kill {
        id: String,
        step: usize,
        attempt: u32,
        flag: String,
    },
    /// Watch until every client is dark for these kills.
    WatchKills {
        step: usize,
        attempt: u32,
        kills: Vec<String>,
    },
    Restore {
        kill: String,
    },
    /// Send a webhook, until it is accepted.
    Deliver(Delivery),
    /// A webhook target will call back.
    AwaitCallBack {
        step: usize,
        attempt: u32,
        target: String,
    },
    Wait {
        step: usize,
        attempt: u32,
        until: Timestamp,
        /// From its beginning on: where the clock says longer, it was set back.
        longest: SignedDuration,
    },
    QueryMetric {
        step: usize,
        attempt: u32,
        metric: RecoveryMetric,
    },
    /// A person will confirm.
    AwaitPerson {
        step: usize,
        attempt: u32,
        instructions: String,
    },
}

/// A webhook to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The webhook's id: the same for every try.
    pub id: String,
    pub target: String,
    pub payload: Payload,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    Redeploy {
        step: usize,
        attempt: u32,
        artifact: Option<Artifact>,
        which: Which,
    },
    Purge {
        step: usize,
        attempt: u32,
        cache: String,
    },
    /// A step of its own that tells someone something.
    Tell {
        step: usize,
        attempt: u32,
        message: String,
    },
    /// A call for help, by number.
    Call {
        call: usize,
        message: String,
    },
}

impl Run {
    /// What has to be done now. Follows from the run alone.
    pub fn actions(&self) -> Vec<Action> {
        let mut actions: Vec<Action> = match &self.phase {
            Phase::Running { step } => self.step_action(*step).into_iter().collect(),
            Phase::Unwinding { .. } => self.unwinding_action().into_iter().collect(),
            Phase::AwaitingGo { .. } | Phase::Held { .. } | Phase::Ended { .. } => Vec::new(),
        };
        let open = self.calls.iter().enumerate().filter(|(_, call)| call.through.is_none());
        actions.extend(open.map(|(number, call)| {
            Action::Deliver(Delivery {
                id: format!("{}.call.{}", self.id(), number + 1),
                target: call.target.clone(),
                payload: Payload::Call { call: number, message: call.message.clone() },
            })
        }));
        actions
    }

    fn step_action(&self, step: usize) -> Option<Action> {
        let (running, step_of) = (self.steps.get(step)?, self.runbook.steps.get(step)?);
        let attempt = running.attempt;
        let id = format!("{}.{}.{attempt}", self.id(), step + 1);
        let deliver = |target: &str, payload| {
            Some(Action::Deliver(Delivery { id: id.clone(), target: target.to_owned(), payload }))
        };
        let awaited = |target: &str| Some(Action::AwaitCallBack { step, attempt, target: target.to_owned() });
        match &step_of.what {
            What::Kill(flags) => {
                let made = |flag: &str| self.kills_of_step(step).find(|kill| kill.flag == flag);
                if let Some(at) = flags.iter().position(|flag| made(flag.as_str()).is_none()) {
                    let flag = flags.get(at)?.to_string();
                    return Some(Action::Kill { id: format!("{id}.{}", at + 1), step, attempt, flag });
                }
                let kills = self.kills_of_step(step).map(|kill| kill.kill.clone()).collect();
                Some(Action::WatchKills { step, attempt, kills })
            }
            What::Restore(_) => self.to_restore_of(step).next().map(|kill| Action::Restore { kill: kill.kill.clone() }),
            What::Redeploy { target, .. } | What::Purge { target, .. } if running.delivered.is_some() => {
                awaited(target)
            }
            What::Redeploy { target, artifact: which } => {
                let artifact = match which {
                    Which::Previous => self.subject.release().and_then(|release| release.previous.clone()),
                    Which::Own => self.subject.release().map(|release| release.artifact.clone()),
                };
                deliver(target, Payload::Redeploy { step, attempt, artifact, which: *which })
            }
            What::Purge { target, cache } => deliver(target, Payload::Purge { step, attempt, cache: cache.clone() }),
            What::Escalate { target, message } => {
                deliver(target, Payload::Tell { step, attempt, message: message.clone() })
            }
            What::Wait { seconds } => {
                let longest = SignedDuration::from_secs(i64::from(*seconds));
                let until = running.began?.checked_add(longest).unwrap_or(Timestamp::MAX);
                Some(Action::Wait { step, attempt, until, longest })
            }
            What::Verify { metric } => {
                let metric = self.subject.metric(metric)?.clone();
                Some(Action::QueryMetric { step, attempt, metric })
            }
            What::Manual(instructions) => {
                Some(Action::AwaitPerson { step, attempt, instructions: instructions.clone() })
            }
        }
    }

    /// Kills that count for the step's present attempt.
    pub(super) fn kills_of_step(&self, step: usize) -> impl Iterator<Item = &super::KillMade> {
        let attempt = self.steps.get(step).map_or(0, |running| running.attempt);
        self.kills.iter().filter(move |kill| kill.step == step && kill.attempt == attempt && !kill.restored)
    }

    /// Kills of the run that a restore step is to end, the last one first.
    pub(super) fn to_restore_of(&self, step: usize) -> impl Iterator<Item = &super::KillMade> {
        let flags = match self.runbook.steps.get(step).map(|step| &step.what) {
            Some(What::Restore(flags)) => flags.as_slice(),
            _ => &[],
        };
        self.to_restore().filter(move |kill| flags.iter().any(|flag| flag.as_str() == kill.flag))
    }
}
