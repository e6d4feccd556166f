use super::drills::begun;
use super::{change, environment, request};
use crate::auth::admin::{Admin, By, Editor, Operator};
use crate::environment::{Committed, Environment, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::runner::read;
use crate::state::AppState;
use crate::targets::Answer;
use axum::extract::State;
use downhaul_control::api::{
    Changed, CheckReleaseRequest, Problem, PutReleaseRequest, ReleasePage, ReleaseReport, ReleaseView, RetireRequest,
    RollbackRequest, RunView,
};
use downhaul_control::release::check::{Facts, MetricFact, check};
use downhaul_control::release::{Release, ReleaseKey, read};
use downhaul_control::runbook::RunEvent;
use downhaul_control::{Command, Refusal, RefusalCode, runbook, views};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// Releases, newest first.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/releases", tag = "releases", params(("environment" = String, Path)),
    responses((status = 200, body = ReleasePage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<ReleasePage>> {
    let environment = environment(&state, &key)?;
    Ok(Json(views::releases(&environment.current().state, &state.actors())))
}

/// A release, and what a rollback of it would do.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/releases/{key}", tag = "releases",
    params(("environment" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = ReleaseView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, release)): Path<(String, String)>,
) -> AppResult<Json<ReleaseView>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let found = current.state.releases.release(&release).ok_or_else(|| unknown(&environment, &release))?;
    Ok(Json(views::release(&current.state, found, &state.actors())))
}

/// Put a release.
#[utoipa::path(
    put, path = "/api/v1/environments/{environment}/releases/{key}", tag = "releases", request_body = PutReleaseRequest,
    params(("environment" = String, Path), ("key" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, name)): Path<(String, String)>,
    Json(body): Json<PutReleaseRequest>,
) -> AppResult<Json<Changed>> {
    let environment = environment(&state, &key)?;
    let release = release(&body.release)?;
    if release.key.as_str() != name {
        let message = format!("the release is `{}`, and the address names `{name}`", release.key);
        return Err(AppError::bad_request("key-differs", message, "make both the same"));
    }
    let mut request = request(&admin, &body.reason, Command::PutRelease { release: Box::new(release) });
    request.expected_revision = body.expected_revision;
    let committed = environment.command(Urgency::Patient, move |_| Ok(request.clone())).await?;
    Ok(Json(changed(&state, &committed)))
}

/// Retire a release. Its key is never used again.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/releases/{key}/retire", tag = "releases",
    request_body = RetireRequest, params(("environment" = String, Path), ("key" = String, Path)),
    responses(
        (status = 200, body = Changed), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn retire(
    State(state): State<AppState>,
    admin: By<Editor>,
    Path((key, name)): Path<(String, String)>,
    Json(body): Json<RetireRequest>,
) -> AppResult<Json<Changed>> {
    let environment = environment(&state, &key)?;
    let key: ReleaseKey = name.parse().map_err(|_| unknown(&environment, &name))?;
    let request = request(&admin, &body.reason, Command::RetireRelease { key });
    let committed = environment.command(Urgency::Patient, move |_| Ok(request.clone())).await?;
    Ok(Json(changed(&state, &committed)))
}

/// Name everything that is missing or stale in a release, put or not.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/releases/check", tag = "releases",
    request_body = CheckReleaseRequest, params(("environment" = String, Path)),
    responses(
        (status = 200, body = ReleaseReport), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem),
    )
)]
pub(crate) async fn check_one(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Json(body): Json<CheckReleaseRequest>,
) -> AppResult<Json<ReleaseReport>> {
    let environment = environment(&state, &key)?;
    let release = release(&body.release)?;
    let targets = &state.options().targets;
    let mut facts = Facts {
        artifact: body.artifact,
        previous: body.previous,
        targets: Some(targets.webhooks.keys().cloned().collect()),
        ..Facts::default()
    };
    for metric in &release.recovery {
        let fact = match read(&state, &environment, &metric.query).await.answer {
            Answer::Value(value) => MetricFact::Value { value },
            Answer::NoData(why) => MetricFact::NoData { why },
            Answer::Down(why) => MetricFact::Unknown { why },
        };
        facts.metrics.insert(metric.name.clone(), fact);
    }
    let findings = check(&environment.current().state, &release, &facts, Timestamp::now());
    let ready = !findings.iter().any(|finding| finding.severity == downhaul_core::diagnostic::Severity::Error);
    Ok(Json(ReleaseReport { release: release.key.to_string(), ready, findings }))
}

/// Begin a run of a release's runbook.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/releases/{key}/rollback", tag = "runs",
    request_body = RollbackRequest, params(("environment" = String, Path), ("key" = String, Path)),
    responses(
        (status = 200, body = RunView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn rollback(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path((key, release)): Path<(String, String)>,
    Json(body): Json<RollbackRequest>,
) -> AppResult<Json<RunView>> {
    let environment = environment(&state, &key)?;
    if body.reason.trim().is_empty() {
        let refusal = Refusal::new(RefusalCode::MissingReason, "a reason is missing", "say in a few words why");
        return Err(refusal.into());
    }
    end_drills(&environment, &admin, &release).await;
    let committed = environment
        .command(Urgency::Urgent, move |state| {
            let command = runbook::start(state, &release, body.pace)?;
            Ok(request(&admin, &body.reason, command))
        })
        .await?;
    super::runs::view(&state, &environment, &committed.publication, begun(&committed)?).map(Json)
}

/// Practice that is in the way of the real thing is over. Where it cannot be ended, the rollback begins all the same.
async fn end_drills(environment: &Arc<Environment>, admin: &Admin, release: &str) {
    for run in runbook::drills_in_the_way(&environment.current().state, release) {
        let reason = format!("a rollback of {release} begins");
        let request = request(admin, &reason, Command::Run { run, event: Box::new(RunEvent::Aborted) });
        if let Err(error) = environment.command(Urgency::Urgent, move |_| Ok(request.clone())).await {
            tracing::warn!(run, detail = error.detail(), "a drill in the way of a rollback was not ended");
        }
    }
}

fn release(json: &Value) -> Result<Release, Refusal> {
    read::of_json(json).map_err(|problem| Refusal::invalid(vec![*problem]))
}

fn changed(state: &AppState, committed: &Committed) -> Changed {
    Changed {
        position: committed.publication.position(),
        change: committed.record.as_ref().map(|record| change(state, &committed.publication, record)),
        warnings: Vec::new(),
    }
}

pub(super) fn unknown(environment: &Arc<Environment>, name: &str) -> AppError {
    let current = environment.current();
    let known: Vec<String> = current.state.releases.by_key.keys().map(|key| format!("`{key}`")).collect();
    let help = if known.is_empty() {
        "there is none yet; write one with `downhaul release plan`".to_owned()
    } else {
        format!("there is {}", known.join(", "))
    };
    AppError::not_found("unknown-release", format!("there is no release `{name}`"), help)
}
