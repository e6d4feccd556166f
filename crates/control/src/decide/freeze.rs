use crate::command::Command;
use crate::refusal::{Refusal, RefusalCode};
use crate::runbook::RunEvent;
use crate::state::{State, Touch};

pub(super) fn check_freeze(state: &State) -> Result<(), Refusal> {
    match &state.frozen {
        None => Ok(()),
        Some(touch) => Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("{} already", words(state, touch)),
            "there is nothing left to do; `downhaul unfreeze` lifts it",
        )),
    }
}

pub(super) fn check_unfreeze(state: &State) -> Result<(), Refusal> {
    match &state.frozen {
        Some(_) => Ok(()),
        None => Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("{} is not frozen", state.environment()),
            "there is nothing left to do",
        )),
    }
}

/// While it is frozen nothing changes that clients are given or may do, but by kills and restores.
pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    let Some(touch) = state.frozen.as_ref().filter(|_| is_stopped(command)) else { return Ok(()) };
    Err(Refusal::new(
        RefusalCode::Frozen,
        words(state, touch),
        "kills and restores go on; `downhaul unfreeze` lifts it",
    ))
}

fn is_stopped(command: &Command) -> bool {
    match command {
        Command::PutFlag { .. }
        | Command::RetireFlag { .. }
        | Command::Migrate { .. }
        | Command::PutSegment { .. }
        | Command::RemoveSegment { .. }
        | Command::PutTenant { .. }
        | Command::RemoveTenant { .. }
        | Command::PutRegions { .. }
        | Command::Apply { .. }
        | Command::CreateKey { .. }
        | Command::PutPolicy { .. } => true,
        // A stage, forward or back: a kill is the way down that goes on.
        Command::StartRollout { .. } => true,
        Command::Rollout { event, .. } => event.put().is_some(),
        // Practice can wait.
        Command::Run { event, .. } => matches!(**event, RunEvent::Called { .. }),
        // The way back, and who may go it, are needed most when something is wrong.
        Command::Kill { .. }
        | Command::Restore { .. }
        | Command::RevokeKey { .. }
        | Command::AddSigningKey { .. }
        | Command::UseSigningKey { .. }
        | Command::RevokeSigningKey { .. }
        | Command::AddBreakGlassKey { .. }
        | Command::RevokeBreakGlassKey { .. }
        | Command::RestoreBackup { .. }
        | Command::Freeze
        | Command::Unfreeze
        | Command::PutRelease { .. }
        | Command::RetireRelease { .. }
        | Command::Propose { .. }
        | Command::Amend { .. }
        | Command::Approve { .. }
        | Command::Reject { .. }
        | Command::Withdraw { .. }
        | Command::CreateToken { .. }
        | Command::RevokeToken { .. }
        | Command::GrantRole { .. }
        | Command::RevokeRole { .. } => false,
    }
}

fn words(state: &State, touch: &Touch) -> String {
    format!("{} is frozen since {} by {} (`{}`)", state.environment(), touch.at, touch.actor, touch.reason)
}
