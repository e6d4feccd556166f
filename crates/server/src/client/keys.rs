use crate::client::caller::Caller;
use crate::error::AppError;
use crate::extract::Json;
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{Problem, PublicKeys};

/// The public keys that envelopes of the environment are signed with, also those that signed before or will next.
#[utoipa::path(
    get, path = "/client/v1/keys", tag = "client", security(("client_key" = [])),
    responses((status = 200, body = PublicKeys), (status = 401, body = Problem))
)]
pub(crate) async fn get(State(state): State<AppState>, caller: Caller) -> Result<Json<PublicKeys>, AppError> {
    Ok(Json(state.issuer().public_keys(&caller.environment.current().state)))
}
