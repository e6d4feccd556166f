use crate::auth::host;
use crate::state::AppState;
use crate::{admin, callback, client, console, docs, health, proxies, replica, sign_in, trace};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest body of a request: a flag set of 32 MiB, and air for its escapes.
pub(crate) const BODY_LIMIT: usize = 34 * 1024 * 1024;
/// Largest body of a client's request.
const CLIENT_BODY_LIMIT: usize = 64 * 1024;
/// Largest body of a call-back.
const CALLBACK_BODY_LIMIT: usize = 16 * 1024;

/// Everything that the server answers. Needs to be served with [`crate::ClientAddress`] as connect info.
pub fn router(state: AppState) -> Router {
    let (api, description) = api(&state).split_for_parts();
    api.merge(docs::viewer(description))
        .merge(console::files(state.options().console.as_deref()))
        .layer(from_fn(console::fence))
        .layer(from_fn_with_state(state.clone(), trace::request))
        .layer(from_fn_with_state(state.clone(), proxies::resolve))
        .with_state(state)
}

/// The description of the API.
pub fn openapi(state: &AppState) -> OpenApi {
    api(state).split_for_parts().1
}

fn api(state: &AppState) -> OpenApiRouter<AppState> {
    let people = admin::routes()
        .layer(from_fn_with_state(state.clone(), admin::names::resolve))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), replica::freshen))
        .layer(from_fn_with_state(state.clone(), host::check));
    let sign_in = sign_in::routes().layer(from_fn_with_state(state.clone(), host::check));
    let clients = client::routes(state).layer(DefaultBodyLimit::max(CLIENT_BODY_LIMIT));
    let figures =
        OpenApiRouter::new().routes(routes!(health::metrics)).layer(from_fn_with_state(state.clone(), host::check));
    let callbacks = OpenApiRouter::new()
        .routes(routes!(callback::post))
        .layer(from_fn_with_state(state.clone(), replica::freshen))
        .layer(DefaultBodyLimit::max(CALLBACK_BODY_LIMIT));
    let health = OpenApiRouter::new().routes(routes!(health::live)).routes(routes!(health::ready));
    OpenApiRouter::with_openapi(docs::description())
        .merge(people)
        .merge(sign_in)
        .merge(clients)
        .merge(callbacks)
        .merge(figures)
        .merge(health)
}
