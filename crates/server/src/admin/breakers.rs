use super::environment;
use super::flags::known;
use crate::auth::admin::Admin;
use crate::automatic;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{BreakerPage, BreakerQuery, Problem};
use jiff::Timestamp;

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
    let (current, flag) = (environment.current(), query.flag.as_deref());
    let (panic, withheld) = environment.automatic().view();
    Ok(Json(BreakerPage {
        fleet: automatic::views(&environment, &current.state, flag),
        panic,
        withheld: withheld.into_iter().filter(|view| flag.is_none_or(|flag| flag == view.flag)).collect(),
        automatic_left: downhaul_control::automatic::left(&current.state, Timestamp::now()),
        ..environment.telemetry().breakers(flag, minutes)
    }))
}
