use super::environment;
use crate::auth::admin::Admin;
use crate::error::AppResult;
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{FleetStates, FleetView, Problem};

/// Who runs what, from acknowledgements.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/fleet", tag = "fleet", params(("environment" = String, Path)),
    responses((status = 200, body = FleetView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<FleetView>> {
    let environment = environment(&state, &key)?;
    Ok(Json(environment.fleet().view(environment.current().position())))
}

/// What is not the same for all clients, or not as it should be: who, since when, and what to do.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/fleet/states", tag = "fleet", params(("environment" = String, Path)),
    responses((status = 200, body = FleetStates), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn states(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<FleetStates>> {
    let environment = environment(&state, &key)?;
    let position = environment.current().position();
    Ok(Json(FleetStates { position, states: crate::fleet::states(&environment).to_vec() }))
}
