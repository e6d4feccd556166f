//! What is turned off in part, or on its way back.

use super::super::{Fleet, Standing};
use super::{Around, One, are, clients, state};
use crate::api::{FleetPart, FleetState, FleetStateKind, Trust};
use crate::heartbeat;
use crate::release::{Release, last_rollback};
use crate::runbook::{Purpose, Run, StepState, What, Which};
use crate::state::{KillState, State};
use crate::time;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A kill is looked at once it is so old: before that it is on its way.
const ON_ITS_WAY_MS: f64 = 5000.0;
/// How far back kills and restores of a flag are counted, and how many of them are too many.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const TURNS: usize = 4;
/// For how long a cache is named of which nobody has said how long it may lag.
const LAG_UNKNOWN: SignedDuration = SignedDuration::from_hours(1);

impl Fleet {
    pub(super) fn partly_dark(&self, around: &Around<'_>, states: &mut Vec<FleetState>) {
        for kill in in_force(around.state) {
            let id = &kill.kill.id;
            let Some(progress) = self.progress(id, around.now) else { continue };
            if progress.complete || progress.elapsed_ms < ON_ITS_WAY_MS {
                continue;
            }
            let mut lit: Vec<One<'_>> =
                self.not_dark(id, around.now).map(|(id, instance)| One { id, instance }).collect();
            lit.sort_by_key(|one| one.instance.last_seen);
            let dark = progress.by_region.iter().filter(|(_, region)| region.live > 0 && region.dark == region.live);
            let dark: Vec<&str> = dark.map(|(region, _)| region.as_str()).filter(|region| !region.is_empty()).collect();
            let mut words = format!(
                "`{}` is killed by {id} and not yet off in {} of {}",
                kill.kill.flag,
                lit.len(),
                clients(progress.live + progress.unknown)
            );
            if !dark.is_empty() {
                words.push_str(&format!("; dark {} {}", are(dark.len()), dark.join(", ")));
            }
            let help = if progress.degrades_when_stale {
                format!(
                    "who cannot be reached goes dark {} s after the last word; restart who is connected and does not",
                    progress.stale_seconds
                )
            } else {
                "who cannot be reached keeps it on until it is back, since the flag has not `on_stale: degraded`: stop these clients, or cut them off from what the flag leads to".to_owned()
            };
            let mut found = state(FleetStateKind::PartlyDark, id, words, kill.kill.at.clone())
                .about(&lit, |one| FleetPart {
                    region: one.instance.said.region.clone(),
                    revision: Some(one.instance.said.position.revision),
                    release: one.instance.said.release.clone(),
                    trust: Some(one.instance.trust()),
                    ..FleetPart::default()
                })
                .help(help, Some(format!("downhaul status --kill {id}")));
            found.flag = Some(kill.kill.flag.to_string());
            found.kill = Some(id.clone());
            states.push(found);
        }
    }

    /// Where a flag is off in some regions and on in others, on purpose or not.
    pub(super) fn killed_in_regions(&self, around: &Around<'_>, states: &mut Vec<FleetState>) {
        let live = self.of_standing(Standing::Live, around.now);
        let tree = &around.state.flag_set.regions;
        for kill in in_force(around.state) {
            let flag = &kill.kill.flag;
            let Some(regions) = &kill.kill.scope.region else { continue };
            if is_off(around.state, flag.as_str()) {
                continue;
            }
            let is_within = |one: &&One<'_>| {
                regions.iter().any(|region| {
                    let below = tree.find(region.as_str()).map(|below| below.names()).unwrap_or_default();
                    region.as_str() == one.region() || below.iter().any(|name| name.as_str() == one.region())
                })
            };
            let within: Vec<One<'_>> = live.iter().filter(is_within).copied().collect();
            let names: Vec<&str> = regions.iter().map(|region| region.as_str()).collect();
            let words = format!("`{flag}` is killed by {} within {} only", kill.kill.id, names.join(", "));
            let mut found = state(FleetStateKind::KilledInRegions, &kill.kill.id, words, kill.kill.at.clone())
                .about(&within, |one| FleetPart { region: one.instance.said.region.clone(), ..FleetPart::default() })
                .help(
                    "users elsewhere still get it: kill it for everyone if the cause is not of these regions, or restore it once that is over",
                    Some(format!("downhaul restore {}", kill.kill.id)),
                );
            found.flag = Some(flag.to_string());
            found.kill = Some(kill.kill.id.clone());
            states.push(found);
        }
    }

    /// Clients of a release that a rollback has replaced.
    pub(super) fn rolled_back_releases(&self, around: &Around<'_>, states: &mut Vec<FleetState>) {
        let live = self.of_standing(Standing::Live, around.now);
        for known in around.state.releases.by_key.values() {
            let key = known.release.key.as_str();
            let Some((run, since)) = last_rollback(around.state, known).and_then(|run| Some((run, redeployed(run)?)))
            else {
                continue;
            };
            let of_it = |one: &&One<'_>| one.release().is_some_and(|release| runs_release(release, key));
            let left: Vec<One<'_>> = live.iter().filter(of_it).copied().collect();
            if left.is_empty() {
                continue;
            }
            let words = format!("{key} was rolled back by {} and still runs in {}", run.id(), clients(left.len()));
            let mut found = state(FleetStateKind::RolledBackRelease, key, words, time::to_text(since))
                .about(&left, |one| FleetPart {
                    region: one.instance.said.region.clone(),
                    trust: Some(one.instance.trust()),
                    ..FleetPart::default()
                })
                .help(
                    "servers that were not deployed, or pages that are still open: deploy again where it is left, and keep the release's flags killed until it is gone",
                    Some(format!("downhaul status --rollback {key}")),
                );
            found.release = Some(key.to_owned());
            states.push(found);
        }
    }
}

impl Fleet {
    /// Live clients that run a release.
    pub fn running(&self, release: &str, now: std::time::Duration) -> usize {
        let live = self.of_standing(Standing::Live, now);
        live.iter().filter(|one| one.release().is_some_and(|said| runs_release(said, release))).count()
    }
}

/// Whom a client runs: releases are written in many ways, so everything but letters, digits and `.` counts as `-`.
pub fn runs_release(said: &str, key: &str) -> bool {
    let one = |text: &str| -> String {
        text.chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '-' }).collect()
    };
    one(said) == one(key)
}

/// When a run had put the previous artifact out; `None` where it has not, or is not to.
pub fn redeployed(run: &Run) -> Option<Timestamp> {
    let steps = run.runbook.steps.iter().zip(&run.steps);
    let of_previous = |what: &What| matches!(what, What::Redeploy { artifact: Which::Previous, .. });
    steps
        .filter(|(step, ran)| of_previous(&step.what) && ran.state == StepState::Done)
        .filter_map(|(_, ran)| ran.ended)
        .max()
}

/// Kills that people and guards made and that are in force.
fn in_force(state: &State) -> impl Iterator<Item = &KillState> {
    state.flag_set.kills.iter().filter(|kill| !heartbeat::is_beat(&kill.id)).filter_map(|kill| state.kill(&kill.id))
}

/// Whether a flag is off for everyone.
fn is_off(state: &State, flag: &str) -> bool {
    state.kills_of(flag).any(|kill| kill.kill.scope.is_everyone())
}

/// Breakers that are open where nobody has killed the flag: a rollback that clients made by themselves, each for itself.
pub(super) fn breakers_open(around: &Around<'_>, states: &mut Vec<FleetState>) {
    let mut flags: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for breaker in around.breakers.iter().filter(|breaker| breaker.open + breaker.half_open > 0) {
        flags.entry(&breaker.flag).or_default().push(breaker);
    }
    for (flag, breakers) in flags {
        let is_known = around.state.flag_set.flag(flag).is_some();
        let kills = || around.state.kills_of(flag).filter(|kill| !heartbeat::is_beat(&kill.kill.id));
        if !is_known || kills().next().is_some() {
            continue;
        }
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let open: usize = breakers.iter().map(|breaker| count(breaker.open + breaker.half_open)).sum();
        let trusted = breakers.iter().filter(|breaker| breaker.trust == Trust::Trusted);
        let all: usize = breakers.iter().map(|breaker| count(breaker.instances)).sum();
        let longest = breakers.iter().filter_map(|breaker| breaker.open_for_ms).max().unwrap_or(0);
        let ago = SignedDuration::from_millis(i64::try_from(longest).unwrap_or(i64::MAX));
        let words = format!("the breaker of `{flag}` is open in {open} of {}, and nobody has killed it", clients(all));
        let since = time::to_text(around.at.checked_sub(ago).unwrap_or(around.at));
        let mut found = state(FleetStateKind::BreakersOpen, flag, words, since).help(
            "these clients turned it off for themselves, and try again by themselves: mend what fails, or kill the flag for all",
            Some(format!("downhaul kill {flag} --reason '…'")),
        );
        found.clients = open;
        found.trusted = trusted.map(|breaker| count(breaker.open + breaker.half_open)).sum();
        found.parts(
            breakers
                .iter()
                .map(|breaker| FleetPart {
                    trust: Some(breaker.trust),
                    about: Some(format!("{}, {:?}", breaker.variant, breaker.kind).to_lowercase()),
                    clients: count(breaker.open + breaker.half_open),
                    ..FleetPart::default()
                })
                .collect(),
        );
        found.flag = Some(flag.to_owned());
        states.push(found);
    }
}

/// Caches of releases whose flags were killed, or that were put back, and which may still serve what was before.
pub(super) fn caches_lagging(around: &Around<'_>, states: &mut Vec<FleetState>) {
    for known in around.state.releases.by_key.values().filter(|known| known.retired.is_none()) {
        let release = &known.release;
        let run = last_rollback(around.state, known);
        let Some(turned) = turned_back(around.state, release, run) else { continue };
        let mut last: Option<Timestamp> = None;
        let mut who = Vec::new();
        for cache in &release.caches {
            if run.is_some_and(|run| is_purged(run, &cache.name, turned)) {
                continue;
            }
            let lag = cache.lag_seconds.map_or(LAG_UNKNOWN, |lag| SignedDuration::from_secs(i64::from(lag)));
            let until = turned.checked_add(lag).unwrap_or(Timestamp::MAX);
            if until <= around.at {
                continue;
            }
            let about = match cache.lag_seconds {
                Some(_) => format!("{}, until {}", cache.name, time::to_text(until)),
                None => format!("{}, nobody has said for how long", cache.name),
            };
            who.push(FleetPart { about: Some(about), ..FleetPart::default() });
            last = last.max(Some(until));
        }
        let Some(last) = last else { continue };
        let key = release.key.as_str();
        let what = if who.len() == 1 { "1 cache".to_owned() } else { format!("{} caches", who.len()) };
        let words = format!("{what} of {key} may serve what was before, until {}", time::to_text(last));
        let mut found = state(FleetStateKind::CachesLagging, key, words, time::to_text(turned)).help(
            "what users see may be older than what clients decide: purge them, or wait before you call it recovered",
            Some(format!("downhaul release show {key}")),
        );
        found.who = who;
        found.release = Some(key.to_owned());
        states.push(found);
    }
}

/// When a release was last turned back: by a kill of one of its flags, or by a rollback.
fn turned_back(state: &State, release: &Release, run: Option<&Run>) -> Option<Timestamp> {
    let kills = in_force(state).filter(|kill| release.flags.contains(&kill.kill.flag));
    let killed = kills.filter_map(|kill| time::from_text(&kill.kill.at)).max();
    killed.max(run.and_then(redeployed))
}

fn is_purged(run: &Run, cache: &str, since: Timestamp) -> bool {
    let steps = run.runbook.steps.iter().zip(&run.steps);
    let mut purges = steps.filter(|(step, _)| matches!(&step.what, What::Purge { cache: of, .. } if of == cache));
    purges.any(|(_, ran)| ran.state == StepState::Done && ran.ended.is_some_and(|ended| ended >= since))
}

/// Flags that are killed and restored again and again: what seems mended is not, and whoever looks is misled by the good
/// times. Drills do both on purpose.
pub(super) fn oscillating_flags(around: &Around<'_>, states: &mut Vec<FleetState>) {
    let from = around.at.checked_sub(HOUR).unwrap_or(Timestamp::MIN);
    let mut turns: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    let practice = |id: &str| {
        let run = id.split_once('.').and_then(|(run, _)| around.state.releases.run(run));
        run.is_some_and(|run| run.purpose == Purpose::Drill)
    };
    for kill in around.state.kills.values() {
        if heartbeat::is_beat(&kill.kill.id) || practice(&kill.kill.id) {
            continue;
        }
        let times = [Some(&kill.kill.at), kill.restored.as_ref().map(|touch| &touch.at)];
        let recent = times.into_iter().flatten().filter_map(|at| time::from_text(at)).filter(|at| *at > from);
        turns.entry(kill.kill.flag.as_str()).or_default().extend(recent);
    }
    for (flag, mut times) in turns {
        times.sort_unstable();
        let Some(first) = times.first().filter(|_| times.len() >= TURNS) else { continue };
        let words = format!("`{flag}` was turned off and on {} times within the hour", times.len());
        let mut found = state(FleetStateKind::OscillatingFlag, flag, words, time::to_text(*first)).help(
            "what looks well is the good half of it: leave the flag killed, and find the cause before it is restored",
            Some(format!("downhaul kill {flag} --reason '…'")),
        );
        found.flag = Some(flag.to_owned());
        states.push(found);
    }
}
