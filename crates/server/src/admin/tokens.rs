use super::{environment, request};
use crate::auth::admin::{Admin, By, Manager};
use crate::environment::Urgency;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::random;
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{Problem, TokenCreated, TokenRequest, TokenRevocation, TokenView, Tokens};
use downhaul_control::{Command, Refusal, RefusalCode, Secret, SecretKind, decide, views};

/// Tokens of the environment, revoked and expired ones included, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/tokens", tag = "people", params(("environment" = String, Path)),
    responses((status = 200, body = Tokens), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<Tokens>> {
    let current = environment(&state, &key)?.current();
    Ok(Json(views::tokens(&current.state, &state.actors())))
}

/// Make a token, of a person or of a machine; its secret is in this answer and in no other.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/tokens", tag = "people", request_body = TokenRequest,
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = TokenCreated), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path(key): Path<String>,
    Json(body): Json<TokenRequest>,
) -> AppResult<Json<TokenCreated>> {
    let environment = environment(&state, &key)?;
    if body.person.is_some() == body.roles.is_some() {
        return Err(Refusal::new(
            RefusalCode::Invalid,
            "a token is either a person's or has roles of its own",
            "name one of `person` and `roles`",
        )
        .into());
    }
    let secret = Secret::new(SecretKind::Admin, &random::bytes().map_err(AppError::internal)?);
    // A machine is known by the name of its token.
    let (actor, is_new) = match &body.person {
        Some(person) => (person.clone(), false),
        None => (state.new_actor(body.name.trim()).await?, true),
    };
    let made = async {
        let request = request(&admin, &body.reason, decide::create_token(&body, &actor, &secret)?);
        environment.command(Urgency::Patient, move |_| Ok(request.clone())).await
    };
    let committed = match made.await {
        Ok(committed) => committed,
        Err(error) if is_new => {
            state.erase_actor(&actor).await?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    let current = &committed.publication.state;
    let held = current.tokens.get(secret.id()).ok_or_else(|| AppError::internal("no token was made"))?;
    Ok(Json(TokenCreated { view: views::token(current, held, &state.actors()), token: secret.reveal() }))
}

/// Revoke a token; sessions that were begun with it end at once.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/tokens/{id}/revoke", tag = "people",
    request_body = TokenRevocation, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = TokenView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem),
    )
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<TokenRevocation>,
) -> AppResult<Json<TokenView>> {
    let environment = environment(&state, &key)?;
    let request = request(&admin, &body.reason, Command::RevokeToken { id: id.clone() });
    let committed = environment.command(Urgency::Urgent, move |_| Ok(request.clone())).await?;
    let current = &committed.publication.state;
    let held = current.tokens.get(&id).ok_or_else(|| AppError::internal("the token is gone"))?;
    Ok(Json(views::token(current, held, &state.actors())))
}
