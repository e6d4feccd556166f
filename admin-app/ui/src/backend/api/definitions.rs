//! Segments, tenants, regions and the policy: published, proposed, taken away.

use super::{Proposed, encoded, post, send, within};
use crate::backend::{Failure, Get, Handle, Method};
use crate::state::definition::Subject;
use downhaul_blast::plan::Plan;
use downhaul_control::api::{Changed, PolicyView, RemoveDefinitionRequest};
use serde_json::{Map, Value, json};

pub fn policy_view(environment: &str) -> Get<PolicyView> {
    Get::new(within(environment, "policy"))
}

/// Publishes a definition. `revision` is what the draft was begun at.
pub async fn put_definition(
    backend: &Handle,
    environment: &str,
    subject: &Subject,
    draft: &Value,
    reason: &str,
    revision: u64,
) -> Result<Changed, Failure> {
    let path = match subject {
        Subject::Segment(key) => format!("segments/{}", encoded(key)),
        Subject::Tenant(tenant) => format!("tenants/{}", encoded(tenant)),
        Subject::Regions => "regions".to_owned(),
        Subject::Policy => "policy".to_owned(),
    };
    let mut body = Map::new();
    body.insert(subject.member().to_owned(), draft.clone());
    body.insert("reason".to_owned(), Value::from(reason));
    body.insert("expected_revision".to_owned(), Value::from(revision));
    send(backend, Method::Put, within(environment, &path), &body).await
}

/// Takes a segment or a tenant away.
pub async fn remove_definition(
    backend: Handle,
    environment: String,
    subject: Subject,
    request: RemoveDefinitionRequest,
) -> Result<Changed, Failure> {
    let (kind, name) = match &subject {
        Subject::Tenant(tenant) => ("tenants", tenant.as_str()),
        Subject::Segment(_) | Subject::Regions | Subject::Policy => ("segments", subject.name()),
    };
    post(&backend, within(&environment, &format!("{kind}/{}/remove", encoded(name))), &request).await
}

/// Has others decide about it.
pub async fn propose_definition(
    backend: &Handle,
    environment: &str,
    subject: &Subject,
    draft: &Value,
    reason: &str,
    revision: u64,
) -> Result<Proposed, Failure> {
    let body = match subject.command(draft) {
        Some(command) => json!({ "commands": [command], "reason": reason, "base": revision }),
        None => json!({ "policy": draft, "reason": reason, "base": revision }),
    };
    post(backend, within(environment, "proposals"), &body).await
}

/// Has others decide whether it is taken away.
pub async fn propose_removal(
    backend: Handle,
    environment: String,
    removal: Value,
    request: RemoveDefinitionRequest,
) -> Result<Proposed, Failure> {
    let RemoveDefinitionRequest { reason, expected_revision } = request;
    let body = json!({ "commands": [removal], "reason": reason, "base": expected_revision });
    post(&backend, within(&environment, "proposals"), &body).await
}

/// Whom a definition would move, exactly and over the default population.
pub async fn plan_command(backend: &Handle, environment: &str, command: &Value) -> Result<Plan, Failure> {
    post(backend, within(environment, "plan"), &json!({ "commands": [command] })).await
}
