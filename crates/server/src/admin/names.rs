use crate::error::Told;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

/// Calls people by their names in what they are refused. Refusals are made where only ids are known, and the log keeps the ids:
/// names can be erased.
pub(crate) async fn resolve(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(Told(mut problem)) = response.extensions_mut().remove::<Told>() else { return response };
    let names = state.actors();
    let mentioned = names.iter().filter(|(id, _)| problem.detail.contains(*id) || problem.help.contains(*id));
    let mentioned: Vec<(&String, &String)> = mentioned.collect();
    for (id, name) in &mentioned {
        problem.detail = problem.detail.replace(*id, name);
        problem.help = problem.help.replace(*id, name);
    }
    if !mentioned.is_empty()
        && let Ok(body) = serde_json::to_vec(&problem)
    {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(body);
    }
    response
}
