//! What was changed, and that it is all there.

pub(super) mod export;
pub(super) mod head;
pub(super) mod past;
pub(super) mod proof;

use super::{change, environment, record};
use crate::auth::admin::Admin;
use crate::environment::log_failed;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{ChartPage, ChartQuery, Problem, VerifyQuery, VerifyReport};
use downhaul_control::chart::{HeadError, SignedHead};
use downhaul_control::heartbeat::ACTOR as SYSTEM;

const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;
/// Changes that are read for one page of which most are left out.
const FARTHEST: usize = 2_000;

/// Changes, newest first.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/chart", tag = "chart",
    params(("environment" = String, Path), ChartQuery),
    responses((status = 200, body = ChartPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<ChartQuery>,
) -> AppResult<Json<ChartPage>> {
    let environment = environment(&state, &key)?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let current = environment.current();
    let leaves_out = query.automatic == Some(false);
    let wanted = if leaves_out { LARGEST_PAGE } else { limit };
    let (mut changes, mut before, mut looked_at) = (Vec::new(), query.before, 0);
    let next_before = 'pages: loop {
        let page =
            state.log().chart(environment.key(), before, wanted, query.flag.as_deref()).await.map_err(log_failed)?;
        let is_full = page.len() >= wanted as usize;
        looked_at += page.len();
        for stored in page {
            before = Some(stored.revision);
            let record = record(stored)?;
            if !leaves_out || record.change().actor != SYSTEM {
                changes.push(change(&state, &current, &record));
            }
            if changes.len() >= limit as usize {
                break 'pages before;
            }
        }
        if !is_full {
            break None;
        }
        if looked_at >= FARTHEST {
            break before;
        }
    };
    let next_before = next_before.filter(|revision| *revision > 1);
    Ok(Json(ChartPage { changes, next_before, head: current.state.head.to_string() }))
}

/// Replay all changes; says where the log does not fit.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/chart/verify", tag = "chart",
    params(("environment" = String, Path), VerifyQuery),
    responses(
        (status = 200, body = VerifyReport), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn verify(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<VerifyQuery>,
) -> AppResult<Json<VerifyReport>> {
    let environment = environment(&state, &key)?;
    let mut heads = Vec::new();
    if let Some(text) = &query.head {
        let refuse = |why: String| AppError::bad_request("not-a-head", why, "send a head as it was signed, whole");
        let head: SignedHead = text.parse().map_err(|why: HeadError| refuse(why.to_string()))?;
        if head.head().environment() != Some(environment.key().as_str()) {
            return Err(refuse(format!("it is the head of `{}`, not of `{}`", head.head().origin, environment.key())));
        }
        heads.push(head.head().clone());
    }
    heads.extend(head::kept(&state, &environment).await?.map(|head| head.head().clone()));
    Ok(Json(downhaul_store::verify(state.log(), environment.key(), &heads).await.map_err(log_failed)?))
}
