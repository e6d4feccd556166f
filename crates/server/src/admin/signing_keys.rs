use super::{environment, request};
use crate::auth::admin::{Admin, By, Manager};
use crate::environment::{Environment, Urgency, log_failed};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use crate::{random, secrets};
use axum::extract::State;
use axum::http::StatusCode;
use downhaul_control::api::{
    Problem, SigningKeyActRequest, SigningKeyPage, SigningKeyRequest, SigningKeyStanding, SigningKeyView,
};
use downhaul_control::envelope::EnvelopeSigner;
use downhaul_control::{Command, SigningKey};
use std::sync::Arc;

/// The keys that sign what clients get, revoked ones included.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/signing-keys", tag = "signing keys",
    params(("environment" = String, Path)),
    responses((status = 200, body = SigningKeyPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<SigningKeyPage>> {
    let environment = environment(&state, &key)?;
    Ok(Json(page(&state, &environment)))
}

/// Make a signing key, or name one that is kept elsewhere. Clients believe it from now on; with `signs` it signs as well.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/signing-keys", tag = "signing keys",
    request_body = SigningKeyRequest, params(("environment" = String, Path)),
    responses(
        (status = 201, body = SigningKeyView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path(key): Path<String>,
    Json(body): Json<SigningKeyRequest>,
) -> AppResult<(StatusCode, Json<SigningKeyView>)> {
    let environment = environment(&state, &key)?;
    let (seed, made) = match &body.public_key {
        Some(text) => {
            let read = SigningKey::read(text).ok_or_else(|| {
                AppError::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid",
                    "`public_key` is not an Ed25519 public key",
                    "give the 32 bytes in base64, as `downhaul signing-keys generate` prints them",
                )
            })?;
            (None, read)
        }
        None => {
            let seed = random::bytes::<32>().map_err(AppError::internal)?;
            (Some(seed), SigningKey::new(&EnvelopeSigner::new(&seed).public_key()))
        }
    };
    let is_here = seed.is_some() || state.issuer().has(&made.id);
    if body.signs && !is_here {
        return Err(not_here(&made.id));
    }
    let add = request(&admin, &body.reason, Command::AddSigningKey { key: made.clone(), signs: body.signs });
    environment.rehearse(add.clone()).await?;
    name_first(&state, &environment, &admin).await?;
    // Kept before anything is signed with it.
    if let Some(seed) = seed {
        state.log().put_setting(&secrets::signing_key(&made.id), &seed).await.map_err(log_failed)?;
        state.issuer().add(&seed);
    }
    environment.command(Urgency::Urgent, move |_| Ok(add.clone())).await?;
    Ok((StatusCode::CREATED, Json(view(&state, &environment, &made.id)?)))
}

/// Let a key sign from now on; the one that did is still believed.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/signing-keys/{id}/use", tag = "signing keys",
    request_body = SigningKeyActRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = SigningKeyView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn begin(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<SigningKeyActRequest>,
) -> AppResult<Json<SigningKeyView>> {
    let environment = environment(&state, &key)?;
    let command = request(&admin, &body.reason, Command::UseSigningKey { id: id.clone() });
    environment.rehearse(command.clone()).await?;
    if !state.issuer().has(&id) {
        return Err(not_here(&id));
    }
    environment.command(Urgency::Urgent, move |_| Ok(command.clone())).await?;
    Ok(Json(view(&state, &environment, &id)?))
}

/// Have clients believe a key no more.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/signing-keys/{id}/revoke", tag = "signing keys",
    request_body = SigningKeyActRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = SigningKeyView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<SigningKeyActRequest>,
) -> AppResult<Json<SigningKeyView>> {
    let environment = environment(&state, &key)?;
    let command = request(&admin, &body.reason, Command::RevokeSigningKey { id: id.clone() });
    environment.command(Urgency::Urgent, move |_| Ok(command.clone())).await?;
    Ok(Json(view(&state, &environment, &id)?))
}

/// The chart names the key that has signed so far before it names another: else nobody could revoke it.
async fn name_first(state: &AppState, environment: &Arc<Environment>, admin: &Admin) -> AppResult<()> {
    if !environment.current().state.signing.known.is_empty() {
        return Ok(());
    }
    let command = Command::AddSigningKey { key: state.issuer().first(), signs: true };
    let first = request(admin, "the key that signs since the first start", command);
    environment.command(Urgency::Urgent, move |_| Ok(first.clone())).await.map(drop)
}

fn page(state: &AppState, environment: &Environment) -> SigningKeyPage {
    let current = environment.current();
    let signing = &current.state.signing;
    let mut keys: Vec<SigningKeyView> = signing
        .known
        .values()
        .map(|known| SigningKeyView {
            id: known.key.id.clone(),
            public_key: known.key.public_key.clone(),
            standing: match &known.revoked {
                Some(_) => SigningKeyStanding::Revoked,
                None if signing.signs.as_ref() == Some(&known.key.id) => SigningKeyStanding::Signs,
                None => SigningKeyStanding::Believed,
            },
            here: state.issuer().has(&known.key.id),
            made_at: Some(known.made.at.clone()),
            signs_since: known.signed.as_ref().map(|touch| touch.at.clone()),
            revoked_at: known.revoked.as_ref().map(|touch| touch.at.clone()),
        })
        .collect();
    if keys.is_empty() {
        let SigningKey { id, public_key } = state.issuer().first();
        keys.push(SigningKeyView {
            id,
            public_key,
            standing: SigningKeyStanding::Signs,
            here: true,
            made_at: None,
            signs_since: None,
            revoked_at: None,
        });
    }
    let rank = |standing: SigningKeyStanding| match standing {
        SigningKeyStanding::Signs => 0,
        SigningKeyStanding::Believed => 1,
        SigningKeyStanding::Revoked => 2,
    };
    keys.sort_by(|a, b| (rank(a.standing), &a.made_at).cmp(&(rank(b.standing), &b.made_at)));
    SigningKeyPage { keys }
}

fn view(state: &AppState, environment: &Environment, id: &str) -> AppResult<SigningKeyView> {
    let found = page(state, environment).keys.into_iter().find(|key| key.id == id);
    found.ok_or_else(|| AppError::internal(format!("the signing key {id} is not there")))
}

fn not_here(id: &str) -> AppError {
    AppError::new(
        StatusCode::CONFLICT,
        "signing-key-not-here",
        format!("the secret half of the signing key `{id}` is not in the data folder"),
        "stop the server, bring it there with `downhaul signing-keys import`, and start it again",
    )
}
