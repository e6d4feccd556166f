use super::environment;
use super::flags::known;
use crate::auth::admin::Admin;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{BreakerPage, BreakerQuery, Problem};

/// How far it looks back unless asked otherwise, and at most, in minutes.
const MINUTES: u32 = 5;
const MOST: u32 = 60;

/// What the circuit breakers of the fleet do, as clients told lately.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/breakers", tag = "fleet",
    params(("environment" = String, Path), BreakerQuery),
    responses(
        (status = 200, body = BreakerPage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<BreakerQuery>,
) -> AppResult<Json<BreakerPage>> {
    let environment = environment(&state, &key)?;
    let minutes = query.minutes.unwrap_or(MINUTES);
    if minutes == 0 || minutes > MOST {
        let message = format!("{minutes} minutes are not between 1 and {MOST}");
        return Err(AppError::bad_request("malformed-minutes", message, "telemetry is kept for an hour"));
    }
    known(&environment, query.flag.as_deref())?;
    Ok(Json(environment.telemetry().breakers(query.flag.as_deref(), minutes)))
}
