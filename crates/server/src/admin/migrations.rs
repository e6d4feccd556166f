use super::{environment, request};
use crate::auth::admin::{Admin, By, Operator};
use crate::environment::{Environment, Publication, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{MigrationFleet, MigrationPage, MigrationStepRequest, MigrationView, PhaseCounts, Problem};
use downhaul_control::migration::MigrationStep;
use downhaul_control::{Command, Refusal, migration, views};
use downhaul_core::document::Flag;
use std::sync::Arc;

/// Data changes: the flags that have a phase.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/migrations", tag = "migrations",
    params(("environment" = String, Path)),
    responses((status = 200, body = MigrationPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<MigrationPage>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let page = views::migrations(&current.state, &state.actors(), |flag| seen(&environment, &current, flag));
    Ok(Json(page))
}

/// Where a data change stands, what its clients have counted, and what is in the way of the next step and of the last.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/migrations/{flag}", tag = "migrations",
    params(("environment" = String, Path), ("flag" = String, Path)),
    responses((status = 200, body = MigrationView), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _admin: Admin,
    Path((key, flag)): Path<(String, String)>,
) -> AppResult<Json<MigrationView>> {
    let environment = environment(&state, &key)?;
    Ok(Json(view(&state, &environment, &environment.current(), &flag)?))
}

/// Take a step, or hold the flag where it stands, which comes before a step to where nobody can be yet: then the answer
/// has the same phase, and the step is asked for again once no client is behind.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/migrations/{flag}/steps", tag = "migrations",
    request_body = MigrationStepRequest, params(("environment" = String, Path), ("flag" = String, Path)),
    responses(
        (status = 200, body = MigrationView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn step(
    State(state): State<AppState>,
    admin: By<Operator>,
    Path((key, flag)): Path<(String, String)>,
    Json(body): Json<MigrationStepRequest>,
) -> AppResult<Json<MigrationView>> {
    let environment = environment(&state, &key)?;
    let asked = flag.clone();
    let counting = Arc::clone(&environment);
    let committed = environment
        .command(Urgency::Patient, move |state| {
            let step = next_step(&counting, state, &asked, &body)?;
            Ok(request(&admin, &body.reason, Command::Migrate { step: Box::new(step) }))
        })
        .await?;
    Ok(Json(view(&state, &environment, &committed.publication, &flag)?))
}

/// The step that is asked for, or the hold that comes before it, with what clients have counted where the flag stands.
pub(super) fn next_step(
    environment: &Environment,
    state: &downhaul_control::State,
    flag: &str,
    asked: &MigrationStepRequest,
) -> Result<MigrationStep, Refusal> {
    let counted = match state.flag_set.flag(flag) {
        Some(flag) => environment.fleet().migration(flag, migration::since(state, flag)).1,
        None => Vec::new(),
    };
    let counted = counted.into_iter().filter(|counts| counts.phase == asked.from).collect();
    migration::propose(state, flag, asked, counted)
}

fn seen(environment: &Environment, publication: &Publication, flag: &Flag) -> (MigrationFleet, Vec<PhaseCounts>) {
    environment.fleet().migration(flag, migration::since(&publication.state, flag))
}

fn view(state: &AppState, environment: &Environment, publication: &Publication, key: &str) -> AppResult<MigrationView> {
    let flag = publication.state.flag_set.flag(key);
    flag.and_then(|flag| {
        let seen = seen(environment, publication, flag);
        views::migration(&publication.state, flag, &state.actors(), seen)
    })
    .ok_or_else(|| {
        let help = "list the data changes: `downhaul migration show`; a flag becomes one by its `phase`";
        AppError::not_found("unknown-migration", format!("no flag `{key}` has a phase"), help)
    })
}
