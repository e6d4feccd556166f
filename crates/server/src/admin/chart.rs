use super::environments::as_of;
use super::{change, environment, flags, record};
use crate::auth::admin::Admin;
use crate::environment::log_failed;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{ChartPage, ChartQuery, ExplainRequest, ExplainResponse, Problem, VerifyReport};
use downhaul_core::explain::explain as xray;
use serde_json::Value;
use tokio::task::spawn_blocking;

const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;

/// Changes, newest first.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/chart", tag = "chart",
    params(("environment" = String, Path), ChartQuery),
    responses((status = 200, body = ChartPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<ChartQuery>,
) -> AppResult<Json<ChartPage>> {
    let environment = environment(&state, &key)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let current = environment.current();
    let page = state.log().chart(environment.key(), query.before, limit, query.flag.as_deref()).await;
    let page = page.map_err(log_failed)?;
    let is_full = page.len() >= limit as usize;
    let oldest = page.last().map(|stored| stored.revision).filter(|revision| *revision > 1);
    let changes = page.into_iter().map(|stored| Ok(change(&state, &current, &record(stored)?)));
    Ok(Json(ChartPage {
        changes: changes.collect::<AppResult<_>>()?,
        next_before: oldest.filter(|_| is_full),
        head: current.state.head.to_string(),
    }))
}

/// Replay all changes; says where the log does not fit.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/chart/verify", tag = "chart",
    params(("environment" = String, Path)),
    responses((status = 200, body = VerifyReport), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn verify(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<VerifyReport>> {
    let environment = environment(&state, &key)?;
    Ok(Json(downhaul_store::verify(state.log(), environment.key()).await.map_err(log_failed)?))
}

/// The X-ray of one decision, now or as of a revision.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/explain", tag = "chart", request_body = ExplainRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = ExplainResponse), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn explain(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Json(body): Json<ExplainRequest>,
) -> AppResult<Json<ExplainResponse>> {
    let environment = environment(&state, &key)?;
    let Value::Object(context) = body.context else {
        let help = "send an object of attributes, such as `{\"targetingKey\": \"user-1\"}`";
        return Err(AppError::bad_request("invalid-context", "the context is not an object", help));
    };
    let valid = as_of(&state, &environment, body.revision).await?;
    let revision = valid.document().revision;
    if valid.document().flag(&body.flag).is_none() {
        return Err(flags::unknown(valid.document(), &body.flag));
    }
    let flag = body.flag.clone();
    let explained = spawn_blocking(move || xray(&valid, &flag, &context)).await.map_err(AppError::internal)?;
    Ok(Json(ExplainResponse {
        flag: body.flag,
        revision,
        xray: serde_json::to_value(explained).map_err(AppError::internal)?,
        warnings: Vec::new(),
    }))
}
