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
}

impl LiveGuards {
    pub(crate) fn new() -> LiveGuards {
        LiveGuards { said: Mutex::default(), looks: watch::Sender::new(0) }
    }

    pub(super) fn put<'a>(&self, judges: impl Iterator<Item = &'a Judge>) {
        let said = judges.map(|judge| {
            let suspicion = suspicion(judge);
            let said = Said { from: judge.watch().from, standing: judge.standing(), saw: judge.saw(), suspicion };
            (judge.watch().id(), said)
        });
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = said.collect();
        self.looks.send_modify(|looks| *looks += 1);
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
    (judge.is_harmful() && watch.guard.is_dry_run()).then(|| Suspicion {
        flag: watch.flag.to_string(),
        guard: watch.guard.name.clone(),
        words: super::view(judge, 1, false).judged.words,
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
            Some(Said { standing, saw, .. }) => match standing {
                Standing::Watching | Standing::Harmless => is_clear &= saw,
                Standing::Blind { buckets } => {
                    let why = format!("guard `{name}` was told nothing to compare for {buckets} buckets");
                    return Err((HoldKind::GuardBlind, why));
                }
                Standing::Suspecting { failed, instances } => {
                    let why = format!(
                        "guard `{name}` suspects harm, from {failed} failures in {instances} instances, which are too few to act on"
                    );
                    return Err((HoldKind::GuardHarm, why));
                }
                Standing::Harmful | Standing::Crashing => {
                    return Err((HoldKind::GuardHarm, format!("guard `{name}` found harm")));
                }
            },
        }
    }
    Ok(is_clear)
}
