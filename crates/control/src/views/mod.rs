//! The state of an environment as the API shows it.

mod break_glass;
mod drills;
mod hygiene;
mod migrations;
mod people;
mod proposals;
mod releases;
mod rollouts;

pub use break_glass::break_glass_keys;
pub use drills::{drill, drills, drills_due};
pub use hygiene::{retirement, stale};
pub use migrations::{migration, migrations};
pub use people::{people, person, token, tokens};
pub use proposals::{proposal, proposals};
pub use releases::{release, releases, run, runs};
pub use rollouts::{rollout, rollouts};

use crate::api::{
    ChangeView, EnvironmentView, FlagPage, FlagSummary, FlagView, FreezeView, Frozen, KillPage, KillView, LandedView,
    Progress, Restored,
};
use crate::change::Record;
use crate::command::Command;
use crate::describe;
use crate::state::{KillState, State, Touch};
use downhaul_core::document::{Flag, Until};
use std::collections::BTreeMap;

/// Names of actors by id, where they are known.
pub type Names = BTreeMap<String, String>;

/// `live` is the number of live instances.
pub fn environment(state: &State, live: usize) -> EnvironmentView {
    EnvironmentView {
        key: state.environment().to_string(),
        position: state.position(),
        flags: state.flag_set.flags.len(),
        kills: state.flag_set.kills.len(),
        live,
    }
}

/// Whether and why nothing changes but by kills and restores.
pub fn freeze(state: &State, names: &Names) -> FreezeView {
    let frozen = |touch: &Touch| Frozen {
        at: touch.at.clone(),
        by: name(names, &touch.actor),
        reason: touch.reason.clone(),
        revision: touch.revision,
    };
    FreezeView { position: state.position(), frozen: state.frozen.as_ref().map(frozen) }
}

/// `today` is `YYYY-MM-DD`.
pub fn flags(state: &State, today: &str) -> FlagPage {
    FlagPage {
        position: state.position(),
        flags: state.flag_set.flags.iter().map(|flag| flag_summary(state, flag, today)).collect(),
        retired: state.flag_set.retired.keys().map(ToString::to_string).collect(),
    }
}

/// `last_change` is the record of the revision that last touched the flag. `None` if there is no such flag.
pub fn flag(
    state: &State,
    key: &str,
    today: &str,
    names: &Names,
    last_change: Option<&Record>,
    progress: impl Fn(&str) -> Option<Progress>,
) -> Option<FlagView> {
    let flag = state.flag_set.flag(key)?;
    Some(FlagView {
        position: state.position(),
        summary: flag_summary(state, flag, today),
        flag: serde_json::to_value(flag).unwrap_or_default(),
        kills: state.kills_of(key).map(|each| kill(state, each, names, progress(&each.kill.id))).collect(),
        degrades_with: state.degrades_with(key).into_iter().map(ToString::to_string).collect(),
        last_change: last_change.map(|record| change(state, record, names)),
        last_drill: state.releases.last_drill_of_flag(key).map(|drill| drills::last(&drill, names)),
        last_independent_drill: state
            .releases
            .last_independent_drill_of_flag(key)
            .map(|drill| drills::last(&drill, names)),
    })
}

fn flag_summary(state: &State, flag: &Flag, today: &str) -> FlagSummary {
    let key = flag.key.as_str();
    let (until, is_review) = match &flag.until {
        Until::Expires(date) => (date, false),
        Until::Review(date) => (date, true),
    };
    let touch = state.touched.get(&flag.key);
    FlagSummary {
        key: key.to_owned(),
        description: flag.description.clone(),
        owner: flag.owner.clone(),
        kind: flag.kind,
        critical: flag.critical,
        clients: flag.clients.clone(),
        state: describe::state_of(&state.flag_set, key),
        serving: describe::flag_state(&state.flag_set, key),
        variants: flag.variants.iter().map(|(variant, _)| variant.to_string()).collect(),
        degraded_variant: flag.degraded.variant.to_string(),
        degraded_meaning: flag.degraded.meaning.clone(),
        until: until.clone(),
        rollout: state.rollouts.of_flag(key).map(|rollout| rollout.id()),
        is_review,
        // Dates of this form compare as text.
        overdue: until.as_str() < today,
        kills: state.kills_of(key).map(|kill| kill.kill.id.clone()).collect(),
        dependents: state.dependents(key).into_iter().map(ToString::to_string).collect(),
        changed_revision: touch.map_or(0, |touch| touch.revision),
        changed_at: touch.map(|touch| touch.at.clone()).unwrap_or_default(),
    }
}

/// Kills in force, newest first.
pub fn kills(state: &State, names: &Names, progress: impl Fn(&str) -> Option<Progress>) -> KillPage {
    let in_force = state.flag_set.kills.iter().rev().filter_map(|kill| state.kill(&kill.id));
    KillPage {
        position: state.position(),
        kills: in_force.map(|each| kill(state, each, names, progress(&each.kill.id))).collect(),
    }
}

pub fn kill(state: &State, kill: &KillState, names: &Names, progress: Option<Progress>) -> KillView {
    let scope = describe::scope_of(&kill.kill.scope);
    let flag = state.flag_set.flag(kill.kill.flag.as_str());
    KillView {
        id: kill.kill.id.clone(),
        flag: kill.kill.flag.to_string(),
        scope_text: describe::scope_words(&scope),
        scope,
        reason: kill.kill.reason.clone(),
        by: name(names, &kill.kill.by),
        at: kill.kill.at.clone(),
        incident: kill.kill.incident.clone(),
        effect: kill.effect.clone(),
        degraded_variant: flag.map(|flag| flag.degraded.variant.to_string()).unwrap_or_default(),
        forward_fix: flag.and_then(Flag::only_forward).map(str::to_owned),
        position: state.position_of(kill),
        restored: kill.restored.as_ref().map(|touch| restored(touch, names)),
        progress,
    }
}

/// A change as people read it. `state` is any state from the change on.
pub fn change(state: &State, record: &Record, names: &Names) -> ChangeView {
    let change = record.change();
    let (kill, incident) = match &change.command {
        Command::Kill { kill } => (Some(kill.id.clone()), kill.incident.clone()),
        Command::Restore { id } => (Some(id.clone()), state.kill(id).and_then(|kill| kill.kill.incident.clone())),
        _ => (None, None),
    };
    ChangeView {
        revision: change.revision,
        at: change.at.clone(),
        actor: change.actor.clone(),
        actor_name: names.get(&change.actor).cloned(),
        reason: change.reason.clone(),
        kind: change.command.name().to_owned(),
        summary: describe::by_name(state, change, names),
        flag: change.impact.flag.clone(),
        kill,
        incident,
        impact: change.impact.clone(),
        landed: change.landed.as_ref().map(|landed| LandedView {
            proposal: crate::proposal::id(landed.proposal),
            author: name(names, &landed.author),
            approvers: landed.approvals.iter().map(|approved| name(names, &approved.actor)).collect(),
        }),
        prev: change.prev.to_string(),
        hash: record.hash().to_string(),
        record: record.to_json(),
    }
}

fn restored(touch: &Touch, names: &Names) -> Restored {
    Restored {
        at: touch.at.clone(),
        by: name(names, &touch.actor),
        reason: touch.reason.clone(),
        revision: touch.revision,
    }
}

fn name(names: &Names, actor: &str) -> String {
    names.get(actor).cloned().unwrap_or_else(|| actor.to_owned())
}
