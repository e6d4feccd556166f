use super::{environment, request};
use crate::auth::admin::{Admin, By, Manager};
use crate::environment::{Environment, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use downhaul_control::api::{People, PersonRequest, PersonView, Problem, Role, RoleRequest};
use downhaul_control::{Command, Refusal, RefusalCode, views};
use jiff::Timestamp;
use std::sync::Arc;

/// Longest name of a person, in bytes.
const NAME: usize = 200;

/// Everyone to whom a role was granted.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/people", tag = "people", params(("environment" = String, Path)),
    responses((status = 200, body = People), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<People>> {
    let current = environment(&state, &key)?.current();
    Ok(Json(views::people(&current.state, &state.actors(), Timestamp::now())))
}

/// Someone new, with a first role. The name is kept beside the chart, which knows an opaque id only.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/people", tag = "people", request_body = PersonRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = PersonView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path(key): Path<String>,
    Json(body): Json<PersonRequest>,
) -> AppResult<Json<PersonView>> {
    let environment = environment(&state, &key)?;
    let name = body.name.trim();
    if name.is_empty() || name.len() > NAME || name.chars().any(char::is_control) {
        let message = "the name of a person has 1 to 200 bytes and no control characters";
        return Err(Refusal::new(RefusalCode::Invalid, message, "say whom others will know").into());
    }
    let actor = state.new_actor(name).await?;
    match grant(&state, &environment, &admin, &actor, body.role, &body.reason).await {
        Ok(view) => Ok(Json(view)),
        Err(error) => {
            state.erase_actor(&actor).await?;
            Err(error)
        }
    }
}

/// Grant a role to someone who is known, here or in another environment.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/people/{actor}/grant", tag = "people", request_body = RoleRequest,
    params(("environment" = String, Path), ("actor" = String, Path)),
    responses(
        (status = 200, body = PersonView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn grant_role(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path((key, actor)): Path<(String, String)>,
    Json(body): Json<RoleRequest>,
) -> AppResult<Json<PersonView>> {
    let environment = environment(&state, &key)?;
    if !state.actors().contains_key(&actor) && !is_someone(&state, &actor) {
        let help = "list who there is with `downhaul people list`, or add someone with `downhaul people add`";
        return Err(AppError::not_found("unknown-person", format!("nobody has the id `{actor}`"), help));
    }
    grant(&state, &environment, &admin, &actor, body.role, &body.reason).await.map(Json)
}

/// Take a role from someone. It counts from the next request on, and ends the person's streams.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/people/{actor}/revoke", tag = "people", request_body = RoleRequest,
    params(("environment" = String, Path), ("actor" = String, Path)),
    responses(
        (status = 200, body = PersonView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn revoke_role(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path((key, actor)): Path<(String, String)>,
    Json(body): Json<RoleRequest>,
) -> AppResult<Json<PersonView>> {
    let environment = environment(&state, &key)?;
    let command = Command::RevokeRole { actor: actor.clone(), role: body.role };
    let request = request(&admin, &body.reason, command);
    let committed = environment.command(Urgency::Urgent, move |_| Ok(request.clone())).await?;
    Ok(Json(views::person(&committed.publication.state, &actor, &state.actors(), Timestamp::now())))
}

/// Erase what someone is called, who has no role in any environment. The chart keeps the opaque id.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/people/{actor}/erase", tag = "people",
    params(("environment" = String, Path), ("actor" = String, Path)),
    responses(
        (status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem),
    )
)]
pub(crate) async fn erase(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path((key, actor)): Path<(String, String)>,
) -> AppResult<StatusCode> {
    environment(&state, &key)?;
    // One name for all environments, so all of them have a say.
    for other in state.environments() {
        if !admin.identity.roles(other).is_ok_and(|roles| roles.allow(Role::Admin)) {
            return Err(AppError::forbidden(
                "not-permitted",
                format!("the name is known in {} too, and you are no admin there", other.key()),
                "ask whoever holds `admin-token` of the data folder, which is admin everywhere",
            ));
        }
    }
    if let Some(environment) = state.environments().find(|each| each.current().state.people.contains_key(&actor)) {
        return Err(AppError::new(
            StatusCode::CONFLICT,
            "still-permitted",
            format!("{actor} still has a role in {}", environment.key()),
            "take it first with `downhaul people revoke`",
        ));
    }
    if !state.actors().contains_key(&actor) {
        let help = "list who there is with `downhaul people list`";
        return Err(AppError::not_found("unknown-person", format!("no name is kept of `{actor}`"), help));
    }
    state.erase_actor(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn grant(
    state: &AppState,
    environment: &Arc<Environment>,
    admin: &Admin,
    actor: &str,
    role: Role,
    reason: &str,
) -> AppResult<PersonView> {
    let request = request(admin, reason, Command::GrantRole { actor: actor.to_owned(), role });
    let committed = environment.command(Urgency::Patient, move |_| Ok(request.clone())).await?;
    Ok(views::person(&committed.publication.state, actor, &state.actors(), Timestamp::now()))
}

fn is_someone(state: &AppState, actor: &str) -> bool {
    state.environments().any(|environment| environment.current().state.people.contains_key(actor))
}
