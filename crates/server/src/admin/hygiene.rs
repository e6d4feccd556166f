use super::environment;
use crate::auth::admin::Admin;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::hygiene::{Looked, look};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{AskedBy, AskedView, Problem, RetirementView, StalePage, StaleQuery};
use downhaul_control::hygiene::{Retirement, check_retired, retirement};
use downhaul_control::policy::{Hygiene, Limit};
use downhaul_control::{Command, Refusal, time, views};
use jiff::Timestamp;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Flags that someone should look at: expired, due for review, not asked for, the same for everyone.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/stale", tag = "flags",
    params(("environment" = String, Path), StaleQuery),
    responses(
        (status = 200, body = StalePage), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn stale(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<StaleQuery>,
) -> AppResult<Json<StalePage>> {
    let environment = environment(&state, &key)?;
    let limits = query.days.map(limits).transpose()?;
    let Looked { publication, limits, stale, usage } = look(&state, &environment, limits, Timestamp::now()).await?;
    let first = environment.chart().time_of(1);
    Ok(Json(views::stale(&publication.state, &limits, stale, &usage, first)))
}

fn limits(days: u32) -> AppResult<Hygiene> {
    let days = Limit::try_from(days)
        .map_err(|why| AppError::bad_request("malformed-days", why.to_string(), "name whole days from 1 to 3650"))?;
    Ok(Hygiene { idle_days: days, one_variant_days: days, ..Hygiene::default() })
}

/// What would become of those who ask for a flag once it is retired, and what is in the way of that.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/flags/{key}/retirement", tag = "flags",
    params(("environment" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = RetirementView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, flag)): Path<(String, String)>,
) -> AppResult<Json<RetirementView>> {
    let environment = environment(&state, &key)?;
    let found = judged(&environment, &flag).await?;
    Ok(Json(views::retirement(&environment.current().state, &flag, found)))
}

/// Whether applications ask for a flag: when clients last told so, by kind.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/flags/{key}/asked", tag = "flags",
    params(("environment" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = AskedView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn asked(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, flag)): Path<(String, String)>,
) -> AppResult<Json<AskedView>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    if current.state.flag_set.flag(&flag).is_none() {
        return Err(super::flags::unknown(&current.state.flag_set, &flag));
    }
    let asked = environment.usage().now().asked(&flag);
    let asked = asked.into_iter().map(|(kind, at)| AskedBy { kind, at: time::to_text(at) }).collect();
    Ok(Json(AskedView { flag, asked }))
}

/// What is in the way of retiring a flag, as things are.
pub(super) async fn judged(environment: &Arc<crate::environment::Environment>, flag: &str) -> AppResult<Retirement> {
    let (environment, flag) = (Arc::clone(environment), flag.to_owned());
    let judged = spawn_blocking(move || -> Result<Retirement, Refusal> {
        let current = environment.current();
        retirement(&current.state, &flag, &environment.usage().now(), Timestamp::now())
    });
    Ok(judged.await.map_err(AppError::internal)??)
}

/// Whether the flags that a command retires may go, as things are.
pub(super) async fn check_pruned(
    environment: &Arc<crate::environment::Environment>,
    command: &Command,
    anyway: bool,
) -> AppResult<()> {
    let (environment, command) = (Arc::clone(environment), command.clone());
    let checked = spawn_blocking(move || {
        let current = environment.current();
        check_retired(&current.state, &command, &environment.usage().now(), Timestamp::now(), anyway)
    });
    Ok(checked.await.map_err(AppError::internal)??)
}
