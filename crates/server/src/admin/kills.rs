use super::{change, environment, progress, request};
use crate::auth::admin::{Admin, By, Operator};
use crate::environment::{Environment, Publication, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{KillPage, KillRequest, KillView, Problem, RestoreReport, RestoreRequest};
use downhaul_control::{Command, Request, decide, views};
use jiff::Timestamp;

/// Kills in force, newest first.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/kills", tag = "kills", params(("environment" = String, Path)),
    responses((status = 200, body = KillPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<KillPage>> {
    let environment = environment(&state, &key)?;
    let page = views::kills(&environment.current().state, &state.actors(), progress(&environment));
    Ok(Json(page))
}

/// Kill a flag.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/kills", tag = "kills", request_body = KillRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = KillView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path(key): Path<String>,
    Json(body): Json<KillRequest>,
) -> AppResult<Json<KillView>> {
    let environment = environment(&state, &key)?;
    let committed = environment
        .command(Urgency::Urgent, move |state| {
            // The kill and its change are of one time: whoever asks for the past by the one finds the other.
            let at = Timestamp::now();
            let command = decide::kill(state, &body, admin.actor(), at)?;
            Ok(Request { at, ..request(&admin, &body.reason, command) })
        })
        .await?;
    let kill = committed.record.as_deref().and_then(|record| match &record.change().command {
        Command::Kill { kill } => Some(kill.id.clone()),
        _ => None,
    });
    let kill = kill.ok_or_else(|| AppError::internal("a kill made no kill"))?;
    Ok(Json(view(&state, &environment, &committed.publication, &kill)?))
}

/// A kill and how far it has come.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/kills/{id}", tag = "kills",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = KillView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, kill)): Path<(String, String)>,
) -> AppResult<Json<KillView>> {
    let environment = environment(&state, &key)?;
    Ok(Json(view(&state, &environment, &environment.current(), &kill)?))
}

/// End a kill.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/kills/{id}/restore", tag = "kills", request_body = RestoreRequest,
    params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = RestoreReport), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn restore(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<RestoreRequest>,
) -> AppResult<Json<RestoreReport>> {
    let environment = environment(&state, &key)?;
    let request = request(&admin, &body.reason, Command::Restore { id });
    let committed = environment.command(Urgency::Urgent, move |_| Ok(request.clone())).await?;
    let record = committed.record.ok_or_else(|| AppError::internal("a restore made no change"))?;
    Ok(Json(RestoreReport {
        position: committed.publication.position(),
        change: change(&state, &committed.publication, &record),
    }))
}

pub(super) fn view(
    state: &AppState,
    environment: &Environment,
    publication: &Publication,
    id: &str,
) -> AppResult<KillView> {
    let kill = publication.state.kill(id).ok_or_else(|| {
        let help = "list the kills in force, or look at the chart for those that were restored";
        AppError::not_found("unknown-kill", format!("there is no kill `{id}`"), help)
    })?;
    Ok(views::kill(&publication.state, kill, &state.actors(), environment.fleet().progress(id)))
}
