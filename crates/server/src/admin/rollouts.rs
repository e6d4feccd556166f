use super::{environment, looked_at, request};
use crate::auth::admin::{Admin, Approver, By, Editor, Operator};
use crate::environment::{Environment, Publication, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{
    ApproveStageRequest, Problem, RolloutAct, RolloutActRequest, RolloutPage, RolloutView, StartRolloutRequest,
};
use downhaul_control::rollout::{self, Rollout, RolloutEvent, RolloutState};
use downhaul_control::{Command, Refusal, RefusalCode, Request, State as EnvironmentState, views};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Rollouts, newest first: those that go on, and the last of the others.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/rollouts", tag = "rollouts", params(("environment" = String, Path)),
    responses((status = 200, body = RolloutPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<RolloutPage>> {
    let (environment, names) = (environment(&state, &key)?, state.actors());
    let page = spawn_blocking(move || {
        let current = environment.current();
        views::rollouts(&current.state, &names, Timestamp::now(), |number| environment.gates().of(number))
    });
    Ok(Json(page.await.map_err(AppError::internal)??))
}

/// A rollout, its stages, what it waits for, and what its gates read.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/rollouts/{id}", tag = "rollouts",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = RolloutView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, id)): Path<(String, String)>,
) -> AppResult<Json<RolloutView>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let number = find(&current.state, &id)?.number;
    view(&state, &environment, &current, number).await
}

/// Start a rollout: its first stage is entered at once, unless others have to approve that.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/rollouts", tag = "rollouts", request_body = StartRolloutRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = RolloutView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path(key): Path<String>,
    Json(body): Json<StartRolloutRequest>,
) -> AppResult<Json<RolloutView>> {
    let environment = environment(&state, &key)?;
    let wanted = read(&body.rollout)?;
    let committed = environment
        .command(Urgency::Patient, move |state: &EnvironmentState| {
            let command = rollout::start(state, &wanted)?;
            let expected_revision = body.expected_revision;
            Ok(Request { expected_revision, ..request(&admin, &body.reason, command) })
        })
        .await?;
    let publication = &committed.publication;
    view(&state, &environment, publication, publication.state.rollouts.started).await
}

/// Approve that the next stage is entered, exactly as it was looked at.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/rollouts/{id}/approve", tag = "rollouts",
    request_body = ApproveStageRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = RolloutView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn approve(
    State(state): State<AppState>,
    admin: By<Approver>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<ApproveStageRequest>,
) -> AppResult<Json<RolloutView>> {
    let environment = environment(&state, &key)?;
    let number = find(&environment.current().state, &id)?.number;
    let digest = looked_at(&body.digest, "approval")?;
    let committed = environment
        .command(Urgency::Patient, move |state: &EnvironmentState| {
            let from = find(state, &id)?.stage;
            // Whether it is of the root is said by the authority.
            let event = Box::new(RolloutEvent::Approve { digest, root: false });
            Ok(request(&admin, &body.reason, Command::Rollout { rollout: number, from, event }))
        })
        .await?;
    view(&state, &environment, &committed.publication, number).await
}

/// Do something with a rollout: pause it, let it go on, take it a stage or all the way back, or end it where it is.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/rollouts/{id}/{act}", tag = "rollouts",
    request_body = RolloutActRequest,
    params(("environment" = String, Path), ("id" = String, Path), ("act" = RolloutAct, Path)),
    responses(
        (status = 200, body = RolloutView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 507, body = Problem),
    )
)]
pub(crate) async fn act(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path((key, id, act)): Path<(String, String, RolloutAct)>,
    Json(body): Json<RolloutActRequest>,
) -> AppResult<Json<RolloutView>> {
    let environment = environment(&state, &key)?;
    let number = find(&environment.current().state, &id)?.number;
    let committed = environment
        .command(Urgency::Patient, move |state: &EnvironmentState| {
            let command = rollout::act(state, number, body.stage, act)?;
            Ok(request(&admin, &body.reason, command))
        })
        .await?;
    view(&state, &environment, &committed.publication, number).await
}

/// A rollout as a request has it.
pub(super) fn read(json: &Value) -> Result<Rollout, Refusal> {
    rollout::read::of_json(json).map_err(|problem| Refusal::invalid(vec![*problem]))
}

fn find<'a>(state: &'a EnvironmentState, id: &str) -> Result<&'a Arc<RolloutState>, Refusal> {
    state.rollouts.find(id).ok_or_else(|| {
        let help = "list them with `downhaul rollout list`";
        Refusal::new(RefusalCode::UnknownRollout, format!("there is no rollout `{id}`"), help)
    })
}

async fn view(
    state: &AppState,
    environment: &Arc<Environment>,
    publication: &Arc<Publication>,
    number: u64,
) -> AppResult<Json<RolloutView>> {
    let (publication, names, gates) = (Arc::clone(publication), state.actors(), environment.gates().of(number));
    let view = spawn_blocking(move || {
        let state = &publication.state;
        let known = find(state, &rollout::id(number))?;
        views::rollout(state, known, &names, Timestamp::now(), gates)
    });
    Ok(Json(view.await.map_err(AppError::internal)??))
}
