use super::Judge;
use crate::automatic;
use crate::environment::{Environment, Urgency};
use crate::error::AppError;
use axum::http::StatusCode;
use downhaul_control::api::{KillRequest, KillScope, RolloutAct};
use downhaul_control::decide;
use downhaul_control::guards::GuardEvidence;
use downhaul_control::rollout;
use downhaul_control::{Command, Refusal, RefusalCode, Request, State, heartbeat};
use downhaul_core::document::GuardAction;
use jiff::Timestamp;
use std::sync::Arc;

/// Does what a guard asks for; true where there is nothing left to do for it. A stage back that cannot be gone is a kill:
/// what does harm does not go on because a rollout is held.
pub(super) async fn act(environment: &Arc<Environment>, state: &State, judge: &Judge) -> bool {
    let watch = judge.watch();
    let evidence = judge.evidence(environment.minutes().length());
    let longest = state.policy.reason.size();
    let reason = evidence.words(watch.guard.variant.as_str(), longest);
    tracing::warn!(environment = %environment.key(), guard = watch.id(), odds = evidence.odds, "a guard has spoken");
    let rollout =
        state.rollouts.of_flag(watch.flag.as_str()).filter(|each| each.rollout.variant == watch.guard.variant);
    let acted = match (watch.guard.action(), rollout) {
        (GuardAction::Pause, None) => {
            tracing::warn!(guard = watch.id(), "there is no rollout to pause");
            return true;
        }
        (GuardAction::Pause, Some(rollout)) => {
            through_rollout(environment, rollout.number, RolloutAct::Pause, &evidence, &reason).await
        }
        (GuardAction::StepBack, Some(rollout)) if rollout.stage > 0 => {
            match through_rollout(environment, rollout.number, RolloutAct::StepBack, &evidence, &reason).await {
                Err(error) if error.status() < 500 => kill(environment, judge, &evidence, &reason).await,
                other => other,
            }
        }
        (GuardAction::StepBack | GuardAction::Kill, _) => kill(environment, judge, &evidence, &reason).await,
    };
    match acted {
        Ok(()) => true,
        // Someone was first: another replica, or a person.
        Err(error)
            if [RefusalCode::TakenId, RefusalCode::AlreadyDone].iter().any(|code| code.as_str() == error.code()) =>
        {
            true
        }
        Err(error) => {
            tracing::error!(
                environment = %environment.key(), guard = watch.id(), detail = error.detail(),
                "a guard could not act; it tries again with the next bucket"
            );
            false
        }
    }
}

async fn kill(
    environment: &Arc<Environment>,
    judge: &Judge,
    evidence: &GuardEvidence,
    reason: &str,
) -> Result<(), AppError> {
    let watch = judge.watch();
    let current = environment.current();
    automatic::allowed(environment, &current.state, watch.flag.as_str(), &watch.guard.name).map_err(|forbidden| {
        let help = "a person can kill it all the same; it is tried again with the next bucket";
        AppError::new(StatusCode::CONFLICT, "automatic-kill-withheld", forbidden.words, help)
    })?;
    let asked = KillRequest {
        flag: watch.flag.to_string(),
        scope: KillScope { variant: Some(vec![watch.guard.variant.to_string()]), ..KillScope::default() },
        reason: reason.to_owned(),
        incident: None,
    };
    let (id, at) = (watch.kill_id(), Timestamp::now());
    let make = move |state: &State| -> Result<Command, Refusal> {
        let mut command = decide::kill(state, &asked, heartbeat::ACTOR, at)?;
        if let Command::Kill { kill } = &mut command {
            kill.id.clone_from(&id);
        }
        Ok(command)
    };
    carry_out(environment, evidence, reason, at, make).await?;
    environment.metrics().automatic(environment.key().as_str(), "guard");
    Ok(())
}

async fn through_rollout(
    environment: &Arc<Environment>,
    number: u64,
    act: RolloutAct,
    evidence: &GuardEvidence,
    reason: &str,
) -> Result<(), AppError> {
    let make = move |state: &State| rollout::act(state, number, None, act);
    carry_out(environment, evidence, reason, Timestamp::now(), make).await
}

async fn carry_out(
    environment: &Arc<Environment>,
    evidence: &GuardEvidence,
    reason: &str,
    at: Timestamp,
    make: impl Fn(&State) -> Result<Command, Refusal> + Send + Sync + 'static,
) -> Result<(), AppError> {
    let (evidence, reason) = (Box::new(evidence.clone()), reason.to_owned());
    let request = move |state: &State| {
        let request = Request::by_server(make(state)?, heartbeat::ACTOR, &reason, at);
        Ok(Request { evidence: Some(evidence.clone()), ..request })
    };
    environment.command(Urgency::Urgent, request).await.map(drop)
}
