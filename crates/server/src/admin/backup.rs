use crate::auth::identity::Identity;
use crate::environment::log_failed;
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use crate::{random, recovery};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use downhaul_control::api::{Problem, Role};
use futures_util::stream;
use jiff::Timestamp;
use std::path::PathBuf;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// Bytes that are read at a time.
const PIECE: usize = 64 * 1024;

/// A backup of all environments, without the secrets: these never leave by the network. For admins of every environment.
#[utoipa::path(
    get, path = "/api/v1/backup", tag = "backup",
    responses(
        (status = 200, description = "a database of SQLite", content_type = "application/vnd.sqlite3", body = Vec<u8>),
        (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 503, body = Problem),
    )
)]
pub(crate) async fn get(State(state): State<AppState>, identity: Identity) -> AppResult<Response> {
    for environment in state.environments() {
        if !identity.roles(environment).is_ok_and(|roles| roles.allow(Role::Admin)) {
            return Err(AppError::forbidden(
                "not-permitted",
                format!("a backup holds {} too, and you are no admin there", environment.key()),
                "ask whoever holds `admin-token` of the data folder, which is admin everywhere",
            ));
        }
    }
    if let Some(url) = &state.options().database {
        return Err(AppError::new(
            StatusCode::CONFLICT,
            "log-elsewhere",
            format!("the change log is in the database {url}, which PostgreSQL backs up itself"),
            "take it with `pg_dump --format=custom --file=FILE URL`; see docs/guide/replicas.md",
        ));
    }
    let random = random::bytes::<8>().map(u64::from_le_bytes).map_err(AppError::internal)?;
    let data = &state.options().data;
    let made = Made(data.join(format!("{}{random:016x}.sqlite3", recovery::DOWNLOAD)));
    let backup = recovery::back_up(data, &made.0, false, Timestamp::now()).await.map_err(log_failed)?;
    let file = File::open(&made.0).await.map_err(AppError::internal)?;
    // Until it is read to its end, or the caller goes away.
    let pieces = stream::try_unfold((file, made), |(mut file, made)| async move {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), (file, made))))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.sqlite3".to_owned()),
        (header::CONTENT_LENGTH, backup.size.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// A file that is removed when it is no longer needed.
struct Made(PathBuf);

impl Drop for Made {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::debug!(%error, "a backup that was given out cannot be removed");
        }
    }
}
