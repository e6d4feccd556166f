//! Drills, what is due, and the heartbeat.

use super::{encoded, post, within};
use crate::backend::{Failure, Get, Handle};
use downhaul_control::api::{DrillPage, DrillRequest, DrillView, DrillsDue, HeartbeatView, ReviewRequest, RunView};

pub fn drills(environment: &str) -> Get<DrillPage> {
    Get::new(within(environment, "drills"))
}

pub fn drill(environment: &str, id: &str) -> Get<DrillView> {
    Get::new(within(environment, &format!("drills/{}", encoded(id))))
}

pub fn drills_due(environment: &str) -> Get<DrillsDue> {
    Get::new(within(environment, "drills/due"))
}

/// Calls a drill; it waits until somebody lets it begin.
pub async fn call_drill(backend: Handle, environment: String, request: DrillRequest) -> Result<RunView, Failure> {
    post(&backend, within(&environment, "drills"), &request).await
}

pub async fn review_drill(
    backend: Handle,
    environment: String,
    id: String,
    review: ReviewRequest,
) -> Result<DrillView, Failure> {
    post(&backend, within(&environment, &format!("drills/{}/review", encoded(&id))), &review).await
}

pub fn heartbeat(environment: &str) -> Get<HeartbeatView> {
    Get::new(within(environment, "heartbeat"))
}
