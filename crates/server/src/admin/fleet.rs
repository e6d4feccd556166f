use super::environment;
use crate::auth::admin::Admin;
use crate::error::AppResult;
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{FleetView, Problem};

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
