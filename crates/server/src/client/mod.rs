//! The client API: flag sets, the stream, and what comes back.

pub(crate) mod acknowledge;
pub(crate) mod caller;
mod cors;
mod flag_set;
mod keys;
mod kills;
pub(crate) mod limits;
pub(crate) mod ofrep;
pub(crate) mod slot;
mod stream;
mod telemetry;

use crate::state::AppState;
use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(flag_set::get))
        .routes(routes!(kills::get))
        .routes(routes!(stream::get))
        .routes(routes!(acknowledge::post))
        .routes(routes!(telemetry::post))
        .routes(routes!(keys::get))
        .routes(routes!(ofrep::one))
        .routes(routes!(ofrep::all))
        .layer(from_fn_with_state(state.clone(), cors::answer))
}
