//! The description of the API, and its viewer, which is served whole from here.

use axum::Router;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_swagger_ui::{Config, SwaggerUi};

pub(crate) fn viewer<S: Clone + Send + Sync + 'static>(description: OpenApi) -> Router<S> {
    // The validator of the viewer is a service elsewhere.
    let config = Config::default().validator_url("none").persist_authorization(false);
    SwaggerUi::new("/api/docs").url("/api/openapi.json", description).config(config).into()
}

/// What stands before the paths.
pub(crate) fn description() -> OpenApi {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(
            title = "Downhaul",
            description = "The admin API of the control plane, under /api/v1, the API of its clients, under /client/v1, and OpenFeature's remote evaluation, under /ofrep/v1."
        ),
        security(("admin_token" = []), ("session" = []))
    )]
    struct Description;

    let mut description = Description::openapi();
    let components = description.components.get_or_insert_default();
    let bearer = |text: &str| {
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build())
    };
    components.add_security_scheme("admin_token", bearer("An admin token: `dha_…`"));
    components.add_security_scheme("client_key", bearer("A client key: `dhk_…`"));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::auth::session::COOKIE));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    description
}
