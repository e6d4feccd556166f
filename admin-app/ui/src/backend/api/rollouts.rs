//! Staged rollouts.

use super::{Proposed, encoded, post, within};
use crate::backend::{Failure, Get, Handle};
use downhaul_control::api::{
    ApproveStageRequest, RolloutAct, RolloutActRequest, RolloutPage, RolloutView, StartRolloutRequest,
};
use serde::Deserialize;
use serde_json::{Value, json};

pub fn rollouts(environment: &str) -> Get<RolloutPage> {
    Get::new(within(environment, "rollouts"))
}

pub fn rollout(environment: &str, id: &str) -> Get<RolloutView> {
    Get::new(within(environment, &format!("rollouts/{}", encoded(id))))
}

pub async fn approve_stage(
    backend: Handle,
    environment: String,
    id: String,
    approval: ApproveStageRequest,
) -> Result<RolloutView, Failure> {
    post(&backend, within(&environment, &format!("rollouts/{}/approve", encoded(&id))), &approval).await
}

pub async fn act_on_rollout(
    backend: Handle,
    environment: String,
    id: String,
    act: RolloutAct,
    request: RolloutActRequest,
) -> Result<RolloutView, Failure> {
    let act = match act {
        RolloutAct::Pause => "pause",
        RolloutAct::Resume => "resume",
        RolloutAct::StepBack => "step-back",
        RolloutAct::RollBack => "roll-back",
        RolloutAct::End => "end",
    };
    post(&backend, within(&environment, &format!("rollouts/{}/{act}", encoded(&id))), &request).await
}

/// Of a rollout that was started, what leads to it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Started {
    pub id: String,
}

/// `revision` is that of the flag set that was looked at: an edit of the flag since refuses it.
pub async fn start_rollout(
    backend: &Handle,
    environment: &str,
    rollout: Value,
    reason: String,
    revision: u64,
) -> Result<Started, Failure> {
    let request = StartRolloutRequest { rollout, reason, expected_revision: Some(revision) };
    post(backend, within(environment, "rollouts"), &request).await
}

/// Has others decide whether it is started.
pub async fn propose_rollout(
    backend: &Handle,
    environment: &str,
    rollout: Value,
    reason: String,
    revision: u64,
) -> Result<Proposed, Failure> {
    let body = json!({ "rollout": rollout, "reason": reason, "base": revision });
    post(backend, within(environment, "proposals"), &body).await
}
