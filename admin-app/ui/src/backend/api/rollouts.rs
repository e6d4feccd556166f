//! Staged rollouts.

use super::{encoded, post, within};
use crate::backend::{Failure, Get, Handle};
use downhaul_control::api::{ApproveStageRequest, RolloutAct, RolloutActRequest, RolloutPage, RolloutView};

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
