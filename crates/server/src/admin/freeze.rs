use super::{environment, request};
use crate::auth::admin::{Admin, By, Operator};
use crate::environment::Urgency;
use crate::error::AppResult;
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{FreezeRequest, FreezeView, Problem};
use downhaul_control::{Command, views};

/// Whether the environment is frozen, by whom, since when and why.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/freeze", tag = "policy", params(("environment" = String, Path)),
    responses((status = 200, body = FreezeView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<FreezeView>> {
    let current = environment(&state, &key)?.current();
    Ok(Json(views::freeze(&current.state, &state.actors())))
}

/// Let nothing change any more but by kills and restores.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/freeze", tag = "policy", request_body = FreezeRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = FreezeView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn begin(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path(key): Path<String>,
    Json(body): Json<FreezeRequest>,
) -> AppResult<Json<FreezeView>> {
    carry_out(&state, &admin, &key, &body, Command::Freeze).await
}

/// Lift the freeze.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/unfreeze", tag = "policy", request_body = FreezeRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = FreezeView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn end(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path(key): Path<String>,
    Json(body): Json<FreezeRequest>,
) -> AppResult<Json<FreezeView>> {
    carry_out(&state, &admin, &key, &body, Command::Unfreeze).await
}

/// Urgent: a change that is being checked when a freeze is asked for comes too late.
async fn carry_out(
    state: &AppState,
    admin: &Admin,
    key: &str,
    body: &FreezeRequest,
    command: Command,
) -> AppResult<Json<FreezeView>> {
    let request = request(admin, &body.reason, command);
    let committed = environment(state, key)?.command(Urgency::Urgent, move |_| Ok(request.clone())).await?;
    Ok(Json(views::freeze(&committed.publication.state, &state.actors())))
}
