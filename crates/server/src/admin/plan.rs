use super::{environment, populations};
use crate::auth::admin::Admin;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::planner::Work;
use crate::state::AppState;
use axum::extract::State;
use downhaul_blast::plan::Plan;
use downhaul_control::api::{PlanRequest, Problem};

/// What a draft would do to what is published, exactly and over a population: the same as `downhaul plan --format json`.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/plan", tag = "flags", request_body = PlanRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, description = "a plan, see docs/reference/command-line.md", body = Object),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    Json(asked): Json<PlanRequest>,
) -> AppResult<Json<Plan>> {
    let environment = environment(&state, &key)?;
    environment.save_live().await?;
    let kept = environment.populations();
    let name = match (&asked.population, asked.no_population) {
        (Some(_), true) => {
            let help = "leave one of them out";
            let detail = "`population` and `no_population` contradict each other";
            return Err(AppError::bad_request("malformed-body", detail, help));
        }
        (Some(name), false) => Some(name.clone()),
        (None, true) => None,
        (None, false) => populations::default_of(&environment, &kept.list().await?),
    };
    let people = match name {
        Some(name) => Some(kept.get(&populations::found(&name)?).await?),
        None => None,
    };
    let before = environment.current();
    let budget = Some(before.state.policy.budget.clone()).filter(|budget| !budget.is_empty());
    let work = Work { before, people, budget, asked };
    Ok(Json(state.planner().plan(work).await?))
}
