//! What the gates of stages read. Kept in memory: after a start each has to hold for its time again.

use crate::environment::Environment;
use crate::replica::Message;
use crate::runner::{self, Held, read};
use crate::state::AppState;
use crate::targets::Answer;
use crate::task::Task;
use downhaul_control::api::GateView;
use downhaul_control::rollout::{Gate, HoldKind, Reading, RolloutState};
use downhaul_control::time;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How often gates are read.
const READ: Duration = Duration::from_secs(1);

/// What gates read last, by the number of the rollout, for those who look.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<BTreeMap<u64, Vec<GateView>>>);

impl Gates {
    pub(crate) fn of(&self, rollout: u64) -> Vec<GateView> {
        self.locked().get(&rollout).cloned().unwrap_or_default()
    }

    pub(super) fn forget(&self, rollout: u64) {
        self.locked().remove(&rollout);
    }

    /// Whoever drives the rollout has read them.
    pub(crate) fn put(&self, rollout: u64, views: Vec<GateView>) {
        self.locked().insert(rollout, views);
    }

    /// Keeps those of rollouts that go on: the others may be told by another replica after their end.
    pub(crate) fn keep(&self, goes_on: impl Fn(u64) -> bool) {
        self.locked().retain(|rollout, _| goes_on(*rollout));
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<u64, Vec<GateView>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a gate stands.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// For its time, by this reading.
    Held(Reading),
    /// It holds, and not for long enough.
    NotYet,
    InTheWay {
        kind: HoldKind,
        why: String,
    },
}

/// Reads the gates of one stage until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    /// The change that brought the rollout to the stage, and what it bakes from.
    of: (u64, String),
    environment: Arc<Environment>,
    number: u64,
    told: watch::Receiver<Vec<Standing>>,
    _task: Task,
}

impl Watch {
    pub(super) fn begin(state: &AppState, environment: &Arc<Environment>, rollout: &RolloutState) -> Watch {
        let (tell, told) = watch::channel(Vec::new());
        let gates = rollout.current().map(|stage| stage.gates.clone()).unwrap_or_default();
        let number = rollout.number;
        let task = Task::spawn(follow(state.clone(), Arc::clone(environment), number, gates, tell));
        Watch { of: of(rollout), environment: Arc::clone(environment), number, told, _task: task }
    }

    /// Whether it is of the stage that the rollout is at.
    pub(super) fn is_of(&self, rollout: &RolloutState) -> bool {
        self.of == of(rollout)
    }

    /// Nothing before the first reading.
    pub(super) fn standing(&self) -> Vec<Standing> {
        self.told.borrow().clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.environment.gates().forget(self.number);
    }
}

fn of(rollout: &RolloutState) -> (u64, String) {
    (rollout.entered.revision, rollout.baking_since.clone())
}

/// Until something else was read.
pub(super) async fn changed(watch: Option<&mut Watch>) {
    let is_open = match watch {
        Some(watch) => watch.told.changed().await.is_ok(),
        None => false,
    };
    if !is_open {
        std::future::pending().await
    }
}

async fn follow(
    state: AppState,
    environment: Arc<Environment>,
    number: u64,
    gates: Vec<Gate>,
    tell: watch::Sender<Vec<Standing>>,
) {
    let mut since: Vec<Option<Held>> = vec![None; gates.len()];
    loop {
        let (mut views, mut standings) = (Vec::new(), Vec::new());
        for (gate, held) in gates.iter().zip(&mut since) {
            let runner::Reading { answer, as_of } = read(&state, &environment, &gate.query).await;
            let now = Instant::now();
            let holds = matches!(answer, Answer::Value(value) if gate.condition.holds(value));
            *held = holds.then(|| Held::next(*held, now));
            let held_for = held.map_or(Duration::ZERO, |held| held.until(as_of));
            let (standing, view) = judged(gate, answer, holds, held_for);
            standings.push(standing);
            views.push(view);
        }
        environment.gates().put(number, views.clone());
        environment.tell(|| Message::Gates {
            environment: environment.key().to_string(),
            rollout: number,
            gates: views,
        });
        if tell.send(standings).is_err() {
            return;
        }
        sleep(READ).await;
    }
}

fn judged(gate: &Gate, answer: Answer, holds: bool, held_for: Duration) -> (Standing, GateView) {
    let (value, problem, kind) = match answer {
        Answer::Value(value) => (Some(value), None, HoldKind::NotHolding),
        Answer::NoData(why) => (None, Some(why), HoldKind::NoData),
        Answer::Down(why) => (None, Some(why), HoldKind::NoAnswer),
    };
    let standing = match value {
        Some(value) if holds && held_for >= Duration::from_secs(u64::from(gate.for_seconds)) => {
            Standing::Held(Reading { gate: gate.name.clone(), value })
        }
        Some(_) if holds => Standing::NotYet,
        _ => {
            let name = &gate.name;
            let why = match (&problem, value) {
                (Some(problem), _) => format!("`{name}`: {problem}"),
                (None, value) => {
                    format!("`{name}` reads {}, and has to be {}", value.unwrap_or(f64::NAN), gate.condition)
                }
            };
            Standing::InTheWay { kind, why }
        }
    };
    let view = GateView {
        name: gate.name.clone(),
        at: time::to_text(Timestamp::now()),
        value,
        holds,
        held_ms: u64::try_from(held_for.as_millis()).unwrap_or(u64::MAX),
        problem,
    };
    (standing, view)
}
