//! Releases, and the runs of their runbooks.

use super::{encoded, post, within};
use crate::backend::{Failure, Get, Handle};
use downhaul_control::api::{
    CheckReleaseRequest, ReleasePage, ReleaseReport, ReleaseView, RollbackRequest, RunAct, RunActRequest, RunPage,
    RunView,
};
use serde_json::Value;

pub fn releases(environment: &str) -> Get<ReleasePage> {
    Get::new(within(environment, "releases"))
}

pub fn release(environment: &str, key: &str) -> Get<ReleaseView> {
    Get::new(within(environment, &format!("releases/{}", encoded(key))))
}

/// What is missing of a release; nobody has looked at its artifacts.
pub async fn check_release(backend: Handle, environment: String, release: Value) -> Result<ReleaseReport, Failure> {
    let request = CheckReleaseRequest { release, artifact: None, previous: None };
    post(&backend, within(&environment, "releases/check"), &request).await
}

pub async fn roll_back(
    backend: Handle,
    environment: String,
    key: String,
    request: RollbackRequest,
) -> Result<RunView, Failure> {
    post(&backend, within(&environment, &format!("releases/{}/rollback", encoded(&key))), &request).await
}

pub fn runs(environment: &str) -> Get<RunPage> {
    Get::new(within(environment, "runs"))
}

pub fn run(environment: &str, id: &str) -> Get<RunView> {
    Get::new(within(environment, &format!("runs/{}", encoded(id))))
}

pub async fn act_on_run(
    backend: Handle,
    environment: String,
    id: String,
    act: RunAct,
    request: RunActRequest,
) -> Result<RunView, Failure> {
    let act = match act {
        RunAct::Confirm => "confirm",
        RunAct::Fail => "fail",
        RunAct::Go => "go",
        RunAct::Retry => "retry",
        RunAct::Skip => "skip",
        RunAct::Abort => "abort",
    };
    post(&backend, within(&environment, &format!("runs/{}/{act}", encoded(&id))), &request).await
}
