use super::environment;
use crate::auth::admin::Admin;
use crate::error::AppResult;
use crate::extract::{Json, Path};
use crate::replica::Message;
use crate::state::AppState;
use axum::extract::State;
use downhaul_control::api::{PresenceRequest, PresenceView, Problem};
use downhaul_control::{Refusal, RefusalCode, time};
use jiff::Timestamp;
use std::time::Instant;

/// Bytes of a page's name, or of a key.
const LONGEST: usize = 256;

/// Say which flag a page of the console shows, so that others who have it open see it. Gives who is where.
#[utoipa::path(
    put, path = "/api/v1/environments/{environment}/presence", tag = "flags", params(("environment" = String, Path)),
    request_body = PresenceRequest,
    responses((status = 200, body = PresenceView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem))
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    admin: Admin,
    Path(key): Path<String>,
    Json(told): Json<PresenceRequest>,
) -> AppResult<Json<PresenceView>> {
    let environment = environment(&state, &key)?;
    let fits = |text: &str| (1..=LONGEST).contains(&text.len());
    if !fits(&told.tab) || !told.flag.as_deref().is_none_or(fits) {
        let help = format!("give the page a name, and the key of a flag, of 1 to {LONGEST} bytes");
        return Err(Refusal::new(RefusalCode::Invalid, "`tab` or `flag` is empty or too long", help).into());
    }
    let (actor, at) = (&admin.identity.actor, time::to_text(Timestamp::now()));
    environment.presence().tell(actor, &told, &at, Instant::now());
    if let Some(replica) = state.replica() {
        replica.tell(Message::Present { environment: key, actor: actor.clone(), told, at });
    }
    Ok(Json(environment.presence().view(&state.actors(), Instant::now())))
}
