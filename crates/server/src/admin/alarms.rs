use super::environment;
use crate::alarms;
use crate::auth::admin::{Admin, By, Operator};
use crate::error::AppResult;
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{AcknowledgeAlarmRequest, AlarmPage, AlarmView, Problem, SilenceAlarmRequest};

/// What is wrong, who was told and who has it.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/alarms", tag = "alarms", params(("environment" = String, Path)),
    responses((status = 200, body = AlarmPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<AlarmPage>> {
    Ok(Json(alarms::page(&state, &*environment(&state, &key)?).await?))
}

/// Say that you are on it: nobody else is called.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/alarms/{id}/acknowledge", tag = "alarms",
    request_body = AcknowledgeAlarmRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = AlarmView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn acknowledge(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<AcknowledgeAlarmRequest>,
) -> AppResult<Json<AlarmView>> {
    let environment = environment(&state, &key)?;
    Ok(Json(alarms::acknowledge(&state, &environment, admin.actor(), &id, body).await?))
}

/// Tell nobody of this cause for a while, however often it comes.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/alarms/{id}/silence", tag = "alarms",
    request_body = SilenceAlarmRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = AlarmView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub(crate) async fn silence(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<SilenceAlarmRequest>,
) -> AppResult<Json<AlarmView>> {
    let environment = environment(&state, &key)?;
    Ok(Json(alarms::silence(&state, &environment, admin.actor(), &id, body).await?))
}
