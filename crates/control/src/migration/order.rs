use super::MigrationStep;
use super::step::{is_held, variant};
use crate::heartbeat;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use downhaul_core::document::Flag;
use downhaul_core::ids::FlagKey;
use downhaul_core::phase::{Phase, Shape};
use std::cmp::Ordering;

/// Longest evidence, in bytes.
const TEXT: usize = 2000;

/// # Errors
/// The first of [`obstacles`], or that the flag is not held before a step forward.
pub fn check(state: &State, step: &MigrationStep) -> Result<(), Refusal> {
    if let Some(first) = obstacles(state, step).into_iter().next() {
        return Err(first);
    }
    let is_held = state.flag_set.flag(step.flag.as_str()).is_some_and(is_held);
    if is_held || step.to <= step.from {
        return Ok(());
    }
    Err(order(
        format!("a kill still leads `{}` back from `{}`", step.flag, step.from.name()),
        "hold it there first, until every client knows: `downhaul migration advance` does both",
    ))
}

/// What is in the way of a step, as far as the state says. The order in which to clear them away is that of the list.
pub fn obstacles(state: &State, step: &MigrationStep) -> Vec<Refusal> {
    let Some(flag) = state.flag_set.flag(step.flag.as_str()) else {
        let known = state.flag_set.flags.iter().map(|flag| flag.key.as_str());
        return vec![crate::decide::unknown("flag", step.flag.as_str(), known)];
    };
    let Some(phase) = flag.phase else { return vec![no_phase(flag)] };
    if phase != step.from {
        return vec![Refusal::new(
            RefusalCode::ChangedSince,
            format!("`{}` is at `{}`, not at `{}` any more", flag.key, phase.name(), step.from.name()),
            format!("look at it again: `downhaul migration show {}`", flag.key),
        )];
    }
    let mut found = Vec::new();
    match step.to.cmp(&step.from) {
        Ordering::Equal => same(&mut found, state, flag, step),
        Ordering::Greater if step.from.next() == Some(step.to) => forward(&mut found, state, flag, step),
        Ordering::Less if step.from == Phase::Contract => found.push(no_return(flag)),
        Ordering::Less if step.from.before() == Some(step.to) => back(&mut found, state, flag, step),
        Ordering::Greater | Ordering::Less => found.push(skipped(flag, step)),
    }
    found.extend(too_long(step));
    found
}

fn order(message: String, help: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::PhaseOrder, message, help)
}

fn evidence(message: String, help: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::MissingEvidence, message, help)
}

fn no_phase(flag: &Flag) -> Refusal {
    order(
        format!("`{}` has no phase", flag.key),
        "only a `migration` with a `phase` takes steps; a new one begins with `\"phase\": \"expand\"`",
    )
}

fn no_return(flag: &Flag) -> Refusal {
    let fix = flag.forward_fix.as_deref().unwrap_or("none was written down");
    order(
        format!("`{}` is at `contract`, and from there is no way back: the old shape is gone", flag.key),
        format!("forward fix: {fix}"),
    )
}

fn skipped(flag: &Flag, step: &MigrationStep) -> Refusal {
    let near = [step.from.before(), step.from.next()].into_iter().flatten();
    let near: Vec<String> = near.map(|phase| format!("`{}`", phase.name())).collect();
    order(
        format!(
            "`{}` goes from `{}` to {} only, not to `{}`",
            flag.key,
            step.from.name(),
            near.join(" or "),
            step.to.name()
        ),
        "one step at a time: clients two phases apart would not find what the others write",
    )
}

fn too_long(step: &MigrationStep) -> Option<Refusal> {
    let (name, text) =
        step.evidence.texts().into_iter().find(|(_, text)| text.is_some_and(|text| text.len() > TEXT))?;
    let size = text.map_or(0, String::len);
    let message = format!("`{name}` has {size} bytes, more than {TEXT}");
    Some(Refusal::new(RefusalCode::Invalid, message, "put the long form behind a link"))
}

fn same(found: &mut Vec<Refusal>, state: &State, flag: &Flag, step: &MigrationStep) {
    if let Some(next) = step.hold_for {
        if step.from.next() != Some(next) || step.cohort.is_some() {
            found.push(order(
                format!("`{}` is held at `{}` for the next phase and for everyone", flag.key, step.from.name()),
                "ask for the step itself; the hold comes by itself",
            ));
        }
        return;
    }
    if step.cohort.is_none() {
        return;
    }
    let came_back = state.migrations.get(&flag.key).is_some_and(|migration| migration.came_back_to(step.to));
    if came_back {
        found.push(order(
            format!("`{}` came back to `{}`, and everyone is there", flag.key, step.to.name()),
            format!("give a cohort with the next step forward: `downhaul migration advance {}`", flag.key),
        ));
    }
    found.extend(no_cohort(flag, step.to));
}

/// Where there is nothing before, or nothing beside.
fn no_cohort(flag: &Flag, to: Phase) -> Option<Refusal> {
    match to {
        Phase::Expand | Phase::Contract => Some(order(
            format!("`{}` is at `{}` for everyone at once, or for nobody", flag.key, to.name()),
            "leave the cohort out",
        )),
        _ => None,
    }
}

fn forward(found: &mut Vec<Refusal>, state: &State, flag: &Flag, step: &MigrationStep) {
    let MigrationStep { from, to, evidence: said, .. } = step;
    if step.cohort.is_some() {
        found.extend(no_cohort(flag, *to));
    }
    let mut kills = state.kills_of(flag.key.as_str()).map(|kill| &kill.kill.id);
    if let Some(kill) = kills.find(|kill| !heartbeat::is_beat(kill)) {
        found.push(Refusal::new(
            RefusalCode::StillKilled,
            format!("`{}` is killed by `{kill}`, and whom that reaches is at `{}`", flag.key, flag.degraded.variant),
            format!(
                "restore it first (`downhaul restore {kill}`), or make it lasting: `downhaul migration back {}`",
                flag.key
            ),
        ));
    }
    found.extend(elsewhere(flag, *from));
    if *to == Phase::ReadNew && said.backfilled.is_none() {
        found.push(evidence(
            format!("nobody says that what `{}` held before is in the new shape", flag.key),
            "copy it, compare it, and say what was done: `--backfilled \"job 4711: 1 204 311 rows, none differ\"`",
        ));
    }
    if *to == Phase::Contract {
        if said.snapshot.is_none() {
            found.push(evidence(
                format!(
                    "`contract` is the point of no return for `{}`, and no snapshot of the old shape is named",
                    flag.key
                ),
                "take one, try to restore it, and name it: `--snapshot s3://backups/orders-2026-11-24`",
            ));
        }
        if said.forward_fix.is_none() && flag.forward_fix.is_none() {
            found.push(evidence(
                format!("nobody says what is done once `{}` cannot go back", flag.key),
                "say it in `--forward-fix`, or in the flag's `forward_fix`; every kill and rollback will show it",
            ));
        }
    }
    found.extend(differs(flag, step));
}

fn back(found: &mut Vec<Refusal>, state: &State, flag: &Flag, step: &MigrationStep) {
    let MigrationStep { from, to, evidence: said, .. } = step;
    if step.cohort.is_some() {
        found.push(order(
            format!("`{}` goes back for everyone at once", flag.key),
            "leave the cohort out; a kill with a scope takes a part of them back",
        ));
    }
    let turns = from.reads() == Shape::New && to.reads() == Shape::Old;
    let lacks = state.migrations.get(&flag.key).is_some_and(|migration| migration.old_lacks);
    let failed: u64 =
        step.counted.iter().filter(|counts| counts.is_trusted()).map(|counts| counts.write_old.errors).sum();
    if turns && said.refilled.is_none() && (lacks || failed > 0) {
        let why = if lacks {
            "the old shape was left alone in `stop-old-writes`, and lacks what was written meanwhile".to_owned()
        } else {
            format!("{failed} writes to the old shape failed since, and it lacks them")
        };
        found.push(evidence(
            format!("in `{}` `{}` would read the old shape, but {why}", to.name(), flag.key),
            "copy it back, and say what was done: `--refilled \"job 4712: 311 rows\"`",
        ));
    }
}

/// Clients have counted that the two shapes are not the same, or that one could not be written.
fn differs(flag: &Flag, step: &MigrationStep) -> Option<Refusal> {
    if !matches!(step.to, Phase::ReadNew | Phase::StopOldWrites) || step.evidence.accepted.is_some() {
        return None;
    }
    let trusted = || step.counted.iter().filter(|counts| counts.is_trusted());
    let differ: u64 = trusted().map(|counts| counts.mismatches).sum();
    let failed: u64 = trusted().map(|counts| counts.second_write_errors()).sum();
    let mut parts = Vec::new();
    if differ > 0 {
        let compared: u64 = trusted().map(|counts| counts.compared).sum();
        parts.push(format!("{differ} of {compared} compared reads differ"));
    }
    if failed > 0 {
        parts.push(format!("{failed} second writes failed"));
    }
    (!parts.is_empty()).then(|| {
        Refusal::new(
            RefusalCode::DataDiffers,
            format!("at `{}` of `{}` {}", step.from.name(), flag.key, parts.join(" and ")),
            "mend the data, then say why the count is no obstacle: `--accept \"repaired by job 4713\"`",
        )
    })
}

/// Someone is served another phase than this one, a step down aside.
fn elsewhere(flag: &Flag, phase: Phase) -> Option<Refusal> {
    let phase_variant = variant(phase);
    let served = flag.ruled().into_iter().find(|served| Some(*served) != phase_variant.as_ref())?;
    Some(order(
        format!("some are still served `{served}` of `{}`, which is at `{}`", flag.key, phase.name()),
        format!("give everyone `{}` first: `downhaul migration advance {}`", phase.name(), flag.key),
    ))
}

/// What another definition may do to a data change: nothing to its phase.
pub(crate) fn check_put(state: &State, flag: &Flag) -> Result<(), Refusal> {
    let before = state.flag_set.flag(flag.key.as_str()).and_then(|before| before.phase);
    match (before, flag.phase) {
        (None, None | Some(Phase::Expand)) => Ok(()),
        (None, Some(phase)) => Err(order(
            format!("`{}` begins at `expand`, not at `{}`", flag.key, phase.name()),
            format!("write `\"phase\": \"expand\"`, then `downhaul migration advance {}` step by step", flag.key),
        )),
        (Some(phase), None) => Err(order(
            format!("`{}` is at `{}`, and its definition has no `phase`", flag.key, phase.name()),
            format!("write `\"phase\": \"{}\"`; at `expand` and at `contract` the flag can be retired", phase.name()),
        )),
        (Some(was), Some(is)) if was != is => Err(order(
            format!("`{}` is at `{}`, and its definition says `{}`", flag.key, was.name(), is.name()),
            format!(
                "a definition never moves a data change: write `\"phase\": \"{}\"`, and take steps with `downhaul migration`",
                was.name()
            ),
        )),
        (Some(_), Some(phase)) => check_came_back(state, flag, phase),
    }
}

/// After a step back some clients may still be ahead: then nothing leads further down.
fn check_came_back(state: &State, flag: &Flag, phase: Phase) -> Result<(), Refusal> {
    if !state.migrations.get(&flag.key).is_some_and(|migration| migration.came_back_to(phase)) {
        return Ok(());
    }
    let phase_variant = variant(phase);
    let served = flag.ruled().into_iter().chain([&flag.degraded.variant]);
    match served.into_iter().find(|served| Some(*served) != phase_variant.as_ref()) {
        None => Ok(()),
        Some(other) => Err(order(
            format!("`{}` came back to `{}`, and would serve `{other}`", flag.key, phase.name()),
            format!(
                "serve `{0}` to everyone, by its degraded variant too: clients may still be a phase ahead of `{0}`",
                phase.name()
            ),
        )),
    }
}

/// Where clients that no longer find the flag would go by their own fallback.
pub(crate) fn check_retire(state: &State, key: &FlagKey) -> Result<(), Refusal> {
    let phase = state.flag_set.flag(key.as_str()).and_then(|flag| flag.phase);
    match phase {
        None | Some(Phase::Expand | Phase::Contract) => Ok(()),
        Some(phase) => Err(order(
            format!(
                "`{key}` is at `{}`, and clients that no longer find it would go by their own fallback",
                phase.name()
            ),
            "take it to `contract`, or back to `expand`, and retire it there",
        )),
    }
}
