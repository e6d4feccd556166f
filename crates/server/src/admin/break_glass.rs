use super::kills::view as kill_view;
use super::{environment, request};
use crate::auth::admin::{Admin, By, Manager};
use crate::break_glass::take_up;
use crate::environment::{Environment, Urgency};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Path};
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use downhaul_control::api::{
    BreakGlassKeyPage, BreakGlassKeyRequest, BreakGlassKeyView, BreakGlassReport, BreakGlassRevokeRequest, Problem,
};
use downhaul_control::break_glass::BreakGlassKey;
use downhaul_control::{Command, SigningKey, time, views};
use jiff::Timestamp;

/// The keys that may kill where the control plane cannot be asked, revoked ones included.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/break-glass-keys", tag = "break glass",
    params(("environment" = String, Path)),
    responses((status = 200, body = BreakGlassKeyPage), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
) -> AppResult<Json<BreakGlassKeyPage>> {
    let environment = environment(&state, &key)?;
    Ok(Json(views::break_glass_keys(&environment.current().state, &state.actors(), Timestamp::now())))
}

/// Make a key known. Clients believe it for kills alone, from their next flag set on until it expires or is revoked.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/break-glass-keys", tag = "break glass",
    request_body = BreakGlassKeyRequest, params(("environment" = String, Path)),
    responses(
        (status = 201, body = BreakGlassKeyView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path(key): Path<String>,
    Json(body): Json<BreakGlassKeyRequest>,
) -> AppResult<(StatusCode, Json<BreakGlassKeyView>)> {
    let environment = environment(&state, &key)?;
    let malformed = |what: &str| {
        let help = "`downhaul break-glass make` sends what this takes";
        AppError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", what, help)
    };
    let SigningKey { id, public_key } =
        SigningKey::read(&body.public_key).ok_or_else(|| malformed("`public_key` is not an Ed25519 public key"))?;
    let expires: Timestamp = body.expires.parse().map_err(|_| malformed("`expires` is no time"))?;
    let made = BreakGlassKey { id: id.clone(), public_key, expires: time::to_text(expires) };
    let add = request(&admin, &body.reason, Command::AddBreakGlassKey { key: made });
    environment.command(Urgency::Urgent, move |_| Ok(add.clone())).await?;
    Ok((StatusCode::CREATED, Json(view(&state, &environment, &id)?)))
}

/// Have clients believe a key no more. What it has killed stays so.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/break-glass-keys/{id}/revoke", tag = "break glass",
    request_body = BreakGlassRevokeRequest, params(("environment" = String, Path), ("id" = String, Path)),
    responses(
        (status = 200, body = BreakGlassKeyView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    )
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    admin: By<Manager>,
    Path((key, id)): Path<(String, String)>,
    Json(body): Json<BreakGlassRevokeRequest>,
) -> AppResult<Json<BreakGlassKeyView>> {
    let environment = environment(&state, &key)?;
    let command = request(&admin, &body.reason, Command::RevokeBreakGlassKey { id: id.clone() });
    environment.command(Urgency::Urgent, move |_| Ok(command.clone())).await?;
    Ok(Json(view(&state, &environment, &id)?))
}

/// Hand in what a break-glass key has signed: its kills are charted, and go out to everybody. The signature is all the
/// right that it takes.
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/break-glass", tag = "break glass",
    request_body(content = Vec<u8>, content_type = "application/vnd.downhaul.envelope"),
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = BreakGlassReport), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 507, body = Problem),
    )
)]
pub(crate) async fn report(
    State(state): State<AppState>,
    _admin: Admin,
    Path(key): Path<String>,
    body: Bytes,
) -> AppResult<Json<BreakGlassReport>> {
    let environment = environment(&state, &key)?;
    let taken = take_up(&environment, &body).await?;
    let publication = environment.current();
    let charted = taken.charted.iter().map(|id| kill_view(&state, &environment, &publication, id));
    Ok(Json(BreakGlassReport {
        key: taken.report.key,
        charted: charted.collect::<AppResult<_>>()?,
        known: taken.report.charted,
    }))
}

fn view(state: &AppState, environment: &Environment, id: &str) -> AppResult<BreakGlassKeyView> {
    let page = views::break_glass_keys(&environment.current().state, &state.actors(), Timestamp::now());
    let found = page.keys.into_iter().find(|key| key.id == id);
    found.ok_or_else(|| AppError::internal(format!("the break-glass key {id} is not there")))
}
