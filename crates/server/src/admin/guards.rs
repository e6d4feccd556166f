use super::environment;
use super::flags::known;
use crate::auth::admin::Admin;
use crate::environment::log_failed;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::guards::{Judge, readable, replayed, view};
use crate::minutes::now;
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{GuardPage, GuardQuery, GuardReplay, GuardReplayQuery, Problem};
use downhaul_control::guards::{WINDOW, Watch, watches};
use jiff::Timestamp;

/// The guards of the flags, and what each says of what clients told so far.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/guards", tag = "guards",
    params(("environment" = String, Path), GuardQuery),
    responses((status = 200, body = GuardPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<GuardQuery>,
) -> AppResult<Json<GuardPage>> {
    let environment = environment(&state, &key)?;
    known(&environment, query.flag.as_deref())?;
    let (current, until) = (environment.current(), readable(&environment, now()));
    let length = environment.minutes().length();
    let mut guards = Vec::new();
    let asked = |watch: &Watch| query.flag.as_deref().is_none_or(|flag| flag == watch.flag.as_str());
    let all = watches(&current.state, until, length);
    let mut shown = environment.guards().shown().await;
    shown.retain(|id, _| all.iter().any(|watch| watch.id() == *id));
    for watch in all.into_iter().filter(asked) {
        let new = || Judge::new(&current.state, watch.clone(), length);
        let judge = shown.entry(watch.id()).or_insert_with(new);
        judge.follow(&current.state, watch, length);
        judge.read(&environment, until).await.map_err(log_failed)?;
        judge.problem(environment.guards().problem(judge.watch()));
        guards.push(view(judge, length, query.course));
    }
    Ok(Json(GuardPage { position: current.position(), guards }))
}

/// What a guard, as it is now, would have said of a time of the past.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/guards/replay", tag = "guards",
    params(("environment" = String, Path), GuardReplayQuery),
    responses(
        (status = 200, body = GuardReplay), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn replay(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<GuardReplayQuery>,
) -> AppResult<Json<GuardReplay>> {
    let environment = environment(&state, &key)?;
    known(&environment, Some(&query.flag))?;
    let (current, newest) = (environment.current(), readable(&environment, now()));
    let length = environment.minutes().length();
    let all = watches(&current.state, newest, length);
    let of_flag = || all.iter().filter(|watch| watch.flag.as_str() == query.flag);
    let Some(watch) = of_flag().find(|watch| watch.guard.name == query.guard) else {
        let names: Vec<_> = of_flag().map(|watch| format!("`{}`", watch.guard.name)).collect();
        let help = match names.is_empty() {
            true => "it has none; docs/guide/guards.md shows how one is written".to_owned(),
            false => format!("it has {}", names.join(", ")),
        };
        let message = format!("the flag `{}` has no guard `{}`", query.flag, query.guard);
        return Err(AppError::not_found("unknown-guard", message, help));
    };
    let from = query.from.as_deref().map(|text| time("from", text)).transpose()?;
    let to = query.to.as_deref().map(|text| time("to", text)).transpose()?;
    let first = from.unwrap_or(watch.from).div_ceil(length) * length;
    let until = to.unwrap_or(newest).min(newest);
    let until = until - until % length;
    if first >= until || until - first > WINDOW * length {
        let message = format!("from {first} to {until} there are {} buckets", until.saturating_sub(first) / length);
        let help = format!("name a time of 1 to {WINDOW} buckets of {length} s that is over");
        return Err(AppError::bad_request("malformed-time", message, help));
    }
    // Of what it did nothing is told: that was then.
    let watch = Watch { from: first, acted: None, ..watch.clone() };
    let mut judge = Judge::new(&current.state, watch, length);
    judge.read(&environment, until).await.map_err(log_failed)?;
    Ok(Json(replayed(&judge, length)))
}

fn time(what: &str, text: &str) -> AppResult<u64> {
    let time = text.parse::<Timestamp>().ok().and_then(|time| u64::try_from(time.as_second()).ok());
    time.ok_or_else(|| {
        let message = format!("`{what}` is no time: {}", text.chars().take(40).collect::<String>());
        AppError::bad_request("malformed-time", message, "write RFC 3339, such as `2026-11-26T14:02:00Z`")
    })
}
