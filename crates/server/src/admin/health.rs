//! What a pipeline or a monitor asks: the status says it, and the body why.

use super::environment;
use super::releases::unknown;
use crate::auth::admin::Admin;
use crate::environment::Environment;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::fleet::settled_progress;
use crate::runner::read;
use crate::state::AppState;
use crate::targets::Answer;
use axum::extract::State;
use axum::http::StatusCode;
use downhaul_control::api::{KillStatus, Problem, RollbackStatus};
use downhaul_control::release::{RecoveryMetric, RecoveryReading, kill_status, rollback_status};

/// Whether the newest rollback of a release is complete: its kills confirmed, no live client of the release left, its
/// recovery metrics good now.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/releases/{key}/rollback", tag = "releases",
    params(("environment" = String, Path), ("key" = String, Path)),
    responses(
        (status = 200, body = RollbackStatus), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 503, body = RollbackStatus),
    )
)]
pub(crate) async fn rollback(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, release)): Path<(String, String)>,
) -> AppResult<(StatusCode, Json<RollbackStatus>)> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let known = current.state.releases.release(&release).ok_or_else(|| unknown(&environment, &release))?;
    let mut readings = Vec::new();
    for metric in &known.release.recovery {
        readings.push(reading(&state, &environment, metric).await);
    }
    let left = environment.fleet().running(&release);
    let progress = settled_progress(&environment, state.options().stale);
    let status = rollback_status(&current.state, known, left, &readings, progress);
    Ok((good(status.complete), Json(status)))
}

/// Whether a kill is in force and has reached everyone who can be reached.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/kills/{id}/confirmed", tag = "kills",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = KillStatus), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 503, body = KillStatus),
    )
)]
pub(crate) async fn kill(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, id)): Path<(String, String)>,
) -> AppResult<(StatusCode, Json<KillStatus>)> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let kill = current.state.kill(&id).ok_or_else(|| {
        let help = "list the kills in force, or look at the chart for those that were restored";
        AppError::not_found("unknown-kill", format!("there is no kill `{id}`"), help)
    })?;
    let progress =
        kill.restored.is_none().then(|| settled_progress(&environment, state.options().stale)(&id)).flatten();
    let status = kill_status(kill, progress.as_ref());
    Ok((good(status.confirmed), Json(status)))
}

fn good(is_good: bool) -> StatusCode {
    if is_good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// What a recovery metric gives now.
pub(crate) async fn reading(state: &AppState, environment: &Environment, metric: &RecoveryMetric) -> RecoveryReading {
    let (value, problem) = match read(state, environment, &metric.query).await.answer {
        Answer::Value(value) => (Some(value), None),
        Answer::NoData(why) | Answer::Down(why) => (None, Some(why)),
    };
    let holds = value.is_some_and(|value| metric.condition.holds(value));
    RecoveryReading { name: metric.name.clone(), value, holds, problem }
}
