use super::MigrationStep;
use crate::api::{MigrationFleet, MigrationRelease, Position};
use crate::command::Command;
use crate::proposal::Named;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use downhaul_core::document::Flag;
use downhaul_core::phase::Phase;

/// Releases that are named in a refusal.
const NAMED: usize = 5;

/// Whether the clients are where a step needs them; of any other command nothing is asked.
///
/// # Errors
/// The first of [`fleet_obstacles`].
pub fn check_fleet(state: &State, command: &Command, fleet: &MigrationFleet) -> Result<(), Refusal> {
    match command {
        Command::Migrate { step } => fleet_obstacles(state, step, fleet).into_iter().next().map_or(Ok(()), Err),
        _ => Ok(()),
    }
}

/// What is in the way of a step, as far as a roster knows. A kill, and the step that undoes the last one, wait for nobody.
pub fn fleet_obstacles(state: &State, step: &MigrationStep, fleet: &MigrationFleet) -> Vec<Refusal> {
    let Some(flag) = state.flag_set.flag(step.flag.as_str()) else { return Vec::new() };
    let undoes_last = state.migrations.get(&flag.key).is_some_and(|migration| migration.from == Some(step.to));
    let to = step.hold_for.unwrap_or(step.to);
    if step.from == to {
        return Vec::new();
    }
    let mut found = Vec::new();
    if !undoes_last {
        found.extend(settling(fleet));
    }
    // A hold is what they are then asked to acknowledge.
    if !undoes_last && step.hold_for.is_none() {
        found.extend(behind(flag, step, fleet));
    }
    if to > step.from {
        found.extend(fallbacks(flag, to, fleet));
    }
    if to == Phase::Contract {
        found.extend(old_needed(state, flag, fleet));
    }
    found
}

/// The change that every client has to have before a step that makes a new pair: the last one of the definition. Kills are
/// not asked after, since of a flag that is held they change nothing.
pub fn since(state: &State, flag: &Flag) -> Position {
    let touch = state.defined(&Named::Flag(flag.key.clone()));
    Position { epoch: state.epoch, revision: touch.map_or(0, |touch| touch.revision), kill_revision: 0 }
}

fn settling(fleet: &MigrationFleet) -> Option<Refusal> {
    let seconds = fleet.settles_in_seconds.filter(|seconds| *seconds > 0)?;
    Some(Refusal::new(
        RefusalCode::FleetBehind,
        "the control plane has only just begun, and has not heard of every client yet",
        format!("try again in {seconds} s"),
    ))
}

/// Clients that may still be at the phase before, or have not heard of the flag.
fn behind(flag: &Flag, step: &MigrationStep, fleet: &MigrationFleet) -> Option<Refusal> {
    let late: Vec<&MigrationRelease> = fleet.releases.iter().filter(|release| release.behind > 0).collect();
    let count: usize = late.iter().map(|release| release.behind).sum();
    if count == 0 {
        return None;
    }
    let silent: usize = late.iter().map(|release| release.behind_silent).sum();
    let words = named(&late, |release| (release.behind, String::new()));
    let help = if silent > 0 {
        format!(
            "{silent} of them are not heard of: end them, or wait until they are forgotten, {} s after their last word",
            fleet.forget_seconds
        )
    } else {
        format!("they take it with their next word; see `downhaul migration show {}`", flag.key)
    };
    Some(Refusal::new(
        RefusalCode::FleetBehind,
        format!(
            "{count} {} not acknowledged the last change of `{}`, and may be more than a phase away from `{}`: {words}",
            if count == 1 { "client has" } else { "clients have" },
            flag.key,
            step.to.name()
        ),
        help,
    ))
}

/// What a client goes by that has no answer yet has to go together with where the others are.
fn fallbacks(flag: &Flag, to: Phase, fleet: &MigrationFleet) -> Option<Refusal> {
    let unfit: Vec<&MigrationRelease> =
        fleet.releases.iter().filter(|release| release.fallback.is_some_and(|own| !own.stands_in_for(to))).collect();
    if unfit.is_empty() {
        return None;
    }
    let words = named(&unfit, |release| {
        (release.instances, release.fallback.map(|own| format!(" falls back to `{}`", own.name())).unwrap_or_default())
    });
    let fitting: Vec<String> =
        Phase::ALL.into_iter().filter(|own| own.stands_in_for(to)).map(|own| format!("`{}`", own.name())).collect();
    Some(Refusal::new(
        RefusalCode::OldShapeNeeded,
        format!(
            "until it has an answer, a client would go by a phase of `{}` that does harm beside `{}`: {words}",
            flag.key,
            to.name()
        ),
        format!("put out a release whose fallback is {}", fitting.join(" or ")),
    ))
}

fn old_needed(state: &State, flag: &Flag, fleet: &MigrationFleet) -> Option<Refusal> {
    let needing: Vec<(&MigrationRelease, String)> =
        fleet.releases.iter().filter_map(|release| Some((release, needs_old(state, flag, release)?))).collect();
    if needing.is_empty() {
        return None;
    }
    let releases: Vec<&MigrationRelease> = needing.iter().map(|(release, _)| *release).collect();
    let why = |release: &MigrationRelease| {
        let why = needing.iter().find(|(other, _)| *other == release).map(|(_, why)| why.as_str()).unwrap_or_default();
        (release.instances, format!(" {why}"))
    };
    Some(Refusal::new(
        RefusalCode::OldShapeNeeded,
        format!("connected releases still need the old shape of `{}`, or may: {}", flag.key, named(&releases, why)),
        "put out a release that does without; name those that it does not concern in the flag's `unaffected`, or say in \
         a release's document what its artifact needs",
    ))
}

/// Why a release needs the old shape, or may; `None` where it is known to do without.
///
/// First counts what the document of the release says, then what its code says of itself, then the flag's `unaffected`.
/// Of whom nothing is known the worst is assumed.
pub fn needs_old(state: &State, flag: &Flag, release: &MigrationRelease) -> Option<String> {
    let name = release.release.as_deref().unwrap_or_default();
    let document = state.releases.release(name).filter(|known| known.retired.is_none());
    let said = document
        .and_then(|known| known.release.migrations.iter().find(|migration| migration.name == flag.key.as_str())?.needs);
    match (said, release.fallback) {
        (Some(downhaul_core::phase::Shape::Old), _) => Some("needs it, says its document".to_owned()),
        (Some(downhaul_core::phase::Shape::New), _) => None,
        (None, Some(own)) if own.needs_old() => Some(format!("falls back to `{}`", own.name())),
        (None, Some(_)) => None,
        (None, None) if is_unaffected(flag, name) => None,
        (None, None) => Some("has never asked for it".to_owned()),
    }
}

/// By the whole of its text, or by the name that it begins with.
fn is_unaffected(flag: &Flag, release: &str) -> bool {
    let name = release.split_whitespace().next().unwrap_or_default();
    !release.is_empty() && flag.unaffected.iter().any(|each| each == release || each == name)
}

/// `shop 2.4.0 (3 servers), reports 1.0 (1 edge) falls back to …`
fn named(releases: &[&MigrationRelease], about: impl Fn(&MigrationRelease) -> (usize, String)) -> String {
    let mut words: Vec<String> = releases
        .iter()
        .take(NAMED)
        .map(|release| {
            let (count, about) = about(release);
            let plural = if count == 1 { "" } else { "s" };
            let name = release.release.as_deref().map_or("no release named".to_owned(), |name| format!("`{name}`"));
            format!("{name} ({count} {} client{plural}){about}", release.kind.name())
        })
        .collect();
    if releases.len() > NAMED {
        words.push(format!("{} more", releases.len() - NAMED));
    }
    words.join(", ")
}
