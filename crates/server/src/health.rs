use crate::auth::bearer;
use crate::auth::identity::of_token;
use crate::environment::Environment;
use crate::error::{AppError, AppResult};
use crate::metrics::Told;
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use downhaul_control::api::Problem;
use std::sync::Arc;

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, body = String)))]
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// Requests are answered and changes can be kept.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", responses((status = 200, body = String), (status = 503, body = Problem))
)]
pub(crate) async fn ready(State(state): State<AppState>) -> AppResult<&'static str> {
    let refuse = |code: &str, detail: &str, help: &str| {
        Err(AppError::new(StatusCode::SERVICE_UNAVAILABLE, code, detail, help).retry_after(5))
    };
    if *state.closing().borrow() {
        return refuse("closing", "the server is closing", "ask another replica, or come back in a moment");
    }
    if !state.environments().all(|environment| environment.is_writable()) {
        let help = "see the log of the server for why: a full disk, or a database that is away; flag sets are served all the while";
        return refuse("not-writable", "the change log cannot be written", help);
    }
    state.vouch()?;
    Ok("ready\n")
}

/// Figures in the text format of Prometheus; with an admin token also the outcomes of flags, of the environments in which it
/// has a role.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", security((), ("admin_token" = [])),
    responses((status = 200, body = String), (status = 401, body = Problem))
)]
pub(crate) async fn metrics(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> AppResult<([(HeaderName, &'static str); 1], String)> {
    let text = match bearer(&headers) {
        None => state.metrics().encode(),
        Some(token) => {
            let (identity, _) = of_token(&state, token)?;
            let seen = state.environments().filter(|environment| identity.roles(environment).is_ok());
            let totals = |environment: &Arc<Environment>| {
                let current = environment.current();
                let key = environment.key().to_string();
                let told = Told {
                    environment: key.clone(),
                    totals: environment.telemetry().totals(&current.state),
                    breakers: environment.telemetry().breakers(None, 1),
                };
                ((key, environment.outcomes().totals(&current.state)), told)
            };
            let (outcomes, told): (Vec<_>, Vec<_>) = seen.map(totals).unzip();
            state.metrics().encode_with(&outcomes, &told)
        }
    };
    let text = text.map_err(AppError::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}
