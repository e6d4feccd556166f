use super::super::environment;
use super::head::{newest, of_size, roots};
use crate::auth::admin::Admin;
use crate::environment::{Environment, log_failed};
use crate::error::{AppError, AppResult};
use crate::extract::{Path, Query};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{ConsistencyQuery, Problem, ProofQuery};
use downhaul_control::chart::{ConsistencyProof, InclusionProof, SignedHead, consistency_ranges, inclusion_ranges};

/// A proof that a change is in the chart, as a C2SP tlog-proof with the record in it.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/chart/proof", tag = "chart",
    params(("environment" = String, Path), ProofQuery),
    responses(
        (status = 200, body = String, content_type = "text/plain"), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 404, body = Problem),
    )
)]
pub(crate) async fn inclusion(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<ProofQuery>,
) -> AppResult<String> {
    let environment = environment(&state, &key)?;
    let head = head(&state, &environment, query.size).await?;
    let (revision, size) = (query.revision, head.head().size);
    if revision == 0 || revision > size {
        return Err(unknown(revision, size));
    }
    let path = roots(&state, &environment, &inclusion_ranges(revision - 1, size)).await?;
    let stored = state.log().read(environment.key(), revision, 1).await.map_err(log_failed)?;
    let stored = stored.into_iter().next().ok_or_else(|| unknown(revision, size))?;
    Ok(InclusionProof { revision, record: stored.bytes, path, head }.to_text())
}

/// A proof that the chart begins with what it was at an earlier size, as a C2SP witness takes it.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/chart/consistency", tag = "chart",
    params(("environment" = String, Path), ConsistencyQuery),
    responses(
        (status = 200, body = String, content_type = "text/plain"), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 404, body = Problem),
    )
)]
pub(crate) async fn consistency(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<ConsistencyQuery>,
) -> AppResult<String> {
    let environment = environment(&state, &key)?;
    let head = head(&state, &environment, query.size).await?;
    let size = head.head().size;
    if query.old > size {
        return Err(unknown(query.old, size));
    }
    let path = roots(&state, &environment, &consistency_ranges(query.old, size)).await?;
    Ok(ConsistencyProof { old: query.old, path, head }.to_text())
}

async fn head(state: &AppState, environment: &Environment, size: Option<u64>) -> AppResult<SignedHead> {
    let newest = newest(state, environment).await?;
    match size {
        Some(size) if size > newest.head().size => Err(unknown(size, newest.head().size)),
        Some(size) if size < newest.head().size => of_size(state, environment, size).await,
        _ => Ok(newest),
    }
}

fn unknown(revision: u64, size: u64) -> AppError {
    let detail = format!("there is no revision {revision} among {size} changes");
    AppError::not_found("unknown-revision", detail, "revisions count from 1; the newest is in `GET E/chart`")
}
