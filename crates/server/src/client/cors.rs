use crate::client::caller;
use crate::error::AppError;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Tells browsers which pages may read answers: those of origins that the key in the request allows.
pub(crate) async fn answer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return vary(next.run(request).await);
    };
    if request.method() == Method::OPTIONS {
        return vary(preflight(&state, &origin));
    }
    let key = caller::client_key(&state, request.headers());
    let allowed = key.is_some_and(|(_, key)| allows(&key, &origin));
    let mut response = next.run(request).await;
    if allowed {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("etag, retry-after, x-request-id, downhaul-sample"),
        );
    }
    vary(response)
}

fn allows(key: &downhaul_control::ClientKey, origin: &HeaderValue) -> bool {
    origin.to_str().is_ok_and(|origin| key.allows_origin(origin))
}

/// A browser asks without the key: whether some key in force allows the origin is all that can be told yet.
fn preflight(state: &AppState, origin: &HeaderValue) -> Response {
    let known = state.environments().any(|environment| {
        let current = environment.current();
        current.state.keys.values().any(|key| key.revoked.is_none() && allows(&key.key, origin))
    });
    if !known {
        return AppError::forbidden(
            "origin-not-allowed",
            "no client key is for pages of this origin",
            "add the origin to a browser key",
        )
        .into_response();
    }
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()),
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(
                "authorization, content-encoding, content-type, downhaul-context-token, if-none-match, x-api-key",
            ),
        ),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn vary(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}
