use super::{environment, request};
use crate::auth::admin::{Admin, By, Operator};
use crate::environment::{Committed, Environment, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{
    DrillAttemptRequest, DrillKind, DrillPage, DrillQuery, DrillRequest, DrillView, DrillsDue, HeartbeatView, Problem,
    ReviewRequest, RunView,
};
use downhaul_control::drill::Drill;
use downhaul_control::runbook::{Named, RunEvent};
use downhaul_control::{Command, Refusal, RefusalCode, Request, runbook, views};
use jiff::Timestamp;
use std::sync::Arc;

/// Drills, newest first, with how long each part took, and how that changed over time.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/drills", tag = "drills",
    params(("environment" = String, Path), DrillQuery),
    responses((status = 200, body = DrillPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<DrillQuery>,
) -> AppResult<Json<DrillPage>> {
    let current = environment(&state, &key)?.current();
    Ok(Json(views::drills(&current.state, &state.actors(), &query)))
}

/// Begin a drill. Somebody decides to go on with `runs/{id}/go`: the time until then is measured too.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/drills", tag = "drills", request_body = DrillRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = RunView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn begin(
    State(state): State<AppState>,
    who: Admin,
    operator: AppResult<By<Operator>>,
    Path(key): Path<String>,
    body: AppResult<Json<DrillRequest>>,
) -> AppResult<Json<RunView>> {
    let environment = environment(&state, &key)?;
    let admin = match (operator, &body) {
        (Ok(operator), _) => operator,
        (Err(refused), Ok(Json(body))) => {
            not_let_in(&environment, &who, DrillKind::named(body.kind, &body.name), &refused).await;
            return Err(refused);
        }
        (Err(refused), Err(_)) => return Err(refused),
    };
    let Json(body) = body?;
    if body.reason.trim().is_empty() {
        let refusal = Refusal::new(RefusalCode::MissingReason, "a reason is missing", "say in a few words why");
        return Err(refusal.into());
    }
    let committed = environment
        .command(Urgency::Urgent, move |state| {
            let command = runbook::start_drill(state, &DrillKind::named(body.kind, &body.name), body.pace)?;
            Ok(request(&admin, &body.reason, command))
        })
        .await?;
    super::runs::view(&state, &environment, &committed.publication, begun(&committed)?).map(Json)
}

/// A drill that somebody who is known may not run is a failed drill.
async fn not_let_in(environment: &Arc<Environment>, who: &Admin, named: Named, refused: &AppError) {
    let why = format!("{}: {}", refused.code(), refused.detail());
    let actor = who.actor().to_owned();
    let charted = environment.command(Urgency::Urgent, move |state| {
        let at = Timestamp::now();
        if !runbook::is_news(state, &named, &actor, at) {
            return Err(Refusal::new(RefusalCode::AlreadyDone, "it was charted a moment ago", ""));
        }
        let command = runbook::not_begun(state, &named, at, &why, at)?;
        Ok(Request::by_server(command, &actor, "", at))
    });
    if let Err(error) = charted.await {
        tracing::debug!(detail = error.detail(), "a drill that was not begun was not charted");
    }
}

/// What should be rehearsed: releases and critical flags, the most urgent first.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/drills/due", tag = "drills", params(("environment" = String, Path)),
    responses((status = 200, body = DrillsDue), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn due(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<DrillsDue>> {
    let current = environment(&state, &key)?.current();
    Ok(Json(views::drills_due(&current.state, &state.actors(), Timestamp::now())))
}

/// Chart a drill that was tried, and whoever was to run it was not let in. It counts as failed.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/drills/attempts", tag = "drills",
    request_body = DrillAttemptRequest, params(("environment" = String, Path)),
    responses(
        (status = 200, body = DrillView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub(crate) async fn attempt(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path(key): Path<String>,
    Json(body): Json<DrillAttemptRequest>,
) -> AppResult<Json<DrillView>> {
    let environment = environment(&state, &key)?;
    // People may write it in any form of RFC 3339; it is kept in one.
    let tried: Timestamp = body.tried.parse().map_err(|_| {
        AppError::bad_request("not-a-time", format!("`{}` is not a time", body.tried), "write it as RFC 3339 has it")
    })?;
    let committed = environment
        .command(Urgency::Urgent, move |state| {
            let named = DrillKind::named(body.kind, &body.name);
            let command = runbook::not_begun(state, &named, tried, &body.why, Timestamp::now())?;
            Ok(request(&admin, "", command))
        })
        .await?;
    view(&state, &committed, begun(&committed)?).map(Json)
}

/// What a drill has shown.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/drills/{id}", tag = "drills",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = DrillView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, id)): Path<(String, String)>,
) -> AppResult<Json<DrillView>> {
    let current = environment(&state, &key)?.current();
    let drill = current.state.releases.run(&id).and_then(|run| Drill::of(run)).ok_or_else(|| unknown(&id))?;
    Ok(Json(views::drill(&drill, &state.actors())))
}

/// Say of a drill that is over what was confusing, wrong or missing.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/drills/{id}/review", tag = "drills", request_body = ReviewRequest,
    params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = DrillView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn review(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<ReviewRequest>,
) -> AppResult<Json<DrillView>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let drill = current.state.releases.run(&id).and_then(|run| Drill::of(run)).ok_or_else(|| unknown(&id))?;
    let number = drill.run.number;
    let note = body.note.trim().to_owned();
    let longest = current.state.policy.reason.size();
    if note.is_empty() || note.len() > longest {
        let message = format!("a review has 1 to {longest} bytes");
        return Err(Refusal::new(RefusalCode::Invalid, message, "say in a few words what was found").into());
    }
    let step = body.step.map(|step| step.checked_sub(1).unwrap_or(usize::MAX));
    let event = RunEvent::Reviewed { about: body.about, step, note };
    let command = Command::Run { run: number, event: Box::new(event) };
    let request = request(&admin, "", command);
    let committed = environment.command(Urgency::Urgent, move |_| Ok(request.clone())).await?;
    view(&state, &committed, number).map(Json)
}

/// How long kills take, as the heartbeat flag shows.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/heartbeat", tag = "drills", params(("environment" = String, Path)),
    responses((status = 200, body = HeartbeatView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn heartbeat(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<HeartbeatView>> {
    let environment = environment(&state, &key)?;
    Ok(Json(environment.beats().view(&environment.current().state, environment.fleet().live())))
}

/// The run that a change has begun.
pub(super) fn begun(committed: &Committed) -> AppResult<u64> {
    let begun = committed.record.as_deref().and_then(|record| match &record.change().command {
        Command::Run { run, .. } => Some(*run),
        _ => None,
    });
    begun.ok_or_else(|| AppError::internal("what should begin a run began none"))
}

fn view(state: &AppState, committed: &Committed, number: u64) -> AppResult<DrillView> {
    let run = committed.publication.state.releases.runs.get(&number);
    let drill = run.and_then(|run| Drill::of(run)).ok_or_else(|| unknown(&format!("r-{number}")))?;
    Ok(views::drill(&drill, &state.actors()))
}

fn unknown(id: &str) -> AppError {
    AppError::not_found("unknown-drill", format!("there is no drill `{id}`"), "list them with `downhaul drills list`")
}
