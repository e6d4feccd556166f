use super::{Names, name};
use crate::api::{MigrationFleet, MigrationPage, MigrationView, MigrationWay, Obstacle, PhaseCounts};
use crate::describe;
use crate::migration::{Evidence, MigrationStep, fleet_obstacles, needs_old, obstacles};
use crate::refusal::Refusal;
use crate::state::State;
use downhaul_core::document::Flag;
use downhaul_core::phase::Phase;

/// Every data change of the environment. `seen` is what a roster knows of it, and what clients have counted.
pub fn migrations(
    state: &State,
    names: &Names,
    seen: impl Fn(&Flag) -> (MigrationFleet, Vec<PhaseCounts>),
) -> MigrationPage {
    let phased = state.flag_set.flags.iter().filter(|flag| flag.phase.is_some());
    let migrations = phased.filter_map(|flag| migration(state, flag, names, seen(flag)));
    MigrationPage { position: state.position(), migrations: migrations.collect() }
}

/// How a data change stands, which steps it can take, and what is in their way. `None` where the flag has no phase.
pub fn migration(
    state: &State,
    flag: &Flag,
    names: &Names,
    (mut fleet, counts): (MigrationFleet, Vec<PhaseCounts>),
) -> Option<MigrationView> {
    let phase = flag.phase?;
    let known = state.migrations.get(&flag.key)?;
    let way = |to: Phase| {
        let step = MigrationStep {
            flag: flag.key.clone(),
            from: phase,
            to,
            hold_for: None,
            cohort: None,
            evidence: Evidence::default(),
            counted: counts.iter().filter(|counts| counts.phase == phase).cloned().collect(),
        };
        let mut found = obstacles(state, &step);
        found.extend(fleet_obstacles(state, &step, &fleet));
        MigrationWay { to, does: to.words().to_owned(), obstacles: found.into_iter().map(obstacle).collect() }
    };
    let (forward, back) = (phase.next().map(way), phase.before().map(way));
    for release in &mut fleet.releases {
        release.needs_old = needs_old(state, flag, release);
    }
    Some(MigrationView {
        position: state.position(),
        flag: flag.key.to_string(),
        phase,
        does: phase.words().to_owned(),
        serving: describe::flag_state(&state.flag_set, flag.key.as_str()),
        complete: flag.ruled().iter().all(|variant| variant.as_str() == phase.name()),
        came_from: known.from,
        since: known.stepped.at.clone(),
        by: name(names, &known.stepped.actor),
        reason: known.stepped.reason.clone(),
        revision: known.stepped.revision,
        evidence: known.evidence.clone(),
        kill: describe::kill_effect(flag),
        kills: state.kills_of(flag.key.as_str()).map(|kill| kill.kill.id.clone()).collect(),
        old_lacks: known.old_lacks,
        forward_fix: flag.forward_fix.clone(),
        forward,
        back,
        fleet,
        counts,
    })
}

fn obstacle(refusal: Refusal) -> Obstacle {
    Obstacle { code: refusal.code.as_str().to_owned(), message: refusal.message, help: refusal.help }
}
