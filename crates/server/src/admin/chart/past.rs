use super::super::environments::{as_of, state_at};
use super::super::{change, environment, flags, record};
use crate::auth::admin::Admin;
use crate::environment::{Environment, log_failed};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{ChangeDetail, ExplainRequest, ExplainResponse, Problem};
use downhaul_control::{difference, fold, time};
use downhaul_core::explain::explain as xray;
use jiff::Timestamp;
use serde_json::Value;
use tokio::task::spawn_blocking;

/// The X-ray of one decision, now, or as of a revision or a time.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/explain", tag = "chart", request_body = ExplainRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = ExplainResponse), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn explain(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Json(body): Json<ExplainRequest>,
) -> AppResult<Json<ExplainResponse>> {
    let environment = environment(&state, &key)?;
    let Value::Object(mut context) = body.context else {
        let help = "send an object of attributes, such as `{\"targetingKey\": \"user-1\"}`";
        return Err(AppError::bad_request("invalid-context", "the context is not an object", help));
    };
    let (revision, then) = moment(&environment, body.revision, body.at.as_deref())?;
    if let Some(then) = then {
        context.entry("now").or_insert_with(|| Value::from(then.as_millisecond()));
    }
    let valid = as_of(&state, &environment, revision).await?;
    let revision = valid.document().revision;
    if valid.document().flag(&body.flag).is_none() {
        return Err(flags::unknown(valid.document(), &body.flag));
    }
    let flag = body.flag.clone();
    let explained = spawn_blocking(move || xray(&valid, &flag, &context)).await.map_err(AppError::internal)?;
    let made_at = environment.chart().time_of(revision).map(time::to_text);
    Ok(Json(ExplainResponse {
        flag: body.flag,
        revision,
        made_at,
        text: explained.to_string(),
        xray: serde_json::to_value(explained).map_err(AppError::internal)?,
        warnings: Vec::new(),
    }))
}

/// Which revision is asked about, and what time it was then; nothing of both where now is meant.
fn moment(
    environment: &Environment,
    revision: Option<u64>,
    at: Option<&str>,
) -> AppResult<(Option<u64>, Option<Timestamp>)> {
    let chart = environment.chart();
    match (revision, at) {
        (None, None) => Ok((None, None)),
        (Some(revision), None) => Ok((Some(revision), chart.time_of(revision))),
        (Some(_), Some(_)) => {
            let help = "say one of both";
            Err(AppError::bad_request("two-moments", "both `revision` and `at` say when", help))
        }
        (None, Some(at)) => {
            let then: Timestamp = at.parse().map_err(|_| {
                let help = "write it as `2026-11-23T14:05:00Z`, or with an offset such as `+01:00`";
                AppError::bad_request("malformed-time", format!("`{at}` is not a time"), help)
            })?;
            match chart.revision_at(then) {
                0 => {
                    let first = chart.time_of(1).map(time::to_text);
                    let help = match first {
                        Some(first) => format!("the first change was made at {first}"),
                        None => "nothing was changed yet".to_owned(),
                    };
                    Err(AppError::not_found("before-the-chart", format!("there was no change by {at}"), help))
                }
                revision => Ok((Some(revision), Some(then))),
            }
        }
    }
}

/// One change in full: what it was before, what it is since, and in words.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/chart/{revision}", tag = "chart",
    params(("environment" = String, Path), ("revision" = u64, Path)),
    responses((status = 200, body = ChangeDetail), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, revision)): Path<(String, u64)>,
) -> AppResult<Json<ChangeDetail>> {
    let environment = environment(&state, &key)?;
    let stored = state.log().read(environment.key(), revision, 1).await.map_err(log_failed)?;
    let Some(stored) = stored.into_iter().find(|stored| stored.revision == revision) else {
        let newest = environment.current().position().revision;
        let detail = format!("there is no revision {revision}");
        return Err(AppError::not_found("unknown-revision", detail, format!("the newest is {newest}")));
    };
    let record = record(stored)?;
    let before = state_at(&state, &environment, revision.saturating_sub(1)).await?;
    let flag_set = before.flag_set.clone();
    let after = fold(before, &record);
    let edits = difference::edits(&flag_set, &after.flag_set);
    Ok(Json(ChangeDetail { change: change(&state, &environment.current(), &record), edits }))
}
