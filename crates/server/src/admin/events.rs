use super::environment;
use crate::auth::admin::Admin;
use crate::console_events;
use crate::error::AppResult;
use crate::extract::Path;
use crate::sse;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use downhaul_control::api::Problem;

/// What happens, as server-sent events for the console: `change`, `kill-progress`, `fleet`, `alarms`, `presence`, and `ping` where none came for 15 s.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/events", tag = "fleet", params(("environment" = String, Path)),
    responses(
        (status = 200, description = "server-sent events", content_type = "text/event-stream", body = String),
        (status = 401, body = Problem), (status = 404, body = Problem),
    )
)]
pub(crate) async fn get(State(state): State<AppState>, admin: Admin, Path(key): Path<String>) -> AppResult<Response> {
    let environment = environment(&state, &key)?;
    Ok(sse::response(console_events::stream(&state, environment, admin)))
}
