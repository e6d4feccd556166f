//! Breakers of the fleet, and what keeps everything that kills by itself within bounds. Every process judges what it was
//! told; whichever is first makes the kill, under an id that there is once.

use crate::environment::{Environment, Urgency};
use crate::guards::at;
use crate::state::AppState;
use downhaul_control::api::{FleetBreakerView, KillRequest, KillScope, PanicView, RolloutAct, WithheldView};
use downhaul_control::automatic::FLEET_BREAKER;
use downhaul_control::guards::{GuardEvidence, GuardRecord, begun};
use downhaul_control::rollout::{self, Phase};
use downhaul_control::telemetry::{Failing, Quorum};
use downhaul_control::{Command, Refusal, Request, State, automatic, decide, heartbeat, time};
use downhaul_core::document::{ClientKind, Flag, FleetMode, GuardAction};
use downhaul_core::seal::digest;
use downhaul_guard::Standing;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_secs(1);
/// Outcomes of the degraded variant that say whether it fails, too.
const LEAST_OUTCOMES: u64 = 20;
const OUTCOMES_SECONDS: u32 = 60;
/// What was withheld is shown for this long after it was last wanted.
const SHOWN: Duration = Duration::from_secs(600);

/// What was not done, and why, as this process knows it.
#[derive(Debug, Default)]
pub(crate) struct LiveAutomatic(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    panic: Option<Panic>,
    withheld: BTreeMap<(String, String), (WithheldView, std::time::Instant)>,
}

#[derive(Debug)]
struct Panic {
    since: String,
    failing: Failing,
    /// Rollouts that were paused for it: one that somebody lets go on is not paused again.
    paused: BTreeSet<u64>,
}

/// Why nothing is killed by itself now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forbidden {
    pub(crate) why: &'static str,
    pub(crate) words: String,
}

impl LiveAutomatic {
    /// Remembers a kill that was wanted; true where it is news.
    pub(crate) fn withhold(&self, flag: &str, by: &str, Forbidden { why, words }: &Forbidden) -> bool {
        let mut known = self.locked();
        known.withheld.retain(|_, (_, at)| at.elapsed() < SHOWN);
        let of = (flag.to_owned(), by.to_owned());
        let since = known.withheld.get(&of).filter(|(view, _)| view.why == *why).map(|(view, _)| view.since.clone());
        let is_news = since.is_none();
        let since = since.unwrap_or_else(|| time::to_text(Timestamp::now()));
        let (flag, by) = of.clone();
        let view = WithheldView { flag, by, why: (*why).to_owned(), words: words.clone(), since };
        known.withheld.insert(of, (view, std::time::Instant::now()));
        is_news
    }

    pub(crate) fn view(&self) -> (Option<PanicView>, Vec<WithheldView>) {
        let known = self.locked();
        let panic = known.panic.as_ref().map(|panic| PanicView {
            since: panic.since.clone(),
            guarded: panic.failing.guarded,
            failing: panic.failing.failing.iter().cloned().collect(),
        });
        let recent = known.withheld.values().filter(|(_, at)| at.elapsed() < SHOWN);
        let mut withheld: Vec<WithheldView> = recent.map(|(view, _)| view.clone()).collect();
        withheld.sort_by(|one, other| one.since.cmp(&other.since));
        (panic, withheld)
    }

    fn locked(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a variant of a flag may be killed by itself now; counted where it may not.
///
/// # Errors
/// Why it may not.
pub(crate) fn allowed(environment: &Environment, state: &State, flag: &str, by: &str) -> Result<(), Forbidden> {
    let forbidden = forbids(environment, state, flag);
    let Some(forbidden) = forbidden else { return Ok(()) };
    if environment.automatic().withhold(flag, by, &forbidden) {
        environment.metrics().withheld(environment.key().as_str(), forbidden.why);
        let (environment, words) = (environment.key().as_str(), &forbidden.words);
        tracing::warn!(environment, flag, by, words, "a kill by itself was withheld: somebody should look");
    }
    Err(forbidden)
}

fn forbids(environment: &Environment, state: &State, flag: &str) -> Option<Forbidden> {
    let (panic, _) = environment.automatic().view();
    if let Some(panic) = panic {
        let words = format!(
            "{} of {} guarded flags fail at once: what they share is at fault, and killing flags does not mend it",
            panic.failing.len(),
            panic.guarded
        );
        return Some(Forbidden { why: "panic", words });
    }
    let degraded = state.flag_set.flag(flag).map(|flag| flag.degraded.variant.to_string())?;
    if degraded_fails(environment, flag, &degraded) {
        let words = format!("`{degraded}`, which a kill gives, fails as well");
        return Some(Forbidden { why: "degraded-fails", words });
    }
    (automatic::left(state, Timestamp::now()) == 0).then(|| {
        let policy = &state.policy.automatic;
        let words = format!("{} kills were made by themselves within {} s already", policy.kills, policy.seconds);
        Forbidden { why: "budget", words }
    })
}

/// Whether most of what the degraded variant leads to failed lately, as servers and edges tell.
fn degraded_fails(environment: &Environment, flag: &str, degraded: &str) -> bool {
    let page = environment.outcomes().page(Some(flag), OUTCOMES_SECONDS);
    let of = page.outcomes.iter().filter(|view| view.variant == degraded && view.kind != ClientKind::Browser);
    let (ok, failed) = of.fold((0_u64, 0_u64), |(ok, failed), view| (ok + view.ok, failed + view.failed));
    ok + failed >= LEAST_OUTCOMES && failed > ok
}

/// Watches every environment, for as long as the process runs.
pub(crate) async fn carry_out(state: AppState) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for environment in state.environments() {
            let current = environment.current();
            let failing = environment.telemetry().failing(within(&current.state));
            look_for_panic(environment, &current.state, &failing).await;
            look_at_fleet(environment, &current.state, &failing).await;
        }
    }
}

/// Within how long an instance has to have told something: its time between batches, and half of it.
fn within(state: &State) -> Duration {
    Duration::from_secs(u64::from(state.policy.telemetry.period_seconds.get()) * 3 / 2)
}

async fn look_for_panic(environment: &Arc<Environment>, state: &State, failing: &Failing) {
    let going_on = state.rollouts.going_on().filter(|rollout| rollout.phase == Phase::Running);
    let mut rollouts: BTreeSet<u64> = going_on.map(|rollout| rollout.number).collect();
    {
        let mut known = environment.automatic().locked();
        if !failing.is_panic() {
            if known.panic.take().is_some() {
                tracing::info!(environment = %environment.key(), "flags do not fail together any more");
            }
            environment.metrics().panic(environment.key().as_str(), false);
            return;
        }
        environment.metrics().panic(environment.key().as_str(), true);
        let panic = known.panic.get_or_insert_with(|| {
            tracing::error!(
                environment = %environment.key(), failing = failing.failing.len(), guarded = failing.guarded,
                "flags fail together: nothing is killed by itself, and rollouts are paused"
            );
            let since = time::to_text(Timestamp::now());
            Panic { since, failing: failing.clone(), paused: BTreeSet::new() }
        });
        panic.failing.clone_from(failing);
        rollouts.retain(|rollout| panic.paused.insert(*rollout));
    }
    let reason = format!("{} of {} guarded flags fail at once", failing.failing.len(), failing.guarded);
    for number in rollouts {
        let (reason, at) = (reason.clone(), Timestamp::now());
        let request = move |state: &State| {
            Ok(Request::by_server(rollout::act(state, number, None, RolloutAct::Pause)?, heartbeat::ACTOR, &reason, at))
        };
        if let Err(error) = environment.command(Urgency::Urgent, request).await {
            tracing::warn!(environment = %environment.key(), detail = error.detail(), "a rollout could not be paused");
        }
    }
}

async fn look_at_fleet(environment: &Arc<Environment>, state: &State, failing: &Failing) {
    let reached = quorums(environment, state, |flag, variant| failing.is_open(flag, variant));
    for (flag, variant, mode, quorum) in reached.filter(|(.., quorum)| quorum.is_reached()) {
        let is_killed = state.kills_of(flag.key.as_str()).any(|kill| {
            let scope = &kill.kill.scope;
            scope.is_everyone()
                || scope.variant.as_ref().is_some_and(|variants| variants.iter().any(|v| v.as_str() == variant))
        });
        if is_killed {
            continue;
        }
        if mode == FleetMode::Notice {
            let forbidden = Forbidden { why: "notice", words: quorum.words() };
            if environment.automatic().withhold(flag.key.as_str(), FLEET_BREAKER, &forbidden) {
                environment.metrics().withheld(environment.key().as_str(), "notice");
                tracing::warn!(environment = %environment.key(), flag = %flag.key, variant, words = quorum.words(), "the fleet's breakers are open");
            }
        // The one before may have been the last that was left.
        } else if allowed(environment, &environment.current().state, flag.key.as_str(), FLEET_BREAKER).is_ok() {
            kill(environment, state, flag, variant, quorum).await;
        }
    }
}

fn quorums<'a>(
    environment: &'a Environment,
    state: &'a State,
    is_asked: impl Fn(&str, &str) -> bool + Copy + 'a,
) -> impl Iterator<Item = (&'a Flag, &'a str, FleetMode, Quorum)> {
    let flags = state.flag_set.flags.iter().filter_map(|flag| Some((flag, flag.breaker.as_ref()?)));
    let watched = flags.filter(|(_, breaker)| breaker.fleet() != FleetMode::Off);
    watched.flat_map(move |(flag, breaker)| {
        let since = ago(&begun(state, flag));
        let variants = flag.variants.iter().map(|(variant, _)| variant.as_str());
        let others = variants
            .filter(move |variant| *variant != flag.degraded.variant.as_str() && is_asked(flag.key.as_str(), variant));
        others.map(move |variant| {
            let times = (within(state), since);
            let quorum = environment.telemetry().quorum((flag.key.as_str(), variant), Quorum::of(breaker), times);
            (flag, variant, breaker.fleet(), quorum)
        })
    })
}

fn ago(text: &str) -> Duration {
    let Some(at) = time::from_text(text) else { return Duration::ZERO };
    Timestamp::now().duration_since(at).try_into().unwrap_or(Duration::ZERO)
}

async fn kill(environment: &Arc<Environment>, state: &State, flag: &Flag, variant: &str, quorum: Quorum) {
    let since = begun(state, flag);
    let of = format!("{}/{variant}/{since}", flag.key);
    let id = format!("{}{}", automatic::FLEET, digest(of.as_bytes()).chars().take(12).collect::<String>());
    let now = Timestamp::now();
    let evidence = GuardEvidence {
        flag: flag.key.clone(),
        guard: FLEET_BREAKER.to_owned(),
        action: GuardAction::Kill,
        from: at(u64::try_from(now.as_second()).unwrap_or(0)),
        bucket_seconds: u32::try_from(within(state).as_secs()).unwrap_or(u32::MAX),
        slow_us: None,
        said: Standing::Tripped,
        odds: quorum.odds(),
        record: GuardRecord::Quorum(quorum),
    };
    let reason = evidence.words(variant, state.policy.reason.size());
    let asked = KillRequest {
        flag: flag.key.to_string(),
        scope: KillScope { variant: Some(vec![variant.to_owned()]), ..KillScope::default() },
        reason: reason.clone(),
        incident: None,
    };
    let evidence = Box::new(evidence);
    let request = move |state: &State| -> Result<Request, Refusal> {
        let mut command = decide::kill(state, &asked, heartbeat::ACTOR, now)?;
        if let Command::Kill { kill } = &mut command {
            kill.id.clone_from(&id);
        }
        let request = Request::by_server(command, heartbeat::ACTOR, &reason, now);
        Ok(Request { evidence: Some(evidence.clone()), ..request })
    };
    match environment.command(Urgency::Urgent, request).await {
        Ok(_) => environment.metrics().automatic(environment.key().as_str(), FLEET_BREAKER),
        // Another replica was first.
        Err(error) if error.code() == downhaul_control::RefusalCode::TakenId.as_str() => {}
        Err(error) => tracing::error!(
            environment = %environment.key(), flag = %flag.key, detail = error.detail(),
            "the fleet's breaker could not kill; it tries again"
        ),
    }
}

/// The breakers of the fleet as they stand.
pub(crate) fn views(environment: &Environment, state: &State, flag: Option<&str>) -> Vec<FleetBreakerView> {
    let all =
        quorums(environment, state, |_, _| true).filter(|(of, ..)| flag.is_none_or(|flag| of.key.as_str() == flag));
    all.map(|(flag, variant, mode, quorum)| FleetBreakerView {
        flag: flag.key.to_string(),
        variant: variant.to_owned(),
        mode: if mode == FleetMode::Kill { "kill" } else { "notice" }.to_owned(),
        heard: quorum.heard,
        open: quorum.open,
        needed: quorum.needed(),
        reached: quorum.is_reached(),
        regions: quorum.regions.into_iter().collect(),
        sdks: quorum.sdks.into_iter().collect(),
    })
    .collect()
}
