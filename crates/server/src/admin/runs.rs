use super::{environment, progress, request};
use crate::auth::admin::{Admin, By, Operator};
use crate::environment::{Environment, Publication, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{Problem, RunAct, RunActRequest, RunPage, RunView};
use downhaul_control::runbook::{Run, RunEvent};
use downhaul_control::{Command, Refusal, RefusalCode, views};
use jiff::Timestamp;

/// Runs, newest first.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/runs", tag = "runs", params(("environment" = String, Path)),
    responses((status = 200, body = RunPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<RunPage>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    Ok(Json(views::runs(&current.state, &state.actors(), Timestamp::now(), progress(&environment))))
}

/// A run as it stands.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/runs/{id}", tag = "runs",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = RunView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, id)): Path<(String, String)>,
) -> AppResult<Json<RunView>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let number = current.state.releases.run(&id).ok_or_else(|| unknown(&id))?.number;
    view(&state, &environment, &current, number).map(Json)
}

/// Do something with a run: confirm or fail a manual step, let the next one go, retry or skip one that failed, abort.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/runs/{id}/{act}", tag = "runs", request_body = RunActRequest,
    params(("environment" = String, Path), ("id" = String, Path), ("act" = RunAct, Path)),
    responses(
        (status = 200, body = RunView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem),
    )
)]
pub(crate) async fn act(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path((key, id, act)): Path<(String, String, RunAct)>,
    Json(body): Json<RunActRequest>,
) -> AppResult<Json<RunView>> {
    let environment = environment(&state, &key)?;
    let number = environment.current().state.releases.run(&id).ok_or_else(|| unknown(&id))?.number;
    let committed = environment
        .command(Urgency::Urgent, move |state| {
            let run = state.releases.runs.get(&number);
            let run = run.ok_or_else(|| Refusal::new(RefusalCode::UnknownRun, "there is no such run", ""))?;
            let event = event(run, act, &body)?;
            Ok(request(&admin, &body.note, Command::Run { run: number, event: Box::new(event) }))
        })
        .await?;
    view(&state, &environment, &committed.publication, number).map(Json)
}

/// What a person asks for, at the step that is meant.
fn event(run: &Run, act: RunAct, body: &RunActRequest) -> Result<RunEvent, Refusal> {
    if act == RunAct::Abort {
        return Ok(RunEvent::Aborted);
    }
    let Some(at) = run.at_step() else {
        return Err(Refusal::new(
            RefusalCode::NotNow,
            format!("{} has ended", run.id()),
            "there is nothing left to do",
        ));
    };
    let meant = body.step.map_or(at, |step| step.saturating_sub(1));
    if meant != at {
        let message = format!("{} is at step {} by now, and step {} was meant", run.id(), at + 1, meant + 1);
        return Err(Refusal::new(
            RefusalCode::NotNow,
            message,
            "look at the run again; someone else may have been first",
        ));
    }
    let attempt = run.steps.get(at).map_or(0, |step| step.attempt);
    let note = body.note.trim().to_owned();
    Ok(match act {
        RunAct::Confirm => RunEvent::Confirmed { step: at, attempt, ok: true, note },
        RunAct::Fail => RunEvent::Confirmed { step: at, attempt, ok: false, note },
        RunAct::Go => RunEvent::Went { step: at },
        RunAct::Retry => RunEvent::Retried { step: at },
        RunAct::Skip => RunEvent::Skipped { step: at },
        RunAct::Abort => RunEvent::Aborted,
    })
}

pub(super) fn view(
    state: &AppState,
    environment: &Environment,
    publication: &Publication,
    number: u64,
) -> AppResult<RunView> {
    let run = publication.state.releases.runs.get(&number).ok_or_else(|| unknown(&Run::id_of(number)))?;
    Ok(views::run(run, &state.actors(), Timestamp::now(), progress(environment)))
}

fn unknown(id: &str) -> AppError {
    AppError::not_found("unknown-run", format!("there is no run `{id}`"), "list them with `downhaul runs list`")
}
