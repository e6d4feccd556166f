use super::Cause;
use crate::api::{FleetState, FleetStateKind, HeartbeatView, PanicView, WithheldView};
use crate::automatic;
use crate::guards::Acted;
use crate::runbook::{Phase, Purpose, Run};
use crate::state::State;
use crate::time;
use downhaul_core::document::GuardAction;
use downhaul_core::ids::FlagKey;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// For how long what a guard did is looked at, where it took nothing away that is still away.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Beats of the heartbeat flag that have to miss somebody one after another.
const MISSED: usize = 2;

/// What alarms are derived from.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    pub state: &'a State,
    pub fleet: &'a [FleetState],
    pub heartbeat: &'a HeartbeatView,
    /// Guards on a dry run that find harm.
    pub suspicions: &'a [Suspicion],
    /// Flags that fail together, where they do.
    pub panic: Option<&'a PanicView>,
    /// Kills that nobody asked for and that were not made.
    pub withheld: &'a [WithheldView],
    /// What is known of backups; nothing where they are taken elsewhere.
    pub backups: Option<&'a Backups>,
    /// Whether changes can be kept.
    pub is_writable: bool,
    /// By key of the release: what its recovery metrics show, where all have held for their time.
    pub recovered: &'a BTreeMap<String, String>,
    pub now: Timestamp,
}

/// When backups of all environments were taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backups {
    #[serde(default)]
    pub taken: Option<String>,
    /// When the last one failed, and why.
    #[serde(default)]
    pub failed: Option<(String, String)>,
}

/// A guard on a dry run that finds harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    pub flag: String,
    pub guard: String,
    pub words: String,
    /// Since when it watches what it judges.
    pub since: String,
}

/// What is wrong; each cause once, with what follows from it.
pub fn causes(around: &Surroundings<'_>) -> Vec<Cause> {
    let mut found = Vec::new();
    if !around.is_writable {
        found.push(Cause {
            look: "downhaul status".to_owned(),
            ..cause(
                "log-not-writable",
                "",
                "the change log cannot be written: no change can be kept, no kill either".to_owned(),
                time::to_text(around.now),
            )
        });
    }
    found.extend(around.state.guards.iter().filter_map(|(of, acted)| acted_cause(around, of, acted)));
    found.extend(around.suspicions.iter().map(|suspicion| suspected(around, suspicion)));
    found.extend(panic(around));
    found.extend(spent(around));
    found.extend(around.withheld.iter().filter_map(|withheld| not_killed(around, withheld)));
    found.extend(backup(around));
    found.extend(around.state.releases.runs.values().filter_map(|run| late(around, run)));
    found.extend(held(around));
    found.extend(around.fleet.iter().filter_map(|state| of_fleet(around, state)));
    found.extend(missed(around));
    found.extend(slow(around));
    one_for_one(found)
}

/// What is left to fill in.
fn cause(about: &str, of: &str, message: String, since: String) -> Cause {
    Cause {
        id: if of.is_empty() { about.to_owned() } else { format!("{about}/{of}") },
        about: about.to_owned(),
        message,
        also: Vec::new(),
        covers: Vec::new(),
        flag: None,
        guard: None,
        owner: None,
        revision: None,
        since,
        after_seconds: 0,
        look: String::new(),
        act: None,
        runbooks: Vec::new(),
        happened: false,
        over: None,
    }
}

/// With what is known of its flag: whose it is, and the releases whose runbooks take it back.
fn of_flag(around: &Surroundings<'_>, flag: &str, cause: Cause) -> Cause {
    Cause {
        owner: around.state.flag_set.flag(flag).map(|flag| flag.owner.to_string()),
        runbooks: runbooks(around.state, flag),
        flag: Some(flag.to_owned()),
        ..cause
    }
}

fn runbooks(state: &State, flag: &str) -> Vec<String> {
    let known = state.releases.by_key.values().filter(|known| known.retired.is_none());
    let of_flag = known.filter(|known| known.release.flags.iter().any(|key| key.as_str() == flag));
    of_flag.map(|known| known.release.key.to_string()).collect()
}

/// What a guard did, until what it saw is over: by the recovery metrics of the flag's releases, and where there are none
/// once everybody has what it did, as far as the fleet shows.
fn acted_cause(around: &Surroundings<'_>, (flag, guard): &(FlagKey, String), acted: &Acted) -> Option<Cause> {
    let state = around.state;
    let revision = acted.touch.revision;
    let kill = state.kills.values().find(|kill| kill.revision == revision);
    let is_away = kill.is_some_and(|kill| kill.restored.is_none());
    let at = time::from_text(&acted.touch.at)?;
    if !is_away && around.now.duration_since(at) > DAY {
        return None;
    }
    let rollout = state.rollouts.of_flag(flag.as_str()).map(|rollout| rollout.id());
    let did = match (acted.action, kill) {
        (_, Some(_)) => "killed the variant",
        (GuardAction::Pause, None) => "paused the rollout",
        (GuardAction::StepBack | GuardAction::Kill, None) => "took the rollout a stage back",
    };
    let act = match (kill, &rollout) {
        (Some(kill), _) => Some(format!("downhaul restore {}", kill.kill.id)),
        (None, Some(rollout)) => Some(format!("downhaul rollout resume {rollout}")),
        (None, None) => None,
    };
    let releases = runbooks(state, flag.as_str());
    let with_metrics: Vec<&String> = releases
        .iter()
        .filter(|key| state.releases.release(key).is_some_and(|known| !known.release.recovery.is_empty()))
        .collect();
    let over = if !with_metrics.is_empty() {
        let shown: Option<Vec<String>> = with_metrics.iter().map(|key| around.recovered.get(*key).cloned()).collect();
        shown.map(|shown| shown.join("; "))
    } else if around.fleet.iter().any(|state| state.flag.as_deref() == Some(flag.as_str())) {
        None
    } else {
        Some("every client has it, and no breaker of the flag is open; no recovery metric is named".to_owned())
    };
    let message = format!("guard `{guard}` of `{flag}` {did}: {}", acted.touch.reason);
    let made = Cause {
        guard: Some(guard.clone()),
        revision: Some(revision),
        look: match guard.as_str() {
            automatic::FLEET_BREAKER => format!("downhaul breakers {flag}"),
            _ => format!("downhaul guards show {flag} {guard}"),
        },
        act,
        happened: true,
        over,
        ..cause("guard-acted", &format!("{flag}/{guard}/{revision}"), message, acted.touch.at.clone())
    };
    Some(of_flag(around, flag.as_str(), made))
}

fn suspected(around: &Surroundings<'_>, suspicion: &Suspicion) -> Cause {
    let Suspicion { flag, guard, words, since } = suspicion;
    let message = format!("guard `{guard}` of `{flag}` would have acted, were it not on a dry run: {words}");
    let made = Cause {
        guard: Some(guard.clone()),
        look: format!("downhaul guards show {flag} {guard}"),
        act: Some(format!("downhaul kill {flag} --reason '…'")),
        ..cause("guard-would-have", &format!("{flag}/{guard}"), message, since.clone())
    };
    of_flag(around, flag, made)
}

const PANIC: &str = "panic";
const BUDGET: &str = "budget";

/// Flags fail together: what they share is at fault, and no kill mends it.
fn panic(around: &Surroundings<'_>) -> Option<Cause> {
    let PanicView { since, guarded, failing } = around.panic?;
    let message = format!(
        "{} of {guarded} guarded flags fail at once: what they share is at fault; nothing is killed by itself, and \
         rollouts are paused",
        failing.len()
    );
    let mut also = vec![format!("failing: {}", failing.join(", "))];
    also.extend(withheld_for(around, PANIC));
    Some(Cause { also, look: "downhaul breakers".to_owned(), ..cause(PANIC, "", message, since.clone()) })
}

/// So many kills were made by themselves that the policy allows no more, and there would have been more.
fn spent(around: &Surroundings<'_>) -> Option<Cause> {
    let first =
        around.withheld.iter().filter(|withheld| withheld.why == BUDGET).map(|withheld| &withheld.since).min()?;
    let policy = &around.state.policy.automatic;
    let message = format!(
        "{} kills were made by themselves within {} s, which is all that the policy allows, and more were wanted: a \
         detector may be wrong, or somebody has to kill",
        policy.kills.get(),
        policy.seconds.get()
    );
    let look = "downhaul breakers".to_owned();
    let also = withheld_for(around, BUDGET).collect();
    Some(Cause { also, look, ..cause("automatic-spent", "", message, first.clone()) })
}

fn withheld_for<'a>(around: &Surroundings<'a>, why: &'a str) -> impl Iterator<Item = String> + use<'a> {
    let withheld = around.withheld.iter().filter(move |withheld| withheld.why == why);
    withheld.map(|WithheldView { flag, by, .. }| format!("`{by}` of `{flag}` did not kill"))
}

/// What concerns that flag alone; what concerns all of them is one alarm.
fn not_killed(around: &Surroundings<'_>, withheld: &WithheldView) -> Option<Cause> {
    let WithheldView { flag, by, why, words, since } = withheld;
    if [PANIC, BUDGET].contains(&why.as_str()) {
        return None;
    }
    let message = format!("guard `{by}` of `{flag}` did not kill, and somebody has to look: {words}");
    let made = Cause {
        guard: Some(by.clone()),
        look: format!("downhaul breakers {flag}"),
        act: Some(format!("downhaul kill {flag} --reason '…'")),
        ..cause("kill-withheld", &format!("{flag}/{by}"), message, since.clone())
    };
    Some(of_flag(around, flag, made))
}

/// There is no backup, or none that is new enough, where the policy says how old one may be.
fn backup(around: &Surroundings<'_>) -> Option<Cause> {
    let hours = around.state.policy.backup_hours?.get();
    let Backups { taken, failed } = around.backups?;
    let at = taken.as_deref().and_then(time::from_text);
    let failed = failed.as_ref().filter(|(failed, _)| time::from_text(failed) > at);
    let is_old = at.is_none_or(|at| around.now.duration_since(at) > SignedDuration::from_hours(i64::from(hours)));
    let (about, message, since) = match (failed, taken) {
        (Some((failed, why)), _) => ("backup-failed", format!("the last backup failed: {why}"), failed.clone()),
        (None, Some(taken)) if is_old => {
            let due = at.and_then(|at| at.checked_add(SignedDuration::from_hours(i64::from(hours))).ok());
            let message = format!("the last backup was taken at {taken}, more than {hours} h ago");
            ("backup-missed", message, time::to_text(due.unwrap_or(around.now)))
        }
        (None, None) => {
            let message = "no backup was ever taken, as far as is known here".to_owned();
            ("backup-missed", message, time::to_text(around.now))
        }
        (None, Some(_)) => return None,
    };
    let act = Some("downhaul backup create FILE --data DIR".to_owned());
    Some(Cause { look: "downhaul backup --help".to_owned(), act, ..cause(about, "", message, since) })
}

/// A rollback that a person has to help along, or that has taken longer than the release says.
fn late(around: &Surroundings<'_>, run: &Run) -> Option<Cause> {
    if run.purpose != Purpose::Rollback || run.is_ended() {
        return None;
    }
    let objective = SignedDuration::from_secs(i64::from(run.subject.objective_seconds()));
    let due = run.began.checked_add(objective).unwrap_or(Timestamp::MAX);
    let key = run.subject.key();
    let (about, message, since) = match &run.phase {
        Phase::Held { step, why } => {
            let since = run.steps.get(*step).and_then(|step| step.ended).unwrap_or(run.began);
            (
                "rollback-held",
                format!("the rollback of {key} ({}) is held at step {}: {why}", run.id(), step + 1),
                since,
            )
        }
        _ if around.now >= due => {
            let seconds = run.subject.objective_seconds();
            ("rollback-late", format!("the rollback of {key} ({}) takes longer than its {seconds} s", run.id()), due)
        }
        _ => return None,
    };
    let release = run.subject.release();
    Some(Cause {
        owner: release.map(|release| release.owner.clone()).filter(|owner| !owner.is_empty()),
        look: format!("downhaul runs show {}", run.id()),
        act: Some(format!("downhaul rollback {key} --resume")),
        runbooks: vec![key.to_owned()],
        ..cause(about, key, message, time::to_text(since))
    })
}

/// Rollouts that stay where they are since a gate or a guard says so, or nothing is told.
fn held(around: &Surroundings<'_>) -> Vec<Cause> {
    let mut found = Vec::new();
    for rollout in around.state.rollouts.going_on() {
        let Some(held) = rollout.held.last() else { continue };
        let (id, flag) = (rollout.id(), rollout.rollout.flag.as_str());
        let message = format!("the rollout {id} of `{flag}` does not go on: {}", held.why);
        let made = Cause {
            look: format!("downhaul rollout show {id}"),
            act: Some(format!("downhaul rollout pause {id}")),
            ..cause("rollout-held", flag, message, held.touch.at.clone())
        };
        found.push(of_flag(around, flag, made));
    }
    found
}

/// States of the fleet that last, as far as it is not only claimed.
fn of_fleet(around: &Surroundings<'_>, state: &FleetState) -> Option<Cause> {
    let after_seconds = match state.kind {
        FleetStateKind::OscillatingFlag => 0,
        _ if state.trusted == 0 => return None,
        FleetStateKind::PartlyDark
        | FleetStateKind::BreakersOpen
        | FleetStateKind::ClientsRefusing
        | FleetStateKind::StaleClients
        | FleetStateKind::SilentRegion => 60,
        FleetStateKind::MixedRevisions => 120,
        FleetStateKind::RolledBackRelease => 300,
        FleetStateKind::KilledInRegions
        | FleetStateKind::CachesLagging
        | FleetStateKind::MixedReleases
        | FleetStateKind::OscillatingClients
        | FleetStateKind::Other => return None,
    };
    let of = state.id.split_once('/').map_or("", |(_, of)| of);
    let made = Cause {
        look: "downhaul status".to_owned(),
        act: state.command.clone().filter(|command| !command.starts_with("downhaul status")),
        after_seconds,
        runbooks: state.release.iter().cloned().collect(),
        ..cause(state.kind.as_str(), of, state.words.clone(), state.since.clone())
    };
    Some(match &state.flag {
        Some(flag) => of_flag(around, flag, made),
        None => made,
    })
}

/// The heartbeat flag does not reach everyone: a kill would not, either.
fn missed(around: &Surroundings<'_>) -> Option<Cause> {
    let beats = around.heartbeat.beats.get(..MISSED)?;
    let first = beats.last()?;
    if !beats.iter().all(|beat| beat.missing > 0) {
        return None;
    }
    let newest = around.heartbeat.beats.first()?;
    let message =
        format!("the last {MISSED} heartbeats did not reach everyone: {} clients missed the newest", newest.missing);
    let look = "downhaul heartbeat".to_owned();
    Some(Cause { look, ..cause("heartbeat-missed", "", message, first.at.clone()) })
}

/// The heartbeat flag reaches everyone, and takes too long: so would a kill.
fn slow(around: &Surroundings<'_>) -> Option<Cause> {
    let limit = around.state.policy.heartbeat.as_ref()?.p99_ms?.get();
    let beats = around.heartbeat.beats.get(..MISSED)?;
    let (newest, first) = (beats.first()?, beats.last()?);
    if !beats.iter().all(|beat| beat.p99_ms.is_some_and(|ms| ms > f64::from(limit))) {
        return None;
    }
    let took = newest.p99_ms.unwrap_or_default();
    let message = format!(
        "the last {MISSED} heartbeats took longer than {limit} ms for one client in a hundred: {took:.0} ms the newest"
    );
    let look = "downhaul heartbeat".to_owned();
    Some(Cause { look, ..cause("heartbeat-slow", "", message, first.at.clone()) })
}

/// What follows from another cause is part of it: of the same flag, of the same release, or of clients that are silent.
fn one_for_one(found: Vec<Cause>) -> Vec<Cause> {
    const ROOTS: [&str; 11] = [
        "log-not-writable",
        PANIC,
        "automatic-spent",
        "guard-acted",
        "kill-withheld",
        "rollback-held",
        "rollback-late",
        "guard-would-have",
        "partly-dark",
        "breakers-open",
        "rollout-held",
    ];
    let rank = |cause: &Cause| ROOTS.iter().position(|root| *root == cause.about).unwrap_or(ROOTS.len());
    let of_silence = ["stale-clients", "silent-region"];
    let mut roots: Vec<Cause> = Vec::new();
    let mut sorted = found;
    sorted.sort_by_key(|cause| (rank(cause), !of_silence.contains(&cause.about.as_str())));
    for cause in sorted {
        let follows = |root: &&mut Cause| {
            // What happened is told for itself, even where something else happened to the same flag.
            let same_flag = cause.flag.is_some() && root.flag == cause.flag && !cause.happened;
            let same_release = cause.about == "rolled-back-release" && root.runbooks == cause.runbooks;
            let silent = of_silence.contains(&root.about.as_str())
                && ["mixed-revisions", "heartbeat-missed", "heartbeat-slow"].contains(&cause.about.as_str());
            // Rollouts are paused for it, and open breakers are how it shows.
            let of_panic = root.about == PANIC && ["breakers-open", "rollout-held"].contains(&cause.about.as_str());
            root.over.is_none() && (same_flag || same_release || silent || of_panic)
        };
        match roots.iter_mut().find(follows) {
            Some(root) => {
                root.also.push(cause.message);
                root.covers.push(cause.id);
            }
            None => roots.push(cause),
        }
    }
    roots
}
