use super::flags::changed;
use super::{change_at, environment, request};
use crate::auth::admin::{Admin, By, Manager};
use crate::environment::Urgency;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{Changed, PolicyView, Problem, PutPolicyRequest};
use downhaul_control::{Command, Refusal, policy};

/// What the environment allows, and what it asks a second person about.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/policy", tag = "policy", params(("environment" = String, Path)),
    responses((status = 200, body = PolicyView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<PolicyView>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let last_change = match &current.state.policy_touch {
        Some(touch) => change_at(&state, &environment, &current, touch.revision).await?,
        None => None,
    };
    let policy = serde_json::to_value(&current.state.policy).map_err(AppError::internal)?;
    Ok(Json(PolicyView { position: current.position(), policy, last_change }))
}

/// Replace the policy.
#[utoipa::path(
    put, path = "/api/v1/environments/{environment}/policy", tag = "policy", request_body = PutPolicyRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path(key): Path<String>,
    Json(body): Json<PutPolicyRequest>,
) -> AppResult<Json<Changed>> {
    let environment = environment(&state, &key)?;
    let policy = Box::new(policy::read(&body.policy).map_err(Refusal::invalid)?);
    let request = downhaul_control::Request {
        expected_revision: body.expected_revision,
        ..request(&admin, &body.reason, Command::PutPolicy { policy })
    };
    let committed = environment.command(Urgency::Patient, move |_| Ok(request.clone())).await?;
    Ok(Json(changed(&state, committed)))
}
