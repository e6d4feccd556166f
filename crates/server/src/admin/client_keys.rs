use super::{environment, request};
use crate::auth::admin::{Admin, By, Manager};
use crate::environment::Urgency;
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::random;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use downhaul_control::api::{ClientKeyCreated, ClientKeyRequest, ClientKeys, Problem};
use downhaul_control::{ClientKey, Command, Secret, SecretKind, decide};

/// Client keys, revoked ones included.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/client-keys", tag = "client keys",
    params(("environment" = String, Path)),
    responses((status = 200, body = ClientKeys), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<ClientKeys>> {
    let environment = environment(&state, &key)?;
    let current = environment.current();
    let keys = current.state.keys.values().map(|key| ClientKey::view(key, environment.key()));
    Ok(Json(ClientKeys { keys: keys.collect() }))
}

/// Make a client key; its secrets are in this answer and in no other.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/client-keys", tag = "client keys",
    request_body = ClientKeyRequest, params(("environment" = String, Path)),
    responses(
        (status = 200, body = ClientKeyCreated), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path(key): Path<String>,
    Json(body): Json<ClientKeyRequest>,
) -> AppResult<Json<ClientKeyCreated>> {
    let environment = environment(&state, &key)?;
    let secret = Secret::new(SecretKind::Client, &random::bytes().map_err(AppError::internal)?);
    let request = request(&admin, &body.reason, decide::create_key(&body, &secret));
    let committed = environment.command(Urgency::Patient, move |_| Ok(request.clone())).await?;
    let made =
        committed.publication.state.keys.get(secret.id()).ok_or_else(|| AppError::internal("no key was made"))?;
    Ok(Json(ClientKeyCreated {
        view: ClientKey::view(made, environment.key()),
        key: secret.reveal(),
        token_secret: state.token_secret(secret.id()),
    }))
}

/// Revoke a client key; its streams end at once.
#[utoipa::path(
    delete, path = "/api/v1/environments/{environment}/client-keys/{id}", tag = "client keys",
    params(("environment" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path((key, id)): Path<(String, String)>,
) -> AppResult<StatusCode> {
    let environment = environment(&state, &key)?;
    let request = request(&admin, "", Command::RevokeKey { id });
    environment.command(Urgency::Urgent, move |_| Ok(request.clone())).await?;
    Ok(StatusCode::NO_CONTENT)
}
