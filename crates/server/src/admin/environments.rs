use super::environment;
use crate::auth::admin::Admin;
use crate::auth::identity::Identity;
use crate::environment::{Environment, log_failed};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path, Query};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{DocumentQuery, Environments, Problem};
use downhaul_control::{State as PastState, views};
use downhaul_core::document::FlagSet;
use downhaul_core::validate::{Valid, validate};

/// The environments in which the caller has a role.
#[utoipa::path(
    get, path = "/api/v1/environments", tag = "environments",
    responses((status = 200, body = Environments), (status = 401, body = Problem))
)]
pub(crate) async fn list(State(state): State<AppState>, identity: Identity) -> Json<Environments> {
    let view = |environment: &std::sync::Arc<Environment>| {
        views::environment(&environment.current().state, environment.fleet().live())
    };
    Json(Environments {
        environments: state.environments().filter(|each| identity.roles(each).is_ok()).map(view).collect(),
    })
}

/// The flag set as a document, now or as of a revision.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/document", tag = "environments",
    params(("environment" = String, Path), DocumentQuery),
    responses((status = 200, body = Object), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn document(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Query(query): Query<DocumentQuery>,
) -> AppResult<Json<FlagSet>> {
    let environment = environment(&state, &key)?;
    Ok(Json(as_of(&state, &environment, query.revision).await?.into_document()))
}

/// The flag set as of a revision; the newest unless given.
pub(super) async fn as_of(state: &AppState, environment: &Environment, revision: Option<u64>) -> AppResult<Valid> {
    let current = environment.current();
    let newest = current.position().revision;
    let Some(revision) = revision.filter(|revision| *revision != newest) else {
        return Ok((*current.valid).clone());
    };
    if revision > newest {
        return Err(AppError::not_found(
            "unknown-revision",
            format!("there is no revision {revision} yet"),
            format!("the newest is {newest}"),
        ));
    }
    let past = state_at(state, environment, revision).await?;
    // Of a past flag set only the answers are asked for: that dates in it have passed is nobody's news.
    let (valid, _) = validate(past.flag_set, None)
        .map_err(|problems| AppError::internal(format!("revision {revision} is not valid: {problems:?}")))?;
    Ok(valid)
}

/// The state as of a revision, from the nearest one that is kept. What only people ask for of the time before is not in it.
pub(crate) async fn state_at(state: &AppState, environment: &Environment, revision: u64) -> AppResult<PastState> {
    let kept = environment.chart().snapshot(revision);
    let from = match kept {
        Some(kept) => (*kept).clone(),
        None => PastState::empty(environment.key().clone(), state.log().epoch()),
    };
    downhaul_store::advance(state.log(), environment.key(), from, revision).await.map_err(log_failed)
}
