use super::environment;
use super::flags::known;
use crate::auth::admin::Admin;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{OutcomePage, OutcomeQuery, Problem};
use downhaul_control::outcomes::KEPT;

/// How far it looks back unless asked otherwise, in seconds.
const SECONDS: u32 = 300;

/// How what flags decide of went, as clients told lately.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/outcomes", tag = "fleet",
    params(("environment" = String, Path), OutcomeQuery),
    responses(
        (status = 200, body = OutcomePage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<OutcomeQuery>,
) -> AppResult<Json<OutcomePage>> {
    let environment = environment(&state, &key)?;
    let seconds = query.seconds.unwrap_or(SECONDS);
    if seconds == 0 || u64::from(seconds) > KEPT.as_secs() {
        let message = format!("{seconds} s is not between 1 and {} s", KEPT.as_secs());
        return Err(AppError::bad_request("malformed-seconds", message, "outcomes are kept for 15 minutes"));
    }
    known(&environment, query.flag.as_deref())?;
    Ok(Json(environment.outcomes().page(query.flag.as_deref(), seconds)))
}
