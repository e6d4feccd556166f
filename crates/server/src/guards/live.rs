use super::Judge;
use crate::environment::Environment;
use downhaul_control::State;
use downhaul_control::alarms::Suspicion;
use downhaul_control::guards::{Watch, watches};
use downhaul_control::rollout::{HoldKind, RolloutState};
use downhaul_guard::Standing;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// What guards said last, in the process that leads, for the rollouts that it takes on.
#[derive(Debug)]
pub(crate) struct LiveGuards {
    said: Mutex<BTreeMap<String, Said>>,
    /// Guards as they were last shown to somebody, so that whoever looks again waits for the newest buckets only.
    shown: tokio::sync::Mutex<BTreeMap<String, Judge>>,
    looks: watch::Sender<u64>,
}

#[derive(Debug, Clone)]
struct Said {
    /// What it watched.
    from: u64,
    standing: Standing,
    saw: bool,
    /// Where it finds harm and is on a dry run.
    suspicion: Option<Suspicion>,
    /// Variants that tell nothing, where it is blind.
    missing: Vec<String>,
    /// Why it can read no more.
    problem: Option<String>,
}

impl LiveGuards {
    pub(crate) fn new() -> LiveGuards {
        LiveGuards { said: Mutex::default(), shown: tokio::sync::Mutex::default(), looks: watch::Sender::new(0) }
    }

    pub(super) fn put<'a>(&self, judges: impl Iterator<Item = &'a Judge>) {
        let said = judges.map(|judge| {
            let suspicion = suspicion(judge);
            let missing = judge.missing().into_iter().map(str::to_owned).collect();
            let problem = judge.has_problem().map(str::to_owned);
            let (standing, saw) = (judge.standing(), judge.saw());
            let said = Said { from: judge.watch().from, standing, saw, missing, problem, suspicion };
            (judge.watch().id(), said)
        });
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = said.collect();
        self.looks.send_modify(|looks| *looks += 1);
    }

    /// Why a guard can read no more, as far as this process asks.
    pub(crate) fn problem(&self, watch: &Watch) -> Option<String> {
        self.of(watch).and_then(|said| said.problem)
    }

    /// Held by one who looks, while it reads on.
    pub(crate) async fn shown(&self) -> tokio::sync::MutexGuard<'_, BTreeMap<String, Judge>> {
        self.shown.lock().await
    }

    /// Each look at all guards.
    pub(crate) fn looks(&self) -> watch::Receiver<u64> {
        self.looks.subscribe()
    }

    /// Those on a dry run that find harm.
    pub(crate) fn suspicions(&self) -> Vec<Suspicion> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.values().filter_map(|said| said.suspicion.clone()).collect()
    }

    fn of(&self, watch: &Watch) -> Option<Said> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.get(&watch.id()).filter(|said| said.from == watch.from).cloned()
    }
}

/// What a guard on a dry run would have acted on.
fn suspicion(judge: &Judge) -> Option<Suspicion> {
    let watch = judge.watch();
    (judge.has_spoken() && watch.guard.is_dry_run()).then(|| Suspicion {
        flag: watch.flag.to_string(),
        guard: watch.guard.name.clone(),
        words: super::view::found(judge),
        since: watch.since.clone(),
    })
}

/// What guards have against the next stage of a rollout: nothing, where `true`; they have not seen enough to say anything,
/// where `false`.
pub(crate) type Guarded = Result<bool, (HoldKind, String)>;

pub(crate) fn in_the_way(environment: &Environment, state: &State, rollout: &RolloutState) -> Guarded {
    // Where the last stage has baked nobody is given anything new.
    if rollout.next_stage().is_none() || rollout.stage == 0 {
        return Ok(true);
    }
    let until = super::readable(environment, crate::minutes::now());
    let of_rollout = |watch: &Watch| {
        watch.flag == rollout.rollout.flag
            && watch.guard.variant == rollout.rollout.variant
            && !watch.guard.is_dry_run()
    };
    let mut is_clear = true;
    for watch in watches(state, until, environment.minutes().length()).into_iter().filter(of_rollout) {
        let name = &watch.guard.name;
        match environment.guards().of(&watch) {
            None => is_clear = false,
            Some(Said { problem: Some(why), standing: Standing::Watching | Standing::Harmless, .. }) => {
                return Err((HoldKind::NoAnswer, format!("guard `{name}`: {why}")));
            }
            Some(Said { standing, saw, missing, .. }) => match standing {
                Standing::Watching | Standing::Harmless => is_clear &= saw,
                Standing::Blind { buckets } => {
                    let of = words_of_missing(&missing);
                    let why =
                        format!("telemetry is missing: guard `{name}` was told nothing of {of} for {buckets} buckets");
                    return Err((HoldKind::TelemetryMissing, why));
                }
                Standing::Suspecting { failed, instances } => {
                    let why = format!(
                        "guard `{name}` suspects harm, from {failed} failures in {instances} instances, which are too few to act on"
                    );
                    return Err((HoldKind::GuardHarm, why));
                }
                Standing::Harmful | Standing::Crashing | Standing::Tripped => {
                    return Err((HoldKind::GuardHarm, format!("guard `{name}` found harm")));
                }
                Standing::Mismatched => {
                    let why = format!("guard `{name}`: the arms are not as large as the split says");
                    return Err((HoldKind::SampleRatio, why));
                }
            },
        }
    }
    Ok(is_clear)
}

/// ``` `on` and `off` ```
pub(super) fn words_of_missing(missing: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = missing.iter().map(|variant| format!("`{}`", variant.as_ref())).collect();
    names.join(" and ")
}
