use super::{Evidence, MigrationStep};
use crate::change::Change;
use crate::command::Command;
use crate::fold::touch;
use crate::state::{State, Touch};
use downhaul_core::phase::{Phase, Shape};

/// What is remembered of a data change beside its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// The phase before the last step; absent before the first.
    pub from: Option<Phase>,
    /// The last step, or its creation.
    pub stepped: Touch,
    /// What was said for it.
    pub evidence: Evidence,
    /// The old shape has been left alone, and not refilled since: it lacks what was written meanwhile.
    pub old_lacks: bool,
}

impl MigrationState {
    /// Whether the last step was one back from there, so that some may still be ahead.
    pub(super) fn came_back_to(&self, phase: Phase) -> bool {
        self.from.is_some_and(|from| from > phase)
    }
}

/// What a change of the flags' definitions leaves behind. The definitions themselves have changed already.
pub(crate) fn fold(state: &mut State, command: &Command, change: &Change) {
    match command {
        Command::Apply { commands } => commands.iter().for_each(|command| fold(state, command, change)),
        Command::PutFlag { flag } if flag.phase.is_some() => {
            state.migrations.entry(flag.key.clone()).or_insert_with(|| MigrationState {
                from: None,
                stepped: touch(change),
                evidence: Evidence::default(),
                old_lacks: false,
            });
        }
        Command::PutFlag { flag } => {
            state.migrations.remove(&flag.key);
        }
        Command::RetireFlag { key } => {
            state.migrations.remove(key);
        }
        Command::Migrate { step } => take(state, step, change),
        _ => {}
    }
}

fn take(state: &mut State, step: &MigrationStep, change: &Change) {
    let Some(migration) = state.migrations.get_mut(&step.flag) else { return };
    if step.from == step.to {
        return;
    }
    migration.from = Some(step.from);
    migration.stepped = touch(change);
    migration.evidence = step.evidence.clone();
    if step.to == Phase::StopOldWrites {
        migration.old_lacks = true;
    } else if step.to.reads() == Shape::Old && step.evidence.refilled.is_some() {
        migration.old_lacks = false;
    }
}
