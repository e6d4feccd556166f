//! Proposals, the policy, and who may what.

use super::{encoded, post, within};
use crate::backend::{Failure, Get, Handle};
use downhaul_control::api::{
    ApprovalView, ApproveRequest, Changed, ProposalActRequest, ProposalNow, ProposalPage, ProposalSummary,
};
use serde::Deserialize;
use serde_json::Value;

/// A proposal as the server tells of it, with its command as it came: to read every command there is would make the
/// console a quarter larger.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProposalView {
    pub proposal: ProposalSummary,
    pub command: Value,
    #[serde(default)]
    pub now: Option<ProposalNow>,
    pub approvals: Vec<ApprovalView>,
}

pub fn proposals(environment: &str) -> Get<ProposalPage> {
    Get::new(within(environment, "proposals"))
}

pub fn proposal(environment: &str, id: &str) -> Get<ProposalView> {
    Get::new(within(environment, &format!("proposals/{}", encoded(id))))
}

pub async fn approve(
    backend: Handle,
    environment: String,
    id: String,
    approval: ApproveRequest,
) -> Result<ProposalView, Failure> {
    post(&backend, within(&environment, &format!("proposals/{}/approve", encoded(&id))), &approval).await
}

/// `reject` or `withdraw`.
pub async fn close_proposal(
    backend: Handle,
    environment: String,
    id: String,
    act: &'static str,
    reason: String,
) -> Result<ProposalView, Failure> {
    let path = within(&environment, &format!("proposals/{}/{act}", encoded(&id)));
    post(&backend, path, &ProposalActRequest { reason }).await
}

pub async fn land(backend: Handle, environment: String, id: String, reason: String) -> Result<Changed, Failure> {
    let path = within(&environment, &format!("proposals/{}/land", encoded(&id)));
    post(&backend, path, &ProposalActRequest { reason }).await
}
