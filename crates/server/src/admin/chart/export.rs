use super::super::environment;
use super::head::newest;
use crate::auth::admin::Admin;
use crate::error::AppResult;
use crate::extract::Path;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use downhaul_control::api::Problem;
use downhaul_control::chart::{export_line, head_line};
use futures_util::stream;

/// Records that are read at a time.
const PAGE: u32 = 500;

/// Every record as it is stored, oldest first, one a line, and the signed head in the last line.
#[utoipa::path(
    get, path = "/api/v1/environments/{environment}/chart/export", tag = "chart",
    params(("environment" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "application/x-ndjson"), (status = 401, body = Problem),
        (status = 404, body = Problem),
    )
)]
pub(crate) async fn get(State(state): State<AppState>, _admin: Admin, Path(key): Path<String>) -> AppResult<Response> {
    let environment = environment(&state, &key)?;
    let head = newest(&state, &environment).await?;
    let size = head.head().size;
    let pages = stream::try_unfold(Some(1), move |from: Option<u64>| {
        let (state, environment, head) = (state.clone(), environment.clone(), head.clone());
        async move {
            let Some(from) = from else { return Ok::<_, downhaul_store::StoreError>(None) };
            if from > size {
                return Ok(Some((head_line(&head), None)));
            }
            let page = state.log().read(environment.key(), from, PAGE).await?;
            // What ends too early says so by ending: the head is missing then.
            let Some(next) = page.last().map(|stored| stored.revision + 1) else { return Ok(None) };
            let lines: Vec<u8> = page.iter().filter(|each| each.revision <= size).flat_map(export_line).collect();
            Ok(Some((lines, Some(next))))
        }
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(pages)).into_response())
}
